"""The train loop, which all tasks share: a `RunSpec` becomes a `RunResult`."""

import contextlib
import math
import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Final

import torch
from torch import Tensor

from ablate import plugins
from ablate.data.items import Examples
from ablate.errors import (
    AblateError,
    ConfigError,
    DataChangedError,
    DivergedError,
    StoreError,
    storage_failure,
)
from ablate.identity import JsonValue
from ablate.settings.train import TrainSettings
from ablate.stats.health import IN_WORDS, Health, State
from ablate.training.checkpoints import Checkpoints, LeaveError
from ablate.training.determinism import (
    device_of,
    is_out_of_memory,
    random_state,
    set_random_state,
    settle,
)
from ablate.training.environment import environment_of, with_more
from ablate.training.recorder import Heartbeat, Recorder
from ablate.training.run import Run
from ablate.training.scoring import Scored, means
from ablate.training.spec import OOM, RunResult, RunSpec
from ablate.training.tasks import task_of
from ablate.training.tasks.contract import Task, Trained
from ablate.training.trainable import Trainable, steps_per_record

DEAD: Final[tuple[State, ...]] = ("constant", "half_constant", "saturated")
EARLY: Final = 10  # a search examines the images of a run after this part of its steps ...
EARLIEST: Final = 50  # ... and not before this step: networks start flat


class PrunedError(Exception):
    """The run is stopped early; the text gives the step and the reason.

    Args:
        text: Becomes the reason of the run.
        health: Of its images, where they were examined.
    """

    def __init__(self, text: str, *, health: Health | None = None) -> None:
        super().__init__(text)
        self.health = health


def train(
    spec: RunSpec,
    recorder: Recorder,
    *,
    folder: Path,
    task: Task | None = None,
    examples: Examples | None = None,
    leave: Event | None = None,
    heartbeat: Heartbeat | None = None,
    flush: Callable[[], None] = lambda: None,
) -> RunResult:
    """Train and score one run; an error of the run becomes the reason of its result.

    Checkpoints stay in the folder: whoever has written the result removes them.

    Args:
        spec: The run.
        recorder: Receives metrics, images, and the objective at rungs.
        folder: The run's own; pictures and weights are written below it.
        task: That of the settings, where the caller has made it.
        examples: The data, when the worker holds them already.
        leave: Set when the run shall save its state and stop.
        heartbeat: Notified of every step and every scored image.
        flush: Puts what the recorder was given on the disk; called before every checkpoint.

    Raises:
        LeaveError: `leave` was set; the same call goes on from the saved state.
        DataChangedError: A file of the data was exchanged meanwhile.
        StoreError: The storage failed: a full disk, a quota, an input/output error. The same call
            goes on when that is over.
    """
    started = time.monotonic()
    try:
        settle()
        task = task or task_of(spec.settings)
        examples = examples if examples is not None else task.examples()
        if spec.split_seed is not None:
            examples = examples.redrawn(spec.split_seed)
        device = spec.settings["train"]["device"]
        here = with_more(
            environment_of(device), task.environment(folder)
        )  # a checkpoint of another environment is not used
        trained = task.fit(
            Run(
                spec=spec,
                recipe=TrainSettings.of(spec.in_places["train"]),
                examples=examples,
                measures=task.measures,
                recorder=recorder,
                folder=folder,
                checkpoints=Checkpoints(
                    folder, key=f"{spec.run_id} {here.id}", leave=leave, flush=flush
                ),
                device=device_of(device),
                heartbeat=heartbeat or Heartbeat(),
            )
        )
    except (LeaveError, DataChangedError):
        raise
    except PrunedError as stop:
        examined = {} if stop.health is None else {"health": stop.health.to_json()}
        result = RunResult(run_id=spec.run_id, state="pruned", reason=str(stop), facts=examined)
    except DivergedError as error:
        lost = {"health": {"state": "not_finite"}}
        result = _failed(spec, f"diverged: {error}", **lost)
    except Exception as error:
        if failure := storage_failure(error):  # not the run's: it goes on when that is over
            text = f"{folder}: {failure}, then the same command goes on from here"
            raise StoreError(text) from error
        is_ours = isinstance(error, AblateError)
        result = _failed(spec, f"error: {error}" if is_ours else _reason(error))
    else:
        result = RunResult(
            run_id=spec.run_id,
            state="finished",
            metrics=trained.values,
            images=trained.rows,
            facts=trained.facts,
        )
    facts: dict[str, JsonValue] = {
        **result.facts,
        "seconds": round(time.monotonic() - started, 3),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "worker_pid": os.getpid(),
    }
    if examples is not None:  # whatever has become of the run: its driver compares them
        facts |= {"data_hash": examples.manifest.hash, "data_label": examples.manifest.label}
    with contextlib.suppress(AblateError):  # there may be no such device
        found = environment_of(spec.settings["train"]["device"])
        facts["stratum"] = with_more(found, task.environment(folder) if task else {}).id
    return replace(result, facts=facts)


