"""The command that a message names where an extra is missing."""

import sys
from pathlib import Path

import pytest

from ablate.errors import with_extra


@pytest.mark.parametrize("is_ours", [True, False])
def test_the_extra_is_added_to_the_python_that_runs(
    is_ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = tmp_path / "my env", tmp_path / "other"
    for folder in (mine, other):
        folder.mkdir()
        (folder / "pip").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(mine / "python"))
    monkeypatch.setenv("PATH", str(mine if is_ours else other))
    pip = "pip" if is_ours else f"'{mine}/python' -m pip"
    assert with_extra("onnx") == f"{pip} install 'ablate[onnx]'"
