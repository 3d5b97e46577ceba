"""Harnesses for coverage-guided fuzzing, one per reader; see `python -m tests.fuzz --help`."""
