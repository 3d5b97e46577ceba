"""Readers beside a running driver: each ends, in words, and changes nothing of the study."""

import contextlib
import os
import random
import signal
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from tests.chaos.driving import start
from tests.chaos.outcome import NAME, STUDY

READERS: Final = ("status", "best", "report", "doctor", "watch", "ui")
BUGS: Final = ("Traceback", "(a bug")
LONGEST_S: Final = 120.0  # of a reader when the study has ended


@dataclass
class Readers:
    """One reader at a time of the study in a folder.

    Args:
        folder: Where the study runs; its store is "s".
        words: Overrides that it runs with.
        kinds: Which readers.
    """

    folder: Path
    words: Sequence[str] = ()
    kinds: Sequence[str] = READERS
    counts: Counter[str] = field(default_factory=Counter)  # kind -> how many have read
    wrongs: list[str] = field(default_factory=list)
    _at_work: tuple[str, ForkServerProcess, Path] | None = None
    _started: int = 0

    def start(self, draw: random.Random | None = None) -> bool:
        """Start a reader where none is at work: drawn, or the next; return whether it was."""
        if not self.is_free() or not (self.folder / "s" / NAME / "ledger.jsonl").exists():
            return False
        kind = draw.choice(self.kinds) if draw else self.kinds[self._started % len(self.kinds)]
        self._started += 1
        log = self.folder / f"said-{kind}-{self._started}"
        if kind == "ui":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = str(free.getsockname()[1])
            words, log = ["--store", "s", "--port", port], log.with_name(f"{log.name}-{port}")
        else:
            overrides = self.words if kind in ("status", "doctor") else ()
            more = {"report": ["--out", f"out-{log.name}"], "watch": ["--once"]}.get(kind, [])
            words = [str(STUDY), *overrides, "--store", "s", *more]
        self._at_work = (kind, start(kind, *words, cwd=self.folder, log=log), log)
        return True

    def is_free(self) -> bool:
        """Return whether no reader is at work; note how the last one ended."""
        if self._at_work is None:
            return True
        kind, process, log = self._at_work
        if kind == "ui" and process.is_alive():
            with contextlib.suppress(OSError):
                port = log.name.rpartition("-")[2]
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
                self.counts["ui answered"] += 1
                os.kill(process.pid or 0, signal.SIGTERM)
                process.join(20)
        if process.is_alive():
            return False
        text = log.read_text() if log.exists() else ""
        self.counts[f"{kind} read"] += 1
        self.wrongs += [f"{kind}: {text[-300:]}" for word in BUGS if word in text]
        if process.exitcode not in (0, 1, *([130, 143] if kind == "ui" else [])):
            self.wrongs.append(f"{kind} ended with {process.exitcode}: {text[-300:]}")
        self._at_work = None
        return True

    def wait(self) -> None:
        """Wait for the one at work, and note one that does not end."""
        end = time.monotonic() + LONGEST_S
        while not self.is_free():
            if self._at_work and time.monotonic() > end:
                kind, process, _ = self._at_work
                self.wrongs.append(f"{kind} did not end")
                process.kill()
                process.join()
                self._at_work = None
            time.sleep(0.1)
