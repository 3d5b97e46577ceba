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
    labels, better = dict(catalogue.LABELS), dict(catalogue.BETTER)
    yield
    catalogue.LABELS.clear()
    catalogue.LABELS.update(labels)
    catalogue.BETTER.clear()
    catalogue.BETTER.update(better)
    for registry in [thing for thing in gc.get_objects() if isinstance(thing, Registry)]:
        for name, place in list(registry._places.items()):
            if place.startswith(PACKAGE):
                registry._members.pop(name, None), registry._places.pop(name)
    for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
