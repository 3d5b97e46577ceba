"""Forget what a test's plug-ins have registered."""

import gc
import sys
from collections.abc import Iterator

import pytest

from ablate.metrics import catalogue
from ablate.plugins import PACKAGE
from ablate.registry import Registry


@pytest.fixture
def forgetting() -> Iterator[None]:
    """Forget, after the test, the plug-ins that it loaded and the metrics that they declared."""
    known = dict(catalogue.LABELS), dict(catalogue.BETTER)
    yield
    for table, before in zip((catalogue.LABELS, catalogue.BETTER), known, strict=True):
        table.clear()
        table.update(before)  # type: ignore[arg-type]
    for registry in [thing for thing in gc.get_objects() if isinstance(thing, Registry)]:
        for name, place in list(registry._places.items()):
            if place.startswith(PACKAGE):
                registry._members.pop(name, None), registry._places.pop(name)
    for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
