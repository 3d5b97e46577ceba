"""The ledger: an append-only file that knows which runs were asked for and how each one ended.

Truth is the ledger and the run folders; Optuna and MLflow are projections of them. A run is ended
when its folder holds result.json, whatever the ledger says; the ledger adds what is in no run
folder: the suggestions of a search, in order, and the hashes that the study was started with.
"""

import contextlib
import itertools
import json
import os
import statistics
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ablate.config.schema import LOOK
from ablate.errors import StoreError
from ablate.execution.worker import JOURNAL, RESULT, SPEC, read_result
from ablate.positions import HALF_ENDS
from ablate.positions import NEWEST as NEWEST_POSITIONS
from ablate.settings.command import COMMAND, OF_STUDY, length_of
from ablate.settings.setting import NEWEST
from ablate.store_folder import LEDGER
from ablate.study.planned import Look, Redraw
from ablate.training.spec import RunResult, RunSpec
from ablate.whole_files import read_bounded

if TYPE_CHECKING:  # it imports torch
    from ablate.training.scoring import Row

FORMAT: Final = 1
MOST_KEYS: Final = 4  # changed ones in a message
EXTENDED: Final = "extended"  # event of a search that was given more trials
SETTLED: Final = "settled"  # event of a session that ended whole, behind an extension
TEST_KEYS: Final = ("data", "part", "protocol", "data_hash")  # of a further test set
MOST_HEADER: Final = 1 << 24  # letters of the first line
_TAIL_BYTES: Final = 4096  # of a journal that are read to see how far its run is


