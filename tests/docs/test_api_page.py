"""docs/api.md runs as it is written, and the flat namespace holds what it promises."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ablate
from tests.docs.test_tutorials import BLOCK

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.slow
@pytest.mark.e2e
def test_the_page_runs_as_it_is_written(tmp_path: Path) -> None:
    for side in ("ir", "vi", "fused", "A", "B"):
        (tmp_path / side).mkdir()
        for name in ("street", "yard"):
            values = np.random.default_rng(len(side + name)).integers(0, 256, (64, 80), np.uint8)
            Image.fromarray(values).save(tmp_path / side / f"{name}.png")
    text = PAGE.read_text(encoding="utf-8")
    code = "\n".join(block for kind, _, block in BLOCK.findall(text) if kind == "python")
    environment = {**os.environ, "PYTHONPATH": str(PAGE.parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "did you mean 'steps'?" in done.stdout.splitlines()[-1]
    assert (tmp_path / "history.png").stat().st_size > 10_000


def test_every_public_name_is_there_and_described() -> None:
    for name in ablate.__all__:
        found = getattr(ablate, name)
        assert name.startswith("__") or inspect.getdoc(found), name


def test_names_are_imported_lazily_and_listed_once() -> None:
    tree = ast.parse(Path(str(ablate.__file__)).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {node.targets[0].id for node in block.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    names = {*ablate._HOMES, *ablate._MODULES}
    assert names == {name for name in typed if not name.isupper()}
    assert set(ablate._HOMES) < set(ablate.__all__)
    assert len(set(ablate.__all__)) == len(ablate.__all__)
    assert set(dir(ablate)) >= set(ablate.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'metrik'"):
        ablate.metrik  # noqa: B018


def test_the_page_names_every_decorator() -> None:
    text = PAGE.read_text(encoding="utf-8")
    decorators = [name for name, home in ablate._HOMES.items() if home.endswith(".register")]
    assert len(decorators) == 16
    for name in decorators:
        assert f"`{name}`" in text, name
