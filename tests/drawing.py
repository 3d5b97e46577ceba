"""Reports with a few of their figures, for tests of everything else: drawing all takes seconds."""

import contextlib
from collections.abc import Iterator

import pytest

from ablate.report.figures import in_order


@contextlib.contextmanager
def drawing(*names: str) -> Iterator[None]:
    """Let reports draw the named figures alone; without names, none."""
    some = [(name, figure) for name, figure in in_order() if name in names]
    assert len(some) == len(names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ablate.report.page.in_order", lambda: some)
        yield
