"""The example notebook: executed as it stands, committed without outputs."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return found


def test_it_is_committed_without_outputs_and_names_generated_pairs_alone() -> None:
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    text = "".join("".join(cell["source"]) for cell in code)
    assert "name: synthetic" in text
    assert "data=" not in text


@pytest.mark.slow
@pytest.mark.e2e
def test_it_runs_as_it_stands_and_shows_what_it_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs the extra notebook")
    nbclient = pytest.importorskip("nbclient", reason="needs the extra notebook")
    pytest.importorskip("ipykernel", reason="needs the extra notebook")
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "ablate"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m ablate "$@"\n')
    script.chmod(0o755)
    shutil.copy(NOTEBOOK, tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = nbformat.read(NOTEBOOK, as_version=4)
    here = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=280, resources=here).execute()
    data = {
        "".join(cell["source"]).splitlines()[-1]: cell["outputs"][-1].get("data", {})
        for cell in book.cells
        if cell["cell_type"] == "code" and cell["outputs"]
    }
    assert "Does the sign of the gradient matter?" in data["study"]["text/html"]
    assert data["study"]["text/html"].count("<img") == 4
    assert "image/png" in data['study.figure("forest")']
    assert data["images"]["text/html"].count("<img") == 12
    assert any("test/qabf" in found.get("text/html", "") for found in data.values())
