"""The contract of a task: rows for every item and metric, the same again, and after a pause."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

from ablate.config.defaults import trial_defaults
from ablate.contracts.trying import MissingError, check_settings, own_settings
from ablate.errors import DataError
from ablate.training.checkpoints import LeaveError
from ablate.training.loop import train
from ablate.training.recorder import NullRecorder
from ablate.training.spec import RunResult, RunSpec
from ablate.training.tasks import TASKS, task_of

STEPS, BATCH_SIZE, LEARNING_RATE = 4, 8, 1e-3


def faults(name: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield every broken part of the contract of one task; trains it for four steps, four times.

    Args:
        name: The task.
        settings: Its own.

    Raises:
        MissingError: Its data are not here, or it has settings without defaults.
    """
    given = own_settings(settings)
    check_settings(TASKS.get(name), given)
    task = task_of({"task": {"name": name, **given}})
    try:
        examples, again = task.examples(), task.examples()
    except DataError as error:
        raise MissingError(f"its data are not here ({error})") from None
    if examples.manifest.hash != again.manifest.hash:
        yield "examples() made twice has two manifest hashes; derive them from the contents alone"
    drawn = examples.redrawn(1)
    pools = [{*some.stems("train"), *some.stems("val")} for some in (examples, drawn)]
    if pools[0] != pools[1] or drawn.stems("test") != examples.stems("test"):
        yield "redrawn() moves more than train and val; return ablate.data.items.Items"
    spec = _spec(name, given, metrics=list(task.measures))
    whole = _trained(spec)
    if whole.state != "finished":
        why = whole.reason.removeprefix("error: ")
        yield f"a run of {STEPS} steps {whole.state}: {why}; fix `fit`"
        return
    yield from _row_faults(whole, examples, task.measures)
    if _trained(spec).images != whole.images:
        yield "two runs of one seed differ; draw from run.seed(...) and torch's own generator alone"
    if _trained(spec, pauses=True).images != whole.images:
        yield (
            "a run that was interrupted and went on differs from one that was not; what a step "
            "needs must follow from its number, or train with run.fit"
        )
    searched = _trained(_spec(name, given, metrics=list(task.measures), scores_test=False))
    if any(row[0] == "test" for row in searched.images):
        yield "scores test in a search, which must not see it; score run.splits"


def _row_faults(result: RunResult, examples: Any, measures: Mapping[str, Any]) -> Iterator[str]:
    found = {row[:3]: row[3] for row in result.images}
    missing = [
        (split, item, metric)
        for split in ("val", "test")
        for item in examples.stems(split)
        for metric in measures
        if (split, item, metric) not in found
    ]
    if missing:
        yield f"has no row for {'/'.join(missing[0])}, {len(missing)} in all; score every item"
    for (split, item, metric), value in found.items():
        low, high = measures[metric].range
        if value is not None and not low <= value <= high:
            yield (
                f"{split}/{item}/{metric} is {value:g}, outside its range ({low:g}, {high:g}); "
                "declare the right range"
            )
            return


def _spec(
    name: str, given: Mapping[str, Any], *, metrics: list[str], scores_test: bool = True
) -> RunSpec:
    train_settings = {
        **trial_defaults()["train"],
        "steps": STEPS,
        "batch_size": BATCH_SIZE,
        "learning_rate": LEARNING_RATE,
    }
    return RunSpec(
        run_id="contract",
        arm_id="contract",
        study="contract",
        phase="check",
        trial=0,
        seed=1,
        name=name,
        objective=f"val/{metrics[0]}",
        scores_test=scores_test,
        settings={
            "task": {"name": name, **given},
            "train": train_settings,
            "metrics": {"names": metrics},
        },
    )


def _trained(spec: RunSpec, *, pauses: bool = False) -> RunResult:
    with tempfile.TemporaryDirectory(prefix="ablate-contract-") as place:
        if pauses:
            leave = Event()
            leave.set()
            try:
                return train(spec, NullRecorder(), folder=Path(place), leave=leave)
            except LeaveError:
                pass
        return train(spec, NullRecorder(), folder=Path(place))
