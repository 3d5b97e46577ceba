"""The driver: one process that submits the runs of a study and records how each one ends."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from ablate.config.schema import StudyConfig
from ablate.errors import ConfigError, HaltedError, StoreError
from ablate.execution.protocol import EXECUTORS, Executor
from ablate.fingerprint import numeric_hash
from ablate.scoring import references
from ablate.search.finished import Direction
from ablate.store_folder import open_store
from ablate.study import damage, environments, test_sets
from ablate.study.extending import extensions, keys_of, reserved_by
from ablate.study.interim import sentences
from ablate.study.keeping import KeptWeights
from ablate.study.open_study import OpenStudy
from ablate.study.planned import Look
from ablate.study.projection import Projection
from ablate.study.publish import AtLook, at_look
from ablate.study.reuse import Earlier, adopt, check_declared, declared
from ablate.study.study_lock import study_lock
from ablate.study.watching import note_planned
from ablate.tracking.address import public, recorded
from ablate.training.environment import environment_of, measure, with_more
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
    best_score: float | None = None  # of all healthy runs, earlier sessions included


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `run` leaves behind."""

    folder: Path
    counts: dict[str, int]
    planned: int
    tracking_uri: str
    looks: tuple[str, ...] = ()  # what interim analyses closed, in words
    searches: tuple[str, ...] = ()  # how many trials each ran, and which were skipped, in words
    unscored: int = 0  # runs that lack scores on a further test set