def _failed(spec: RunSpec, reason: str, **facts: JsonValue) -> RunResult:
    return RunResult(run_id=spec.run_id, state="failed", reason=reason, facts=facts)


def _reason(error: Exception) -> str:
    """Return the reason of a run that an unexpected error ended."""
    first = str(error).split("\n", 1)[0]
    if is_out_of_memory(error):
        return f"{OOM}: {first or 'out of memory'}"
    place = plugins.place_of(error)
    at = f" ({place})" if place else ""
    if isinstance(error, RuntimeError):  # of torch: its text needs no type
        return f"error: {first}{at}"
    return f"error: {type(error).__name__}: {error}{at}"


def train_loop(run: Run, trainable: Trainable) -> Trained:
    """Take all steps, going on from a checkpoint where there is one, and score the splits.

    A run that goes on gives the same numbers as one that was never interrupted: weights, their
    moving average, optimiser and random state are restored.

    Args:
        run: The run, with its checkpoints and its recorder.
        trainable: The model with its batches, its loss and its scores.

    Raises:
        DivergedError: The loss, or a fused image, is not finite.
        PrunedError: The recorder stopped the run at a rung, or a search examined dead images.
        LeaveError: The worker has to go; the state is saved.
    """
    optimisation = trainable.optimisation
    model, steps = optimisation.model, optimisation.steps
    torch.manual_seed(run.seed("network"))
    first, before_s = 1, 0.0
    if (state := run.checkpoints.load()) is not None:
        trainable.restore(state)
        set_random_state(state["random"], model)
        first, before_s = int(state["step"]) + 1, float(state["seconds"])
    started = time.monotonic()
    early = 0 if run.spec.scores_test else max(EARLIEST, steps // EARLY)
    every = steps_per_record(steps)
    for step in range(first, steps + 1):
        if step == 1:
            trainable.picture(0)
        optimisation.begin(step)
        batch = trainable.batch(step)
        if trainable.graph is None:
            output = trainable.forward(*batch)
            optimisation.step(output.loss)
        else:
            output = trainable.graph(*batch)
        optimisation.end()
        if step % every == 0 or step == steps:
            terms = trainable.terms(output, batch, step=step)
            record(run.recorder, output.value, terms, step=step)
        trainable.picture(step)
        if step in run.spec.rungs and step < steps:
            _report(run, trainable.score("val"), step=step)
        elif step == early:
            _stop_if_dead(trainable.examine(), step=step)
        if run.checkpoints.is_due():
            run.checkpoints.save(
                step=step,
                random=random_state(model),
                seconds=before_s + time.monotonic() - started,
                **trainable.state(),
            )
            run.checkpoints.raise_if_leaving(step)
        run.heartbeat.beat(step)
    seconds = before_s + time.monotonic() - started
    scored = {split: trainable.score(split) for split in run.splits}
    rows = [row for some in scored.values() for row in some.rows]
    values, health = means(rows), scored["val"].health
    run.recorder.metrics({**values, **scored["val"].healthy}, step=steps)
    facts: dict[str, JsonValue] = {
        "seconds_per_step": round(seconds / steps, 5),
        "steps": steps,
        **({} if health is None else {"health": health.to_json()}),
    }
    return Trained(rows=tuple(rows), values=values, facts=facts)


def _report(run: Run, scored: Scored, *, step: int) -> None:
    """Record val and its health, and report the objective at a rung.

    Raises:
        PrunedError: The recorder stopped the run, or a search examined dead images.
        ConfigError: The objective is not among the computed metrics.
    """
    values, spec = means(scored.rows), run.spec
    run.recorder.metrics({**values, **scored.healthy}, step=step)
    if not spec.scores_test:
        _stop_if_dead(scored.health, step=step)
    if spec.objective not in values:
        raise ConfigError(
            f"objective {spec.objective!r}: not among the computed {', '.join(sorted(values))}"
        )
    if run.recorder.report(values[spec.objective], step=step):
        raise PrunedError(f"pruned at step {step}", health=scored.health)


def record(
    recorder: Recorder, loss: Tensor, terms: Mapping[str, Tensor | float], *, step: int
) -> None:
    """Record the loss of a step and its terms as "train/loss", "train/NAME".

    Raises:
        DivergedError: The loss is not finite.
    """
    value = float(loss)
    if not math.isfinite(value):
        raise DivergedError(f"the loss became {value} at or before step {step}")
    named = {f"train/{name}": float(term) for name, term in terms.items()}
    recorder.metrics({"train/loss": value, **named}, step=step)


def _stop_if_dead(health: Health | None, *, step: int) -> None:
    """Stop a run of a search whose images are constant or saturated: it does not recover.

    Raises:
        PrunedError: They are.
    """
    if health is not None and health.state in DEAD:
        raise PrunedError(f"pruned at step {step}: {IN_WORDS[health.state]}", health=health)
