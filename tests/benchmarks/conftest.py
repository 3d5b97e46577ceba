"""Simulated studies have ready stores."""

from tests.ready_store import ready_store as ready_store
