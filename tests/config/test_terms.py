"""Named terms of the loss in a study file: their check, dimensions by path, and `over: loss.terms`."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from ablate.config.json_schema import study_schema
from ablate.config.loading import load
from ablate.errors import ConfigError
from ablate.study.plan import make

STUDY: dict[str, Any] = {
    "title": "Terms",
    "phases": {"compare": {"design": "leave_one_out", "options": {"over": "loss.terms"}}},
    "base": {
        "data": {"name": "synthetic", "crop": 48},
        "model": {"name": "cddfuse", "width": 4},
        "train": {"steps": 20},
        "loss": {
            "gradient_weight": 0,
            "terms": {
                "edges": {"kind": "gradient", "weight": 2, "levels": 1},
                "split": {"kind": "correlation", "weight": 0.5, "from": 5},
            },
        },
    },
}
TABLES = ("direction_aware_follow_up_table", "hybridfusion_table", "stdfusionnet_table")


def study(tmp_path: Path, **changed: Any) -> Path:
    folder = tmp_path / "studies"
    folder.mkdir(exist_ok=True)
    file = folder / "terms.yaml"
    file.write_text("# @package _global_\n" + yaml.safe_dump({**STUDY, **changed}), "utf-8")
    return file


def changes(file: Path, *words: str) -> list[str]:
    return [trial.name for trial in make(load(file, words)).trials]


def test_every_term_is_left_out_in_turn_in_the_order_of_the_file(tmp_path: Path) -> None:
    config = load(study(tmp_path))
    assert list(config.factors) == ["intensity", "edges", "split"]
    assert config.dimensions["edges"].path == "loss.terms.edges.weight"
    assert changes(study(tmp_path)) == [
        "intensity 1 · edges 2 · split 0.5",
        "intensity 0 · edges 2 · split 0.5",
        "intensity 1 · edges 0 · split 0.5",
        "intensity 1 · edges 2 · split 0",
    ]


def test_what_over_writes_is_the_study_that_writes_it_itself(tmp_path: Path) -> None:
    short = load(study(tmp_path)).digest
    paths = {"intensity": ("loss.intensity_weight", 1.0), "edges": ("loss.terms.edges.weight", 2)}
    paths["split"] = "loss.terms.split.weight", 0.5
    dimensions = {
        name: {"path": path, "type": "categorical", "choices": [w, 0], "baseline": w}
        for name, (path, w) in paths.items()
    }
    written = study(
        tmp_path,
        phases={"compare": {"design": "leave_one_out"}},
        space={"dimensions": dimensions},
        factors={name: {} for name in paths},
    )
    assert load(written).digest == short


def test_terms_are_added_one_by_one_to_the_one_that_is_kept(tmp_path: Path) -> None:
    options = {"over": "loss.terms", "keep": "edges"}
    file = study(tmp_path, phases={"compare": {"design": "add_one_in", "options": options}})
    assert changes(file) == [
        "intensity 0 · split 0",
        "intensity 1 · split 0",
        "intensity 0 · split 0.5",
    ]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"base.loss.terms.edges.levels": "three"},
            "base.loss.terms.edges.levels: must be a whole",
        ),
        ({"base.loss.terms.edges.kind": "edge"}, "base.loss.terms.edges.kind: no such name as"),
        ({"base.loss.terms.edges.colour": 1}, "base.loss.terms.edges.colour: no such setting"),
        ({"base.model": {"name": "unet"}}, "loss.terms.split.kind: correlation reads"),
        ({"base.loss.terms": {}}, "options.over: loss.terms has 1 terms with a weight"),
        ({"phases.compare.options.over": "loss"}, "options.over: must be one of loss.terms"),
    ],
)
def test_a_fault_is_one_line_with_its_place(
    tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    tree = yaml.safe_load(yaml.safe_dump(STUDY))
    for path, value in changed.items():
        *above, last = path.split(".")
        part = tree
        for key in above:
            part = part[key]
        part[last] = value
    with pytest.raises(ConfigError) as error:
        make(load(study(tmp_path, **tree)))
    assert any(says in line for line in str(error.value).splitlines())


def test_the_schema_knows_kinds_and_their_settings() -> None:
    validator = Draft202012Validator(study_schema())
    assert not list(validator.iter_errors(STUDY))
    for term in ({"kind": "gradient", "levels": "x"}, {"kind": "ssim", "levels": 2}):
        tree = {"base": {"loss": {"terms": {"a": term}}}}
        assert list(validator.iter_errors(tree)), term
    assert not list(validator.iter_errors({"base": {"loss": {"terms": {"a": {"kind": "mine"}}}}}))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_named_terms_is_planned_and_fits_the_schema(name: str) -> None:
    plan = make(load(name, ["data=synthetic", "data.crop=64"]))
    assert plan.trials
    file = next(Path(__file__).resolve().parents[2].glob(f"studies/tables/{name}.yaml"))
    tree = yaml.safe_load(file.read_text("utf-8"))
    assert not list(Draft202012Validator(study_schema()).iter_errors(tree))
