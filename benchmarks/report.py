"""Seconds and peak memory of rendering a report: one JSON line per number of trials.

Run: python benchmarks/report.py [--trials 1000] [--trials 10000] [--out FILE]

The contents are simulated by the maker of the tests, written as a study publishes them, and read
back by a process of their own, so that its peak memory is that of `ablate report` alone. The file
that is written holds the median of the repeats.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("runs", "images", "curves", "floors")
BLOCKS, POINTS = 16, 4
SHARE_EXPLORED = 0.7  # of what the answer leaves; the rest is hunted


def make(trials: int, folder: Path) -> None:
    """Write simulated contents of about `trials` trials."""
    sys.path.insert(0, str(ROOT))
    from tests.report.answered import VARIANT, answered_contents

    blocks = min(BLOCKS, max(6, trials // 40))
    left = max(0, trials - blocks * POINTS * len(VARIANT["values"]) - 6)
    explored = int(left * SHARE_EXPLORED)
    contents = answered_contents(
        questions=[VARIANT], blocks=blocks, points=POINTS, images=16, explored=explored,
        hunted=left - explored,
    )  # fmt: skip
    for name in TABLES:
        getattr(contents, name).to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "facts.json").write_text(json.dumps(contents.facts), encoding="utf-8")


def render(folder: Path) -> dict[str, Any]:
    """Return seconds of every step and the peak memory of this process."""
    started = time.perf_counter()
    import pandas as pd

    from ablate.analysis.answers import answer
    from ablate.report.contents import Contents
    from ablate.report.page import render as page

    imported = time.perf_counter()
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    verdicts = answer(facts, tables["runs"], tables["images"], generated_by="bench")
    answered = time.perf_counter()
    links = {run_id: f"{index:032x}" for index, run_id in enumerate(tables["runs"]["run_id"])}
    contents = Contents(
        facts=facts, runs=tables["runs"], images=tables["images"], curves=tables["curves"],
        floors=tables["floors"], gallery={}, verdicts=verdicts, links=links,
    )  # fmt: skip
    path = page(contents, folder / "report")
    ended = time.perf_counter()
    size = sum(one.stat().st_size for one in path.parent.rglob("*") if one.is_file())
    return {
        "runs": len(tables["runs"]), "rows_per_image": len(tables["images"]),
        "import_s": round(imported - started, 2), "answer_s": round(answered - imported, 2),
        "render_s": round(ended - answered, 2), "seconds": round(ended - started, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "page_mib": round(path.stat().st_size / 2**20, 2), "report_mib": round(size / 2**20, 2),
    }  # fmt: skip


def metadata() -> dict[str, Any]:
    """Return what the numbers depend on."""
    import matplotlib
    import pandas as pd

    from ablate.tracking.runs import code_revision

    return {
        "subject": "report", "revision": code_revision(), "python": platform.python_version(),
        "pandas": pd.__version__, "matplotlib": matplotlib.__version__, "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", ""), "load": round(os.getloadavg()[0], 2),
        "machine": platform.machine(), "device": "cpu",
    }  # fmt: skip


def measure(trials: int, *, repeats: int) -> dict[str, Any]:
    """Return the median of the repeats, each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _call("--make", str(trials), "--folder", name)
        found = [json.loads(_call("--render", "--folder", str(folder))) for _ in range(repeats)]
    return {
        "trials": trials, "repeats": repeats,
        **{key: median(one[key] for one in found) for key in found[0]},
    }  # fmt: skip


def _call(*words: str) -> str:
    command = [sys.executable, str(Path(__file__)), *words]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Measure, or do one step of it in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, action="append")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path)
    for hidden, kind in (("--make", int), ("--folder", Path)):
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--render", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.make, given.folder)
    elif given.render:
        print(json.dumps(render(given.folder)))
    else:
        trials = given.trials or [1000]
        content = {**metadata(), "results": [measure(n, repeats=given.repeats) for n in trials]}
        text = json.dumps(content, indent=1)
        print(text)
        if given.out:
            given.out.parent.mkdir(parents=True, exist_ok=True)
            given.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
