"""One run: `train` gives a `RunSpec` to its task, and every task trains in the same loop."""

import contextlib
import math
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ablate import plugins
from ablate.data.items import Examples
from ablate.errors import AblateError, ConfigError, DivergedError, is_disk_full
from ablate.identity import JsonValue, derive_seed
from ablate.models.contract import parameter_count
from ablate.settings.train import TrainSettings
from ablate.stats.health import IN_WORDS, Health, State
from ablate.training.checkpoints import Checkpoints, LeaveError
from ablate.training.determinism import (
    device_of,
    is_out_of_memory,
    layout_of,
    precision,
    random_state,
    set_random_state,
    settle,
)
from ablate.training.environment import environment_of
from ablate.training.initialisation import initialise
from ablate.training.optimisation import Optimisation
from ablate.training.recorder import Heartbeat, Recorder
from ablate.training.scoring import Row, Scored, evaluating, means
from ablate.training.spec import OOM, RunResult, RunSpec
from ablate.training.tasks import task_of
from ablate.training.trainable import StepOutput, Trainable, steps_per_record

if TYPE_CHECKING:
    from ablate.training.tasks.contract import Measure, Trained

DEAD: Final[tuple[State, ...]] = ("constant", "half_constant", "saturated")
EARLY: Final = 10  # a search examines the images of a run after this part of its steps ...
EARLIEST: Final = 50  # ... and not before this step: networks start flat
Score = Callable[[tuple[str, ...]], Mapping[str, Sequence[float] | Tensor]]


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
    examples: Examples | None = None,
    leave: Event | None = None,
    heartbeat: Heartbeat | None = None,
) -> RunResult:
    """Train and score one run; an error of the run becomes the reason of its result.

    Checkpoints stay in the folder: whoever has written the result removes them.

    Args:
        spec: The run.
        recorder: Receives metrics, images, and the objective at rungs.
        folder: The run's own; pictures and weights are written below it.
        examples: The data, when the worker holds them already.
        leave: Set when the run shall save its state and stop.
        heartbeat: Notified of every step and every scored image.

    Raises:
        LeaveError: `leave` was set; the same call goes on from the saved state.
        OSError: The disk is full (a library may raise an error of its own); the same call goes on
            when there is room.
    """
    started = time.monotonic()
    try:
        settle()
        task = task_of(spec.settings)
        examples = examples if examples is not None else task.examples()
        if spec.split_seed is not None:
            examples = examples.redrawn(spec.split_seed)
        device = spec.settings["train"]["device"]
        here = environment_of(device)  # a checkpoint of another environment is not used
        trained = task.fit(
            Run(
                spec=spec,
                examples=examples,
                measures=task.measures,
                recorder=recorder,
                folder=folder,
                checkpoints=Checkpoints(folder, key=f"{spec.run_id} {here.id}", leave=leave),
                device=device_of(device),
                heartbeat=heartbeat or Heartbeat(),
            )
        )
    except LeaveError:
        raise
    except PrunedError as stop:
        examined = {} if stop.health is None else {"health": stop.health.to_json()}
        result = RunResult(run_id=spec.run_id, state="pruned", reason=str(stop), facts=examined)
    except DivergedError as error:
        lost = {"health": {"state": "not_finite"}}
        result = _failed(spec, f"diverged: {error}", **lost)
    except AblateError as error:
        result = _failed(spec, f"error: {error}")
    except Exception as error:
        if is_disk_full(error):
            raise  # not the run's fault: it goes on when there is room
        result = _failed(spec, _reason(error))
    else:
        manifest = examples.manifest
        result = RunResult(
            run_id=spec.run_id,
            state="finished",
            metrics=trained.values,
            images=trained.rows,
            facts={**trained.facts, "data_hash": manifest.hash, "data_label": manifest.label},
        )
    facts: dict[str, JsonValue] = {
        **result.facts,
        "seconds": round(time.monotonic() - started, 3),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "worker_pid": os.getpid(),
    }
    with contextlib.suppress(AblateError):  # there may be no such device
        facts["stratum"] = environment_of(spec.settings["train"]["device"]).id
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run in training: everything that a task needs for it.

    Args:
        spec: Settings, seed, rungs and names of the run.
        examples: The data, split as this run has them.
        measures: The metrics that the task declares.
        recorder: Receives what is recorded.
        folder: The run's own.
        checkpoints: Of the run.
        device: Where it is trained, train.device.
        heartbeat: Notified of progress.
    """

    spec: RunSpec
    examples: Any
    measures: "Mapping[str, Measure]"
    recorder: Recorder
    folder: Path
    checkpoints: Checkpoints
    device: torch.device
    heartbeat: Heartbeat

    @property
    def train(self) -> Mapping[str, Any]:
        """Settings of the section `train`: steps, batch_size, learning_rate, ..."""
        section: Mapping[str, Any] = self.spec.settings["train"]
        return section

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that this run is scored on: a search never sees test."""
        return ("val", "test") if self.spec.scores_test else ("val",)

    def seed(self, purpose: str) -> int:
        """Return a seed of this run, another one for every purpose."""
        return derive_seed(self.spec.seed, purpose)

    def batch(self, step: int) -> tuple[str, ...]:
        """Return the names of the train items of a step, drawn with replacement.

        They depend on the run's seed and the number of the step alone, not on the arm: arms of a
        block meet the same items.
        """
        names = self.examples.stems("train")
        random = np.random.default_rng([self.seed("batches"), step])
        return tuple(names[i] for i in random.integers(len(names), size=self.train["batch_size"]))

    def fit(self, model: nn.Module, *, loss: Callable[[int], Tensor], score: Score) -> "Trained":
        """Train a model by the recipe of the section `train`, score it, and return its results.

        The weights of convolutions and linear layers are drawn anew from the run's seed. The run
        goes on from its last checkpoint where there is one and then gives the same numbers; the
        loss is recorded, val is scored at every rung, where the run may be pruned, and val and
        test at the end. `model` is in training mode for `loss`, and in evaluation mode without
        gradients for `score`.

        Args:
            model: Moved to `device`.
            loss: Takes the number of a step, from 1, and returns its loss, a scalar.
            score: Takes names of items and returns, per metric, one value for each; NaN where a
                metric has none.

        Raises:
            DivergedError: The loss is not finite.
            PrunedError: The run was stopped at a rung.
            LeaveError: The worker has to go; the state is saved.
            ConfigError: `score` returned what the task does not declare, or a graph is asked for.
        """
        if self.train.get("graph") == "always":
            raise ConfigError(
                "train.graph: always: only the task fusion has a graph; use auto or never"
            )
        trained = self.train_loop(_OfPlugin(self, model, loss=loss, score=score))
        return replace(trained, facts={**trained.facts, "parameters": parameter_count(model)})

    def train_loop(self, trainable: Trainable) -> "Trained":
        """Take all steps, going on from a checkpoint where there is one, and score the splits.

        A run that goes on gives the same numbers as one that was never interrupted: weights, their
        moving average, optimiser and random state are restored.

        Raises:
            DivergedError: The loss, or a fused image, is not finite.
            PrunedError: The recorder stopped the run at a rung, or a search examined dead images.
            LeaveError: The worker has to go; the state is saved.
        """
        from ablate.training.tasks.contract import Trained

        optimisation = trainable.optimisation
        model, steps = optimisation.model, optimisation.steps
        torch.manual_seed(self.seed("network"))
        first, before_s = 1, 0.0
        if (state := self.checkpoints.load()) is not None:
            optimisation.restore(state)
            set_random_state(state["random"], model)
            first, before_s = int(state["step"]) + 1, float(state["seconds"])
        started = time.monotonic()
        early = 0 if self.spec.scores_test else max(EARLIEST, steps // EARLY)
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
                record(self.recorder, output.value, terms, step=step)
            trainable.picture(step)
            if step in self.spec.rungs and step < steps:
                self._report(trainable.score("val"), step=step)
            elif step == early:
                _stop_if_dead(trainable.examine(), step=step)
            if self.checkpoints.is_due():
                self.checkpoints.save(
                    step=step,
                    random=random_state(model),
                    seconds=before_s + time.monotonic() - started,
                    **optimisation.state(),
                )
                self.checkpoints.raise_if_leaving(step)
            self.heartbeat.beat(step)
        seconds = before_s + time.monotonic() - started
        scored = {split: trainable.score(split) for split in self.splits}
        rows = [row for some in scored.values() for row in some.rows]
        values, health = means(rows), scored["val"].health
        self.recorder.metrics({**values, **scored["val"].healthy}, step=steps)
        facts: dict[str, JsonValue] = {
            "seconds_per_step": round(seconds / steps, 5),
            "steps": steps,
            **({} if health is None else {"health": health.to_json()}),
        }
        return Trained(rows=tuple(rows), values=values, facts=facts)

    def _report(self, scored: Scored, *, step: int) -> None:
        """Record val and its health, and report the objective at a rung.

        Raises:
            PrunedError: The recorder stopped the run, or a search examined dead images.
            ConfigError: The objective is not among the computed metrics.
        """
        values, spec = means(scored.rows), self.spec
        self.recorder.metrics({**values, **scored.healthy}, step=step)
        if not spec.scores_test:
            _stop_if_dead(scored.health, step=step)
        if spec.objective not in values:
            raise ConfigError(
                f"objective {spec.objective!r}: not among the computed {', '.join(sorted(values))}"
            )
        if self.recorder.report(values[spec.objective], step=step):
            raise PrunedError(f"pruned at step {step}", health=scored.health)

    def rows(self, split: str, values: Mapping[str, Sequence[float] | Tensor]) -> list[Row]:
        """Return rows of a split from one value per item and metric.

        Args:
            split: "val" or "test".
            values: Per metric, values in the order of the split's names.

        Raises:
            ConfigError: A metric is not declared, is missing, or has not one value per item.
        """
        names = self.examples.stems(split)
        wanted = self.spec.settings["metrics"]["names"]
        faults = [
            f"score: {name!r} is not among the declared measures {', '.join(self.measures)}"
            for name in values
            if name not in self.measures
        ]
        faults += [
            f"score: {name!r} is missing; return it" for name in wanted if name not in values
        ]
        plain = {
            name: values[name].double().flatten().tolist()  # type: ignore[union-attr]
            if isinstance(values[name], Tensor)
            else [float(value) for value in values[name]]
            for name in wanted
            if name in values
        }
        faults += [
            f"score: {name!r} has {len(found)} values for {len(names)} items of {split}"
            for name, found in plain.items()
            if len(found) != len(names)
        ]
        if faults:
            raise ConfigError(*faults)
        self.heartbeat.beat()
        return [
            (split, item, name, value if math.isfinite(value) else None)
            for name, found in plain.items()
            for item, value in zip(names, found, strict=True)
        ]

    def ended(self, rows: Sequence[Row], **facts: JsonValue) -> "Trained":
        """Record the means of the rows and return both; for a training without `fit`.

        Args:
            rows: Of every split in `splits`, see `rows`.
            facts: Kept with the result, for example seconds_per_step.
        """
        from ablate.training.tasks.contract import Trained

        values, steps = means(rows), int(self.train["steps"])
        self.recorder.metrics(values, step=steps)
        return Trained(rows=tuple(rows), values=values, facts={"steps": steps, **facts})


class _OfPlugin(Trainable):
    """The training of a task that gives `Run.fit` a model, its loss and its scores."""

    def __init__(
        self, run: Run, model: nn.Module, *, loss: Callable[[int], Tensor], score: Score
    ) -> None:
        initialise(model, seed=run.seed("weights"))
        layout = layout_of(run.train.get("layout", "nchw"))
        model.to(run.device, memory_format=layout).train()  # type: ignore[call-overload]  # torch's stub lacks it
        self.optimisation = Optimisation(model, TrainSettings.of(run.train))
        self._run, self._loss, self._score = run, loss, score

    def batch(self, step: int) -> tuple[int]:
        return (step,)

    def forward(self, *batch: int) -> StepOutput:
        with precision(self._run.train["precision"], self._run.device):
            value = self._loss(*batch)
        return StepOutput(loss=value.float(), value=value.detach(), terms={})

    def score(self, split: str) -> Scored:
        run, model = self._run, self.optimisation.model
        with self.optimisation.averaged_in(model), evaluating(model):
            return Scored(rows=run.rows(split, self._score(run.examples.stems(split))))


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
