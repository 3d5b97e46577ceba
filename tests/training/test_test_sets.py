"""Scores of kept weights: those that the run itself gave, again from the file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ablate import data
from ablate.data.pairs import PairSet
from ablate.data.test_sets import load
from ablate.errors import DataError
from ablate.training import test_sets
from ablate.training.loop import train
from ablate.training.spec import WEIGHTS, RunResult, RunSpec
from ablate.training.test_sets import lacking, read, score_further, with_further
from tests.training.conftest import SETTINGS, Listener

Make = Callable[..., RunSpec]
OTHER = {"name": "synthetic", "pairs": {"test": 3}, "size": [48, 48], "seed": 5}


def entry(section: dict[str, Any] | None, *names: str) -> dict[str, Any]:
    pairs = load(section) if section else data.load(SETTINGS["data"])
    return {
        "data": section,
        "part": "test",
        "protocol": "cddfuse-py",
        "metrics": list(names),
        "data_hash": pairs.manifest.hash,
    }


@pytest.fixture
def trained(spec: Make, tmp_path: Path) -> tuple[RunSpec, RunResult]:
    made = replace(spec(), split_seed=3)
    result = train(made, Listener(), folder=tmp_path)
    assert result.state == "finished", result.reason
    return made, result


def scored(spec: RunSpec, folder: Path, **tests: Any) -> RunSpec:
    spec = replace(spec, tests=tests)
    score_further(spec, folder, own=lambda: data.load(SETTINGS["data"]), cache=folder / "cache")
    return spec


def test_the_weights_score_what_the_run_scored(
    trained: tuple[RunSpec, RunResult], tmp_path: Path
) -> None:
    spec, result = trained
    own, again = entry(None, "mi", "qabf"), entry(None, "qabf", "mi")
    tests = scored(spec, tmp_path, own=own, again=again).tests
    found = with_further(result, tmp_path, tests)
    of_run = {row[:3]: row[3] for row in result.images}
    kept = read(tmp_path, "own")
    assert kept is not None
    assert {row[:3]: row[3] for row in kept.rows} == of_run  # val of its own redraw too
    for name in ("qabf", "mi"):
        assert found.metrics[f"test/again/{name}"] == result.metrics[f"test/{name}"]
    assert lacking(tmp_path, tests) == {}


def test_a_further_metric_is_computed_alone_and_stands_as_if_it_had_been_there(
    trained: tuple[RunSpec, RunResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, result = trained
    asked: list[tuple[str, ...]] = []
    from ablate.training.scoring import score as whole

    def score(*args: Any, names: tuple[str, ...], **more: Any) -> Any:
        asked.append(tuple(names))
        return whole(*args, names=names, **more)

    monkeypatch.setattr(test_sets, "score", score)
    scored(spec, tmp_path, other=entry(OTHER, "mi"))
    tests = scored(spec, tmp_path, other=entry(OTHER, "qabf", "mi")).tests
    assert asked == [("mi",), ("qabf",)]
    later = with_further(result, tmp_path, tests)
    (tmp_path / "tests" / "other.json").unlink()
    scored(spec, tmp_path, other=entry(OTHER, "qabf", "mi"))
    assert asked[2:] == [("qabf", "mi")]
    start = with_further(result, tmp_path, tests)
    assert later.metrics == start.metrics
    assert later.images == start.images
    assert [row[0] for row in start.images if row[0].startswith("test/")] == ["test/other"] * 6


@pytest.mark.parametrize("what", ["weights", "data", "damage", "protocol"])
def test_scores_of_other_weights_data_or_rules_do_not_count(
    trained: tuple[RunSpec, RunResult], tmp_path: Path, what: str
) -> None:
    spec, result = trained
    one = entry(OTHER, "mi")
    scored(spec, tmp_path, other=one)
    path = tmp_path / "tests" / "other.json"
    if what == "weights":
        (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes() + b" ")
    elif what == "data":
        one = {**one, "data_hash": "another"}
    elif what == "protocol":
        one = {**one, "protocol": "tang-py"}
    else:
        path.write_text(path.read_text(encoding="utf-8").replace('"mi", ', '"mi", 1'))
    assert lacking(tmp_path, {"other": one}) == {"other": ("mi",)}
    assert with_further(result, tmp_path, {"other": one}) == result


def test_images_that_are_not_finite_have_no_values_and_stop_nothing(
    trained: tuple[RunSpec, RunResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ablate.errors import DivergedError

    def fails(*args: Any, **more: Any) -> Any:
        raise DivergedError("the fused image of 1 is not finite")

    monkeypatch.setattr(test_sets, "fuse_all", fails)
    scored(trained[0], tmp_path, other=entry(OTHER, "mi"))
    kept = read(tmp_path, "other")
    assert kept is not None
    assert [row[3] for row in kept.rows] == [None] * 3
    assert "not finite" in kept.reason


def test_a_set_has_the_pairs_of_its_part_and_an_even_sample_of_them() -> None:
    section = {"name": "synthetic", "pairs": {"train": 4, "val": 1, "test": 3}, "size": [48, 48]}
    test, every = load(section), load(section, part="all")
    assert (len(test.stems("test")), len(every.stems("test"))) == (3, 8)
    assert test.stems("train") == ()
    few = load({**section, "limit": {"test": 2}})
    assert few.stems("test") == (test.stems("test")[0], test.stems("test")[-1])
    assert "sample: 2 of 3 test" in few.manifest.label
    assert len({one.manifest.hash for one in (test, every, few)}) == 3
    assert isinstance(few, PairSet)
    assert np.array_equal(few.pairs("test")[0].visible, test.pairs("test")[0].visible)
    with pytest.raises(DataError, match="asks for 9 test pairs, it has 3"):
        load({**section, "limit": {"test": 9}})
