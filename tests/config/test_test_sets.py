"""Further test sets in a study file: what they take, every fault, and that they are no identity."""

from pathlib import Path

import pytest

from ablate import config
from ablate.config.schema import FurtherSet
from ablate.errors import ConfigError
from ablate.study.names import known
from ablate.study.plan import make
from ablate.study.provenance import command

TNO = "data.tests.tno={name: tno, root: /a}"


def load(*words: str) -> config.StudyConfig:
    return config.load("q4_variant", words, known=known())


def test_a_set_without_a_split_of_its_authors_is_whole_another_is_its_test_part() -> None:
    found = load(TNO, "data.tests.msrs={name: msrs, root: /m, limit: {test: 9}}").tests
    assert (found["tno"].part, found["msrs"].part) == ("all", "test")
    assert found["tno"].data is not None
    assert found["tno"].data["root"] == "/a"
    assert found["tno"].data["groups"] == "auto"  # as a training set has it
    assert "crop" not in found["tno"].data
    assert found["msrs"].data is not None
    assert found["msrs"].data["limit"] == {"test": 9}


def test_a_protocol_alone_is_the_own_test_part_under_other_rules() -> None:
    found = load("data.tests.tang={protocol: tang-py}").tests
    assert found == {"tang": FurtherSet(data=None, part="test", protocol="tang-py")}


def test_sets_are_no_part_of_any_id_and_questions_on_them_are() -> None:
    plain, one, other = load(), load(TNO), load(TNO, "data.tests.b=llvip")
    assert plain.base == one.base == other.base
    assert plain.digest == one.digest == other.digest
    plans = [make(config) for config in (plain, one, other)]
    assert len({plan.design_hash for plan in plans}) == 1
    assert len({tuple(run.run_id for t in plan.trials for run in t.runs) for plan in plans}) == 1
    asks = load(TNO, "questions.variant.tests=[own, tno]")
    assert asks.questions["variant"].tests == ("own", "tno")
    assert asks.digest != plain.digest
    assert load(TNO, "questions.variant.tests=own").digest == plain.digest


def test_sets_stay_where_the_command_line_chooses_other_data(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    text = (Path(config.__file__).parents[2] / "studies" / "q4_variant.yaml").read_text()
    assert "data: {crop: 64}" in text
    text = text.replace("data: {crop: 64}", "data: {crop: 64, tests: {tno: {name: tno}}}")
    file = tmp_path / "studies" / "mine.yaml"
    file.write_text(text)
    assert list(config.load(file, ["data=msrs"], known=known()).tests) == ["tno"]


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            "data.tests.own={name: tno}",
            "data.tests.val={name: tno}",
            "data.tests.vif={name: tno}",
            "data.tests.Big={name: tno}",
            "data.tests.a={name: tnoo}",
            "data.tests.b={name: tno, rot: /x}",
            "data.tests.c={name: tno, crop: 64, limit: {train: 3}}",
            "data.tests.d={name: tno, part: half}",
            "data.tests.e={root: /x}",
            "data.tests.f={name: tno, protocol: mine}",
            "data.tests.g={}",
            "data.tests.h=3",
            "questions.variant.tests=[tn]",
        )
    text = "\n".join(caught.value.faults)
    for told in (
        "base.data.tests.own: 'own' is the name of the test part of the training data",
        "base.data.tests.val: 'val' is the name of a split; choose another name",
        "base.data.tests.vif: 'vif' is the name of a metric",
        "base.data.tests.Big: a test set has lower-case letters",
        "base.data.tests.a.name: no data set is called 'tnoo'; did you mean 'tno'?",
        "base.data.tests.b.rot: no such setting of data; did you mean 'root'?",
        "base.data.tests.c.crop: is for training; a test set has none, remove it",
        "base.data.tests.c.limit.train: is for training",
        "base.data.tests.d.part: must be test or all, got 'half'",
        "base.data.tests.e.name: is missing",
        "base.data.tests.f.protocol: no such name as 'mine'",
        "base.data.tests.g: names no data set",
        "base.data.tests.h: must be the name of a data set or settings",
        "questions.variant.tests: data.tests has no test set 'tn'",
    ):
        assert told in text, told


def test_the_published_command_line_has_no_folder_of_a_set() -> None:
    words = ["data.tests.tno.root=/home/me/TNO", "data.tests.b={name: tno, root: /home/me/b}"]
    assert "/home/me" not in command("q4", words)
