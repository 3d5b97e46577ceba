"""Try a study whose task is `command`: that it runs, what its seed does, and that settings count.

A setting that changes nothing is the classic fault of an ablation: the flag is read and never used.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from ablate.config.apply import effects
from ablate.config.schema import StudyConfig
from ablate.contracts.short_runs import FailedError, Outcome, Say, ShortRuns, Started
from ablate.errors import one_line
from ablate.execution.devices import CPU, own_cores
from ablate.numbers import is_number
from ablate.settings.command import AS_IS, OF_STUDY, CommandSettings
from ablate.study.plan import make
from ablate.training.tasks.command.images import duplicates
from ablate.training.tasks.command.repository import Repository
from ablate.training.tasks.command.task import Command

LAST_LINES: Final = 20  # of a command that failed
TIMES_NOISE: Final = 3.0  # a change of their images by less may be chance
LONG_S: Final = 20.0  # a short run that takes longer could be shorter
SIDE_BY_SIDE: Final = 2  # short runs on the CPU: most of one is the start of its programs


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
    is_on_cpu = base["train"]["device"] == CPU
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ablate-check-")))
        (folder / "study").mkdir()
        task.begin(folder / "study")
        pool = ThreadPoolExecutor(min(SIDE_BY_SIDE, len(own_cores())) if is_on_cpu else 1)
        stack.callback(pool.shutdown, cancel_futures=True)
        others = list(_other_values(config, settings, base["train"]))
        runs = ShortRuns(
            config=config,
            folder=folder,
            examples=examples,
            say=say,
            pool=pool,
            of=3 + sum(not why for _, _, why in others) + (len(examples.stems("train")) > 1),
        )
        stack.callback(runs.leave.set)  # where one failed the others need not go on
        try:
            found += _tried(runs, others)
        except FailedError as error:
            what, *lines = str(error).splitlines()
            for line in lines[-LAST_LINES:]:
                say(f"    | {line}")
            found.append(f"task.run: {what}" + (f" {lines[-1].strip()}" if lines else ""))
    return [f"{config.file}: {line}" for line in found]


def _tried(runs: ShortRuns, others: Sequence[tuple[str, Any, str]]) -> Iterator[str]:
    """Yield faults; the first run, the same again, another seed, each setting, other data."""
    first = runs.outcome(runs.start("starts, and fuses every pair"))
    for line in _notes(first, runs.config.base["task"]):
        runs.say(f"    {line}")
    again = runs.start("the same seed again")
    reseeded = runs.start("another seed", seed=2)
    changes = [
        (
            name,
            value,
            why,
            None if why else runs.start(f"{name} = {_short(value)}", **{name: value}),
        )
        for name, value, why in others
    ]
    stems = runs.examples.stems("train")
    fewer = None
    if len(stems) > 1:
        rest = {split: runs.examples.stems(split) for split in ("val", "test")}
        half = runs.examples.regrouped({**rest, "train": stems[: len(stems) // 2]})
        fewer = runs.start("half of the training pairs", examples=half)

    same = runs.outcome(again)
    noise, noisy = first.distance(same), first.differing(same)
    if noise or noisy:
        curves = f"; curves that differ: {', '.join(noisy)}" if noisy else ""
        runs.say(
            f"    one seed does not repeat: its images differ by {noise:.3g} grey levels on "
            f"average{curves}; the report's intervals have this chance in them"
        )
    else:
        runs.say("    one seed repeats, bit for bit")
    is_alike = _Alike(first, same)
    other = runs.outcome(reseeded)
    if is_alike(other):
        yield (
            "task.seed: two seeds give the same; the code sets a seed of its own: say where, such "
            'as seed: {constant: "train.py:seed"} or {flag: --seed}'
        )
    else:
        runs.say(f"    two seeds differ, by {first.distance(other):.3g} grey levels on average")
    for name, value, why, started in changes:
        if started is None:
            runs.say(f"    {name}: not tried: {why}")
            continue
        changed = runs.outcome(started)
        if is_alike(changed):
            where = "task.variant" if name == "variant" else f"task.settings.{name}"
            yield (
                f"{where}: {_short(value)} changes nothing: no image, no curve, nothing saved; the "
                "code does not use it, or a later line replaces it"
            )
        elif noise and first.distance(changed) < TIMES_NOISE * noise:
            runs.say(
                f"    {name}: changes the images by less than {TIMES_NOISE:g} times the chance"
            )
    if fewer is not None:
        yield from _of_fewer(runs, fewer, is_alike)


def _of_fewer(runs: ShortRuns, started: Started, is_alike: "_Alike") -> Iterator[str]:
    """Yield the fault of a training that is the same with half of its pairs."""
    try:
        is_same = is_alike(runs.outcome(started))
    except FailedError as error:  # with so few it may not reach the step at which it saves
        runs.say(f"    no fault of the study: {one_line(str(error), longest=160)}")
        return
    if is_same:
        yield (
            "task.data.train: half of the pairs train the same; the code reads other images: "
            "say where it looks for them"
        )


def _notes(first: Outcome, task: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is worth knowing of the first run."""
    if first.seconds > LONG_S and not task.get("smoke"):
        yield (
            "shorter: task.smoke with values of a short training, such as {epochs: 1}, and fewer "
            "pairs, such as data.limit={train: 4, val: 2, test: 2}"
        )
    if first.health and first.health != "healthy":
        yield f"its val images are {first.health.replace('_', ' ')} after this short training"
    if all(image.max() <= 1 for image in first.images.values()):
        yield (
            "no fused image has a value above 1 of 255: [0, 1] was saved as 8 bit (multiply by "
            "255), or this training is too short to show anything"
        )


def _short(value: Any) -> str:
    """Return a value for a line."""
    return one_line(str(value), longest=40)


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
