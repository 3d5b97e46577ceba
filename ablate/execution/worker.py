"""One run inside a worker: journal, training, result file. It opens no database.

One worker at a time is in a run's folder. The worker of a driver that was killed lives on until it
has saved its state, or has even ended the run; the next driver meanwhile hands out the same run
again, and its worker waits for the lock of the folder.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ablate import plugins
from ablate.errors import StoreError, storage_failure
from ablate.execution.run_folder import read_result
from ablate.identity import JsonValue
from ablate.store_folder import check_no_links
from ablate.training.recorder import Heartbeat
from ablate.training.spec import JOURNAL, OOM, RESULT, SPEC, WEIGHTS, RunResult, RunSpec
from ablate.whole_files import record
from ablate.writing import json_bytes, write_json

if TYPE_CHECKING:  # a driver needs no torch
    from ablate.training.tasks import Task

logger = logging.getLogger(__name__)
ALONE = "alone on the machine too: lower train.batch_size or data.crop in another study"
CACHE = ".cache"  # in a store: what the workers of its studies decode and compute once
LOCK = "worker.lock"
LOCK_EVERY_S = 0.2  # between two looks at a lock that another worker holds
OF_THE_DEVICE = ("error: CUDA error", "error: HIP error", "error: cuDNN error")


class DeviceLostError(Exception):
    """The accelerator failed; nothing works in this process any more, a new one may go on."""


def work(
    spec: RunSpec,
    folder: Path,
    *,
    ask: Callable[[Mapping[int, float]], bool],
    leave: Event | None = None,
    heartbeat: Heartbeat | None = None,
    lost: Mapping[str, int] = MappingProxyType({}),
    retries_oom: bool = False,
    is_replaceable: bool = False,
) -> RunResult:
    """Run one run and write its result to `folder`, then return it.

    The folder is the truth: spec.json, journal.jsonl, pictures, and last result.json, whose
    presence means that the run has ended. An interrupted run goes on from what it left there; a
    result that another worker wrote there meanwhile is kept.

    Args:
        spec: The run.
        folder: Its own, STORE/STUDY/runs/ID; what all studies share lies in STORE/.cache.
        ask: Takes the objective at every rung so far, by step, and returns whether to stop.
        leave: Set when the run shall save its state and go.
        heartbeat: Notified of all progress.
        lost: What the run has cost so far, by the names of `LOST`; kept with the result.
        retries_oom: Whether the caller tries a run without memory again.
        is_replaceable: Whether the caller goes on in another process when the device is lost.

    Raises:
        LeaveError: `leave` was set; the run has saved its state.
        MemoryError: Memory ran out and `retries_oom`; there is no result.
        DeviceLostError: The accelerator failed and `is_replaceable`; there is no result.
    """
    from ablate.training.test_sets import score_further

    plugins.load()
    folder.mkdir(parents=True, exist_ok=True)
    cache = folder.parents[2] / CACHE
    check_no_links([*folder.parents[:2], folder, *folder.rglob("*"), cache])
    with run_lock(folder, leave):
        if (written := read_result(folder)) is not None:
            write_result(folder, written)
            result = written
        else:
            result = _trained(
                spec,
                folder,
                ask=ask,
                leave=leave,
                heartbeat=heartbeat,
                lost=lost,
                retries_oom=retries_oom,
                is_replaceable=is_replaceable,
            )
        if result.state == "finished" and spec.tests and spec.scores_test:
            with _failures(folder, retries_oom=retries_oom, is_replaceable=is_replaceable):
                score_further(
                    spec,
                    folder,
                    own=lambda: _task_and_examples(spec, cache)[1],
                    cache=cache,
                    leave=leave,
                    heartbeat=heartbeat,
                )
        return result


@contextlib.contextmanager
def _failures(folder: Path, *, retries_oom: bool, is_replaceable: bool) -> Iterator[None]:
    """Let a run without scores on a further set stand, and say so; arguments as `work`.

    Raises:
        LeaveError, MemoryError, DeviceLostError, StoreError: As `work`, for the same causes.
    """
    from ablate.training.checkpoints import LeaveError
    from ablate.training.determinism import is_out_of_memory

    try:
        yield
    except (LeaveError, StoreError):
        raise
    except Exception as error:
        if failure := storage_failure(error):
            raise StoreError(f"{folder}: {failure}, then the same command goes on") from error
        first = str(error).split("\n", 1)[0]
        if retries_oom and is_out_of_memory(error):
            raise MemoryError(first) from error
        if is_replaceable and f"error: {first}".startswith(OF_THE_DEVICE):
            raise DeviceLostError(first) from error
        logger.warning("%s: not scored on all test sets: %s", folder.name, first)


def _trained(
    spec: RunSpec,
    folder: Path,
    *,
    ask: Callable[[Mapping[int, float]], bool],
    leave: Event | None,
    heartbeat: Heartbeat | None,
    lost: Mapping[str, int],
    retries_oom: bool,
    is_replaceable: bool,
) -> RunResult:
    """Train a run that has no result and write it; arguments as `work`."""
    from ablate.tracking.journal import JournalRecorder
    from ablate.tracking.system import sampled
    from ablate.training.loop import train

    write_json(folder / SPEC, spec.to_json())
    recorder = JournalRecorder(folder / JOURNAL, ask=ask)
    task, examples = _task_and_examples(spec, folder.parents[2] / CACHE)
    with contextlib.closing(recorder):
        result = train(
            spec,
            sampled(recorder),
            folder=folder,
            task=task,
            examples=examples,
            leave=leave,
            heartbeat=heartbeat,
            flush=recorder.flush,
        )
    if is_replaceable and result.reason.startswith(OF_THE_DEVICE):
        raise DeviceLostError(result.reason.removeprefix("error: "))
    if result.reason.startswith(OOM):
        if retries_oom:
            raise MemoryError(result.reason.removeprefix(f"{OOM}: "))
        result = replace(result, reason=f"{result.reason}; {ALONE}" if lost else result.reason)
    reports: dict[str, JsonValue] = {str(k): v for k, v in recorder.reports.items()}
    more: dict[str, JsonValue] = {"reports": reports} if reports else {}
    if hasattr(os, "sched_getaffinity") and len(cores := os.sched_getaffinity(0)) == 1:
        more["core"] = min(cores)
    result = replace(result, facts={**result.facts, **more, **lost})
    write_result(folder, result)
    return result


@contextlib.contextmanager
def run_lock(folder: Path, leave: Event | None) -> Iterator[None]:
    """Hold the lock of a run's folder, taken as soon as it is free; a dead holder frees it.

    Raises:
        LeaveError: `leave` was set before that.
    """
    from ablate.training.checkpoints import LeaveError  # here, since it imports torch

    lock = FileLock(folder / LOCK)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOCK_EVERY_S)
        except Timeout:
            if leave is not None and leave.is_set():
                raise LeaveError("another worker is in the folder") from None
    try:
        yield
    finally:
        lock.release()


def _task_and_examples(spec: RunSpec, cache: Path) -> "tuple[Task | None, Any]":
    """The task of the run and its data; None for what fails."""
    from ablate.training.tasks import task_of

    task = None
    try:
        task = task_of(spec.settings)
        return task, task.kept_examples(cache)
    except Exception:  # whatever a user's task raises
        return task, None  # train meets the same error and records it as the run's reason


def write_result(folder: Path, result: RunResult) -> None:
    """Write checksums and result of a run that has ended, and only then remove its checkpoints."""
    from ablate.training.checkpoints import clear  # here, since it imports torch

    kept = [folder / JOURNAL, folder / WEIGHTS, *folder.glob("fused/*.png")]
    record(
        folder,
        [path for path in kept if path.exists()],
        beside={RESULT: json_bytes(result.to_json())},
        is_synced=True,
    )
    write_json(folder / RESULT, result.to_json())
    clear(folder)
