"""Short runs of a study whose task is `command`, and what they leave to compare."""

import hashlib
import math
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.config.schema import StudyConfig
from ablate.data.pairs import Pair, PairSet
from ablate.settings.command import OF_STUDY, CommandSettings
from ablate.study.plan import make
from ablate.training.loop import train
from ablate.training.recorder import NullRecorder
from ablate.training.run import Run
from ablate.training.spec import RunSpec
from ablate.training.tasks.command.attempts import RUNS
from ablate.training.tasks.command.running import KEPT, fit
from ablate.training.tasks.command.task import Command
from ablate.training.tasks.contract import Trained

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a short run left: fused images by split and name, curves, a hash of what it saved."""

    state: str
    reason: str
    seconds: float
    images: Mapping[tuple[str, str], NDArray[np.uint8]]
    curves: Mapping[str, tuple[float, ...]]
    saved: str
    health: str = ""

    def distance(self, other: "Outcome") -> float:
        """Return the mean difference of the images that both have, in grey levels."""
        each = [
            float(np.abs(self.images[name].astype(int) - other.images[name].astype(int)).mean())
            for name in self.images.keys() & other.images.keys()
        ]
        return math.fsum(each) / len(each)

    def differing(self, other: "Outcome") -> tuple[str, ...]:
        """Return the curves that are not those of the other one."""
        names = self.curves.keys() | other.curves.keys()
        return tuple(sorted(one for one in names if self.curves.get(one) != other.curves.get(one)))


@dataclass(slots=True)
class Curves(NullRecorder):
    """Keeps what the commands report while they train."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Keep the values that are theirs."""
        del step
        for name, value in values.items():
            if name.startswith("train/"):
                self.found.setdefault(name, []).append(value)


class Watched(Command):
    """The task as it is, which keeps the images that were fused."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.settings = settings
        self.images: dict[tuple[str, str], NDArray[np.uint8]] = {}

    def fit(self, run: Run) -> Trained:
        """Run the commands, score the images, keep them."""

        def keep(split: str, pairs: Sequence[Pair], made: Sequence[NDArray[np.uint8]]) -> None:
            self.images |= {(split, pair.stem): one for pair, one in zip(pairs, made, strict=True)}

        return fit(run, self.of_command, fused=keep)


@dataclass(frozen=True, slots=True)
class Started:
    """A short run that was started, and what it tries."""

    what: str
    future: Future[Outcome]


class FailedError(Exception):
    """A short run failed; the text is its reason."""


@dataclass(slots=True)
class ShortRuns:
    """Makes short runs of a study in a folder of its own.

    The first run fuses val and test as every run of the study does; those after it, which are
    compared with it, fuse val alone.
    """

    config: StudyConfig
    folder: Path
    examples: PairSet
    say: Say
    pool: ThreadPoolExecutor
    of: int
    leave: threading.Event = field(default_factory=threading.Event)
    begun: int = 0
    said: int = 0

    def start(
        self, what: str, *, seed: int = 1, examples: PairSet | None = None, **at: Any
    ) -> "Started":
        """Start a short run, beside others.

        Args:
            what: Of the run, for its line.
            seed: Of the run.
            examples: Other data.
            at: Path -> value, such as values.lr or variant; with dots as they are.
        """
        self.begun += 1
        place = self.folder / "study" / RUNS / f"{self.begun:03d}"
        place.mkdir(parents=True)
        task = Watched(self._settings(at))
        spec = self._spec(task, seed=seed, is_first=self.begun == 1)
        of_run = examples or self.examples
        return Started(what, self.pool.submit(self._made, spec, task, place, of_run))

    def outcome(self, started: "Started") -> Outcome:
        """Return what a run left when it has ended, and say so.

        Raises:
            FailedError: It failed.
        """
        outcome = started.future.result()
        self.said += 1
        state = "" if outcome.state == "finished" else f": {outcome.state}"
        self.say(f"  {self.said}/{self.of} {started.what} ({outcome.seconds:.1f} s){state}")
        if outcome.state != "finished":
            raise FailedError(outcome.reason.removeprefix("error: "))
        return outcome

    def _made(self, spec: RunSpec, task: Watched, place: Path, examples: PairSet) -> Outcome:
        started, recorder = time.monotonic(), Curves()
        result = train(spec, recorder, folder=place, task=task, examples=examples, leave=self.leave)
        outcome = Outcome(
            state=result.state,
            reason=result.reason,
            seconds=time.monotonic() - started,
            images=task.images,
            curves={name: tuple(values) for name, values in recorder.found.items()},
            saved=_hash(sorted((place / KEPT).glob("*"))),
            health=result.health,
        )
        shutil.rmtree(place)
        return outcome

    def _spec(self, task: Watched, *, seed: int, is_first: bool) -> RunSpec:
        return RunSpec(
            run_id="check",
            arm_id="check",
            study=self.config.name,
            phase="check",
            trial=0,
            seed=seed,
            name="check",
            objective=self.config.objective,
            settings=task.settings,
            scores_test=is_first,
            keeps_weights=True,
        )

    def _settings(self, at: Mapping[str, Any]) -> dict[str, Any]:
        base = make(self.config).recipes.base
        task = CommandSettings.of(base["task"])
        values, training = dict(task.values), {**base["train"], "gallery": 0}
        variant = task.variant
        for name, value in {**task.smoke, **at}.items():
            if name == "variant":
                variant = value
            elif name.startswith(OF_STUDY):
                training[name.removeprefix(OF_STUDY)] = value
            else:
                values[name] = value
        names = base["metrics"]["names"][:1]
        return {
            **base,
            "task": {**base["task"], "values": values, "variant": variant},
            "train": training,
            "metrics": {**base["metrics"], "names": names},
        }


def _hash(files: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(path.read_bytes())
    return found.hexdigest() if files else ""