def run(
    config: StudyConfig,
    *,
    store: Path,
    overrides: Sequence[str] = (),
    retry: bool = False,
    accept_drift: bool = False,
    listen: Callable[[Progress], None] = lambda progress: None,
    begins: Callable[[Progress], None] = lambda progress: None,
    closes: Callable[[AtLook], Mapping[str, str]] | None = None,
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
        closes: Judges the questions at a look, see `ablate.report.interim`; a study that takes
            looks while it runs needs it.

    Raises:
        ConfigError, DataError, DeviceError: Found before anything is written.
        StoreError: The store cannot be used, or holds this study with another design or data, or
            with runs of another environment; or a worker had other data than this driver.
        BusyError: Another driver runs this study.
        HaltedError: The first runs all failed with the same error.
    """
    return run_open(
        OpenStudy(config, store=store),
        overrides=overrides,
        retry=retry,
        accept_drift=accept_drift,
        listen=listen,
        begins=begins,
        closes=closes,
    )


def run_open(
    study: OpenStudy,
    *,
    overrides: Sequence[str] = (),
    retry: bool = False,
    accept_drift: bool = False,
    listen: Callable[[Progress], None] = lambda progress: None,
    begins: Callable[[Progress], None] = lambda progress: None,
    closes: Callable[[AtLook], Mapping[str, str]] | None = None,
    says: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Run a study that is open already; otherwise as `run`.

    `says` is called with a line on what is done when no training is left and the study goes on.
    """
    if closes is None and any(phase.has_interims for phase in study.config.phases.values()):
        raise ConfigError(f"{study.config.name}: has looks; give `closes`, which judges them")
    session = _Session(overrides=overrides, retry=retry, accept_drift=accept_drift)
    return _drive(study, session, listen=listen, begins=begins, closes=closes, says=says)


def score_again(
    config: StudyConfig, *, store: Path, metrics: Sequence[str] = (), accept_drift: bool = False
) -> Outcome:
    """Score the kept weights of a study on the test sets and in the metrics that lack scores.

    Nothing is trained. A study that has not ended is scored as far as it is, and published by the
    `run` that ends it.

    Args:
        config: A checked study; its further test sets are added to those of the store.
        store: Folder of the stores, which holds it.
        metrics: To add to those of the study, on every test set and on val.
        accept_drift: As of `run`.

    Raises:
        ConfigError, DataError, DeviceError, StoreError, BusyError: As `run`.
    """
    session = _Session(accept_drift=accept_drift, only_scores=True, metrics=metrics)
    study = OpenStudy(config, store=store)
    test_sets.check_sizes(study, metrics)
    return _drive(study, session)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """What one session of a driver is asked for; see `run` and `score_again`."""

    overrides: Sequence[str] = ()
    retry: bool = False
    accept_drift: bool = False
    only_scores: bool = False
    metrics: Sequence[str] = ()


def _drive(
    study: OpenStudy,
    session: _Session,
    *,
    listen: Callable[[Progress], None] = lambda progress: None,
    begins: Callable[[Progress], None] = lambda progress: None,
    closes: Callable[[AtLook], Mapping[str, str]] | None = None,
    says: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Run one session, under the lock of the study; arguments as of `run`."""
    config = study.config
    _check(study)
    make_executor = _executor_of(config)
    study.check_extended()
    folder = open_store(study.store, config.name)
    with study_lock(folder, config.name):
        is_anew = _resume(study, session)
        study.trials.closes = closes and partial(_closed, closes, study)
        projection = Projection(study, optuna_anew=is_anew)
        executor = make_executor(decide=study.trials.decide)
        try:
            first = _first(study)
            note_planned(folder, first.planned)
            begins(first)
            if left := len(study.lacking()):
                says(f"scoring {left} runs that have ended on further test sets or metrics")
            try:
                projection.start()
                loop = _Loop(study, projection, executor, first=first, listen=listen)
                loop.run(only_scores=session.only_scores)
                _say_lacking(study)
            finally:
                executor.close()
            if session.only_scores and not study.has_ended:
                projection.interrupt()
            else:
                says(_then(study))
                projection.finish()
                study.ledger.settle()
        except BaseException:
            projection.interrupt()
            raise
    return Outcome(
        folder=folder,
        counts=study.ledger.counts(),
        planned=study.trials.planned,
        tracking_uri=public(study.tracking_uri),
        looks=tuple(sentences(study.plan, study.ledger.looks)),
        searches=tuple(one.sentence() for one in study.trials.searches.values()),
        unscored=len(study.lacking()),
    )


def _then(study: OpenStudy) -> str:
    """Say what follows the last run; scoring takes as long as some trainings of a small study."""
    scored = ["trivial baselines"]
    if study.config.references:
        scored.append("references")
    on = f" on {len(study.tests) + 1} test sets" if study.tests else ""
    return f"scoring {' and '.join(scored)}{on}, then writing tables and pictures to MLflow"


def _say_lacking(study: OpenStudy) -> None:
    """Say which runs have no scores on a further test set; why has been said before."""
    if left := study.lacking():
        logger.warning(
            "%s: %d runs are not scored on all test sets, the first is %s; the same command tries "
            "again",
            study.config.name,
            len(left),
            left[0].name,
        )


def _closed(
    closes: Callable[[AtLook], Mapping[str, str]], study: OpenStudy, look: Look
) -> Mapping[str, str]:
    """Return question -> why a look that is due closes it."""
    return closes(at_look(look, study))


def _check(study: OpenStudy) -> None:
    """Raise what keeps the study from running here; nothing is written yet."""
    study.check_trainable()
    study.say_remarks()
    if reason := references.left_out(study.config):
        logger.warning("%s: references are not scored: %s", study.config.name, reason)
    check_declared(study.config, study.store)


def _executor_of(config: StudyConfig) -> Callable[..., Executor]:
    """Return what makes the executor of a study once it is given `decide`."""
    make = EXECUTORS.get(str(config.executor["name"]), where="executor.name")
    settings = {name: value for name, value in config.executor.items() if name != "name"}
    slots = int(settings.pop("slots", 1))
    if slots < 1:
        raise ConfigError(f"executor.slots: must be at least 1, got {slots}")
    return partial(make, slots=slots, **settings)


def _resume(study: OpenStudy, session: _Session) -> bool:
    """Start the ledger or go on with it, under the lock; return whether results were set aside."""
    study.reread()
    study.ledger.check(design_hash=study.plan.design_hash, data_hash=study.data_hash)
    if damage.fix(study.ledger, wrong=study.of_other_data()):
        study.reread()
    config, ledger = study.config, study.ledger
    for fault in ledger.faults:
        logger.warning("%s: %s; cut off; the events before it are whole", ledger.path, fault)
    test_sets.check(study, [])
    ledger.start(
        {
            "design_hash": study.plan.design_hash,
            "data_hash": study.data_hash,
            "code_hash": numeric_hash(),
            "looks": declared(config),
            "defaults": config.defaults,
            "positions": ledger.positions,
            "overrides": [recorded(word) for word in session.overrides],
            **reserved_by(study.plan),
            "keys": keys_of(config),
        }
    )
    for phase, trials in extensions(study.plan, ledger.extended).items():
        ledger.extend(phase, trials=trials)
    here = with_more(environment_of(study.device), study.task.environment())
    environments.check(ledger, here, code_hash=numeric_hash(), accepts=session.accept_drift)
    study.task.begin(study.folder)
    test_sets.note(study, metrics=session.metrics)
    if adopt(study.plan, study.store, data_hash=study.data_hash):
        study.reread()  # with the runs of an earlier look
        for run_id in study.of_other_data():
            damage.put_away(study.ledger, run_id)
        study.reread()
    return session.retry and bool(study.ledger.forget_failures(study.retryable))


def _first(study: OpenStudy) -> Progress:
    """Return where this session starts."""
    objective, results = study.config.objective, study.ledger.results
    scores = [
        result.metrics[objective]
        for result in results.values()
        if objective in result.metrics and not result.is_unhealthy
    ]
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


class _Loop:
    """The runs of one session: each is launched, collected when it ends, and sent to both stores.

    The ledger has the end of a run as soon as it is collected, and its place at the executor is
    filled at once. MLflow and Optuna are written to in between, one write at a time, so that no
    worker waits for a database.
    """

    def __init__(
        self,
        study: OpenStudy,
        projection: Projection,
        executor: Executor,
        *,
        first: Progress,
        listen: Callable[[Progress], None],
    ) -> None:
        self._study, self._trials, self._ledger = study, study.trials, study.ledger
        self._projection, self._executor = projection, executor
        self._kept = KeptWeights(study)
        self._earlier = Earlier(study.plan, study.store, data_hash=study.data_hash)
        self._progress, self._listen = first, listen
        self._started = self._shipped_at = time.monotonic()
        self._slots = 0  # when they were filled last: an executor may find that there are more
        self._open: dict[str, RunSpec] = {}  # submitted, and not ended
        self._first: list[RunResult] = []  # that ended in this session
        self._unshown: deque[RunSpec] = deque()  # submitted, and not yet shown as running
        self._unsent: deque[tuple[RunSpec, RunResult]] = deque()  # ended, not yet in the stores
        self._to_ship: deque[str] = deque()  # may have written to their journals
        self._tests = study.tests
        self._to_score = deque(study.lacking())  # ended runs without scores on a further test set
        self._scored: set[str] = set()  # of these, submitted in this session
        self._only_scores = False

    def run(self, *, only_scores: bool = False) -> None:
        """Launch, collect and send until every run has ended and is sent.

        Args:
            only_scores: Launch no training.

        Raises:
            HaltedError: The first runs all failed with the same error.
        """
        self._only_scores = only_scores
        self._launch()
        is_idle = False
        while self._open or self._unsent:
            if self._open and len(self._unsent) <= self._executor.slots:
                self._collect(timeout_s=0.2 if is_idle else 0.0)
            is_idle = not self._write()

    def _launch(self) -> None:
        """Submit runs until all slots are taken or none is ready."""
        self._slots = self._executor.slots
        while len(self._open) < self._executor.slots:
            spec = None if self._only_scores else self._trials.next()
            if spec is None:
                if not self._to_score:
                    return
                self._score(self._to_score.popleft())
                continue
            if (result := self._earlier.take(spec)) is not None:
                self._ledger.end(result)
                self._enter_result(spec, result)
                continue
            self._projection.preregister()  # nothing unless a confirmation was frozen just now
            self._ledger.submit(spec.run_id)
            self._open[spec.run_id] = spec
            self._unshown.append(spec)
            self._submit(spec)

    def _score(self, spec: RunSpec) -> None:
        """Submit a run that has ended: its worker scores the kept weights and trains nothing."""
        self._scored.add(spec.run_id)
        self._open[spec.run_id] = spec
        self._submit(spec)

    def _submit(self, spec: RunSpec) -> None:
        spec = replace(spec, tests=self._tests)
        self._executor.submit(spec, self._ledger.run_folder(spec.run_id))

    def _collect(self, *, timeout_s: float) -> None:
        """Record the runs that have ended, and fill their places."""
        for result in self._executor.poll(timeout_s):
            self._record(result)
            if _all_fail_alike(self._first):
                self._halt()
            self._launch()
        if self._executor.slots > self._slots:
            self._launch()

    def _record(self, result: RunResult) -> None:
        spec = self._open.pop(result.run_id)
        if result.run_id in self._scored:
            self._unsent.append((spec, result))
            return
        if what := self._study.other_data(spec, result):
            damage.put_away(self._ledger, spec.run_id)
            raise StoreError(
                f"{spec.name}: {what} and is set aside; make the data of all workers equal, then "
                "the same command goes on from here"
            )
        self._ledger.end(result)
        if not environments.is_noted(self._ledger, result):
            now = measure(spec.settings["train"]["device"])
            now = with_more(
                now, self._study.task.environment(self._ledger.folder / "runs" / spec.run_id)
            )
            environments.notice(self._ledger, result, now)
        if len(self._first) <= SAME_FAULT:
            self._first.append(result)
        self._enter_result(spec, result)

    def _enter_result(self, spec: RunSpec, result: RunResult) -> None:
        """Let the search and the stores know of a run that has ended."""
        self._trials.finish(spec.trial)
        self._kept.take(spec.trial)
        self._unsent.append((spec, replace(result, images=())))  # may wait for long

    def _halt(self) -> NoReturn:
        while self._unsent:
            self._send()
        raise HaltedError(
            f"the first {len(self._first)} runs all failed with the same {self._first[0].reason}; "
            "nothing more was run: fix it, then add --retry to the same command"
        )

    def _write(self) -> bool:
        """Do the next write to the stores, and return whether there was one."""
        if self._unshown and self._projection.begin(self._unshown[0]):
            self._unshown.popleft()
            return True
        if self._unsent:
            self._send()
            return True
        if self._to_ship:
            spec = self._open.get(self._to_ship.popleft())
            if spec is not None:
                self._projection.ship(spec)
            return True
        if time.monotonic() - self._shipped_at > SHIP_EVERY_S:
            self._to_ship.extend(self._open)
            self._shipped_at = time.monotonic()
        return False

    def _send(self) -> None:
        """Send the run that ended first among the unsent ones, and report the progress."""
        spec, result = self._unsent.popleft()
        self._projection.end(spec, result)
        if result.run_id in self._scored:
            return
        before = self._progress.planned
        best, score = self._progress.best_score, result.metrics.get(self._progress.objective)
        may_be_best = None if result.is_unhealthy else score
        scores = [value for value in (best, may_be_best) if value is not None]
        self._progress = replace(
            self._progress,
            ended=len(self._ledger.results)
            - sum(result.run_id not in self._scored for _, result in self._unsent),
            planned=self._trials.planned,
            open=len(self._open),
            last=result,
            last_name=spec.name,
            seconds=time.monotonic() - self._started,
            last_score=score,
            best_score=_best(scores, self._trials.directions[0]),
        )
        if self._progress.planned != before:
            note_planned(self._study.folder, self._progress.planned)
        self._listen(self._progress)


def _all_fail_alike(first: list[RunResult]) -> bool:
    """Return whether exactly the first few runs have ended, all with one error of the program."""
    return (
        len(first) == SAME_FAULT
        and all(result.state == "failed" for result in first)
        and len({result.reason for result in first}) == 1
        and first[0].reason.startswith("error: ")
    )
