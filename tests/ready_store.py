"""An empty MLflow database made once for all test processes; making one takes seconds.

Only commands typed inside the test process are served by it; those in processes of their own, and
tests/tracking, make theirs as users do.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def ready_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give every absent store a copy of one that was made."""
    from ablate.tracking import store
    from ablate.tracking.address import DATABASE

    mine = tmp_path_factory.getbasetemp()
    of_all = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    make, template = store._make, of_all / "template"  # made under a lock

    def copy(folder: Path) -> None:
        make(template)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            make(folder)  # which says why
        if not (folder / DATABASE).exists():
            shutil.copyfile(template / DATABASE, folder / DATABASE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_make", copy)
        yield
