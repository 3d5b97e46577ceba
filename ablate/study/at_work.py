"""Which runs of a study are at work, read from its ledger; a driver is asked nothing."""

import contextlib
import json
from pathlib import Path
from typing import Final

LEDGER: Final = "ledger.jsonl"


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
