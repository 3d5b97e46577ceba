"""Try a study whose task is `command`: that it runs, what its seed does, and that settings count.

A setting that changes nothing is the classic fault of an ablation: the flag is read and never used.
"""

import hashlib
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ablate.config.apply import effects
from ablate.config.schema import StudyConfig
from ablate.data import decode
from ablate.data.pairs import PairSet
from ablate.errors import one_line
from ablate.numbers import is_number
from ablate.settings.command import AS_IS, OF_STUDY, CommandSettings
from ablate.study.plan import make
from ablate.training.loop import train
from ablate.training.recorder import NullRecorder
from ablate.training.spec import RunSpec
from ablate.training.tasks.command.attempts import RUNS
from ablate.training.tasks.command.images import duplicates
from ablate.training.tasks.command.repository import Repository
from ablate.training.tasks.command.running import KEPT
from ablate.training.tasks.command.task import Command

Say = Callable[[str], None]
LAST_LINES: Final = 20  # of a command that failed
TIMES_NOISE: Final = 3.0  # a change of their images by less may be chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a short run left: fused test images by name, curves, and a hash of what it saved."""

    images: Mapping[str, NDArray[np.uint8]]
    curves: Mapping[str, tuple[float, ...]]
    saved: str
    health: str = ""

    def distance(self, other: "Outcome") -> float:
        """Return the mean difference of the images, in grey levels."""
        each = [
            float(np.abs(image.astype(int) - other.images[name].astype(int)).mean())
            for name, image in self.images.items()
        ]
        return math.fsum(each) / len(each)

    def differing(self, other: "Outcome") -> tuple[str, ...]:
        """Return the curves that are not those of the other one."""
        names = self.curves.keys() | other.curves.keys()
        return tuple(sorted(one for one in names if self.curves.get(one) != other.curves.get(one)))


@dataclass(slots=True)
class _Curves(NullRecorder):
    """Keeps what the commands report while they train."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Keep the values that are theirs."""
        del step
        for name, value in values.items():
            if name.startswith("train/"):
                self.found.setdefault(name, []).append(value)


class FailedError(Exception):
    """A short run failed; the text is its reason."""


@dataclass(slots=True)
class _Trial:
    """Makes short runs of a study in a folder of its own."""

    config: StudyConfig
    folder: Path
    examples: PairSet
    say: Say
    done: int = 0
    of: int = 0
    seconds: float = 0.0

    def run(
        self, what: str, *, seed: int = 1, examples: PairSet | None = None, **at: Any
    ) -> Outcome:
        """Make one short run and say so.

        Args:
            what: Of the run, for the line.
            seed: Of the run.
            examples: Other data.
            at: Path -> value, such as values.lr or variant; with dots as they are.
        """
        started = time.monotonic()
        self.done += 1
        place = self.folder / "study" / RUNS / f"{self.done:03d}"
        place.mkdir(parents=True)
        settings = self._settings(at)
        recorder = _Curves()
        result = train(
            _spec(settings, seed=seed, name=self.config.name, objective=self.config.objective),
            recorder,
            folder=place,
            task=Command.of(settings),
            examples=examples or self.examples,
        )
        took = time.monotonic() - started
        self.seconds += took
        state = "" if result.state == "finished" else f": {result.state}"
        self.say(f"  {self.done}/{self.of} {what} ({took:.1f} s){state}")
        if result.state != "finished":
            raise FailedError(result.reason.removeprefix("error: "))
        outcome = Outcome(
            images={
                path.stem: decode.grey(path) for path in sorted((place / "fused").glob("*.png"))
            },
            curves={name: tuple(values) for name, values in recorder.found.items()},
            saved=_hash(sorted((place / KEPT).glob("*"))),
            health=result.health,
        )
        shutil.rmtree(place)
        return outcome

    def _settings(self, at: Mapping[str, Any]) -> dict[str, Any]:
        base = make(self.config).recipes.base
        task = CommandSettings.of(base["task"])
        values, training = dict(task.values), {**base["train"], "gallery": 10**6}
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


def faults(config: StudyConfig, *, say: Say) -> list[str]:
    """Return what is wrong with a study of a repository, after some short runs of it.

    Args:
        config: The study, checked.
        say: Receives a line for every step, and what is worth knowing.

    Raises:
        ConfigError, DataError: The repository or the data are not there.
    """
    base = make(config).recipes.base
    task = Command.of(base)
    settings, examples = task.of_command, task.examples()
    task.check_examples(examples, [run.settings for t in make(config).trials for run in t.runs])
    for line in _will_run(settings, base["train"]):
        say(line)
    found = [
        f"data: {line}: train and {split} share it; remove it from one, or give data.groups"
        for split, line in duplicates(examples)
    ]
    if not found:
        say("  no image of val or test lies in train")
    with tempfile.TemporaryDirectory(prefix="ablate-check-") as place:
        folder = Path(place)
        (folder / "study").mkdir()
        task.begin(folder / "study")
        trial = _Trial(config=config, folder=folder, examples=examples, say=say)
        others = list(_other_values(config, settings, base["train"]))
        trial.of = 3 + len(others) + (len(examples.stems("train")) > 1)
        try:
            found += _tried(trial, others)
        except FailedError as error:
            what, *lines = str(error).splitlines()
            for line in lines[-LAST_LINES:]:
                say(f"    | {line}")
            found.append(f"task.run: {what}" + (f" {lines[-1].strip()}" if lines else ""))
    return [f"{config.file}: {line}" for line in found]


