"""Pages, tables and figures; the only home of matplotlib."""
