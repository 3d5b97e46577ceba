"""Executors: the places where runs happen; one file each."""
