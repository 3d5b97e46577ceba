"""Packaged defaults."""