def _tried(trial: _Trial, others: Sequence[tuple[str, Any, str]]) -> Iterator[str]:
    """Yield faults; the first run, the same again, another seed, each setting, other data."""
    first = trial.run("starts, and fuses every pair")
    if first.health and first.health != "healthy":
        trial.say(
            f"    its val images are {first.health.replace('_', ' ')} after this short training"
        )
    if all(image.max() <= 1 for image in first.images.values()):
        trial.say(
            "    no image of test has a value above 1 of 255: [0, 1] was saved as 8 bit (multiply "
            "by 255), or this training is too short to show anything"
        )
    same = trial.run("the same seed again")
    noise, noisy = first.distance(same), first.differing(same)
    if noise or noisy:
        curves = f"; curves that differ: {', '.join(noisy)}" if noisy else ""
        trial.say(
            f"    one seed does not repeat: its images differ by {noise:.3g} grey levels on "
            f"average{curves}; the report's intervals have this chance in them"
        )
    else:
        trial.say("    one seed repeats, bit for bit")
    is_alike = _Alike(first, same)
    other = trial.run("another seed", seed=2)
    if is_alike(other):
        yield (
            "task.seed: two seeds give the same; the code sets a seed of its own: say where, such "
            'as seed: {constant: "train.py:seed"} or {flag: --seed}'
        )
    else:
        trial.say(f"    two seeds differ, by {first.distance(other):.3g} grey levels on average")
    for name, value, why in others:
        if why:
            trial.say(f"    {name}: not tried: {why}")
            trial.of -= 1
            continue
        shown = one_line(str(value), longest=40)
        changed = trial.run(f"{name} = {shown}", **{name: value})
        if is_alike(changed):
            where = "task.variant" if name == "variant" else f"task.settings.{name}"
            yield (
                f"{where}: {shown} changes nothing: no image, no curve, nothing saved; the code "
                "does not use it, or a later line replaces it"
            )
        elif noise and first.distance(changed) < TIMES_NOISE * noise:
            trial.say(
                f"    {name}: changes the images by less than {TIMES_NOISE:g} times the chance"
            )
    stems = trial.examples.stems("train")
    if len(stems) > 1:
        half = {split: trial.examples.stems(split) for split in ("val", "test")}
        fewer = trial.examples.regrouped({**half, "train": stems[: len(stems) // 2]})
        if is_alike(trial.run("half of the training pairs", examples=fewer)):
            yield (
                "task.data.train: half of the pairs train the same; the code reads other images: "
                "say where it looks for them"
            )


class _Alike:
    """Says whether an outcome is that of the first run, in all that the first run repeats."""

    def __init__(self, first: Outcome, same: Outcome) -> None:
        self._first = first
        self._noisy = set(first.differing(same))
        self._saves = bool(first.saved) and first.saved == same.saved

    def __call__(self, other: Outcome) -> bool:
        if self._first.distance(other) or (self._saves and other.saved != self._first.saved):
            return False
        return not set(self._first.differing(other)) - self._noisy


def _other_values(
    config: StudyConfig, settings: CommandSettings, training: Mapping[str, Any]
) -> Iterator[tuple[str, Any, str]]:
    """Yield setting, another value, and why it has none; "" where it has one."""
    given = {**settings.planted(training), **settings.smoke}
    varied = _varied(config)
    for name in settings.settings:
        path = name if name.startswith(OF_STUDY) else f"task.values.{name}"
        now = given.get(name)
        found = [value for value in varied.get(path, ()) if value != now]
        if name in given and not found:
            found = _near(now)
        if found:
            yield name, found[0], ""
        else:
            yield name, None, "it has no value" if now is None else f"no other value than {now!r}"
    used = {settings.variant, *varied.get("task.variant", ())} - {AS_IS}
    for variant in sorted(used or settings.variants):
        if variant != settings.variant:
            yield "variant", variant, ""


def _varied(config: StudyConfig) -> dict[str, list[Any]]:
    """Return path -> values that the study visits, those of factors first."""
    found: dict[str, list[Any]] = {}
    values = {one.dimension: one.values for one in config.factors.values()}
    for name, dimension in config.varied.items():
        listed = dimension.choices or [dimension.high, dimension.low]
        for value in values.get(name, listed):
            if value is not None:
                for path, one in effects(dimension, value).items():
                    found.setdefault(path, []).append(one)
    return found


def _near(value: Any) -> list[Any]:
    """Return another value of the kind of one, none for a text."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1 if abs(value) < 4 else value * 2]
    if is_number(value):
        return [value * 2 if value else 1.0]
    if isinstance(value, list) and value and all(is_number(one) for one in value):
        return [[one * 2 if one else 1 for one in value]]
    return []


def _will_run(settings: CommandSettings, training: Mapping[str, Any]) -> Iterator[str]:
    """Yield what will be run, and where values go."""
    mine = Repository(settings=settings, project=Path.cwd())
    state = mine.state()
    yield f"  in a copy of {settings.repo} ({state['repository']}), python {state['its python']}:"
    for words in (*settings.run, *settings.images.commands):
        yield f"    {' '.join(words)}"
    for name, value in settings.planted(training).items():
        yield f"    {name} = {one_line(str(value), longest=60)} -> {settings.settings[name]}"
    for place, value in settings.edits.items():
        yield f"    {place.at} is made {one_line(str(value), longest=60)}"
    seed = f"; also {settings.seed}" if settings.seed else ""
    yield f"    the seed -> random, numpy, torch, cudnn, before their first line{seed}"


def _spec(settings: Mapping[str, Any], *, seed: int, name: str, objective: str) -> RunSpec:
    return RunSpec(
        run_id="check",
        arm_id="check",
        study=name,
        phase="check",
        trial=0,
        seed=seed,
        name="check",
        objective=objective,
        settings=settings,
    )


def _hash(files: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(path.read_bytes())
    return found.hexdigest() if files else ""
