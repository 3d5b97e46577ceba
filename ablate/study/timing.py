"""Measure what trainings of a study take on this machine: a few steps and one scoring of each kind.

The training itself is timed, not a copy of it: one short run to its end (first for what is done
once), and the first steps of the run as it will be, with val scored between them.
"""

import contextlib
import itertools
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ablate.config.settings import task_of as name_of_task
from ablate.data import decode
from ablate.data.items import SPLITS, Examples
from ablate.data.pairs import PairSet
from ablate.data.splits import evenly, natural
from ablate.errors import ConfigError
from ablate.settings.command import AS_IS, COMMAND
from ablate.study.command_timing import measured
from ablate.study.driver_timing import overhead
from ablate.study.forecast import Figures, Kind, loads, representatives
from ablate.study.plan import Plan
from ablate.training.determinism import device_of, settle
from ablate.training.loop import train
from ablate.training.probing import MOST_CROPS
from ablate.training.recorder import Heartbeat, NullRecorder
from ablate.training.spec import RunSpec
from ablate.training.tasks import task_of

MOST_KINDS: Final = 8
MOST_IMAGES: Final = 4  # sizes of images that are scored
MOST_TRAIN: Final = 8  # pairs to draw crops from
SHORT: Final = 8  # steps of the run that is made whole
_RUNGS: Final = (3, 4)  # steps before which the machine is warm
_LEAST_STEPS, _MOST_STEPS, _ENOUGH_S = 4, 60, 1.5  # timed


class _EnoughError(BaseException):
    """Ends a training that has been timed; no fault of a run."""


class _Stopwatch(Heartbeat):
    """Notes when each step ended, and ends the training when there were enough.

    Args:
        after: Steps that are not timed.
    """

    def __init__(self, *, after: int) -> None:
        super().__init__()
        self._after = after
        self.ended: dict[int, float] = {}

    def beat(self, step: int | None = None) -> None:
        """Note the time of a step."""
        if step is None:
            return
        now = time.perf_counter()
        self.ended[step] = now
        if step < self._after + _LEAST_STEPS:
            return
        if step >= self._after + _MOST_STEPS or now - self.ended[self._after] > _ENOUGH_S:
            raise _EnoughError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """A part of the data that is trained and scored, and how much more there is.

    The unit of a scoring is one scoring of the sample's val.
    """

    examples: Examples
    val: float  # units of a scoring of all val images
    test: float
    baselines: float  # all test images, as a multiple of the sample's
    short: float  # units that a short run scores at its end
    pairs: float  # all pairs, as a multiple of the sample's


def measure(
    plan: Plan, *, tick: Callable[[int, int], None] = lambda done, of: None
) -> dict[str, Figures]:
    """Return the figures of at most eight kinds of trainings of a plan, the baseline's first.

    Args:
        plan: Its data are read, and nothing is written but in a temporary folder.
        tick: Called with the number of measured kinds and of all.

    Raises:
        ConfigError, DataError, DeviceError: As `ablate.study.driver.run`; also where a training
            fails in its first steps.
    """
    config = plan.config
    device_of(str(config.base["train"]["device"]))
    settle()
    task = task_of(config.base)
    task.check_examples(task.examples(), [run.settings for t in plan.trials for run in t.runs])
    kinds = representatives(_of_each_code(list(loads(plan)[1].values())), most=MOST_KINDS)
    worker_s = _worker_s() if config.executor["name"] != "inline" else 0.0
    driver = overhead()
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="ablate-timing-") as folder:
        for done, kind in enumerate(kinds, start=1):
            tick(done - 1, len(kinds))
            place = Path(folder) / kind.key
            one = _of_kind(kind, place, cache=Path(folder), plan=plan, is_first=not found)
            first = next(iter(found.values()), one)
            found[kind.key] = replace(
                one,
                data_s=first.data_s,
                baselines_s=first.baselines_s,
                worker_s=worker_s,
                driver_s=driver.start_s,
                record_s=driver.run_s,
                finish_s=driver.finish_s,
            )
    return found


def _of_each_code(kinds: Sequence[Kind]) -> list[Kind]:
    """Return kinds; of commands one per variant of their code, whose values cost nothing."""
    if not kinds or name_of_task(kinds[0].settings) != COMMAND:
        return list(kinds)
    by_variant = {kind.settings["task"].get("variant", AS_IS): kind for kind in reversed(kinds)}
    return [kind for kind in kinds if kind in by_variant.values()]


def _of_kind(kind: Kind, folder: Path, *, cache: Path, plan: Plan, is_first: bool) -> Figures:
    settings = kind.settings
    started, cpu_started = time.perf_counter(), time.process_time()
    task = task_of(settings)
    spec = RunSpec(
        run_id="timing",
        arm_id="timing",
        study=plan.config.name,
        phase="timing",
        trial=0,
        seed=0,
        name="timing",
        settings=settings,
        objective=plan.config.objective,
    )
    if name_of_task(settings) == COMMAND:
        return measured(spec, folder, is_first=is_first)
    sample = _sample(task.kept_examples(cache), settings)
    data_s = baselines_s = 0.0
    if is_first:
        data_s = _read_s(sample.examples) * sample.pairs
        cold = _begun(spec, sample, folder / "cold")  # imports, and what metrics keep of sources
        data_s += max(0.0, cold[_RUNGS[0] - 1] - cold[_RUNGS[1] - 1]) * (sample.val + sample.test)
        baselines_s = (
            _timed(lambda: task.trivial_baselines(sample.examples, seeds=[0])) * sample.baselines
        )
    spans = _begun(spec, sample, folder / "begun")
    step_s = _middle(spans[_RUNGS[-1] :])
    score_s = max(0.0, spans[_RUNGS[-1] - 1] - step_s)
    start_s = max(0.0, spans[0] - step_s)
    whole_s = _timed(lambda: _short(spec, sample, folder / "short"))
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
    return Figures(
        step_s=step_s,
        start_s=start_s,
        val_s=sample.val * score_s,
        test_s=sample.test * score_s,
        end_s=max(0.0, whole_s - start_s - SHORT * step_s - sample.short * score_s),
        data_s=data_s,
        baselines_s=baselines_s,
        cpu_share=min(1.0, cpu_s / wall_s),
    )


