"""Stands between a worker and a command, and lets none of its processes outlive the worker.

Run as a file, `python -I -S guard.py TOKEN_NAME WORDS...`, with the worker's end of a pipe as its
standard input: the pipe ends when the worker does, however that died. The command gets SIGKILL from
the system when this process dies (PR_SET_PDEATHSIG), and stands in its process group.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
SWEEPS = 100  # of the processes of a command that has to go, at most
PAUSE_S = 0.02


def marked(mark: bytes) -> list[int]:
    """Return the processes whose environment holds the mark, this one excepted; Linux alone.

    They are those of the command, wherever they went: into other groups, sessions, to init.
    """
    found = []
    with contextlib.suppress(OSError):
        for place in Path("/proc").iterdir():
            if place.name.isdigit() and int(place.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in (place / "environ").read_bytes().split(b"\0"):
                        found.append(int(place.name))
    return found


def end(mark: bytes, *, spared: int = 0) -> bool:
    """Kill all marked processes but one; return whether none is left."""
    for _ in range(SWEEPS):
        left = [pid for pid in marked(mark) if pid != spared and not is_dead(pid)]
        if not left:
            return True
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE_S)
    return False


def is_dead(pid: int) -> bool:
    """Return whether a process has ended and only waits for its parent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return True
    return stat.rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])


def die_with_parent() -> None:
    """Ask the system for SIGKILL when the parent dies."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    """Run the command; end its processes when it ends, or when the standard input does."""
    name, *words = sys.argv[1:]
    mark = f"{name}={os.environ[name]}".encode()
    try:
        child = subprocess.Popen(  # noqa: S603 -- a list of words, of the user's own study
            words,
            stdin=subprocess.DEVNULL,
            close_fds=False,  # it holds the lock
            preexec_fn=die_with_parent,  # noqa: PLW1509 -- there is no thread yet
        )
    except OSError as error:
        sys.stderr.write(f"{words[0]}: {error.strerror or error}\n")
        return 127

    def watch() -> None:
        while os.read(0, 1):
            pass
        end(mark)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    end(mark)  # what it left behind
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
