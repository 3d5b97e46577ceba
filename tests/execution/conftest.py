"""Executors for tests, and a plug-in whose network gets into trouble."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ablate.execution.processes import Processes
from ablate.execution.protocol import Executor
from ablate.training.spec import RunResult, RunSpec
from tests.training.conftest import SETTINGS

TROUBLED = '''
import resource
import time
from pathlib import Path

import torch

from ablate.models.contract import MODELS
from ablate.models.densefuse import DenseFuse, DenseFuseSettings


def hang():
    time.sleep(600)


def exceed():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 2**28
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    torch.empty(2**31)


def fill():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\\nMore lines")


@MODELS.register("troubled")
class Troubled(DenseFuse):
    """Gets into trouble at a pass, as often as `times` says, over all processes."""

    def __init__(self, *, trouble: str, times: int = 1, at: int = 5, width: int = 2) -> None:
        super().__init__(DenseFuseSettings(width=width, activation="relu"))
        self.trouble, self.times, self.at, self.passes = trouble, times, at, 0

    def fuse(self, *, infrared, visible):
        self.passes += 1
        if self.passes == self.at and self.taken():
            {"hang": hang, "exceed": exceed, "fill": fill}[self.trouble]()
        return super().fuse(infrared=infrared, visible=visible)

    def taken(self):
        """Take one of the `times`: two processes that come at once cannot take the same."""
        for number in range(self.times):
            try:
                (Path("seen") / str(number)).touch(exist_ok=False)
            except FileExistsError:
                continue
            return True
        return False
'''


def small(run_id: str, *, steps: int = 3, rungs: tuple[int, ...] = (), **model: object) -> RunSpec:
    settings = {**SETTINGS, "train": {**SETTINGS["train"], "steps": steps}}
    if model:
        settings["model"] = {"name": "troubled", "width": 2, **model}
    return RunSpec(
        run_id=run_id,
        arm_id="a",
        study="s",
        phase="p",
        trial=0,
        seed=0,
        name=run_id,
        settings=settings,
        rungs=rungs,
    )


def until(executor: Executor, count: int) -> list[RunResult]:
    ended: list[RunResult] = []
    deadline = time.monotonic() + 60
    while len(ended) < count:
        assert time.monotonic() < deadline
        ended += executor.poll(0.2)
    return ended


@pytest.fixture
def processes() -> Iterator[Callable[..., Processes]]:
    made: list[Processes] = []

    def make(**options: Any) -> Processes:
        made.append(Processes(**{"decide": lambda spec, reports: False, **options}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with the plug-in the current folder."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "seen").mkdir()
    (tmp_path / "plugins" / "troubled.py").write_text(TROUBLED)
    monkeypatch.chdir(tmp_path)
    return tmp_path
