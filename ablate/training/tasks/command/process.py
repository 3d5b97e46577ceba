"""Run one command: its output in a file, its processes ended with the worker at the latest."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ablate.training.tasks.command import guard

GUARD: Final = Path(guard.__file__)
STARTER: Final = Path(__file__).with_name("starter")
MARK: Final = "ABLATE_ATTEMPT"  # variable that every process of a command has in its environment
EVERY_S: Final = 0.05  # between two looks at a command
SLOWEST_S: Final = 0.5
END_S: Final = 10.0  # for the guard to end what it guards
PYTHONS: Final = ("python", "python3")


def interpreter(python: str) -> str:
    """Return the program that `python` in a command means."""
    return str(Path(python).expanduser()) if python else sys.executable


def words_of(command: Sequence[str], *, python: str) -> list[str]:
    """Return the words of a command with its program in full."""
    program = interpreter(python) if command[0] in PYTHONS else command[0]
    return [program, *command[1:]]


def environment(*, seed: int, device: str, python: str, more: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a command.

    Args:
        seed: Of all generators.
        device: cpu hides every GPU; for cuda those that the worker may use stay.
        python: As in the section; its folder comes first in PATH.
        more: From settings, which win.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("ABLATE_")}
    paths = [str(STARTER), *filter(None, [_without_ablate(own.get("PYTHONPATH", ""))])]
    folder = str(Path(shutil.which(interpreter(python)) or sys.executable).parent)
    return {
        **own,
        "PATH": os.pathsep.join([folder, own.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": str(seed % 2**32),
        "PYTHONUNBUFFERED": "1",  # curves are read while a command runs
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "MPLBACKEND": "agg",
        "ABLATE_SEED": str(seed),
        "ABLATE_DEVICE": device,
        **({"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}),
        **more,
    }


def _without_ablate(paths: str) -> str:
    """Return PYTHONPATH without the place of this package, which their code has no need of."""
    package = Path(__file__).resolve().parents[4]
    kept = [one for one in paths.split(os.pathsep) if one and Path(one).resolve() != package]
    return os.pathsep.join(kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended.

    Args:
        code: Its exit code; 128 + the number of a signal that ended it.
        is_late: Whether it was ended for its time.
        seconds: That it took.
    """

    code: int
    is_late: bool
    seconds: float

    @property
    def was_killed(self) -> bool:
        """Return whether somebody killed it: the system, or a person."""
        return not self.is_late and self.code == 128 + signal.SIGKILL

    def in_words(self) -> str:
        """Return it for people."""
        if self.is_late:
            return f"took longer than task.limit_s ({self.seconds:.0f} s)"
        if self.code > 128:
            return f"was ended by signal {self.code - 128}"
        return f"ended with exit code {self.code}"


def run(
    words: Sequence[str],
    *,
    cwd: Path,
    variables: Mapping[str, str],
    mark: str,
    output: IO[bytes],
    held: Sequence[int],
    limit_s: float,
    look: Callable[[], None],
) -> Ended:
    """Run a command to its end.

    Args:
        words: Its program and arguments.
        cwd: Where it runs.
        variables: Of its environment.
        mark: By which its processes are known.
        output: Receives all that it prints.
        held: Open files that its processes hold: the lock of the attempt.
        limit_s: Longest time.
        look: Called now and then; where it raises, the command is ended first.
    """
    started = time.monotonic()
    guarded = [sys.executable, "-I", "-S", str(GUARD), MARK, *words]
    process = subprocess.Popen(  # noqa: S603 -- the guard, whose group is that of the command
        guarded,
        cwd=cwd,
        env={**variables, MARK: mark},
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=tuple(held),
        start_new_session=True,
    )
    pause_s, is_late = EVERY_S, False
    try:
        while (code := process.poll()) is None:
            look()
            is_late = time.monotonic() - started > limit_s
            if is_late:
                break
            time.sleep(pause_s)
            pause_s = min(SLOWEST_S, pause_s * 1.1)
    finally:
        end(process, mark)
    look()
    if code is not None and code < 0:  # the guard itself was killed, and its command with it
        code = 128 - code
    return Ended(
        code=1 if code is None else code, is_late=is_late, seconds=time.monotonic() - started
    )


def end(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """End a command with all its processes, where there are any left."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if Path("/proc/self/environ").exists():
        guard.end(f"{MARK}={mark}".encode())
    else:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
