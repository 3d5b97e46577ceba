"""Seconds and peak memory of `ablate report` with every figure, by number of trials.

Run: python -m benchmarks.report [--trials 1000 10000] [--repeats N] [--out FOLDER]

The contents are simulated by the maker of the tests, written as a study publishes them, and read
back by a process of their own, so that its peak memory is that of `ablate report` alone.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER, content, measure, show, write

ABOUT = (
    "A study with pilot, exploration, hunt and a blocked answer of 16 blocks, all simulated: "
    "answers, exploration, tables, every figure in three formats, page. Elapsed from the first "
    "import to the last byte, in a process of its own."
)
TABLES = ("runs", "images", "curves", "trivial_baselines")
BLOCKS, POINTS = 16, 4
SECONDS, MEMORY_MIB = 30.0, 2048.0
MEANT = 10_000
NOT_MEANT = f"the goal of memory is meant for {MEANT} trials, which this run did not go up to"
SHARE_EXPLORED = 0.7  # of what the answer leaves; the rest is hunted


def make(trials: int, folder: Path) -> None:
    """Write simulated contents of about `trials` trials."""
    from tests.report.answered import VARIANT, answered_study

    blocks = min(BLOCKS, max(6, trials // 40))
    left = max(0, trials - blocks * POINTS * len(VARIANT["values"]) - 6)
    explored = int(left * SHARE_EXPLORED)
    raw, contents = answered_study(
        questions=[VARIANT],
        blocks=blocks,
        points=POINTS,
        images=16,
        explored=explored,
        hunted=left - explored,
    )
    for name in TABLES:
        getattr(contents, name).to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "facts.json").write_text(json.dumps(raw), encoding="utf-8")


def render(folder: Path) -> dict[str, Any]:
    """Return seconds of every step and the peak memory of this process."""
    started = time.perf_counter()
    import pandas as pd

    from ablate.analysis.answers import answer
    from ablate.analysis.exploration import explore
    from ablate.analysis.published import read_facts
    from ablate.report.contents import Contents
    from ablate.report.page import render as page

    imported = time.perf_counter()
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    facts = read_facts(json.loads((folder / "facts.json").read_text(encoding="utf-8")))
    verdicts = answer(facts, tables["runs"], tables["images"], generated_by="bench")
    answered = time.perf_counter()
    shown = explore(facts, tables["runs"])
    explored = time.perf_counter()
    links = {run_id: f"{index:032x}" for index, run_id in enumerate(tables["runs"]["run_id"])}
    contents = Contents(
        facts=facts,
        runs=tables["runs"],
        images=tables["images"],
        curves=tables["curves"],
        trivial_baselines=tables["trivial_baselines"],
        gallery={},
        verdicts=verdicts,
        explored=shown,
        links=links,
    )
    path = page(contents, folder / "report")
    ended = time.perf_counter()
    size = sum(one.stat().st_size for one in path.parent.rglob("*") if one.is_file())
    return {
        "runs": len(tables["runs"]),
        "rows_per_image": len(tables["images"]),
        "import_s": imported - started,
        "answer_s": answered - imported,
        "explore_s": explored - answered,
        "render_s": ended - explored,
        "seconds": ended - started,
        "cpu_s": time.process_time(),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "page_mib": round(path.stat().st_size / 2**20, 2),
        "report_mib": round(size / 2**20, 2),
    }


def measured(trials: int, *, repeats: int) -> list[dict[str, Any]]:
    """Return the measures of a number of trials, every repeat in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        _call("--make", str(trials), "--folder", name)
        found = [json.loads(_call("--render", "--folder", name)) for _ in range(repeats)]

    def one(what: str, key: str, unit: str, at_most: float | None = None) -> dict[str, Any]:
        values = [each[key] for each in found]
        return measure(f"{trials} trials: {what}", unit=unit, values=values, at_most=at_most)

    return [
        one("whole report", "seconds", "s", SECONDS if trials <= 1000 else None),
        one("the same in CPU time", "cpu_s", "s"),
        one("of that imports", "import_s", "s"),
        one("of that answers", "answer_s", "s"),
        one("of that exploration", "explore_s", "s"),
        one("of that tables, figures, page", "render_s", "s"),
        one("memory at its most", "peak_mib", "MiB", MEMORY_MIB),
        one("size of the page", "page_mib", "MiB"),
        one("size of the whole", "report_mib", "MiB"),
    ]


def _call(*words: str) -> str:
    command = [sys.executable, "-m", "benchmarks.report", *words]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Measure, or do one step of it in this process."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--trials", type=int, nargs="+", default=[1000])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER)
    for hidden, kind in (("--make", int), ("--folder", Path)):
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--render", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.make, given.folder)
    elif given.render:
        print(json.dumps(render(given.folder)))
    else:
        load = os.getloadavg()[0]
        found = content(
            "report",
            about=ABOUT,
            load_before=load,
            clock="time of day",
            sides="one side",
            measures=[
                each for n in given.trials for each in measured(n, repeats=given.repeats or 1)
            ],
            notes=[] if max(given.trials) >= MEANT else [NOT_MEANT],
        )
        show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
