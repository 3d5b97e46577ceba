"""A study over MRI and PET says MRI and PET, however its file says it."""

from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.errors import ConfigError
from ablate.study.names import known
from ablate.study.plan import make

TEXT = """
title: What is visible
space:
  dimensions:
    selection: {{path: loss.selection, type: categorical, choices: [per_axis_max, {one}, {two}]}}
questions:
  which: {{asks: "Is PET visible?", compare: selection, primary: [qabf]}}
factors:
  selection: {{values: [per_axis_max, {two}], baseline: per_axis_max}}
phases:
  compare: {{design: one_factor, seeds: 1}}
base:
  data: {{name: harvard, root: /visible/x, crop: 32}}
  model: {{name: unet, output: {two}}}
  loss: {{tied_target: {one}, terms: {{extra: {{kind: ssim, {one}_share: 0.7, weight: 1}}}}}}
"""


def load(folder: Path, one: str, two: str, *words: str) -> config.StudyConfig:
    file = folder / "study.yaml"
    file.write_text(TEXT.format(one=one, two=two))
    return config.load(file, words, known=known())


def test_places_and_names_mean_the_same_study(tmp_path: Path) -> None:
    named, placed = load(tmp_path, "MRI", "PET"), load(tmp_path, "infrared", "visible")
    assert named.base == placed.base
    assert named.digest == placed.digest
    assert named.dimensions["selection"].choices == ("per_axis_max", "MRI", "PET")
    assert named.base["model"]["output"] == "PET"
    assert named.base["loss"]["terms"] == {"extra": {"kind": "ssim", "MRI_share": 0.7, "weight": 1}}
    assert named.base["data"]["root"] == "/visible/x"
    assert (named.title, named.questions["which"].asks) == ("What is visible", "Is PET visible?")
    first, second = make(named), make(placed)
    assert first.design_hash == second.design_hash
    assert [trial.name for trial in first.trials] == ["per_axis_max", "PET"]


def test_names_are_inert_where_places_are(tmp_path: Path) -> None:
    """What chooses nothing has no ties: tied_target leaves the settings of the arm."""
    plan = make(load(tmp_path, "MRI", "PET"))
    of = {trial.name: trial.runs[0].settings["loss"] for trial in plan.trials}
    assert of["per_axis_max"]["tied_target"] == "MRI"
    assert "tied_target" not in of["PET"]
    assert of["PET"]["selection"] == "PET"


def test_a_packaged_study_takes_the_names_of_its_data() -> None:
    words = ["data=harvard", "data.root=/x", "factors.selection.values=[per_axis_max, visible]"]
    found = config.load("q7_selection", words, known=known())
    assert found.dimensions["selection"].choices is not None
    assert {"MRI", "PET"} < set(found.dimensions["selection"].choices)
    assert found.factors["selection"].values == ("per_axis_max", "PET")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["base.loss.selection=PETT"], "base.loss.selection: no such name as 'PETT'; did you mean 'PET'?"),
        (["base.data.sources=[MRI, MRI]"], "base.data.sources: names MRI twice"),
        (["base.data.sources=[MRI, XRAY]"], "base.data.sources: no such source as 'XRAY'; known: CT"),
        (["base.loss.tied_target=far"], "base.loss.tied_target: no such name as 'far'; known: MRI, PET"),
        (["base.loss.terms.extra.PET_share=0.5"], "no such setting of loss"),
    ],
)  # fmt: skip
def test_errors_have_the_names_of_the_study(tmp_path: Path, words: Any, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "MRI", "PET", *(word.removeprefix("base.") for word in words))
    text = "\n".join(caught.value.faults)
    assert told in text
    assert "infrared" not in text.replace("infrared_share", "")


def test_studies_over_infrared_and_visible_are_as_they_were(tmp_path: Path) -> None:
    same = ["data=msrs", "data.root=/x"]
    plain = config.load("q7_selection", same, known=known())
    said = config.load("q7_selection", [*same, "data.sources=[infrared, visible]"], known=known())
    assert "sources" not in plain.base["data"]
    assert plain.dimensions == said.dimensions
    with pytest.raises(ConfigError, match="no such source as 'MRI'"):
        config.load("q7_selection", [*same, "data.sources=[MRI, PET]"], known=known())
