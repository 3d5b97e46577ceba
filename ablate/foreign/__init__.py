"""Finished runs from elsewhere as a study: the same document and tables that a study publishes."""
