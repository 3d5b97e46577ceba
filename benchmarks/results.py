"""The file that a benchmark writes: what was measured, against what, on which machine."""

import argparse
import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import CLOCK, summary

FORMAT = 1
FOLDER = Path(__file__).parent / "results"
LIBRARIES = ("torch", "numpy", "scipy", "kornia", "pillow")
TIMES = {"median_ms", "q1_ms", "q3_ms", "repeats"}
ROW = {"what", "unit", "ours", "peer", "ratio", "goal", "is_met", "largest_error"}
MEASURE = {"what", "unit", "value", "least", "most", "repeats", "goal", "is_met"}
KEYS = {"format", "subject", "about", "command", "made_with", "rows", "measures", "notes"}
OLD_KEYS = KEYS - {"measures"}  # of files written before there were any
MADE_WITH = {
    "version",
    "revision",
    "python",
    "libraries",
    "processor",
    "cores",
    "threads",
    "device",
    "load_before",
    "load_after",
    "clock",
    "sides",
}


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
        "what": what,
        "unit": unit,
        "ours": mine,
        "peer": {"name": peer_name, **others},
        "ratio": ratio,
        "goal": goal,
        "is_met": None if goal is None else ratio >= goal,
        "largest_error": largest_error,
    }


def measure(
    what: str,
    *,
    unit: str,
    values: Sequence[float],
    at_most: float | None = None,
    at_least: float | None = None,
) -> dict[str, Any]:
    """Return one number that stands by itself: a count, a size, a time with a bound.

    Args:
        what: Was measured, in a few words.
        unit: Of the values; "" for counts and ratios.
        values: One per repeat; their median counts.
        at_most: Bound that is aimed for.
        at_least: The other kind of bound; at most one of both.
    """
    value = _digits(float(np.median(values)))
    goal = None
    if at_most is not None:
        goal = {"at_most": at_most}
    elif at_least is not None:
        goal = {"at_least": at_least}
    return {
        "what": what,
        "unit": unit,
        "value": value,
        "least": _digits(min(values)),
        "most": _digits(max(values)),
        "repeats": len(values),
        "goal": goal,
        "is_met": _keeps(value, goal),
    }


def content(
    subject: str,
    *,
    about: str,
    load_before: float,
    rows: Sequence[dict[str, Any]] = (),
    measures: Sequence[dict[str, Any]] = (),
    device: str = "cpu",
    notes: Sequence[str] = (),
    clock: str = CLOCK,
    sides: str = "in turns, in one process",
) -> dict[str, Any]:
    """Return what is written, with what the numbers depend on."""
    from ablate.fingerprint import git_revision

    return {
        "format": FORMAT,
        "subject": subject,
        "about": about,
        "command": f"python -m benchmarks.{subject}",
        "made_with": {
            "version": importlib.metadata.version("ablate"),
            "revision": git_revision(),
            "python": platform.python_version(),
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
            "processor": processor(),
            "cores": os.cpu_count(),
            "threads": 1,
            "device": device,
            "load_before": round(load_before, 2),
            "load_after": round(os.getloadavg()[0], 2),
            "clock": clock,
            "sides": sides,
        },
        "rows": list(rows),
        "measures": list(measures),
        "notes": list(notes),
    }


def faults(found: Any) -> list[str]:
    """Return what is wrong with a content, nothing where it follows the schema."""
    if not is_result(found):
        return [f"its keys must be {', '.join(sorted(KEYS))}, its format {FORMAT}"]
    wrong = []
    if set(found["made_with"]) != MADE_WITH:
        wrong.append(f"made_with must have {', '.join(sorted(MADE_WITH))}")
    if not found["rows"] and not found.get("measures"):
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
    return wrong + [fault for each in found.get("measures", ()) for fault in _measure_faults(each)]


def _measure_faults(each: dict[str, Any]) -> Iterator[str]:
    if set(each) != MEASURE:
        yield f"a measure must have {', '.join(sorted(MEASURE))}"
    elif not each["least"] <= each["value"] <= each["most"]:
        yield f"{each['what']}: its values are out of order"
    elif each["is_met"] != _keeps(each["value"], each["goal"]):
        yield f"{each['what']}: is_met does not follow from value and goal"


def is_result(found: Any) -> bool:
    """Return whether something has the keys and the format of a result file."""
    if not isinstance(found, dict) or set(found) not in (KEYS, OLD_KEYS):
        return False
    return bool(found["format"] == FORMAT)


def write(found: dict[str, Any], *, folder: Path) -> Path:
    """Write a content where the page finds it, and return the file."""
    made_with = found["made_with"]
    machine = re.sub(r"[^a-z0-9]+", "-", made_with["processor"].lower()).strip("-")
    name = f"{found['subject']}--{machine}--{made_with['device']}.json"
    path: Path = folder / made_with["version"] / name
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
    for each in found["measures"]:
        mark = {None: "", True: " met", False: " MISSED"}[each["is_met"]]
        print(f"{each['what']:<60} {each['value']:>10g} {each['unit']:<9}{goal_text(each)}{mark}")
    print(path)


def goal_text(each: dict[str, Any]) -> str:
    """Return the bound of a measure in words, "" where there is none."""
    if each["goal"] is None:
        return ""
    ((kind, bound),) = each["goal"].items()
    return f"{kind.replace('_', ' ')} {bound:g}"


def _keeps(value: float, goal: dict[str, float] | None) -> bool | None:
    if goal is None:
        return None
    return value <= goal["at_most"] if "at_most" in goal else value >= goal["at_least"]


def _digits(value: float) -> float:
    """Return a value with the four digits that a benchmark can tell."""
    return float(f"{value:.4g}")
