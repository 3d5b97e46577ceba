"""`ablate adopt`: a study of a repository, which plans as it was written."""

from pathlib import Path

import pytest

from ablate.cli.main import main
from tests.adopting.standins import made


def ends(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return int(end.value.code or 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "Their-Net", "argparse")
    return tmp_path


def test_what_it_writes_plans(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends("adopt", "Their-Net") == 0
    said = capsys.readouterr().out
    assert "loss weight   10               flag     train.py:7 alpha" in said
    assert said.endswith("wrote studies/their_net.yaml; read it, then: ablate check their_net\n")
    assert ends("plan", "their_net") == 0
    assert "phase compare (one_factor): 3 arms x 2 seeds" in capsys.readouterr().out


def test_nothing_is_replaced_without_force(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = here / "mine.yaml"
    path.write_text("mine")
    assert ends("adopt", "Their-Net", "--out", "mine.yaml") != 0
    assert "mine.yaml: is there already; --force replaces it" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert ends("adopt", "Their-Net", "--out", "mine.yaml", "--force") == 0
    assert "their_net" not in path.read_text()
    assert "task.values.alpha" in path.read_text()


@pytest.mark.parametrize(("folder", "said"), [("none", "no such folder"), ("empty", "no Python")])
def test_a_folder_that_is_none_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], folder: str, said: str
) -> None:
    (here / "empty").mkdir()
    assert ends("adopt", folder) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (here / "studies").exists()
