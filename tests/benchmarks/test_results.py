"""The result files follow their schema, and the page is made of them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import page, results
from benchmarks.timing import alternate, summary

FILES = sorted(results.FOLDER.rglob("*.json"))


def made() -> dict[str, Any]:
    rows = [
        results.row(
            "fast", unit="image", ours=[1.0, 2, 3], peer=[9.0, 8, 10], peer_name="plain", goal=4
        ),
        results.row("slow", unit="image", ours=[4.0, 4, 4], peer=[2.0, 2, 2], peer_name="plain"),
    ]
    measures = [
        results.measure("commits", unit="", values=[3, 2, 4], at_most=3),
        results.measure("gain", unit="", values=[1.5], at_least=2),
        results.measure("size", unit="MiB", values=[12.345678]),
    ]
    return results.content(
        "metrics", about="About it.", rows=rows, measures=measures, load_before=0.5
    )


def test_a_made_content_follows_the_schema_and_survives_the_file(tmp_path: Path) -> None:
    found = made()
    assert results.faults(found) == []
    assert [row["ratio"] for row in found["rows"]] == [4.5, 0.5]
    assert [row["is_met"] for row in found["rows"]] == [True, None]
    assert [one["is_met"] for one in found["measures"]] == [True, False, None]
    path = results.write(found, folder=tmp_path)
    assert json.loads(path.read_text()) == found
    assert path.parent.name == found["made_with"]["version"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda found: found.pop("notes"), "its keys"),
        (lambda found: found["made_with"].pop("load_before"), "made_with"),
        (lambda found: (found["rows"].clear(), found["measures"].clear()), "no rows"),
        (lambda found: found["measures"][0].update(is_met=False), "does not follow"),
        (lambda found: found["measures"][0].update(value=9.0), "out of order"),
        (lambda found: found["measures"][0].pop("goal"), "a measure must have"),
        (lambda found: found["rows"][0].update(ratio=9.0), "not that of its medians"),
        (lambda found: found["rows"][0].update(is_met=False), "does not follow"),
        (lambda found: found["rows"][0]["ours"].update(q1_ms=1e9), "out of order"),
        (lambda found: found["rows"][0].pop("goal"), "a row must have"),
    ],
)
def test_a_changed_content_is_told_apart(change: Any, text: str) -> None:
    found = copy.deepcopy(made())
    change(found)
    assert any(text in fault for fault in results.faults(found))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_files_of_the_project_follow_the_schema(file: Path) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))
    if "format" in found:
        assert results.faults(found) == []


def test_the_page_shows_losses_beside_wins() -> None:
    text = page.page([made()], files=["../x/metrics.json"])
    assert (
        "| fast | 2e+03 (1.5e+03-2.5e+03) | image | plain | 9e+03 (8.5e+03-9.5e+03) | 4.5 | 4 met |"
        in text
    )
    assert "| 0.5 |" in text
    assert "| commits | 3 (2-4) |  | at most 3 met |" in text
    assert "| gain | 1.5 |  | at least 2 missed |" in text
    assert "| size | 12.35 | MiB |  |" in text
    assert "(../x/metrics.json)" in text
    assert "| [metrics](#metrics) | 2 of 3 | gain: 1.5 |" in text


def test_sides_take_turns_and_the_warm_up_is_not_counted() -> None:
    order: list[str] = []
    seconds = alternate(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=3, warm_up=1
    )
    assert order == ["a", "b"] * 4
    assert [len(times) for times in seconds.values()] == [3, 3]
    assert summary([0.004, 0.002, 0.006], per=2)["median_ms"] == 2.0
