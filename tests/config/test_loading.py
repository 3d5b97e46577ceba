"""Layers, overrides, folders: what a study is after composing."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ablate import config
from ablate.config import locations
from ablate.errors import ConfigError, UnknownNameError

SPACE = {
    "dimensions": {"width": {"path": "model.width", "type": "int", "low": 4, "high": 32}},
}
STUDY = {
    "defaults": [{"/search_spaces@space": "widths"}, "_self_"],
    "factors": {"width": {"values": [8, 16], "baseline": 8}},
    "phases": {"compare": {"design": "one_factor"}},
}


def project(folder: Path) -> Path:
    for name, content in (("search_spaces/widths", SPACE), ("studies/width", STUDY)):
        file = folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(content))
    return folder


def test_data_chosen_on_the_command_line_works_with_the_packaged_study() -> None:
    study = config.load("q4_variant", ["data=msrs", "data.root=/x"])
    assert study.base["data"] == {
        "name": "msrs",
        "crop": 64,
        "groups": "auto",
        "root": "/x",
    }
    assert study.base["train"]["steps"] == 1000
    assert study.factors["variant"].baseline == "signed"
    assert study.phases["compare"].seeds == 3


def test_the_order_of_overrides_does_not_matter_for_a_group() -> None:
    first = config.load("q4_variant", ["data.crop=96", "data=msrs"])
    assert first.base["data"]["crop"] == 96
    assert first.base == config.load("q4_variant", ["data=msrs", "base.data.crop=96"]).base


def test_a_name_as_a_setting_chooses_the_group_too() -> None:
    by_group = config.load("quickstart", ["model=probe"])
    assert by_group.base["model"] == {"name": "probe", "noise": 0.05}
    assert config.load("quickstart", ["model.name=probe"]).base == by_group.base
    assert config.load("quickstart", ["base.model=probe"]).base == by_group.base


def test_a_study_wins_over_the_group_and_the_command_line_over_both(tmp_path: Path) -> None:
    project(tmp_path)
    file = tmp_path / "studies" / "width.yaml"
    file.write_text(yaml.safe_dump({**STUDY, "base": {"data": {"name": "msrs", "crop": 256}}}))
    mine = {"name": "msrs", "crop": 256, "groups": "auto", "root": None}
    assert config.load(file).base["data"] == mine
    assert config.load(file, ["data.crop=64"]).base["data"]["crop"] == 64
    other = config.load(file, ["data=synthetic"]).base["data"]
    assert (other["crop"], other["size"]) == (256, [96, 128])


def test_paths_of_one_data_set_are_not_carried_to_another(tmp_path: Path) -> None:
    project(tmp_path)
    file = tmp_path / "studies" / "width.yaml"
    file.write_text(yaml.safe_dump({**STUDY, "base": {"data": {"name": "msrs", "root": "/msrs"}}}))
    assert config.load(file, ["data=tno"]).base["data"]["root"] is None
    assert config.load(file, ["data=msrs"]).base["data"]["root"] == "/msrs"


def test_a_study_may_list_the_trial_defaults_as_the_documents_do(tmp_path: Path) -> None:
    project(tmp_path)
    file = tmp_path / "studies" / "width.yaml"
    plain = config.load(file, ["data=msrs"])
    study = {**STUDY, "defaults": ["/trial@base", *STUDY["defaults"]]}  # type: ignore[misc]
    file.write_text("# @package _global_\n" + yaml.safe_dump(study))
    assert config.load(file, ["data=msrs"]).base == plain.base


def test_values_of_any_text_need_no_quotes() -> None:
    words = [
        "data.root=/a b/c,d=(e)'f\\",
        "store.mlflow=postgresql://u:p@h:5432/d?x=y&z=%20",
        "title=Was bringt's?",
        "train.learning_rate=1e-4",
        "factors.variant.values=[signed, magnitude]",
    ]
    study = config.load("q4_variant", words)
    assert study.base["data"]["root"] == "/a b/c,d=(e)'f\\"
    assert study.store["mlflow"] == "postgresql://u:p@h:5432/d?x=y&z=%20"
    assert study.title == "Was bringt's?"
    assert study.base["train"]["learning_rate"] == 1e-4
    assert study.factors["variant"].values == ("signed", "magnitude")


def test_executor_store_and_seed_are_set_by_natural_words() -> None:
    study = config.load("quickstart", ["executor=inline", "seed=7", "phases.search.trials=2"])
    assert study.executor == {"name": "inline", "slots": 1}  # not the 2 of its processes
    with pytest.raises(ConfigError, match="inline makes one run at a time, got 4"):
        config.load("quickstart", ["executor=inline", "executor.slots=4"])
    assert (study.seed, study.phases["search"].trials) == (7, 2)
    slots = config.load("quickstart", ["executor.slots=3"]).executor
    assert slots == {"name": "processes", "slots": 3}


def test_dimensions_and_phases_can_be_removed_and_added() -> None:
    words = ["~dimensions.ratio", "~constraints.smallest_side", "~phases.search"]
    study = config.load("quickstart", [*words, "+phases.pilot.design=baseline_only"])
    assert "ratio" not in study.dimensions
    assert list(study.phases) == ["compare", "pilot"]


def test_a_space_can_be_swapped_on_the_command_line(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "search_spaces" / "wide.yaml").write_text(
        yaml.safe_dump({"dimensions": {"width": {**SPACE["dimensions"]["width"], "high": 64}}})
    )
    study = config.load("width", ["space=wide"], tmp_path)
    assert study.dimensions["width"].high == 64


def test_metric_names_are_lower_case_inside_and_any_case_outside() -> None:
    study = config.load("q4_variant", ["metrics.names=[EN, VIF, Qabf]", "objective=val/VIF"])
    assert study.base["metrics"]["names"] == ["en", "vif", "qabf"]
    assert study.objective == "val/vif"


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("base._target_=os.system", "never names code"),
        ("+base._target_=os.system", "never names code"),
        ("hydra.searchpath=[]", "no such setting"),
        ("phases.compar.seeds=3", "did you mean 'compare'?"),
        ("dimensions.rato.high=1", "did you mean 'ratio'?"),
        ("sead=1", "did you mean 'seed'?"),
        ("base.los.levels=1", "did you mean 'loss'?"),
        ("data", "is not an override"),
        ("=3", "is not an override"),
        ("~train.steps", "cannot be removed"),
        ("train=quik", "did you mean 'quick'?"),
        ("data=../../x", "no such name"),
        ("title=${oc.env:HOME}", "refers to another value"),
        ("factors.variant.values=[signed", "cannot be composed"),
        ("base=3", "no such section"),
    ],
)
def test_a_wrong_override_is_refused_with_its_mend(word: str, answer: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load("quickstart", [word])
    assert answer in str(caught.value)
    assert all("\n" not in fault for fault in caught.value.faults)


def test_names_of_plug_ins_come_from_the_caller() -> None:
    known = {"designs": ("one_factor", "mine"), "samplers": ("tpe", "random")}
    words = ["phases.compare.design=mine", "~phases.search"]
    assert config.load("quickstart", words, known=known).phases["compare"].design == "mine"
    with pytest.raises(ConfigError, match="did you mean 'random'"):
        config.load("quickstart", ["phases.search.sampler=randm"], known=known)


def test_settings_of_a_plug_in_model_are_checked_where_its_names_are_given() -> None:
    known = {"models": ("densefuse", "mine"), "model.mine": ("depth",)}
    study = config.load("quickstart", ["model=mine", "model.depth=3"], known=known)
    assert study.base["model"] == {"name": "mine", "depth": 3}
    with pytest.raises(ConfigError, match=r"base.model.dept: no such setting"):
        config.load("quickstart", ["model=mine", "model.dept=3"], known=known)


def test_the_users_folder_is_found_first_and_shadowing_is_said(tmp_path: Path) -> None:
    project(tmp_path)
    assert config.load("width", folder=tmp_path).name == "width"
    (tmp_path / "studies" / "quickstart.yaml").write_text(yaml.safe_dump(STUDY))
    study = config.load("quickstart", folder=tmp_path)
    assert "width" in study.factors
    assert len(study.notes) == 1
    assert "is used instead of" in study.notes[0]
    found = {place.name: place.origin for place in config.listing("studies", tmp_path)}
    assert (found["quickstart"], found["width"], found["q4_variant"]) == (
        "folder",
        "folder",
        "packaged",
    )


def test_a_study_given_by_path_finds_the_spaces_of_its_own_project(tmp_path: Path) -> None:
    far = project(tmp_path / "far away")
    study = config.load(far / "studies" / "width.yaml", folder=tmp_path)
    assert study.dimensions["width"].baseline == 8
    study = config.load("far away/studies/width.yaml", folder=tmp_path)
    assert study.name == "width"


def test_an_unknown_study_offers_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'quickstart'"):
        config.load("quickstat")
    with pytest.raises(ConfigError, match="no such file"):
        config.load("nowhere/x.yaml")


def test_packaged_copies_are_found_inside_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "site" / "ablate"
    (fake / "config").mkdir(parents=True)
    project(fake / "_packaged")
    monkeypatch.setattr(locations, "__file__", str(fake / "config" / "locations.py"))
    assert locations.packaged_root() == fake / "_packaged"
    study = config.load("width", folder=tmp_path)
    assert locations.find("studies", "width", tmp_path).origin == "packaged"
    assert study.dimensions["width"].baseline == 8


def test_the_digest_follows_the_design_and_not_the_place() -> None:
    one = config.load("q4_variant", ["data=msrs", "data.root=/a"])
    same = config.load("q4_variant", ["data=msrs", "data.root=/b", "executor.slots=4"])
    other = config.load("q4_variant", ["data=msrs", "train.steps=999"])
    assert one.digest == same.digest != other.digest


def test_importing_config_loads_neither_torch_nor_hydra() -> None:
    code = "import sys, ablate.config; print([m for m in ('torch', 'hydra') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
