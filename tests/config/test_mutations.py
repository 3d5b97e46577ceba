"""Seeded faults: one change to a good study each, and the line that must come back."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config
from ablate.errors import ConfigError

GOOD: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": ["variants", "scales"]}, "_self_"],
    "title": "A good study",
    "questions": {
        "q": {
            "asks": "Does it?",
            "compare": "ratio",
            "primary": ["Qabf"],
            "smallest_effect": {"qabf": "0.2%"},
        }
    },
    "factors": {
        "ratio": {"values": [0.25, 0.5, 0.7071], "ordered": True},
        "levels": {"values": [2, 3, 5], "tied_to": "ratio"},
    },
    "phases": {"compare": {"design": "one_factor", "seeds": 2}},
    "base": {"data": {"name": "synthetic"}, "train": {"steps": 10}},
}


def write(folder: Path, study: dict[str, Any], name: str = "mine") -> Path:
    file = folder / "studies" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(study, sort_keys=False))
    return file


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(study: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for part in parents:
            study = study.setdefault(part, {})
        study[last] = value

    return change


MUTATIONS = {
    "section": (put("quetions", {}), "quetions: no such section; did you mean 'questions'?"),
    "base section": (put("base/los", {}), "base.los: no such section; did you mean 'loss'?"),
    "setting": (put("base/loss", {"levls": 3}), "base.loss.levls: no such setting of loss; did"),
    "data setting": (put("base/data/sise", [9, 9]), "base.data.sise: no such setting of data; did"),
    "split": (put("base/data/pairs", {"tain": 3}), "base.data.pairs.tain: no such setting"),
    "text for number": (put("base/train/steps", "many"), "must be a whole number, got 'many'"),
    "float for whole": (put("base/train/steps", 1.5), "must be a whole number, got 1.5"),
    "bool for number": (put("base/train/steps", True), "must be a whole number, got True"),
    "zero steps": (
        put("base/train/steps", 0),
        "must be a whole number from 1 to 1000000000, got 0",
    ),
    "infinite rate": (put("base/train/learning_rate", float("inf")), "must be a finite number"),
    "nan rate": (put("base/train/learning_rate", float("nan")), "must be a finite number"),
    "list for section": (put("base/train", [1]), "base.train: must be a mapping, got [1]"),
    "value for mapping": (put("base/data/pairs", 3), "base.data.pairs: must be a mapping, got 3"),
    "null": (put("base/train/steps", None), "base.train.steps: must be set, got null"),
    "operator": (put("base/loss", {"operator": "sobbel"}), "did you mean 'sobel'?"),
    "data name": (put("base/data/name", "msr"), "base.data.name: no such name as 'msr'; did"),
    "model name": (put("base/model", "densfuse"), "did you mean 'densefuse'?"),
    "metric name": (put("base/metrics", {"names": ["qabff"]}), "did you mean 'qabf'?"),
    "metric twice": (put("base/metrics", {"names": ["qabf", "QABF"]}), "names one twice"),
    "size": (put("base/data/size", [96]), "must be [height, width]"),
    "weights": (put("base/loss", {"weights": "equl"}), "did you mean 'equal'?"),
    "weights count": (put("base/loss", {"weights": [1, 2]}), "has 2 weights for 3 levels"),
    "code": (put("base/model/_target_", "os.system"), "base.model._target_: YAML never names"),
    "partial": (put("phases/compare/options", {"_partial_": True}), "YAML never names code"),
    "code on top": (put("_recursive_", False), "_recursive_: YAML never names code"),
    "interpolation": (put("title", "${oc.env:HOME}"), "refers to another value"),
    "dimension key": (
        put("space/dimensions/ratio/hgih", 1),
        "space.dimensions.ratio.hgih: no such setting of a float dimension; did you mean 'high'?",
    ),
    "dimension type": (put("space/dimensions/ratio/type", "flot"), "must be one of int, float"),
    "end off its steps": (
        put("space/dimensions/ratio/step", 0.2),
        "ratio.high: steps of 0.2 from 0.25 never reach 0.84; write 0.65 or 0.85",
    ),
    "baseline off its steps": (
        put("space/dimensions/ratio/step", 0.59),
        "ratio.baseline: steps of 0.59 from 0.25 never reach 0.5; write 0.25 or 0.84",
    ),
    "turned range": (put("space/dimensions/ratio/low", 0.9), "must be below high, got 0.9"),
    "dimension path": (put("space/dimensions/ratio/path", "loss.rato"), "loss.rato: no such"),
    "range out of setting": (put("space/dimensions/ratio/high", 1.5), "ratio.high: loss.ratio:"),
    "baseline outside": (put("space/dimensions/levels/baseline", 9), "9 lies outside 1 to 5"),
    "log from zero": (put("space/dimensions/weight_growth/low", 0), "above 0 on a log scale"),
    "when is code": (put("space/dimensions/ratio/when", "open('x')"), "is not allowed"),
    "when unknown": (put("space/dimensions/ratio/when", "levls > 1"), "did you mean 'levels'?"),
    "when itself": (put("space/dimensions/ratio/when", "ratio > 1"), "names 'ratio' itself"),
    "constraint": (put("space/constraints/smallest_side/require", "1 +"), "is not an expression"),
    "constraint reason": (
        put("space/constraints/new", {"require": "levels > 0"}),
        "space.constraints.new.because: is missing",
    ),
    "bundle path": (
        put("space/dimensions/variant/choices/signed", {"loss.sgn": "kept"}),
        "choices.signed.loss.sgn: no such setting of loss; did you mean 'sign'?",
    ),
    "two owners": (
        put(
            "space/dimensions/sign",
            {"path": "loss.sign", "type": "categorical", "choices": ["kept", "free"]},
        ),
        "sets loss.sign like 'variant'",
    ),
    "keyword name": (
        put("space/dimensions/lambda", {"type": "int"}),
        "'lambda' is a word of the expression language",
    ),
    "factor name": (put("factors/rato", {"values": [1, 2]}), "factors.rato: no dimension is"),
    "factor key": (put("factors/ratio/baselin", 1), "did you mean 'baseline'?"),
    "factor value": (put("factors/ratio/values", [0.5, 0.9]), "0.9 lies outside 0.25 to 0.84"),
    "factor type": (put("factors/ratio/values", [0.5, "x"]), "must be a number, got 'x'"),
    "one value": (put("factors/ratio/values", [0.5]), "at least two values"),
    "factor baseline": (put("factors/ratio/baseline", 0.3), "0.3 is not one of the values"),
    "tied name": (put("factors/levels/tied_to", "rato"), "did you mean 'ratio'?"),
    "tied length": (put("factors/levels/values", [2, 3]), "has 2 values, 'ratio' has 3"),
    "question factor": (put("questions/q/compare", "rati"), "did you mean 'ratio'?"),
    "question metric": (put("questions/q/primary", ["qab"]), "did you mean 'qabf'?"),
    "question key": (put("questions/q/ask", "x"), "did you mean 'asks'?"),
    "expects": (put("questions/q/expects", "more"), "must be one of higher, lower, differs"),
    "effect": (put("questions/q/smallest_effect", {"qabf": "big"}), "must be a percentage"),
    "effect metric": (
        put("questions/q/smallest_effect", {"vif": 1}),
        "no such metric of the question",
    ),
    "design": (put("phases/compare/design", "one_facto"), "did you mean 'one_factor'?"),
    "phase key": (put("phases/compare/seed", 3), "did you mean 'seeds'?"),
    "option too high": (put("phases/compare/points", 4), "write phases.compare.options.points"),
    "no seeds": (put("phases/compare/seeds", 0), "at least 1, got 0"),
    "no trials": (put("phases/s", {"design": "search"}), "a search needs a number of trials"),
    "trials of a design": (put("phases/compare/trials", 3), "only a search has it"),
    "rungs": (put("phases/compare/rungs", [9, 3]), "must be a growing list of steps"),
    "no phases": (put("phases", {}), "phases: is missing"),
    "tuning on test": (put("objective", "test/qabf"), "would tune on test images"),
    "objective": (put("objective", "val/qab"), "did you mean 'qabf'?"),
    "seed": (put("seed", -1), "seed: must be a whole number of at least 0, got -1"),
    "executor": (put("executor", "proceses"), "did you mean 'processes'?"),
    "slots": (put("executor", {"name": "inline", "slot": 2}), "did you mean 'slots'?"),
    "store": (put("store", {"mlfow": "x"}), "did you mean 'mlflow'?"),
    "space": (
        put("defaults", [{"/search_spaces@space": "scale"}, "_self_"]),
        "search_spaces has no 'scale'; did you mean 'scales'?",
    ),
    "circle of when": (
        put(
            "space/dimensions",
            {
                "ratio": {"when": "weight_growth > 1"},
                "weight_growth": {"when": "ratio > 0.3"},
            },
        ),
        "ratio, weight_growth depend on each other in a circle; remove one",
    ),
    "types in an expression": (
        put("space/constraints/smallest_side/require", "loss.operator * 2 > 1"),
        "smallest_side.require: 'loss.operator * 2 > 1': cannot be computed",
    ),
    "deep expression": (
        put("space/constraints/smallest_side/require", "1" + " + 1" * 90),
        "nested deeper than 60",
    ),
    "long name": (put("phases/" + "x" * 65, {"design": "one_factor"}), "has at most 64"),
    "name that leaves": (put("phases/..", {"design": "one_factor"}), "rename it"),
    "unseen letter": (put("title", "a\u202eb"), "has characters that do not print"),
    "long text": (put("title", "x" * 1999 + "\u202e"), "do not print"),
    "too many runs": (put("phases/compare/seeds", 10**9), "runs, at most 100000 can be planned"),
    "too many trials": (
        put("phases/s", {"design": "search", "trials": 10**9}),
        "at most 1000000 can be planned",
    ),
    "large whole": (put("seed", 2**64), "beyond 2**63"),
    "large crop": (put("base/data/crop", 10**6), "from 8 to 8192, got 1000000"),
    "defaults outside": (put("defaults", ["../x", "_self_"]), "is not an entry"),
    "defaults elsewhere": (
        put("defaults", [{"/search_spaces@phases": "scales"}, "_self_"]),
        "would put a file under",
    ),
    "hydra": (put("hydra", {"searchpath": []}), "do not belong here"),
}


def test_there_are_at_least_forty_of_them() -> None:
    assert len(MUTATIONS) >= 40


def test_the_study_that_is_mutated_is_good(tmp_path: Path) -> None:
    study = config.load(write(tmp_path, GOOD))
    assert study.factors["levels"].baseline == 3
    assert study.questions["q"].primary == ("qabf",)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_seeded_fault_is_found_and_said_in_one_line(name: str, tmp_path: Path) -> None:
    change, expected = MUTATIONS[name]
    study = copy.deepcopy(GOOD)
    change(study)
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, study))
    assert any(expected in fault for fault in caught.value.faults), caught.value.faults
    assert all("\n" not in fault for fault in caught.value.faults)
    assert len(caught.value.faults) <= 3, caught.value.faults


def test_all_faults_of_a_file_and_its_overrides_come_together(tmp_path: Path) -> None:
    study = copy.deepcopy(GOOD)
    wanted = []
    for name in ("setting", "factor key", "phase key", "expects", "seed", "executor", "store"):
        change, expected = MUTATIONS[name]
        change(study)
        wanted.append(expected)
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, study), ["lossy.x=1", "train.steps=no"])
    text = str(caught.value)
    assert [expected for expected in wanted if expected not in text] == []
    assert "did you mean 'loss'?" in text
    assert "must be a whole number, got 'no'" in text


def test_broken_yaml_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("title: x\nbase: {data: [}\n")
    with pytest.raises(ConfigError, match=r"line 2: is not YAML"):
        config.load(file)


@pytest.mark.parametrize("text", ["", "- a\n", "just a text\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match="must be a mapping"):
        config.load(file)


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    file.write_text(file.read_text() + "title: again\n")
    with pytest.raises(ConfigError, match="duplicate key title"):
        config.load(file)
