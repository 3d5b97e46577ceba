"""docs/using.md and docs/data.md: the commands run as they are typed, the facts are those known."""

import gc
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.data.facts import FACTS
from ablate.data.sources import SOURCES, GitSource
from tests.command_line import typed
from tests.docs.test_tutorials import BLOCK

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.slow
@pytest.mark.e2e
def test_using_the_result_runs_as_it_is_written(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra ablate[onnx] is not installed")
    for side, shape in (("ir", (37, 53)), ("vi", (37, 53, 3))):
        for name in ("street", "yard"):
            (tmp_path / side).mkdir(exist_ok=True)
            values = np.random.default_rng(len(name)).integers(0, 256, shape, np.uint8)
            Image.fromarray(values).save(tmp_path / side / f"{name}.png")
    said: dict[str, str] = {}
    for kind, title, text in BLOCK.findall((DOCS / "using.md").read_text(encoding="utf-8")):
        if title:
            (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / title).write_text(text, encoding="utf-8")
        for command in text.splitlines() if kind == "bash" else ():
            runs = sorted(path.name for path in tmp_path.glob("ablate-store/signs/runs/*"))
            ids = dict(zip(("FIRST", "SECOND"), runs, strict=False))
            program, *words = (ids.get(word, word) for word in shlex.split(command))
            assert program == "ablate"
            done = typed(*words, cwd=tmp_path)
            assert done.returncode == 0, f"{command}: {done.stderr}"
            assert max(map(len, done.stdout.splitlines())) <= 80 or "--json" in command
            said[command] = done.stdout
    assert {path.name for path in (tmp_path / "fused").iterdir()} == {"street.png", "yard.png"}
    with Image.open(tmp_path / "one" / "street.png") as image:
        assert (image.size, image.mode) == ((53, 37), "RGB")
    assert json.loads(said["ablate best signs --json"])["arms"]
    assert "loss.components" in said["ablate compare FIRST SECOND"]
    overrides = shlex.split(said["ablate config --run FIRST"])
    planned = typed("plan", "signs", *overrides, "executor=inline", cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    _python(tmp_path)
    gc.collect()


def _python(folder: Path) -> None:
    (code,) = (
        text for kind, _, text in BLOCK.findall((DOCS / "using.md").read_text()) if kind == "python"
    )
    names: dict[str, object] = {}
    here = code.replace('"signed.onnx"', repr(str(folder / "signed.onnx")))
    exec(compile(here, "using.md", "exec"), names)
    assert names["fused"].shape == (1, 1, 37, 53)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(FACTS))
def test_the_table_of_data_sets_says_what_is_known(name: str) -> None:
    page = (DOCS / "data.md").read_text(encoding="utf-8")
    row, *_ = re.findall(rf"^\| `{name}` \|.*$", page, re.MULTILINE)  # the first of its tables
    facts = FACTS.get(name)
    counts = ", ".join(f"{split} {count}" for split, count in facts.counts.items())
    if name != "folders":  # nobody's
        for text in (
            counts or "none is official",
            f"`{facts.layout.partition(', ')[0]}`",
            facts.licence,
        ):
            assert text in row
    source = SOURCES.get(name)
    assert (f"ablate data fetch {name}" in row) == (source is not None)
    if source is not None:
        assert f"({source.megabytes} MB)" in row
    if isinstance(source, GitSource) and source.commit:
        assert source.commit in page
