"""The section `references`: what it takes, every fault at once, and that it is no identity."""

from pathlib import Path

import pytest

from ablate import config
from ablate.config.schema import Reference
from ablate.errors import ConfigError
from ablate.study.names import known
from ablate.study.plan import make
from ablate.study.provenance import command

NETWORK = ["model=densefuse"]
WEIGHTS = "+references.Ours={weights: w.safetensors, model: {name: seafusion, width: 8}}"


def load(*words: str) -> config.StudyConfig:
    return config.load("q4_variant", words, known=known())


def test_a_folder_and_a_file_of_weights_are_references() -> None:
    found = load("references.CDDFuse=/a b/c", WEIGHTS).references
    assert found == {
        "CDDFuse": Reference(folder="/a b/c"),
        "Ours": Reference(weights="w.safetensors", model={"name": "seafusion", "width": 8}),
    }
    assert load().references == {}


def test_a_study_file_may_have_the_section(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    text = (Path(config.__file__).parents[2] / "studies" / "q4_variant.yaml").read_text()
    file = tmp_path / "studies" / "mine.yaml"
    file.write_text(f"{text}\nreferences: {{SeAFusion: fused/SeAFusion}}\n")
    assert config.load(file, known=known()).references["SeAFusion"].folder == "fused/SeAFusion"
    assert config.load(file, ["references.SeAFusion=x"]).references["SeAFusion"].folder == "x"
    assert config.load(file, ["~references.SeAFusion"]).references == {}


def test_references_and_their_paths_are_no_part_of_the_design() -> None:
    plain, one, other = load(), load("references.A=/a"), load("references.B=/b", WEIGHTS)
    assert plain.digest == one.digest == other.digest
    plans = [make(config) for config in (plain, one, other)]
    assert len({plan.design_hash for plan in plans}) == 1
    assert len({tuple(t.arm_id for t in plan.trials) for plan in plans}) == 1


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            "+references.A=3",
            "+references.B={weights: w.safetensors}",
            "+references.C={model: {name: seafusio}, weight: x}",
            "+references.D={weights: w, model: {name: unet, width: 0, depht: 2}}",
            "+references.E={weights: w, model: {name: probe}}",
            f"+references.{'F' * 41}=/a",
        )
    text = "\n".join(caught.value.faults)
    for told in (
        "references.A: must be a folder of images or {weights: FILE.safetensors, model: {name: ",
        "references.B.model: is missing; must name the network of the weights such as {name: ",
        "references.C.weight: no such setting of a reference; did you mean 'weights'?",
        "references.C.model.name: no such name as 'seafusio'; did you mean 'seafusion'?",
        "references.D.model.width: must be a whole number from 1",
        "references.D.model.depht: no such setting of model; did you mean 'depth'?",
        "references.E.model.name: the probe has no weights; name a network",
        "cannot stand in a table; use at most 40 letters",
    ):
        assert told in text, told
    assert len(caught.value.faults) == 8


def test_no_place_of_a_machine_stands_in_the_published_command() -> None:
    words = ["references.A=/home/me/a", "references.B.weights=/home/me/w", WEIGHTS]
    found = command("q4", [*words, "+references.C={weights: /home/me/w, model: {name: unet}}"])
    assert "/home" not in found
    assert "references.A=DIR references.B.weights=DIR +references.Ours=DIR" in found
