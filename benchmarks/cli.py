"""What the shell waits for: help, completion and a plan, each a process of its own.

Run: python -m benchmarks.cli [--repeats N] [--out FOLDER]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.results import content, measure, options, show, write

ABOUT = (
    "Commands as a shell starts them, from an empty folder, files of Python compiled before. CPU "
    "time is what the command computes; the clock on the wall also shows what else the machine did."
)
HELP_S, PLAN_S = 0.5, 1.5
COMMANDS: Mapping[str, tuple[float | None, Sequence[str]]] = {
    "ablate --help": (HELP_S, ["--help"]),
    "ablate run --help": (HELP_S, ["run", "--help"]),
    "completion of a command": (HELP_S, ["TAB", "ablate sta"]),
    "completion of a study": (HELP_S, ["TAB", "ablate run q4"]),
    "ablate plan q4_variant (no answer phase)": (PLAN_S, ["plan", "q4_variant"]),
    "ablate plan q4_variant_answer (128 runs, power)": (PLAN_S, ["plan", "q4_variant_answer"]),
    "ablate check q4_variant": (None, ["check", "q4_variant"]),
    "ablate list studies": (None, ["list", "studies"]),
}


def seconds(words: Sequence[str], folder: str) -> tuple[float, float]:
    """Return CPU time and time on the wall of one process."""
    given = dict(os.environ)
    if words[0] == "TAB":
        given |= {
            "_ABLATE_COMPLETE": "complete_bash",
            "COMP_WORDS": words[1],
            "COMP_CWORD": str(words[1].count(" ")),
        }
        words = ()
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "ablate", *words],
        cwd=folder,
        env=given,
        capture_output=True,
        check=False,
    )
    taken, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or not done.stdout:
        raise SystemExit(f"ablate {' '.join(words)}: {done.stderr.decode()}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, taken


def measures(repeats: int) -> list[dict[str, Any]]:
    """Return CPU time, with the goal, and time on the wall of every command, taken in turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(repeats + 1):
            for name, (_, words) in COMMANDS.items():
                found = seconds(words, folder)
                if turn:
                    taken[name].append(found)
    rows = []
    for name, (goal, _) in COMMANDS.items():
        used, waited = zip(*taken[name], strict=True)
        rows.append(measure(f"{name}, CPU time", unit="s", values=used, at_most=goal))
        rows.append(measure(f"{name}, on the wall", unit="s", values=waited))
    return rows


def main() -> None:
    """Measure and write."""
    given, before = options(ABOUT), os.getloadavg()[0]
    found = content(
        "cli",
        about=ABOUT,
        measures=measures(given.repeats or 7),
        load_before=before,
        clock="CPU time of the process and time on the wall",
        sides="in turns, a process each",
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
