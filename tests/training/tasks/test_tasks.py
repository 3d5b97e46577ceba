"""Tasks: fusion where none is named, others with settings, metrics and data of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from torch import Tensor, nn

from ablate import config
from ablate.config.schema import StudyConfig
from ablate.data.items import Items
from ablate.data.manifest import Manifest
from ablate.errors import ConfigError, DataError
from ablate.metrics.catalogue import BETTER, LABELS
from ablate.study.names import known
from ablate.study.plan import make
from ablate.training.run import Run
from ablate.training.tasks import TASKS, task_of
from ablate.training.tasks.contract import Measure, Task, Trained
from tests.plugged import forgetting as forgetting

FUSION = """\
# @package _global_
title: T
questions: {levels: {asks: "?", compare: levels, primary: [qabf]}}
space: {dimensions: {levels: {path: loss.levels, type: int, low: 1, high: 3, baseline: 1}}}
factors: {levels: {values: [1, 2], baseline: 1}}
phases: {compare: {design: one_factor, seeds: 2}}
base: {data: {name: synthetic, crop: 48}%s}
"""
SLOPE = """\
# @package _global_
title: T
questions: {bend: {asks: "?", compare: bend, primary: [error], smallest_effect: {error: 0.1}}}
space: {dimensions: {bend: {path: task.bend, type: float, low: 0.0, high: 9.0, baseline: 0.0}}}
factors: {bend: {values: [0.0, %s], baseline: 0.0}}
phases: {compare: {design: one_factor, seeds: 2}}
base: {task: {name: slope%s}%s}
"""


class Slope(Task):
    """A line through one point."""

    measures: ClassVar = {"error": Measure(label="error", better="lower", range=(0, 100), unit="m")}

    def __init__(self, *, bend: float = 0.0, kind: str = "a", root: str | None = None) -> None:
        if bend > 5:
            raise ConfigError("task.bend: breaks beyond 5; use less")
        self.bend, self.kind = bend, kind

    def examples(self) -> Items[None]:
        splits = {"train": ("a", "b"), "val": ("c",), "test": ("d", "e")}
        return Items(content=None, manifest=Manifest(label="L", files={"x": "1"}, splits=splits))

    def fit(self, run: Run) -> Trained:
        model = nn.Linear(1, 1)
        x = next(model.parameters()).detach().clone() * 0 + 1

        def loss(step: int) -> Tensor:
            return (model(x) - self.bend).square().mean()

        return run.fit(
            model, loss=loss, score=lambda names: {"error": [loss(1).item()] * len(names)}
        )


@pytest.fixture
def slope() -> Iterator[None]:
    TASKS.register("slope")(Slope)
    yield
    del TASKS._members["slope"], TASKS._places["slope"]
    del LABELS["error"], BETTER["error"]


def loaded(folder: Path, text: str, *overrides: str) -> StudyConfig:
    (folder / "s.yaml").write_text(text)
    return config.load(str(folder / "s.yaml"), overrides, known=known())


@pytest.mark.parametrize("named", [", task: fusion", ", task: {name: fusion}"])
def test_naming_fusion_changes_no_hash(tmp_path: Path, named: str) -> None:
    before, after = loaded(tmp_path, FUSION % ""), loaded(tmp_path, FUSION % named)
    assert before.digest == after.digest
    assert make(before).design_hash == make(after).design_hash
    assert "task" not in make(after).trials[0].runs[0].settings


def test_fusion_has_no_settings_of_the_section_task(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"base\.task\.width: no such setting"):
        loaded(tmp_path, FUSION % ", task: {name: fusion, width: 3}")


@pytest.mark.usefixtures("slope")
def test_a_task_has_its_own_sections_metrics_and_objective(tmp_path: Path) -> None:
    study = loaded(tmp_path, SLOPE % ("1.0", "", ""))
    assert set(study.base) == {"task", "train", "metrics"}
    assert study.base["metrics"] == {"names": ["error"]}
    assert study.objective == "val/error"
    assert set(study.nuisance) == {"learning_rate"}
    assert (LABELS["error"], BETTER["error"]) == ("error (m)", "lower")
    first, second = make(study).trials
    assert first.arm_id != second.arm_id
    assert second.runs[0].settings["task"] == {"name": "slope", "bend": 1.0}


@pytest.mark.usefixtures("slope")
def test_a_folder_of_this_machine_is_no_identity_of_a_task(tmp_path: Path) -> None:
    here = loaded(tmp_path, SLOPE % ("1.0", ", root: /here", ""))
    there = loaded(tmp_path, SLOPE % ("1.0", ", root: /there", ""))
    assert here.digest == there.digest
    assert make(here).design_hash == make(there).design_hash


@pytest.mark.usefixtures("slope")
@pytest.mark.parametrize(
    ("values", "overrides", "said"),
    [
        (
            ("1.0", ", width: 3", ""),
            (),
            "base.task.width: no such setting of task; known: bend, kind, name, root",
        ),
        (("1.0", "", ", data: {name: synthetic}"), (), "base.data: no such section"),
        (("1.0", "", ", metrics: {names: [qabf]}"), (), "no such name as 'qabf'; known: error"),
        (("7.0", "", ""), (), "task.bend: breaks beyond 5; use less"),
        (("1.0", ", kind: 3", ""), (), "task.kind: must be a text, got 3"),
        (("1.0", "", ""), ("task=slop",), "no task is called 'slop'; did you mean 'slope'?"),
        (("1.0", "", ""), ("task.kind=3",), "task.kind: must be a text, got 3"),
        (("1.0", "", ""), ("objective=val/qabf",), "'qabf' is not in base.metrics.names"),
    ],
)
def test_a_wrong_setting_is_told_with_its_place(
    tmp_path: Path, values: tuple[str, ...], overrides: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make(loaded(tmp_path, SLOPE % values, *overrides))
    assert said in str(caught.value), caught.value.faults


@pytest.mark.usefixtures("slope")
def test_a_fusion_study_cannot_use_the_metrics_of_a_task(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such name as 'error'"):
        loaded(tmp_path, FUSION % ", metrics: {names: [qabf, error]}")


def test_an_unknown_task_is_refused_where_it_is_needed() -> None:
    settings: dict[str, Any] = {"task": {"name": "nothing"}}
    with pytest.raises(ConfigError, match=r"task\.name: no task is called 'nothing'"):
        task_of(settings)


def test_items_redrawn_keep_test_and_the_pool() -> None:
    names = tuple(f"{place:02d}" for place in range(20))
    splits = {"train": names[:10], "val": names[10:15], "test": names[15:]}
    items = Items(content=None, manifest=Manifest(label="L", files={}, splits=splits))
    drawn = {items.redrawn(seed).stems("val") for seed in range(5)}
    assert len(drawn) > 1
    for seed in range(5):
        other = items.redrawn(seed)
        assert other.stems("test") == items.stems("test")
        assert {*other.stems("train"), *other.stems("val")} == {*names[:15]}
        assert len(other.stems("val")) == 5
        assert other.manifest.hash == items.manifest.hash


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ({"train": ("a",), "val": ("b",)}, "no items for test"),
        ({"train": ("a",), "val": ("a",), "test": ("b",)}, "stands twice"),
    ],
)
def test_items_without_three_disjoint_splits_are_refused(
    splits: dict[str, tuple[str, ...]], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        Items(content=None, manifest=Manifest(label="L", files={}, splits=splits))
