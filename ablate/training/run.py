"""Train one RunSpec: the only function that a worker calls."""

import contextlib
import os
import resource
import time
from pathlib import Path
from threading import Event
from typing import Any

from torch import nn

from ablate import data, losses, models
from ablate.data.pairs import PairSet
from ablate.errors import AblateError, ConfigError, DivergedError, is_disk_full
from ablate.models.contract import parameter_count
from ablate.models.cost import flops
from ablate.models.probe import Probe
from ablate.training import loop, probing
from ablate.training.calibration import calibrate
from ablate.training.checkpoints import Checkpoints, LeaveError
from ablate.training.descent import PrunedError
from ablate.training.determinism import device_of, settle
from ablate.training.environment import environment_of
from ablate.training.memory import is_out_of_memory
from ablate.training.pulse import Pulse
from ablate.training.recorder import Recorder
from ablate.training.spec import OOM, RunResult, RunSpec


def train(
    spec: RunSpec,
    recorder: Recorder,
    *,
    folder: Path,
    pairs: PairSet | None = None,
    leave: Event | None = None,
    pulse: Pulse | None = None,
) -> RunResult:
    """Return how the run went; faults of the run become its reason, never an exception.

    Args:
        spec: What to train.
        recorder: Receives metrics, images and the objective at the rungs.
        folder: The run's own folder; pictures are written below it.
        pairs: The data, when the worker holds it already.
        leave: Set when the run shall save its state and stop.
        pulse: Told of all progress.

    Raises:
        LeaveError: `leave` was set; the same call goes on from the saved state.
    """
    started = time.monotonic()
    try:
        settle()
        pairs = pairs if pairs is not None else data.load(spec.settings["data"])
        if spec.split_seed is not None:
            pairs = pairs.redrawn(spec.split_seed)
        here = environment_of(spec.settings["train"]["device"])  # elsewhere it starts over
        checkpoints = Checkpoints(folder, key=f"{spec.run_id} {here.stratum}", leave=leave)
        outcome = _train(
            spec, recorder, folder=folder, pairs=pairs, checkpoints=checkpoints,
            pulse=pulse or Pulse(),
        )  # fmt: skip
        checkpoints.clear()
    except LeaveError:
        raise
    except PrunedError as stop:
        return _result(spec, started, state="pruned", reason=str(stop))
    except DivergedError as error:
        return _result(spec, started, state="failed", reason=f"diverged: {error}")
    except AblateError as error:
        return _result(spec, started, state="failed", reason=f"error: {error}")
    except Exception as error:
        if is_disk_full(error):
            raise  # says nothing about the run, which starts over when there is room
        return _result(spec, started, state="failed", reason=_reason(error))
    return _result(spec, started, state="finished", **outcome)


def _train(
    spec: RunSpec,
    recorder: Recorder,
    *,
    folder: Path,
    pairs: PairSet,
    checkpoints: Checkpoints,
    pulse: Pulse,
) -> dict[str, Any]:
    settings = spec.settings
    device = device_of(settings["train"]["device"])
    faults = losses.check(
        settings["loss"], settings["data"]["crop"], steps=settings["train"]["steps"]
    )
    if faults:
        raise ConfigError(*faults)
    loss = losses.build(settings["loss"]).to(device)
    constants = calibrate(loss, pairs, crop_px=settings["data"]["crop"], device=device)
    model = models.build(settings["model"])
    routine = probing if isinstance(model, Probe) else loop
    rows, values, facts = routine.fit(
        spec=spec, model=model, loss=loss, pairs=pairs, recorder=recorder, folder=folder,
        checkpoints=checkpoints, device=device, pulse=pulse,
    )  # fmt: skip
    facts |= {
        "parameters": parameter_count(model),
        **_arithmetic(model, side_px=settings["data"]["crop"]),
        "protocol": settings["metrics"]["protocol"],
        "data_hash": pairs.manifest.hash,
        "data_label": pairs.manifest.label,
        **({"loss_constants": constants} if constants else {}),
    }
    return {"metrics": values, "images": tuple(rows), "facts": facts}


def _reason(error: Exception) -> str:
    """Return the reason of a run that an error ended."""
    first = str(error).split("\n", 1)[0]
    if is_out_of_memory(error):
        return f"{OOM}: {first or 'out of memory'}"
    if isinstance(error, RuntimeError):  # of torch: its text says all
        return f"error: {first}"
    return f"error: {type(error).__name__}: {error}"


def _arithmetic(model: nn.Module, *, side_px: int) -> dict[str, Any]:
    """Return what fusing one crop costs; nothing for the probe, which fuses by descending."""
    if isinstance(model, Probe):
        return {}
    count = flops(model, height_px=side_px, width_px=side_px)
    return {"gflops": count / 1e9, "gmacs": count / 2e9, "gflops_of_px": [side_px, side_px]}


def _result(spec: RunSpec, started: float, **fields: Any) -> RunResult:
    facts = dict(fields.pop("facts", {}))
    facts["seconds"] = round(time.monotonic() - started, 3)
    facts["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    facts["worker_pid"] = os.getpid()
    with contextlib.suppress(AblateError):  # the device may be none
        facts["stratum"] = environment_of(spec.settings["train"]["device"]).stratum
    return RunResult(run_id=spec.run_id, facts=facts, **fields)
