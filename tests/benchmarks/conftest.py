"""Simulated studies have ready stores, and their executor is forgotten after each test."""

from collections.abc import Iterator

import pytest

from ablate.execution.protocol import EXECUTORS
from tests.ready_store import ready_store as ready_store


@pytest.fixture(autouse=True)
def forgetting() -> Iterator[None]:
    """Leave the built-in executors to the tests that read their names."""
    yield
    EXECUTORS._members.pop("simulated", None), EXECUTORS._places.pop("simulated", None)