class Ledger:
    """State of one study in one store.

    Args:
        folder: The study's folder; need not exist before the first event.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / LEDGER
        self.header: dict[str, Any] = {}
        self.asked: dict[int, dict[str, Any]] = {}  # search trial -> its suggestion
        self.asked_by: dict[int, str] = {}  # its search, of a number that the plan did not reserve
        self.extended: dict[str, int] = {}  # search -> trials that it was extended to
        self.is_extending = False  # the last extension is not published yet
        self.frozen: dict[str, dict[str, Any]] = {}  # confirmation -> its arms, recipes and hash
        self.redrawn: list[Redraw] = []  # blocks that spare ones stand for
        self.looks: list[Look] = []  # interim analyses that were taken
        self.tests: dict[str, dict[str, Any]] = {}  # further test set -> its data, and their hash
        self.metrics: list[str] = []  # that were added after the start
        self.environments: dict[str, dict[str, Any]] = {}  # id -> environment, is_accepted
        self.results: dict[str, RunResult] = {}  # without scores per image, see `image_rows`
        self.faults: list[str] = []  # of the file, in words
        self.unreadable: dict[str, str] = {}  # run -> why its result cannot be read
        self._good: int | None = None  # where a torn tail starts; cut before the next event
        self._load()

    @property
    def positions(self) -> int:
        """Version of the map from [0, 1] to values that the study's searches were started with."""
        return int(self.header.get("positions", HALF_ENDS)) if self.header else NEWEST_POSITIONS

    def start(self, header: Mapping[str, Any]) -> None:
        """Write the hashes of a new study, or compare them with those it was started with.

        Raises:
            StoreError: The study in this store was started with another design or other data.
        """
        if not self.header:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.header = {"event": "start", "format": FORMAT, **header}
            self._append(self.header)
            return
        self.check(
            design_hash=header["design_hash"],
            data_hash=header["data_hash"],
            keys=header.get("keys", {}),
        )

    def check(
        self,
        *,
        design_hash: str,
        data_hash: str | None = None,
        keys: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Compare design and data with those that the study was started with, if it was.

        Args:
            design_hash: Of the plan of now.
            data_hash: Of the examples of now; None where they were not read.
            keys: Of the file of now, see `ablate.study.extending.keys_of`.

        Raises:
            StoreError: The study in this store was started with another design or other data.
        """
        for what, now in (("design", design_hash), ("data", data_hash)):
            before = self.header.get(f"{what}_hash")
            if not self.header or now is None or before == now:
                continue
            changed = _changed(self.header.get("keys"), keys) if what == "design" else ""
            was = changed or f"{before}, now {now}"
            name, look = self.folder.name.partition(LOOK)[::2]
            raise StoreError(
                f"{self.path}: this store holds the study with another {what} ({was}); undo the "
                "change (or give the overrides that it was started with), run it as a further look "
                f"that takes over equal runs: ablate run {name}@{int(look or 1) + 1}, or use "
                "another --store"
            )

    def ask(self, number: int, values: Mapping[str, Any], *, phase: str | None = None) -> None:
        """Write the suggestion of a search trial before anything else knows of it.

        Args:
            number: Of the trial.
            values: What is suggested.
            phase: The search, where the number is not one that the plan reserved for it.
        """
        self.asked[number] = dict(values)
        if phase is not None:
            self.asked_by[number] = phase
        late = {} if phase is None else {"phase": phase}
        self._append({"event": "asked", "trial": number, **late, "values": dict(values)})

    def extend(self, phase: str, *, trials: int) -> None:
        """Write how many trials a search has from now on, more than it was begun with."""
        self.extended[phase], self.is_extending = trials, True
        self._append({"event": EXTENDED, "phase": phase, "trials": trials})

    def settle(self) -> None:
        """Write that what was extended has ended and is published; nothing without an extension."""
        if self.is_extending:
            self.is_extending = False
            self._append({"event": SETTLED})

    def freeze(self, entry: Mapping[str, Any]) -> None:
        """Write what a confirmation compares before any of its runs; once per phase."""
        self.frozen[str(entry["phase"])] = dict(entry)
        self._append({"event": "frozen", **entry})

    def redraw(self, redraws: Sequence[Redraw]) -> None:
        """Write which blocks spare ones stand for, before any run of these; all in one event."""
        self._append({"event": "redrawn", "blocks": [asdict(one) for one in redraws]})
        self.redrawn += redraws

    def look(self, look: Look) -> None:
        """Write what an interim analysis closed, before any run of a later block."""
        self._append({"event": "look", **asdict(look)})
        self.looks.append(look)

    def note_test(self, name: str, entry: Mapping[str, Any]) -> None:
        """Write a further test set, before anything is scored on it."""
        self._append({"event": "test", "set": name, **entry})
        self.tests[name] = dict(entry)

    def note_metrics(self, names: Sequence[str]) -> None:
        """Write metrics that were added after the start, before anything is scored in them."""
        self._append({"event": "metrics", "names": list(names)})
        self.metrics += names

    def note_environment(
        self,
        environment_id: str,
        environment: Mapping[str, Any],
        *,
        is_accepted: bool,
        same_as: str = "",
    ) -> None:
        """Write in which environment runs are made; the last entry of an id counts.

        Args:
            environment_id: Its id.
            environment: All of it.
            is_accepted: Whether the study may go on in it.
            same_as: Another environment, whose runs count as made in one with those of this one.
        """
        same = {"same_as": same_as} if same_as else {}
        entry = {"environment": dict(environment), "is_accepted": is_accepted, **same}
        self._append({"event": "environment", "stratum": environment_id, **entry})
        self.environments[environment_id] = entry

    def submit(self, run_id: str) -> None:
        """Write that a run was handed to a worker."""
        self._append({"event": "submitted", "run": run_id})

    def end(self, result: RunResult) -> None:
        """Write how a run ended."""
        self.results[result.run_id] = self._placed(result)
        self._append(
            {
                "event": "ended",
                "run": result.run_id,
                "state": result.state,
                "reason": result.reason,
            }
        )

    def retryable(self, run_ids: Collection[str]) -> list[str]:
        """Return those of the runs that failed without diverging."""
        return [
            run_id
            for run_id, result in self.results.items()
            if run_id in run_ids
            and result.state == "failed"
            and not result.reason.startswith("diverged")
        ]

    def forget_failures(self, run_ids: Collection[str]) -> list[str]:
        """Set aside the results of runs that failed without diverging, so that they run again.

        What they left is kept beside as attemptN.result.json and attemptN.journal.jsonl. They start
        over, without their checkpoints: those may hold the effects of the fixed error.
        """
        again = self.retryable(run_ids)
        for run_id in again:
            folder = self.run_folder(run_id)
            for checkpoint in folder.glob("checkpoint*.pt"):
                checkpoint.unlink()
            attempt = 1 + len(list(folder.glob("attempt*.result.json")))
            for name in (JOURNAL, RESULT):  # the result last: a kill between leaves it failed
                if (folder / name).exists():
                    (folder / name).replace(folder / f"attempt{attempt}.{name}")
            reason = self.results.pop(run_id).reason
            self._append({"event": "retried", "run": run_id, "reason": reason})
        return again

    def cut_torn_tail(self) -> None:
        """Cut what a killed driver left of an event at the end of the file."""
        if self._good is not None:
            with self.path.open("r+b") as torn:
                torn.truncate(self._good)
            self._good = None

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of a run."""
        return self.folder / "runs" / run_id

    def study_run_id(self) -> str | None:
        """Return the MLflow id of the study run, None while it is not known."""
        path = self.folder / "links.json"
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["study"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None  # absent, or damaged: the next driver writes it anew

    def counts(self) -> dict[str, int]:
        """Return the number of ended runs per state."""
        states = ("finished", "pruned", "failed")
        return {
            state: sum(result.state == state for result in self.results.values())
            for state in states
        }

    def _load(self) -> None:
        if not self.path.exists():
            return
        good = 0
        data = read_bounded(self.path)
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            try:
                self._take(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise StoreError(
                    f"{self.path}: damaged at byte {good}: {line[:40]!r} is not an event; restore "
                    "the file from a copy, or use another --store"
                ) from error
            good += len(line)
        if good < len(data):  # the torn tail of a driver that was killed while writing
            self.faults.append(f"{len(data) - good} bytes at its end are not a whole event")
            self._good = good
        runs = self.folder / "runs"
        for folder in sorted(runs.iterdir()) if runs.exists() else ():
            try:
                result = read_result(folder)
            except StoreError as error:
                self.unreadable[folder.name] = str(error)
                continue
            if result is not None and result.run_id != folder.name:
                raise StoreError(f"{folder}: holds the result of run {result.run_id}; remove it")
            if result is not None:
                self.results[result.run_id] = self._placed(result)

    def _placed(self, result: RunResult) -> RunResult:
        """Return the result as it is kept: under the environment that its own is the same as.

        Its scores per image stay in its folder: they are most of it.
        """
        result = replace(result, images=())
        own = self.environments.get(str(result.facts.get("stratum", "")), {})
        if "same_as" not in own:
            return result
        return replace(result, facts={**result.facts, "stratum": own["same_as"]})

    def _take(self, entry: Mapping[str, Any]) -> None:
        if entry.get("event") == "start":
            if entry.get("format") != FORMAT:
                raise StoreError(
                    f"{self.path}: written in format {entry.get('format')}, this version reads "
                    f"{FORMAT}; use another --store, or the version of ablate that wrote it"
                )
            _check_searches(entry.get("searches", {}))
            self.header = dict(entry)
        elif entry.get("event") == "asked":
            self.asked[int(entry["trial"])] = dict(entry["values"])
            if "phase" in entry:
                self.asked_by[int(entry["trial"])] = str(entry["phase"])
        elif entry.get("event") in (EXTENDED, SETTLED):
            self.is_extending = entry["event"] == EXTENDED
            some = {str(entry["phase"]): int(entry["trials"])} if self.is_extending else {}
            self.extended |= some
        elif entry.get("event") == "environment":
            self.environments[str(entry["stratum"])] = {
                "environment": dict(entry["environment"]),
                "is_accepted": bool(entry["is_accepted"]),
                **({"same_as": str(entry["same_as"])} if "same_as" in entry else {}),
            }
        elif entry.get("event") == "test":
            named = {k: v for k, v in entry.items() if k not in ("event", "set")}
            self.tests[str(entry["set"])] = {k: named[k] for k in TEST_KEYS}
        elif entry.get("event") == "metrics":
            self.metrics += [str(name) for name in entry["names"]]
        elif entry.get("event") == "frozen":
            self.frozen[str(entry["phase"])] = {k: v for k, v in entry.items() if k != "event"}
        elif entry.get("event") == "redrawn":
            self.redrawn += [
                Redraw(phase=str(one["phase"]), block=int(one["block"]), by=int(one["by"]))
                for one in entry["blocks"]
            ]
        elif entry.get("event") == "look":
            self.looks.append(
                Look(
                    phase=str(entry["phase"]),
                    number=int(entry["number"]),
                    blocks=int(entry["blocks"]),
                    closed={str(name): str(why) for name, why in entry["closed"].items()},
                )
            )

    def _append(self, entry: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cut_torn_tail()
        with self.path.open("ab") as file:
            file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _check_searches(entry: Mapping[str, Any]) -> None:
    """Raise ValueError unless every search was begun with a number of trials."""
    for name, trials in entry.items():
        if type(trials) is not int or trials < 1:
            raise ValueError(f"{name}: {trials!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How a study was begun, and which of its searches were extended since."""

    header: Mapping[str, Any]
    extended: Mapping[str, int]  # search -> trials


def begun(folder: Path) -> Begun:
    """Return how the study in a folder was begun; of its ledger nothing else is read.

    What is damaged is left out: `Ledger` refuses it.
    """
    header: dict[str, Any] = {}
    extended: dict[str, int] = {}
    with contextlib.suppress(OSError, StoreError):
        for line in read_bounded(folder / LEDGER).splitlines():
            if header and f'"{EXTENDED}"'.encode() not in line:
                continue
            with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
                entry = dict(json.loads(line))
                if not header:
                    header = entry
                elif entry["event"] == EXTENDED:
                    extended[str(entry["phase"])] = int(entry["trials"])
    return Begun(header=header, extended=extended)


def defaults_in(folder: Path) -> int:
    """Return the version of the packaged defaults that the study in a folder was started with.

    A further look, `study@2`, that has not begun goes on with those of its first one.
    """
    if not (folder / LEDGER).exists():
        folder = folder.with_name(folder.name.partition(LOOK)[0])
    try:
        with (folder / LEDGER).open(encoding="utf-8", errors="replace") as file:
            header = json.loads(file.readline(MOST_HEADER))
        return min(NEWEST, int(header.get("defaults", 1)))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return NEWEST  # there is none, or a damaged one, which `Ledger` refuses


def overrides_in(folder: Path) -> list[str]:
    """Return the overrides that the study in a folder was started with."""
    return list(Ledger(folder).header.get("overrides", ()))


def _changed(before: object, now: Mapping[str, str]) -> str:
    """Return the keys of a study that differ from those it was started with, with both values."""
    if not isinstance(before, Mapping) or not now:
        return ""
    keys = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    parts = [f"{key} {before.get(key, 'absent')} -> {now.get(key, 'absent')}" for key in keys]
    more = f", and {len(parts) - MOST_KEYS} more keys" if len(parts) > MOST_KEYS else ""
    return f"changed: {', '.join(parts[:MOST_KEYS])}{more}" if parts else ""


class OpenRuns:
    """Follows a ledger: a run is open from its submission to its end.

    Neither driver nor worker is asked, so any process may read, also on a machine that only sees
    the store's folder.

    Args:
        folder: Of the study in its store; need not exist yet.
        read: Bytes of the ledger that earlier drivers wrote: what they left open is not running.
            All that are there now, if absent.
    """

    def __init__(self, folder: Path, *, read: int | None = None) -> None:
        self._folder = folder
        self._read = whole_bytes(folder) if read is None else read
        self._ids: dict[str, None] = {}

    def ids(self) -> list[str]:
        """Return the ids of the open runs, oldest first."""
        with contextlib.suppress(OSError, ValueError):
            self._follow()
        return list(self._ids)

    def progress(self) -> "dict[str, RunProgress]":
        """Return how far the open runs are that have begun, by their ids."""
        found = ((run, progress_of(self._folder / "runs" / run)) for run in self.ids())
        return {run: one for run, one in found if one is not None}

    def _follow(self) -> None:
        with (self._folder / LEDGER).open("rb") as ledger:
            ledger.seek(self._read)
            for line in ledger:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                event = json.loads(line)
                if event["event"] == "submitted":
                    self._ids[event["run"]] = None
                elif event["event"] == "ended":
                    self._ids.pop(event["run"], None)


def whole_bytes(folder: Path) -> int:
    """Return the bytes of the whole events in a study's ledger so far, 0 where there is none.

    A torn last line does not count: the driver cuts it before its first event.
    """
    with contextlib.suppress(OSError):
        return read_bounded(folder / LEDGER).rfind(b"\n") + 1
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run is, by its journal: about every hundredth step is written there.

    All steps done means that it is being scored.
    """

    name: str
    step: int
    steps: int
    seconds_per_step: float | None = None  # the median of the last records; None before the second
    seconds_since: float = 0.0  # the last record
    seconds_apart: float = 0.0  # the last two records
    rung: tuple[int, float | str] | None = None  # the last one: step and objective
    given_steps: int | None = None  # train.steps, where commands count their own

    @property
    def share(self) -> float:
        """The part of its steps that is done, in [0, 1]."""
        return self.step / max(1, self.steps)

    def seconds_left(self, *, beside_s: float, seconds_per_step: float | None) -> float | None:
        """Return the seconds until it ends; None where the duration of a step is unknown.

        Args:
            beside_s: What runs take beside their steps, scoring above all.
            seconds_per_step: Of other runs, used before this one has two records.
        """
        if self.step >= self.steps:
            return max(0.0, beside_s - self.seconds_since)
        per_step = self._seconds_per_step(seconds_per_step)
        if per_step is None:
            return None
        unrecorded_s = min(self.seconds_since, self.seconds_apart)
        return max(0.0, (self.steps - self.step) * per_step - unrecorded_s) + beside_s

    def part(self, *, beside_s: float, seconds_per_step: float | None) -> float:
        """Return the part of its time that has gone, in [0, 1]; arguments as `seconds_left`."""
        left_s = self.seconds_left(beside_s=beside_s, seconds_per_step=seconds_per_step)
        whole_s = self.steps * (self._seconds_per_step(seconds_per_step) or 0.0) + beside_s
        if left_s is None or not whole_s:
            return self.share
        return min(1.0, max(0.0, 1 - left_s / whole_s))

    def _seconds_per_step(self, of_others: float | None) -> float | None:
        """Return the pace of this run, else that of others in its steps."""
        if self.seconds_per_step or of_others is None:
            return self.seconds_per_step
        return of_others * (self.given_steps or self.steps) / max(1, self.steps)


def _in_their_steps(found: RunProgress, settings: Mapping[str, Any]) -> RunProgress:
    """Return the progress of commands in the steps that they report.

    Of how many they are says the setting of `task.smoke`, such as epochs. Where none does, or they
    report more, only the pace of other runs is known.
    """
    task = settings.get("task")
    if not isinstance(task, Mapping) or task.get("name") != COMMAND:
        return found
    if f"{OF_STUDY}steps" in task.get("settings", {}):
        return found
    length = length_of(task)
    if length is not None and found.step <= length[2]:
        return replace(found, steps=length[2], given_steps=found.steps)
    return replace(found, step=0, seconds_per_step=None, given_steps=found.steps)


def progress_of(folder: Path, *, now_s: float | None = None) -> RunProgress | None:
    """Return how far the run in a folder is, None before it has written that it began.

    Only the end of its journal is read, so that asking often costs nothing.

    Args:
        folder: Of the run.
        now_s: The time of day, the clock's where absent; the worker's machine may have another.
    """
    now_s = time.time() if now_s is None else now_s
    with contextlib.suppress(OSError, StoreError, ValueError, KeyError, TypeError, AttributeError):
        spec = json.loads(read_bounded(folder / SPEC))
        with (folder / JOURNAL).open("rb") as journal:
            first = max(0, journal.seek(0, os.SEEK_END) - _TAIL_BYTES)
            journal.seek(first)
            lines = journal.read().split(b"\n")[1 if first else 0 : -1]  # whole ones
        events = [json.loads(line) for line in lines]
        at_s = {
            event["step"]: event["time_ms"] / 1000
            for event in events
            if event["kind"] == "metrics" and "train/loss" in event["values"]
        }
        rungs = [(event["step"], event["value"]) for event in events if event["kind"] == "rung"]
        paces = [(at_s[b] - at_s[a]) / (b - a) for a, b in itertools.pairwise(at_s) if b > a]
        last_s = max((event["time_ms"] / 1000 for event in events), default=None)
        apart_s = [at_s[b] - at_s[a] for a, b in itertools.pairwise(at_s)][-1:]
        found = RunProgress(
            name=str(spec["name"]),
            step=max((event["step"] for event in events), default=0),
            steps=int(spec["settings"]["train"]["steps"]),
            seconds_per_step=max(0.0, statistics.median(paces)) if paces else None,
            seconds_since=max(0.0, now_s - last_s) if last_s is not None else 0.0,
            seconds_apart=max(0.0, *apart_s) if apart_s else 0.0,
            rung=rungs[-1] if rungs else None,
        )
        return _in_their_steps(found, spec["settings"])
    return None


def image_rows(folder: Path) -> "Sequence[Row]":
    """Return the scores per image of a run that has ended: (split, image, metric, value).

    Args:
        folder: Of the run.

    Raises:
        StoreError: Its result was removed, changed or damaged.
    """
    result = read_result(folder)
    if result is None:
        raise StoreError(f"{folder / RESULT}: is gone; the same command makes the run anew")
    return result.images


def read_spec(folder: Path) -> RunSpec | None:
    """Return the spec in a run's folder, None where it is absent or not one."""
    try:
        return RunSpec.from_json(json.loads(read_bounded(folder / SPEC)))
    except (OSError, StoreError, ValueError, TypeError, RecursionError):
        return None
