"""The JSON Schema: every packaged file fits it, structural errors do not, and `check` agrees."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from omegaconf import OmegaConf

from ablate.config.json_schema import space_schema, study_schema
from ablate.config.locations import packaged_root
from ablate.study.names import known
from tests.config.test_mutations import GOOD, MUTATIONS, put
from tests.fuzz.study import refusals
from tests.hostile.studies import RICH

TEMPLATE = Path(__file__).resolve().parents[2] / "ablate" / "template"
FILES = [
    (folder, file)
    for folder in ("studies", "search_spaces")
    for root in (packaged_root(), TEMPLATE)
    for file in sorted((root / folder).glob("*.yaml"))
]
STRUCTURAL = [  # those of the seeded errors that one value by itself shows
    "section",
    "base section",
    "setting",
    "data setting",
    "split",
    "text for number",
    "float for whole",
    "bool for number",
    "zero steps",
    "list for section",
    "value for mapping",
    "null",
    "size",
    "large crop",
    "dimension key",
    "dimension type",
    "one value",
    "factor key",
    "question key",
    "expects",
    "effect",
    "phase key",
    "option too high",
    "no seeds",
    "trials of a design",
    "seed",
    "slots",
    "store",
    "long name",
    "name that leaves",
]


@pytest.fixture(scope="module")
def validators() -> dict[str, Draft202012Validator]:
    names = known()
    schemas = {"studies": study_schema(names), "search_spaces": space_schema(names)}
    return {kind: Draft202012Validator(schema) for kind, schema in schemas.items()}


def test_the_schemas_are_schemas_and_describe_their_keys(
    validators: dict[str, Draft202012Validator],
) -> None:
    for validator in validators.values():
        Draft202012Validator.check_schema(validator.schema)
        assert json.loads(json.dumps(validator.schema)) == validator.schema
        for key, one in validator.schema["properties"].items():
            assert one.get("description"), key
    train = validators["studies"].schema["properties"]["base"]["properties"]["train"]
    assert train["properties"]["steps"]["default"] == 1000
    assert train["properties"]["batch_size"]["maximum"] == 4096
    assert "cosine" in train["properties"]["schedule"]["enum"]


@pytest.mark.parametrize(("kind", "file"), FILES, ids=lambda one: getattr(one, "stem", one))
def test_a_packaged_file_fits(
    validators: dict[str, Draft202012Validator], kind: str, file: Path
) -> None:
    tree = OmegaConf.to_container(OmegaConf.load(file))
    assert [error.message for error in validators[kind].iter_errors(tree)] == []


@pytest.mark.parametrize("name", STRUCTURAL)
def test_a_structural_error_is_refused(
    validators: dict[str, Draft202012Validator], name: str
) -> None:
    study = copy.deepcopy(GOOD)
    assert validators["studies"].is_valid(study)
    MUTATIONS[name][0](study)
    if name.startswith("dimension"):  # its type stands in the space of that name
        study["space"]["dimensions"]["ratio"] = {"type": "float"} | study["space"]["dimensions"][
            "ratio"
        ]
    assert not validators["studies"].is_valid(study)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("base/train/learning_rate", 0),
        ("base/loss/ratio", 1.5),
        ("base/model", {"name": "unet", "depth": 7}),
        ("base/data", {"name": "msrs", "pairs": {"train": 3}}),
        ("questions/q/smallest_effect", {"qabf": -0.1}),
        ("phases/a/options/points", 0),
        ("phases/a/seeds", 2),
        ("phases/a/budgets", [1, 2000]),
        ("phases/p/options/best", ["v"]),
        ("phases/s/preset", "quick"),
        ("executor", {"name": "inline", "lease_s": 30}),
        ("nuisance/gradient_weight", "free"),
        ("references", {"mine": {"weight": "x"}}),
        ("space/dimensions/w/low", 0.5),
        ("space/dimensions/s", {"type": "decreasing", "first": 2, "low": 0.3, "high": 0.5}),
    ],
)
def test_a_value_outside_its_range_or_place_is_refused(
    validators: dict[str, Draft202012Validator], path: str, value: Any
) -> None:
    study = copy.deepcopy(RICH)
    put(path, value)(study)
    assert not validators["studies"].is_valid(study)


FULL: dict[str, Any] = {  # has every section of a run too
    **RICH,
    "base": {
        "task": {"name": "fusion"},
        "data": {"name": "synthetic", "limit": {"train": 4}},
        "model": {"name": "unet", "depth": 2},
        "loss": {"sign": "kept", "scales": [1, 0.5, 0.25]},
        "train": {"steps": 10, "stages": [{"share": 0.5}, {}]},
        "metrics": {"names": ["qabf", "vif"]},
    },
    "executor": {"name": "local", "slots": 2, "lease_s": 30},
    "references": {"mine": {"weights": "x", "model": {"name": "seafusion"}}, "theirs": "folder"},
}


@pytest.mark.parametrize(
    "path",
    [
        *(f"base/{section}" for section in ("task", "data", "model", "loss", "train", "metrics")),
        *("base/data/name", "base/model/name", "base/data/limit", "base", "nuisance", "references"),
        *("executor", "executor/name", "executor/slots", "store", "store/mlflow", "title", "seed"),
        *("space/constraints", "questions/q/trend", "phases/pilot/options"),
    ],
)
def test_null_leaves_out_what_may_be_left_out(
    validators: dict[str, Draft202012Validator], path: str
) -> None:
    study = copy.deepcopy(FULL)
    study["executor"] = {"name": "processes", "slots": 2}
    put(path, None)(study)
    assert [error.message for error in validators["studies"].iter_errors(study)] == []
    assert refusals(study) == ()


NO_NAMES: tuple[object, ...] = ([], {}, False, 0, "")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("factors/v", None, "must be a mapping of names, got null; write its settings ({} for"),
        ("questions/q", None, "must be a mapping of names, got null; write its settings or"),
        ("phases/c/options", {"arms": {"mine": None}}, ".arms.mine: must be a mapping of names"),
        *(
            (f"base/{section}/name", value, "")
            for section in ("data", "model")
            for value in NO_NAMES
        ),
        *(("executor/name", value, "") for value in NO_NAMES),
        *((section, "", ".name: ") for section in ("base/data", "base/model", "executor")),
    ],
)
def test_nothing_is_refused_where_something_must_be_said(
    validators: dict[str, Draft202012Validator], path: str, value: Any, says: str
) -> None:
    study = copy.deepcopy(FULL)
    put(path, value)(study)
    assert not validators["studies"].is_valid(study)
    lines = refusals(study)
    assert len(lines) == 1, lines
    assert path.replace("/", ".") in lines[0]
    assert says in lines[0]


def changed(
    tree: dict[str, Any], way: tuple[str, ...] = ()
) -> Iterator[tuple[str, object, dict[str, Any]]]:
    """Yield every place, another value, and the study with it there."""
    other: object
    for key, value in tree.items():
        for other in (None, True, False, -1, 0, "x", "", [], {}, {"ratio": 1}):
            study = copy.deepcopy(FULL)
            at = study
            for part in way:
                at = at[part]
            at[key] = other
            yield ".".join((*way, key)), other, study
        if isinstance(value, dict):
            yield from changed(value, (*way, key))


@pytest.mark.slow
def test_the_schema_refuses_nothing_that_check_takes(
    validators: dict[str, Draft202012Validator],
) -> None:
    assert validators["studies"].is_valid(FULL)
    refused = [
        one
        for one in changed({key: value for key, value in FULL.items() if key != "defaults"})
        if not validators["studies"].is_valid(one[2])
    ]
    assert len(refused) > 800
    assert [(place, value) for place, value, study in refused if not refusals(study)] == []
