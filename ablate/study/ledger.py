"""The ledger: an append-only file that knows which runs were asked for and how each one ended.

Truth is the ledger and the run folders; Optuna and MLflow are projections of them. A run is ended
when its folder holds result.json, whatever the ledger says; the ledger adds what folders cannot
tell: the suggestions of a search, in order, and the hashes that the study was started with.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ablate.config.defaults import NEWEST
from ablate.errors import StoreError
from ablate.execution.worker import JOURNAL, RESULT, read_result
from ablate.positions import HALF_ENDS
from ablate.positions import NEWEST as NEWEST_POSITIONS
from ablate.study.at_work import LEDGER
from ablate.study.planned import Redraw
from ablate.training.spec import RunResult

FORMAT = 1


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
        self.frozen: dict[str, dict[str, Any]] = {}  # confirmation -> its arms, recipes and hash
        self.redrawn: list[Redraw] = []  # blocks that spare ones stand for
        self.environments: dict[str, dict[str, Any]] = {}  # stratum -> environment, is_accepted
        self.results: dict[str, RunResult] = {}
        self.faults: list[str] = []  # of the file, in words
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
        self.check(design_hash=header["design_hash"], data_hash=header["data_hash"])

    def check(self, *, design_hash: str, data_hash: str | None = None) -> None:
        """Compare design and data with those that the study was started with, if it was.

        Args:
            design_hash: Of the plan of now.
            data_hash: Of the examples of now; None where they were not read.

        Raises:
            StoreError: The study in this store was started with another design or other data.
        """
        for what, now in (("design", design_hash), ("data", data_hash)):
            before = self.header.get(f"{what}_hash")
            if self.header and now is not None and before != now:
                raise StoreError(
                    f"{self.path}: this store holds the study with another {what} "
                    f"({before}, now {now}); undo the change, give the overrides that it was "
                    "started with, or use another --store"
                )

    def ask(self, number: int, values: Mapping[str, Any]) -> None:
        """Write the suggestion of a search trial before anything else knows of it."""
        self.asked[number] = dict(values)
        self._append({"event": "asked", "trial": number, "values": dict(values)})

    def freeze(self, entry: Mapping[str, Any]) -> None:
        """Write what a confirmation compares before any of its runs; once per phase."""
        self.frozen[str(entry["phase"])] = dict(entry)
        self._append({"event": "frozen", **entry})

    def redraw(self, redraws: Sequence[Redraw]) -> None:
        """Write which blocks spare ones stand for, before any run of these; all in one event."""
        self._append({"event": "redrawn", "blocks": [asdict(one) for one in redraws]})
        self.redrawn += redraws

    def note_environment(
        self, stratum: str, environment: Mapping[str, Any], *, is_accepted: bool
    ) -> None:
        """Write what moves numbers where runs are made; later words on a stratum count."""
        entry = {"environment": dict(environment), "is_accepted": is_accepted}
        self._append({"event": "environment", "stratum": stratum, **entry})
        self.environments[stratum] = entry

    def submit(self, run_id: str) -> None:
        """Write that a run was handed to a worker."""
        self._append({"event": "submitted", "run": run_id})

    def end(self, result: RunResult) -> None:
        """Write how a run ended."""
        self.results[result.run_id] = result
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
        over, without their checkpoints: those may hold what the mended fault had done.
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
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return str(found["study"]) if "study" in found else None

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
        data = self.path.read_bytes()
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            try:
                self._take(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise StoreError(
                    f"{self.path}: damaged at byte {good}: {line[:40]!r} is no event; restore the "
                    "file from a copy, or use another --store"
                ) from error
            good += len(line)
        if good < len(data):  # the torn tail of a driver that was killed while writing
            self.faults.append(f"{len(data) - good} bytes at its end are no whole event")
            self._good = good
        runs = self.folder / "runs"
        for folder in sorted(runs.iterdir()) if runs.exists() else ():
            result = read_result(folder)
            if result is not None and result.run_id != folder.name:
                raise StoreError(f"{folder}: holds the result of run {result.run_id}; remove it")
            if result is not None:
                self.results[result.run_id] = result

    def _take(self, entry: Mapping[str, Any]) -> None:
        if entry.get("event") == "start":
            if entry.get("format") != FORMAT:
                raise StoreError(
                    f"{self.path}: written in format {entry.get('format')}, this version reads "
                    f"{FORMAT}; use another --store, or the version of ablate that wrote it"
                )
            self.header = dict(entry)
        elif entry.get("event") == "asked":
            self.asked[int(entry["trial"])] = dict(entry["values"])
        elif entry.get("event") == "environment":
            self.environments[str(entry["stratum"])] = {
                "environment": dict(entry["environment"]),
                "is_accepted": bool(entry["is_accepted"]),
            }
        elif entry.get("event") == "frozen":
            self.frozen[str(entry["phase"])] = {k: v for k, v in entry.items() if k != "event"}
        elif entry.get("event") == "redrawn":
            self.redrawn += [
                Redraw(phase=str(one["phase"]), block=int(one["block"]), by=int(one["by"]))
                for one in entry["blocks"]
            ]

    def _append(self, entry: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cut_torn_tail()
        with self.path.open("ab") as file:
            file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def defaults_in(folder: Path) -> int:
    """Return the version of the packaged defaults that the study in a folder was started with."""
    try:
        with (folder / LEDGER).open(encoding="utf-8", errors="replace") as file:
            header = json.loads(file.readline())
        return min(NEWEST, int(header.get("defaults", 1)))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return NEWEST  # none, or one that `Ledger` has more to say about
