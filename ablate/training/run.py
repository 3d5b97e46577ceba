"""Train one RunSpec: the only function that a worker calls."""

import contextlib
import os
import resource
import time
from pathlib import Path
from threading import Event
from typing import Any

from ablate import plugins
from ablate.data.items import Examples
from ablate.errors import AblateError, DivergedError, is_disk_full
from ablate.training.checkpoints import Checkpoints, LeaveError
from ablate.training.course import PrunedError
from ablate.training.determinism import device_of, settle
from ablate.training.environment import environment_of
from ablate.training.memory import is_out_of_memory
from ablate.training.pulse import Pulse
from ablate.training.recorder import Recorder
from ablate.training.spec import OOM, RunResult, RunSpec
from ablate.training.tasks import task_of
from ablate.training.tasks.run import Run


def train(
    spec: RunSpec,
    recorder: Recorder,
    *,
    folder: Path,
    examples: Examples | None = None,
    leave: Event | None = None,
    pulse: Pulse | None = None,
) -> RunResult:
    """Return how the run went; faults of the run become its reason.

    Checkpoints stay: whoever has written the result down removes them.

    Args:
        spec: What to train.
        recorder: Receives metrics, images and the objective at the rungs.
        folder: The run's own folder; pictures are written below it.
        examples: The data, when the worker holds it already.
        leave: Set when the run shall save its state and stop.
        pulse: Told of all progress.

    Raises:
        LeaveError: `leave` was set; the same call goes on from the saved state.
        OSError: The disk is full (a library may say so by an error of its own); the same call goes
            on when there is room.
    """
    started = time.monotonic()
    try:
        settle()
        task = task_of(spec.settings)
        examples = examples if examples is not None else task.examples()
        if spec.split_seed is not None:
            examples = examples.redrawn(spec.split_seed)
        device = spec.settings["train"]["device"]
        here = environment_of(device)  # elsewhere it starts over
        checkpoints = Checkpoints(folder, key=f"{spec.run_id} {here.stratum}", leave=leave)
        outcome = task.fit(
            Run(
                spec=spec,
                examples=examples,
                measures=task.measures,
                recorder=recorder,
                folder=folder,
                checkpoints=checkpoints,
                device=device_of(device),
                pulse=pulse or Pulse(),
            )
        )
    except LeaveError:
        raise
    except PrunedError as stop:
        looked = {} if stop.health is None else {"health": stop.health.to_json()}
        result = _result(spec, started, state="pruned", reason=str(stop), facts=looked)
    except DivergedError as error:
        lost = {"health": {"state": "not_finite"}}
        result = _result(spec, started, state="failed", reason=f"diverged: {error}", facts=lost)
    except AblateError as error:
        result = _result(spec, started, state="failed", reason=f"error: {error}")
    except Exception as error:
        if is_disk_full(error):
            raise  # says nothing about the run, which goes on when there is room
        result = _result(spec, started, state="failed", reason=_reason(error))
    else:
        facts = {
            **outcome.facts,
            "data_hash": examples.manifest.hash,
            "data_label": examples.manifest.label,
        }
        result = _result(
            spec,
            started,
            state="finished",
            metrics=outcome.values,
            images=outcome.rows,
            facts=facts,
        )
    return result


def _reason(error: Exception) -> str:
    """Return the reason of a run that an error ended."""
    first = str(error).split("\n", 1)[0]
    if is_out_of_memory(error):
        return f"{OOM}: {first or 'out of memory'}"
    place = plugins.place_of(error)
    at = f" ({place})" if place else ""
    if isinstance(error, RuntimeError):  # of torch: its text says all
        return f"error: {first}{at}"
    return f"error: {type(error).__name__}: {error}{at}"


def _result(spec: RunSpec, started: float, **fields: Any) -> RunResult:
    facts = dict(fields.pop("facts", {}))
    facts["seconds"] = round(time.monotonic() - started, 3)
    facts["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    facts["worker_pid"] = os.getpid()
    with contextlib.suppress(AblateError):  # the device may be none
        facts["stratum"] = environment_of(spec.settings["train"]["device"]).stratum
    return RunResult(run_id=spec.run_id, facts=facts, **fields)
