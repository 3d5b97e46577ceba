"""Which runs of a study are at work, and how far: read from its ledger and the runs' journals.

Neither driver nor worker is asked, so any process may look, also on a machine that only sees the
store's folder.
"""

import contextlib
import itertools
import json
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LEDGER: Final = "ledger.jsonl"
_TAIL_BYTES: Final = 4096


class AtWork:
    """Follows a ledger: a run is at work from its submission to its end.

    Args:
        folder: Of the study in its store; need not exist yet.
        read: Bytes of the ledger that earlier drivers wrote: what they left open is not at work.
    """

    def __init__(self, folder: Path, *, read: int) -> None:
        self._ledger = folder / LEDGER
        self._read = read
        self._runs: dict[str, None] = {}

    def look(self) -> list[str]:
        """Return the ids of the runs at work, oldest first."""
        with contextlib.suppress(OSError, ValueError):
            self._follow()
        return list(self._runs)

    def _follow(self) -> None:
        with self._ledger.open("rb") as ledger:
            ledger.seek(self._read)
            for line in ledger:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                event = json.loads(line)
                if event["event"] == "submitted":
                    self._runs[event["run"]] = None
                elif event["event"] == "ended":
                    self._runs.pop(event["run"], None)


def written(folder: Path) -> int:
    """Return the bytes of the whole events in a study's ledger so far, 0 where there is none.

    A torn last line does not count: the driver cuts it before its first event.
    """
    with contextlib.suppress(OSError):
        return (folder / LEDGER).read_bytes().rfind(b"\n") + 1
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run at work, as far as its journal tells: about every hundredth step is written there.

    All steps done means that it is being scored.
    """

    name: str
    step: int
    steps: int
    seconds_per_step: float | None = None  # the median of the last records; None before the second
    seconds_since: float = 0.0  # the last record
    seconds_apart: float = 0.0  # the last two records
    rung: tuple[int, float | str] | None = None  # the last one: step and objective

    @property
    def share(self) -> float:
        """Return the part of its steps that is done."""
        return self.step / max(1, self.steps)

    def seconds_left(self, *, beside_s: float, seconds_per_step: float | None) -> float | None:
        """Return the seconds until it ends, None where nothing says how long a step takes.

        Args:
            beside_s: What runs take beside their steps, scoring above all.
            seconds_per_step: Of other runs, for one that has not told its own.
        """
        if self.step >= self.steps:
            return max(0.0, beside_s - self.seconds_since)
        per_step = self.seconds_per_step or seconds_per_step
        if per_step is None:
            return None
        untold_s = min(self.seconds_since, self.seconds_apart)
        return max(0.0, (self.steps - self.step) * per_step - untold_s) + beside_s

    def part(self, *, beside_s: float, seconds_per_step: float | None) -> float:
        """Return the part of its time that has gone, from 0 to 1; arguments as `seconds_left`."""
        left_s = self.seconds_left(beside_s=beside_s, seconds_per_step=seconds_per_step)
        whole_s = self.steps * (self.seconds_per_step or seconds_per_step or 0.0) + beside_s
        if left_s is None or not whole_s:
            return self.share
        return min(1.0, max(0.0, 1 - left_s / whole_s))


def open_run(folder: Path, *, now_s: float | None = None) -> OpenRun | None:
    """Return how far the run in a folder is, None before it has written that it began.

    Only the end of its journal is read, so that looking often costs nothing.

    Args:
        folder: Of the run.
        now_s: The time of day, the clock's where absent; the worker's machine may have another.
    """
    now_s = time.time() if now_s is None else now_s
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        with (folder / "journal.jsonl").open("rb") as journal:
            first = max(0, journal.seek(0, os.SEEK_END) - _TAIL_BYTES)
            journal.seek(first)
            lines = journal.read().split(b"\n")[1 if first else 0 : -1]  # whole ones
        events = [json.loads(line) for line in lines]
        told = {
            event["step"]: event["time_ms"] / 1000
            for event in events
            if event["kind"] == "metrics" and "train/loss" in event["values"]
        }
        rungs = [(event["step"], event["value"]) for event in events if event["kind"] == "rung"]
        paces = [(told[b] - told[a]) / (b - a) for a, b in itertools.pairwise(told) if b > a]
        last_s = max((event["time_ms"] / 1000 for event in events), default=None)
        apart_s = [told[b] - told[a] for a, b in itertools.pairwise(told)][-1:]
        return OpenRun(
            name=str(spec["name"]),
            step=max((event["step"] for event in events), default=0),
            steps=int(spec["settings"]["train"]["steps"]),
            seconds_per_step=max(0.0, statistics.median(paces)) if paces else None,
            seconds_since=max(0.0, now_s - last_s) if last_s is not None else 0.0,
            seconds_apart=max(0.0, *apart_s) if apart_s else 0.0,
            rung=rungs[-1] if rungs else None,
        )
    return None


class Watch:
    """Reads which runs of a study are open, and how far they are.

    Args:
        folder: Of the study in its store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at_work = AtWork(folder, read=written(folder))

    def look(self) -> dict[str, OpenRun]:
        """Return the open runs by their ids, those that have begun."""
        found = ((run, open_run(self._folder / "runs" / run)) for run in self._at_work.look())
        return {run: one for run, one in found if one is not None}
