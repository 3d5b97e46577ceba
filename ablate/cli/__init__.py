"""The command line: one file per command; heavy libraries are imported inside the commands."""
