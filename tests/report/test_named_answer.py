"""What a word on the command line names: a folder, a study in a store, the file of a study."""

from pathlib import Path

import pytest

from ablate.errors import ConfigError
from ablate.report.named_answer import InStore, named


def test_a_study_is_named_by_its_name_its_store_or_its_file(tmp_path: Path) -> None:
    store, other = tmp_path / "store", tmp_path / "other"
    for folder in (store, other, tmp_path / "report"):
        folder.mkdir()
    file = tmp_path / "mine.yaml"
    file.touch()
    assert named("mine", store=store) == InStore(study="mine", store=store)
    assert named(f"mine@{other}", store=store) == InStore(study="mine", store=other)
    assert named("mine@2", store=store) == InStore(study="mine@2", store=store)
    assert named(str(file), store=store) == InStore(study="mine", store=store)
    assert named(str(tmp_path / "report"), store=store) == tmp_path / "report"
    with pytest.raises(ConfigError, match="no such folder, and no study of a store"):
        named("mine", store=tmp_path / "none")
