import json
import logging
from pathlib import Path

import pytest

from ablate.search.artifacts import ATTRIBUTE, keep


def test_a_picture_lies_there_under_the_id_that_the_trial_names(tmp_path: Path) -> None:
    source = tmp_path / "run" / "fused" / "a.png"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"png")
    first, again = (keep({"fused a.png": source}, into=tmp_path / "out") for _ in range(2))
    assert first == again
    ((key, text),) = first.items()
    meta = json.loads(text)
    assert key == ATTRIBUTE + meta["artifact_id"]
    assert (meta["filename"], meta["mimetype"]) == ("fused a.png", "image/png")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [meta["artifact_id"]]
    assert (tmp_path / "out" / meta["artifact_id"]).read_bytes() == b"png"


def test_an_absent_picture_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert keep({"a": tmp_path / "absent.png"}, into=tmp_path / "out") == {}
    assert "cannot be shown" in caplog.text
