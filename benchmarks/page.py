"""docs/performance.md from the results: every number on it stands in a JSON file beside it.

Run: python -m benchmarks.page [--results FOLDER] [--out FILE]
"""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER, goal_text, is_result

ROOT = Path(__file__).parents[1]
HEAD = """# Performance

Written by `python -m benchmarks.page` from the JSON files that the benchmarks wrote; `make bench`
measures anew. A table with ratios names what ours is compared with; both sides ran in turns. Times
are medians with quartiles in brackets. Ratios hold better than times: above 1 ours takes less time;
what is below 1 and what misses its goal is shown as well. No ratio is bought with another value:
the tests compare every fast path with the plain form in `tests/reference/`.
"""
NO_GPU = """No GPU was at hand for this page: CUDA graphs, the fused kernel, metrics on a GPU and
several trainings on one device are written, and tested as far as a CPU allows (the step over fixed
buffers, the kernel by an interpreter), but not timed, and nothing here speaks of them. On a machine
with CUDA `python -m benchmarks.gpu` checks and times all of it in one call.
"""


def page(results: Sequence[dict[str, Any]], *, files: Sequence[str]) -> str:
    """Return the page.

    Args:
        results: Contents of the result files.
        files: Their paths as the page links them.
    """
    sections = [_section(one, file) for one, file in zip(results, files, strict=True)]
    devices = {one["made_with"]["device"] for one in results if one["subject"] == "gpu"}
    gpu = [] if devices - {"cpu"} else [NO_GPU]
    return "\n".join([HEAD, *gpu, _goals(results), *sections])


def _goals(results: Sequence[dict[str, Any]]) -> str:
    """Return how many goals each benchmark met, with the name of every one that it missed."""
    lines = ["| benchmark | goals met | missed |", "|---|--:|---|"]
    for found in results:
        aimed = [one for one in _numbers(found) if one["is_met"] is not None]
        missed = [_short(one) for one in aimed if not one["is_met"]]
        met = f"{len(aimed) - len(missed)} of {len(aimed)}"
        lines.append(f"| [{found['subject']}](#{found['subject']}) | {met} | {'; '.join(missed)} |")
    return "\n".join(lines) + "\n"


def _short(one: dict[str, Any]) -> str:
    if "peer" in one:
        return f"{one['what']}, against {one['peer']['name']}: {one['ratio']:g}"
    return f"{one['what']}: {one['value']:g} {one['unit']}".rstrip()


def _numbers(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [*found["rows"], *found.get("measures", ())]


def _section(found: dict[str, Any], file: str) -> str:
    with_ = found["made_with"]
    libraries = ", ".join(f"{name} {version}" for name, version in with_["libraries"].items())
    lines = [
        f"## {found['subject']}",
        "",
        found["about"],
        "",
        *_rows(found["rows"]),
        *_measures(found.get("measures", ())),
        f"{with_['processor']}, {with_['cores']} cores, {with_['threads']} thread, "
        f"{with_['device']}; load {with_['load_before']:g} to {with_['load_after']:g}; "
        f"{with_['clock']}, {with_['sides']}; ablate {with_['version']}, "
        f"Python {with_['python']}, {libraries}. "
        f"Again: `{found['command']}`. Numbers: [{Path(file).name}]({file}).",
        *(f"\nNote: {note}." for note in found["notes"]),
    ]
    return "\n".join(lines) + "\n"


def _rows(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = ["| ours | ms per | | compared with | ms | ratio | goal |"]
    head += ["|---|--:|---|---|--:|--:|---|"]
    return [*head, *map(_line, rows), ""] if rows else []


def _measures(measures: Sequence[dict[str, Any]]) -> list[str]:
    head = ["| measured | median (least-most) | | goal |", "|---|--:|---|---|"]
    return [*head, *map(_measured, measures), ""] if measures else []


def _measured(each: dict[str, Any]) -> str:
    goal = f"{goal_text(each)} {'met' if each['is_met'] else 'missed'}" if each["goal"] else ""
    spread = f" ({each['least']:g}-{each['most']:g})" if each["repeats"] > 1 else ""
    return f"| {each['what']} | {each['value']:g}{spread} | {each['unit']} | {goal} |"


def _line(each: dict[str, Any]) -> str:
    ours, peer = each["ours"], each["peer"]
    goal = (
        "" if each["goal"] is None else f"{each['goal']:g} {'met' if each['is_met'] else 'missed'}"
    )
    return (
        f"| {each['what']} | {_time(ours)} | {each['unit']} | {peer['name']} | {_time(peer)} | "
        f"{each['ratio']:g} | {goal} |"
    )


def _time(times: dict[str, Any]) -> str:
    return f"{times['median_ms']:.3g} ({times['q1_ms']:.3g}-{times['q3_ms']:.3g})"


def main() -> None:
    """Write the page of all results that follow the schema."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance.md")
    given = parser.parse_args()
    files = sorted(given.results.rglob("*.json"))
    contents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    known = [(one, file) for one, file in zip(contents, files, strict=True) if is_result(one)]
    links = [
        os.path.relpath(file, given.out.parent).replace(os.sep, "/")  # Path has it from 3.12 on
        for _, file in known
    ]
    given.out.write_text(page([one for one, _ in known], files=links), encoding="utf-8")
    print(given.out)


if __name__ == "__main__":
    main()
