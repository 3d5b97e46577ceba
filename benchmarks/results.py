"""The file that a benchmark writes: what was measured, against what, on which machine."""

import argparse
import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.timing import CLOCK, summary

FORMAT = 1
FOLDER = Path(__file__).parent / "results"
LIBRARIES = ("torch", "numpy", "scipy", "kornia", "pillow")
TIMES = {"median_ms", "q1_ms", "q3_ms", "repeats"}
ROW = {"what", "unit", "ours", "peer", "ratio", "goal", "is_met", "largest_error"}
KEYS = {"format", "subject", "about", "command", "made_with", "rows", "notes"}
MADE_WITH = {
    "version", "revision", "python", "libraries", "processor", "cores", "threads", "device",
    "load_before", "load_after", "clock", "sides",
}  # fmt: skip


def row(
    what: str,
    *,
    unit: str,
    ours: Sequence[float],
    peer: Sequence[float],
    peer_name: str,
    per: int = 1,
    goal: float | None = None,
    largest_error: float | None = None,
) -> dict[str, Any]:
    """Return one comparison; the ratio is above 1 where ours takes less time.

    Args:
        what: Of ours, in a few words.
        unit: What the times are per.
        ours: Seconds.
        peer: Seconds.
        peer_name: What ours is compared with, and its settings.
        per: Units that one call handled.
        goal: Least ratio that is aimed for, None where there is none.
        largest_error: Largest difference of the values of both sides seen meanwhile.
    """
    mine, others = summary(list(ours), per=per), summary(list(peer), per=per)
    ratio = round(others["median_ms"] / mine["median_ms"], 2)
    return {
        "what": what, "unit": unit, "ours": mine, "peer": {"name": peer_name, **others},
        "ratio": ratio, "goal": goal, "is_met": None if goal is None else ratio >= goal,
        "largest_error": largest_error,
    }  # fmt: skip


def content(
    subject: str,
    *,
    about: str,
    rows: Sequence[dict[str, Any]],
    load_before: float,
    device: str = "cpu",
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what is written, with what the numbers depend on."""
    from ablate.tracking.runs import code_revision

    return {
        "format": FORMAT, "subject": subject, "about": about,
        "command": f"python -m benchmarks.{subject}",
        "made_with": {
            "version": importlib.metadata.version("ablate"), "revision": code_revision(),
            "python": platform.python_version(),
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
            "processor": processor(), "cores": os.cpu_count(), "threads": 1, "device": device,
            "load_before": round(load_before, 2), "load_after": round(os.getloadavg()[0], 2),
            "clock": CLOCK, "sides": "in turns, in one process",
        },
        "rows": list(rows), "notes": list(notes),
    }  # fmt: skip


def faults(found: Any) -> list[str]:
    """Return what is wrong with a content, nothing where it follows the schema."""
    if not isinstance(found, dict) or set(found) != KEYS or found["format"] != FORMAT:
        return [f"its keys must be {', '.join(sorted(KEYS))}, its format {FORMAT}"]
    wrong = []
    if set(found["made_with"]) != MADE_WITH:
        wrong.append(f"made_with must have {', '.join(sorted(MADE_WITH))}")
    if not found["rows"]:
        wrong.append("has no rows")
    for each in found["rows"]:
        if set(each) != ROW:
            wrong.append(f"a row must have {', '.join(sorted(ROW))}")
        elif set(each["ours"]) != TIMES or set(each["peer"]) != TIMES | {"name"}:
            wrong.append(f"{each['what']}: times must have {', '.join(sorted(TIMES))}")
        elif abs(each["ratio"] - each["peer"]["median_ms"] / each["ours"]["median_ms"]) > 0.01:
            wrong.append(f"{each['what']}: its ratio is not that of its medians")
        elif each["is_met"] != (None if each["goal"] is None else each["ratio"] >= each["goal"]):
            wrong.append(f"{each['what']}: is_met does not follow from ratio and goal")
        elif not each["ours"]["q1_ms"] <= each["ours"]["median_ms"] <= each["ours"]["q3_ms"]:
            wrong.append(f"{each['what']}: its quartiles are out of order")
    return wrong


def write(found: dict[str, Any], *, folder: Path) -> Path:
    """Write a content where the page finds it, and return the file."""
    made_with = found["made_with"]
    machine = re.sub(r"[^a-z0-9]+", "-", made_with["processor"].lower()).strip("-")
    name = f"{found['subject']}--{machine}--{made_with['device']}.json"
    path = folder / made_with["version"] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return path


def processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def options(about: str) -> argparse.Namespace:
    """Return the options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--repeats", type=int, default=0, help="rounds; 0 for the usual number")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the results")
    return parser.parse_args()


def show(found: dict[str, Any], path: Path) -> None:
    """Print the rows and where they were written."""
    for each in found["rows"]:
        goal = "" if each["goal"] is None else f"  goal {each['goal']:g}"
        mark = {None: "", True: " met", False: " MISSED"}[each["is_met"]]
        print(
            f"{each['what']:<52} {each['ours']['median_ms']:>9.3f} ms"
            f" {each['ratio']:>8.2f}x{goal}{mark}"
        )
    print(path)