def _begun(spec: RunSpec, sample: _Sample, folder: Path) -> list[float]:
    """Return the seconds of the first steps of the run as it will be; of the first, from nothing.

    The third and the fourth have a scoring of val in them.
    """
    steps = max(int(spec.settings["train"]["steps"]), _RUNGS[-1] + _LEAST_STEPS + 1)
    begun = replace(spec, settings=_with_steps(spec.settings, steps), rungs=_RUNGS)
    watch = _Stopwatch(after=_RUNGS[-1])
    started = time.perf_counter()
    with contextlib.suppress(_EnoughError):
        _train(begun, sample, folder, watch)
    return [b - a for a, b in itertools.pairwise([started, *watch.ended.values()])]


def _short(spec: RunSpec, sample: _Sample, folder: Path) -> None:
    """Make a run of a few steps to its end."""
    steps = min(SHORT, int(spec.settings["train"]["steps"]))
    settings = _with_steps(spec.settings, steps)
    _train(replace(spec, settings=settings), sample, folder, Heartbeat())


def _train(spec: RunSpec, sample: _Sample, folder: Path, heartbeat: Heartbeat) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    result = train(
        spec, NullRecorder(), folder=folder, examples=sample.examples, heartbeat=heartbeat
    )
    if result.state == "failed":
        raise ConfigError(f"--time: a training fails in its first steps: {result.reason}")


def _sample(examples: Examples, settings: Mapping[str, Any]) -> _Sample:
    """Return pairs to time trainings with: images of up to four sizes, and few to train on.

    The probe, and tasks of plug-ins, have all their data.
    """
    val, test = examples.stems("val"), examples.stems("test")
    if _is_probe(settings) or not isinstance(examples, PairSet):
        more = len(test) / len(val)
        if _is_probe(settings):
            more = min(MOST_CROPS, len(test)) / min(MOST_CROPS, len(val))
        return _Sample(examples=examples, val=1, test=more, baselines=1, short=1 + more, pairs=1)
    areas = _areas_px(examples)
    by_size = sorted(areas, key=lambda stem: (areas[stem], natural(stem)))
    sizes = {areas[stem]: stem for stem in by_size}  # the last one of each
    some = [sizes[area] for area in _spread(sorted(sizes), most=MOST_IMAGES)]
    some += [stem for stem in by_size if stem not in some][: MOST_IMAGES - len(some)]
    train_some = evenly(
        examples.stems("train"), count=min(MOST_TRAIN, len(examples.stems("train")))
    )
    scored_px = sum(areas[stem] for stem in some)
    mean_px = statistics.fmean(areas.values())
    total = sum(len(examples.stems(split)) for split in SPLITS)
    in_units = {
        split: sum(areas.get(stem, mean_px) for stem in stems) / scored_px
        for split, stems in (("val", val), ("test", test))
    }
    return _Sample(
        examples=examples.regrouped({"train": train_some, "val": tuple(some), "test": tuple(some)}),
        val=in_units["val"],
        test=in_units["test"],
        baselines=in_units["test"],
        short=2.0,
        pairs=total / (len(train_some) + len(some)),
    )


def _areas_px(pairs: PairSet) -> dict[str, int]:
    """Return the pixels of the images that are scored; where nothing lies on disk, of a few."""
    stems = [stem for split in ("val", "test") for stem in pairs.stems(split)]
    if pairs.files:
        return {stem: math.prod(decode.size(pairs.files[stem][0])) for stem in stems}
    some = evenly(stems, count=min(len(stems), 2 * MOST_IMAGES))
    return {stem: pairs.read(stem).infrared.size for stem in some}


def _spread(values: Sequence[int], *, most: int) -> list[int]:
    if len(values) <= most:
        return list(values)
    return [values[(2 * index + 1) * len(values) // (2 * most)] for index in range(most)]


def _read_s(examples: Examples) -> float:
    """Return the seconds that reading all pairs takes, once; 0 where a task reads for itself."""
    if not isinstance(examples, PairSet):
        return 0.0
    return _timed(lambda: [examples.pairs(split) for split in SPLITS])


def _worker_s() -> float:
    """Return the seconds until a worker process is ready for its first run."""
    words = "import ablate.execution.serving, ablate.training.fusion, ablate.metrics, ablate.losses"
    return _timed(lambda: subprocess.run([sys.executable, "-P", "-c", words], check=False))  # noqa: S603 -- this program


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _middle(spans: Sequence[float]) -> float:
    """Return the mean without the shortest and the longest tenth."""
    cut = len(spans) // 10
    return statistics.fmean(sorted(spans)[cut : len(spans) - cut])


def _is_probe(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("model", {}).get("name") == "probe")


def _with_steps(settings: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Return the settings with other steps, and no warm-up that is longer."""
    train = {**settings["train"], "steps": steps}
    if "warmup_steps" in train:
        train["warmup_steps"] = min(int(train["warmup_steps"]), steps - 1)
    return {**settings, "train": train}
