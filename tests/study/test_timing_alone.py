"""Timing a worker's start runs no module of the folder where the command was typed."""

from pathlib import Path

import pytest

from ablate.study import timing


@pytest.mark.slow
def test_a_module_in_the_current_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    timing._worker_s()
    assert not (tmp_path / "ran").exists()
