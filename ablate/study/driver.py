"""The driver: one process that submits the runs of a study and records how each one ends."""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.config.schema import StudyConfig
from ablate.errors import ConfigError, HaltedError
from ablate.execution.protocol import EXECUTORS, Executor
from ablate.fingerprint import numeric_hash
from ablate.scoring import references
from ablate.search.finished import Direction
from ablate.study import environments
from ablate.study.open_study import OpenStudy
from ablate.study.projection import Projection
from ablate.study.reuse import adopt, check_declared, declared
from ablate.study.store import open_store
from ablate.study.study_lock import study_lock
from ablate.tracking.address import public, recorded
from ablate.training.environment import environment_of, measure
from ablate.training.spec import RunResult, RunSpec

logger = logging.getLogger(__name__)
SHIP_EVERY_S = 1.0
SAME_FAULT = 3  # this many first runs with the same error stop the study


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the study is: reported before the first run and after every one."""

    ended: int
    planned: int
    open: int
    last: RunResult | None  # None before the first run
    last_name: str
    seconds: float
    resumed: int  # runs that an earlier session had ended
    objective: str = ""
    last_score: float | None = None  # objective of the last run, None where it has none
    best_score: float | None = None  # of all runs that have ended, earlier sessions included


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `run` leaves behind."""

    folder: Path
    counts: dict[str, int]
    planned: int
    tracking_uri: str


