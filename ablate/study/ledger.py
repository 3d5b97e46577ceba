"""The ledger: an append-only file that knows which runs were asked for and how each one ended.

Truth is the ledger and the run folders; Optuna and MLflow are projections of them. A run is ended
when its folder holds result.json, whatever the ledger says; the ledger adds what is in no run
folder: the suggestions of a search, in order, and the hashes that the study was started with.

Other readers of the file: `ablate.study.beginning` of its first event, `ablate.study.open_runs` of
its end while a driver writes.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from ablate.config.schema import LOOK
from ablate.errors import StoreError
from ablate.execution.run_folder import read_result
from ablate.positions import HALF_ENDS
from ablate.positions import NEWEST as NEWEST_POSITIONS
from ablate.store_folder import LEDGER
from ablate.study.beginning import EXTENDED, changed_keys
from ablate.study.planned import Look, Redraw
from ablate.training.spec import JOURNAL, RESULT, RunResult
from ablate.whole_files import read_bounded

FORMAT: Final = 1
SETTLED: Final = "settled"  # event of a session that ended whole, behind an extension
TEST_KEYS: Final = ("data", "part", "protocol", "data_hash")  # of a further test set


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

    @property
    def overrides(self) -> list[str]:
        """The overrides that the study was started with."""
        return list(self.header.get("overrides", ()))

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
            changed = changed_keys(self.header.get("keys"), keys) if what == "design" else ""
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
        event = entry.get("event")
        if event == "start":
            if entry.get("format") != FORMAT:
                raise StoreError(
                    f"{self.path}: written in format {entry.get('format')}, this version reads "
                    f"{FORMAT}; use another --store, or the version of ablate that wrote it"
                )
            _check_searches(entry.get("searches", {}))
            self.header = dict(entry)
        elif event == "asked":
            self.asked[int(entry["trial"])] = dict(entry["values"])
            if "phase" in entry:
                self.asked_by[int(entry["trial"])] = str(entry["phase"])
        elif event in (EXTENDED, SETTLED):
            self.is_extending = event == EXTENDED
            some = {str(entry["phase"]): int(entry["trials"])} if self.is_extending else {}
            self.extended |= some
        elif event == "environment":
            self.environments[str(entry["stratum"])] = {
                "environment": dict(entry["environment"]),
                "is_accepted": bool(entry["is_accepted"]),
                **({"same_as": str(entry["same_as"])} if "same_as" in entry else {}),
            }
        elif event == "test":
            named = {k: v for k, v in entry.items() if k not in ("event", "set")}
            self.tests[str(entry["set"])] = {k: named[k] for k in TEST_KEYS}
        elif event == "metrics":
            self.metrics += [str(name) for name in entry["names"]]
        elif event == "frozen":
            self.frozen[str(entry["phase"])] = {k: v for k, v in entry.items() if k != "event"}
        elif event == "redrawn":
            self.redrawn += [
                Redraw(phase=str(one["phase"]), block=int(one["block"]), by=int(one["by"]))
                for one in entry["blocks"]
            ]
        elif event == "look":
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
