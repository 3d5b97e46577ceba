"""`ablate new` writes a project that runs as it is."""

from pathlib import Path

import pytest

from ablate.cli.main import main
from ablate.losses.penalty import PENALTIES


def ends(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return int(end.value.code or 0)


def test_a_new_project_checks_and_plans_with_its_own_penalty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends("new", str(tmp_path / "mine")) == 0
    monkeypatch.chdir(tmp_path / "mine")
    try:
        assert ends("check", ".") == 0
        assert "log_cosh" in PENALTIES
        assert ends("plan", "my_penalty") == 0
    finally:
        PENALTIES._members.pop("log_cosh", None)
    text = capsys.readouterr().out
    assert "log_cosh" in text
    assert "3 arms x 4 points x 8 blocks = 96 runs" in text


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert ends("new", str(tmp_path)) == 1
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "README.md").read_text() == "mine"
    assert not (tmp_path / "studies").exists()
