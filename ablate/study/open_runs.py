"""The runs of a study that are open: handed to a worker, and not ended yet."""

import contextlib
import json
from pathlib import Path

from ablate.store_folder import LEDGER
from ablate.study.run_progress import RunProgress, progress_of
from ablate.whole_files import read_bounded


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

    def progress(self) -> dict[str, RunProgress]:
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