def run(
    config: StudyConfig,
    *,
    store: Path,
    overrides: Sequence[str] = (),
    retry: bool = False,
    accept_drift: bool = False,
    listen: Callable[[Progress], None] = lambda progress: None,
    begins: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:
    """Run the study, or go on with it; what has ended is never run again.

    Args:
        config: A checked study.
        store: Folder of the stores; made when absent.
        overrides: The words that the study was loaded with; kept without passwords, so that
            `ablate status STUDY` finds the same study.
        retry: Run again what failed in a designed phase, except what diverged.
        accept_drift: Go on although code, libraries or arithmetic are not those of earlier runs.
        listen: Called after every ended run.
        begins: Called once, before the first run.

    Raises:
        ConfigError, DataError, DeviceError: Found before anything is written.
        StoreError: The store cannot be used, or holds this study with another design or data, or
            with runs of another environment.
        BusyError: Another driver runs this study.
        HaltedError: The first runs all failed with the same error.
    """
    study = OpenStudy(config, store=store)
    study.check_trainable()
    if reason := references.left_out(config):
        logger.warning("%s: references are not scored: %s", config.name, reason)
    check_declared(config, store)
    make_executor = EXECUTORS.get(str(config.executor["name"]), where="executor.name")
    slots = int(config.executor.get("slots", 1))
    if slots < 1:
        raise ConfigError(f"executor.slots: must be at least 1, got {slots}")

    folder = open_store(store, config.name)
    with study_lock(folder, config.name):
        study.reread()
        ledger = study.ledger
        for fault in ledger.faults:
            logger.warning("%s: %s; cut off; the events before it are whole", ledger.path, fault)
        ledger.start(
            {
                "design_hash": study.plan.design_hash,
                "data_hash": study.data_hash,
                "code_hash": numeric_hash(),
                "looks": declared(config),
                "defaults": config.defaults,
                "positions": ledger.positions,
                "overrides": [recorded(word) for word in overrides],
            }
        )
        environments.check(
            ledger, environment_of(study.device), code_hash=numeric_hash(), accepts=accept_drift
        )
        if adopt(study.plan, store, data_hash=study.data_hash):
            study.reread()  # with the runs of an earlier look
        again = study.ledger.forget_failures(study.retryable) if retry else []
        projection = Projection(study, optuna_anew=bool(again))
        more = {k: v for k, v in config.executor.items() if k not in ("name", "slots")}
        executor = make_executor(decide=study.trials.decide, slots=slots, **more)
        try:
            first = _first(study)
            begins(first)
            try:
                projection.start()
                _drive(study, projection, executor, first=first, listen=listen)
            finally:
                executor.close()
            projection.finish()
        except BaseException:
            projection.interrupt()
            raise
    return Outcome(
        folder=folder,
        counts=study.ledger.counts(),
        planned=study.trials.planned,
        tracking_uri=public(study.tracking_uri),
    )


def _all_fail_alike(ended: list[RunResult]) -> bool:
    """Return whether exactly the first few runs have ended, all with one error of the program."""
    return (
        len(ended) == SAME_FAULT
        and all(result.state == "failed" for result in ended)
        and len({result.reason for result in ended}) == 1
        and ended[0].reason.startswith("error: ")
    )


def _first(study: OpenStudy) -> Progress:
    """Return where this session starts."""
    objective, results = study.config.objective, study.ledger.results
    scores = [r.metrics[objective] for r in results.values() if objective in r.metrics]
    return Progress(
        ended=len(results),
        planned=study.trials.planned,
        open=0,
        last=None,
        last_name="",
        seconds=0.0,
        resumed=len(results),
        objective=objective,
        best_score=_best(scores, study.trials.directions[0]),
    )


def _best(scores: Sequence[float], direction: Direction) -> float | None:
    return (max if direction == "maximize" else min)(scores, default=None)


def _drive(
    study: OpenStudy,
    projection: Projection,
    executor: Executor,
    *,
    first: Progress,
    listen: Callable[[Progress], None],
) -> None:
    trials, ledger = study.trials, study.ledger
    started = shipped_at = time.monotonic()
    progress = first
    open_runs: dict[str, RunSpec] = {}
    ended_now: list[RunResult] = []
    unsent: deque[tuple[RunSpec, RunResult]] = deque()  # ended, and not yet in the stores
    unseen: deque[RunSpec] = deque()  # handed out, and not yet shown as running
    to_ship: deque[str] = deque()
    slots = 0  # when they were filled last: an executor may find that there are more

    def fill() -> None:
        nonlocal slots
        slots = executor.slots
        while len(open_runs) < executor.slots:
            spec = trials.next()
            if spec is None:
                return
            projection.preregister()  # does nothing unless a confirmation was frozen just now
            ledger.submit(spec.run_id)
            open_runs[spec.run_id] = spec
            unseen.append(spec)
            executor.submit(spec, ledger.run_folder(spec.run_id))

    def record(result: RunResult) -> None:
        spec = open_runs.pop(result.run_id)
        ledger.end(result)
        if not environments.is_noted(ledger, result):
            environments.notice(ledger, result, measure(spec.settings["train"]["device"]))
        ended_now.append(result)
        trials.finish(spec.trial)
        unsent.append((spec, result))
        if _all_fail_alike(ended_now):
            send(len(unsent))
            raise HaltedError(
                f"the first {len(ended_now)} runs all failed with the same {result.reason}; "
                "nothing more was run: fix it, then add --retry to the same command"
            )
        fill()

    def send(count: int) -> None:
        nonlocal progress
        for _ in range(count):
            spec, result = unsent.popleft()
            projection.end(spec, result)
            score = result.metrics.get(progress.objective)
            scores = [value for value in (progress.best_score, score) if value is not None]
            progress = replace(
                progress,
                ended=len(ledger.results) - len(unsent),
                planned=trials.planned,
                open=len(open_runs),
                last=result,
                last_name=spec.name,
                seconds=time.monotonic() - started,
                last_score=score,
                best_score=_best(scores, trials.directions[0]),
            )
            listen(progress)

    def write() -> bool:
        """Do the next write to the stores, and return whether there was one."""
        nonlocal shipped_at
        if unseen and projection.begin(unseen[0]):
            unseen.popleft()
        elif unsent:
            send(1)
        elif to_ship:
            if (run_id := to_ship.popleft()) in open_runs:
                projection.ship(open_runs[run_id])
        else:
            if time.monotonic() - shipped_at > SHIP_EVERY_S:
                to_ship.extend(open_runs)
                shipped_at = time.monotonic()
            return False
        return True

    fill()
    is_idle = False
    while open_runs or unsent:
        if open_runs and len(unsent) <= executor.slots:
            # between any two writes to the stores: a worker does not wait for a database
            for result in executor.poll(0.2 if is_idle else 0.0):
                record(result)
            if executor.slots > slots:
                fill()
        is_idle = not write()
