"""Published losses as the values of a factor: each an arm of its own, named, with its settings."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config, losses
from ablate.errors import ConfigError
from ablate.study.names import known
from ablate.study.plan import make

STUDY: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": "catalogue"}, "_self_"],
    "title": "Published terms in one mix",
    "questions": {
        "q": {"asks": "Does the term matter?", "compare": "published", "primary": ["qabf"]}
    },
    "factors": {"published": {"values": ["proposed", "seafusion", "text_if"]}},
    "phases": {"compare": {"design": "one_factor", "seeds": 1}},
    "objective": "val/qabf",
}


def planned(folder: Path, *words: str, **base: Any) -> list[Any]:
    (folder / "studies").mkdir(exist_ok=True)
    text = yaml.safe_dump({**STUDY, "base": {"loss": base} if base else {}}, sort_keys=False)
    (folder / "studies" / "terms.yaml").write_text("# @package _global_\n" + text)
    study = config.load("terms", list(words), folder, known=known())
    return list(make(study).trials)


def test_every_value_is_a_named_arm_with_the_settings_of_its_repository(tmp_path: Path) -> None:
    trials = planned(tmp_path)
    assert [trial.name for trial in trials] == ["proposed", "seafusion", "text_if"]
    assert [trial.factors for trial in trials] == [{"published": trial.name} for trial in trials]
    for trial in trials:
        found = trial.runs[0].settings["loss"]
        assert "preset" not in found
        assert found == losses.canonical({"preset": trial.name, "ties": "tolerant"})
        assert found["gradient_weight"] == 10.0
    assert len({trial.arm_id for trial in trials}) == 3


def test_the_arm_is_the_one_that_the_written_out_settings_have(tmp_path: Path) -> None:
    by_name = {trial.name: trial.arm_id for trial in planned(tmp_path)}
    words = ["loss.levels=1"]  # the rest of that study is at its defaults
    written = config.load("q4_variant", words, tmp_path, known=known())
    arms = {trial.name: trial.arm_id for trial in make(written).trials}
    assert by_name["seafusion"] == arms["magnitude"]


def test_the_published_mix_is_taken_when_asked_for(tmp_path: Path) -> None:
    trials = planned(
        tmp_path,
        "factors.published.values=[seafusion,text_if]",
        "factors.published.baseline=seafusion",
        mix="published",
    )
    weights = {t.name: t.runs[0].settings["loss"]["intensity_weight"] for t in trials}
    assert weights == {"seafusion": 1.0, "text_if": 8.0}


def test_a_setting_that_a_preset_fixes_is_a_contradiction_in_a_study_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"seafusion: loss.levels: 2 contradicts loss.preset"):
        planned(tmp_path, levels=2)


def test_a_wrong_name_is_told_when_the_study_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"base.loss.preset: .* did you mean 'seafusion'"):
        planned(tmp_path, preset="seafuson")
    with pytest.raises(ConfigError, match=r"base.loss.norm: .* did you mean 'grad'"):
        planned(tmp_path, norm="gradd")
