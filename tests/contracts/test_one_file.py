"""A setting of the loss, a network and a data set are one packaged file each.

Every test copies the package, changes or adds that one file, and runs the copy in a process of its
own. Nothing is generated anew: what has changed since the table of members was written is imported.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ablate import config
from ablate.study.names import known
from ablate.study.plan import make

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package with its studies and pages."""
    unused = shutil.ignore_patterns("__pycache__", "reference", "site", "*.png", "*.svg")
    for name in ("ablate", "studies", "search_spaces", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unused)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def ran(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = [str(tree), *(path for path in sys.path if path and Path(path) != ROOT)]
    return subprocess.run(
        [sys.executable, *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )


def said(tree: Path, code: str) -> Any:
    """Return what a script prints last, as JSON."""
    start = f"import ablate, json\nassert ablate.__file__.startswith({str(tree)!r})\n"
    done = ran(tree, "-c", start + dedent(code))
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def refused(tree: Path, *words: str) -> str:
    """Return the message of a plan that is refused."""
    done = ran(tree, "-m", "ablate", "plan", "q4_variant", *words)
    assert done.returncode == 2, done.stdout + done.stderr[-2000:]
    return done.stderr


PLAN = """
    from ablate import config
    from ablate.errors import ConfigError
    from ablate.study.names import known
    from ablate.study.plan import make

    def load(*words, study="q4_variant"):
        return config.load(study, words, known=known())
"""


def test_a_setting_of_the_loss(tree: Path) -> None:
    file = tree / "ablate" / "losses" / "components.py"
    text = file.read_text()
    for old, new in (
        (
            '@COMPONENTS.register("magnitude_l2")\ndef magnitude_l2(grad_x: Tensor, grad_y: Tensor)',
            "@dataclass(frozen=True, slots=True, kw_only=True)\n"
            "class RootSettings:\n"
            '    """What magnitude_l2 has."""\n\n'
            "    epsilon: float = field(\n"
            '        "float", 1e-6, written=False, above=0, absent=1e-6, meaning="Under the root."\n'
            "    )\n\n\n"
            '@COMPONENTS.register("magnitude_l2", settings=RootSettings)\n'
            "def magnitude_l2(grad_x: Tensor, grad_y: Tensor, *, epsilon: float)",
        ),
        ("grad_y * grad_y + SMALL)", "grad_y * grad_y + epsilon)"),
        (
            "from ablate.registry import Registry\n",
            "from dataclasses import dataclass\n\nfrom ablate.registry import Registry\n"
            "from ablate.settings.setting import field\n",
        ),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text)
    here = {"l2": "loss.components=magnitude_l2"}
    before = make(config.load(str(ROOT / "studies" / "q2_levels.yaml"), known=known())).design_hash
    found = said(
        tree,
        PLAN
        + f"""
    import torch
    from ablate import losses
    from docs.reference_pages import pages

    l2 = {here["l2"]!r}
    faults = []
    for words in ((l2, "loss.epsilon=0"), (l2, "loss.epsilo=1")):
        try:
            load(*words, study="q2_levels")
        except ConfigError as error:
            faults += error.faults
    pair = torch.rand(3, 1, 1, 32, 32)
    root = dict(zip(("infrared", "visible", "fused"), pair), components="magnitude_l2")
    arms = [
        make(load(l2, *words, study="q2_levels")).baseline_arm_id
        for words in ((), ("loss.epsilon=1e-6",), ("loss.epsilon=0.5",))
    ]
    print(json.dumps({{
        "faults": faults,
        "values": [float(losses.gradient_loss(**root, **more))
                   for more in ({{}}, {{"epsilon": 1e-6}}, {{"epsilon": 0.5}})],
        "inert": losses.canonical({{"epsilon": 0.5}}) == losses.canonical({{}}),
        "arms": arms,
        "design": make(load(study="q2_levels")).design_hash,
        "page": "loss.epsilon" in pages()["settings.md"],
    }}))
    """,
    )
    assert len(found["faults"]) == 2
    assert "base.loss.epsilon: must be a number above 0, got 0" in found["faults"][0]
    assert "did you mean 'epsilon'?" in found["faults"][1]
    assert found["values"][0] == found["values"][1] != found["values"][2]
    assert found["inert"]
    assert found["arms"][0] == found["arms"][1] != found["arms"][2]
    assert found["design"] == before  # old stores go on
    assert found["page"]


TINY = '''
"""A network of one layer."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.models.contract import MODELS, FusionNetwork
from ablate.settings.network import NetworkSettings
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class TinySettings(NetworkSettings):
    """Settings of `tiny`."""

    width: int = field("int", 4, low=1, high=64, meaning="Channels.")


@MODELS.register("tiny", settings=TinySettings)
class Tiny(FusionNetwork):
    """Two convolutions."""

    source = "this test"

    def __init__(self, settings: TinySettings) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, settings.width, 3, padding=1), nn.Conv2d(settings.width, 1, 1)
        )

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map."""
        return self.layers(torch.cat([infrared, visible], dim=1))
'''


@pytest.mark.slow
def test_a_network(tree: Path) -> None:
    (tree / "ablate" / "models" / "tiny.py").write_text(TINY.lstrip())
    text = refused(tree, "model=tiny", "model.width=-3")
    assert "base.model.width: must be a whole number from 1 to 64, got -3" in text
    text = refused(tree, "model=tiny", "model.widht=3")
    assert "did you mean 'width'?" in text
    text = refused(tree, "model=tiny", "model.output=round")
    assert "base.model.output: no such name as 'round'" in text
    found = said(
        tree,
        PLAN
        + """
    import torch
    from ablate import losses, models

    section = load("model=tiny").base["model"]
    model = models.build(section)
    optimiser = torch.optim.Adam(model.parameters())
    infrared, visible = torch.rand(2, 1, 1, 16, 16)
    before = [p.detach().clone() for p in model.parameters()]
    fused = model(infrared=infrared, visible=visible)
    losses.fusion_loss(fused, infrared, visible, levels=2).backward()
    optimiser.step()
    moved = all(not torch.equal(p, q) for p, q in zip(model.parameters(), before))
    print(json.dumps({"section": section, "moved": moved, "models": known()["models"]}))
    """,
    )
    assert found["moved"]
    assert found["section"] == {
        "name": "tiny",
        "width": 4,
        "output": "mean",
        "initialisation": "torch",
        "last_layer": "zero",
    }
    assert "tiny" in found["models"]


CAMPUS = '''
"""Campus: {train,test}/{ir,vi}/NAME.png."""

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import root_of
from ablate.data.folder_sets import published
from ablate.data.pairs import PairSet
from ablate.settings.data import PublishedSplit

CAMPUS = FACTS.register("campus")(
    Facts(
        title="Campus",
        about="scenes of a campus",
        layout="{train,test}/{ir,vi}/NAME.png",
        counts={"train": 6, "test": 2},
        source="this test",
        licence="none",
        get="nowhere",
    )
)


@DATASETS.register("campus", settings=PublishedSplit)
def campus(settings: PublishedSplit) -> PairSet:
    """Campus layout."""
    return published(root_of(settings.root, "Campus"), settings, facts=CAMPUS)
'''


def test_a_data_set(tree: Path, tmp_path: Path) -> None:
    (tree / "ablate" / "data" / "campus.py").write_text(CAMPUS.lstrip())
    draw = np.random.default_rng(0)
    for split, count in (("train", 6), ("test", 2)):
        for side in ("ir", "vi"):
            folder = tmp_path / "campus" / split / side
            folder.mkdir(parents=True)
            for index in range(count):
                grey = draw.integers(0, 256, (40, 48), dtype=np.uint8)
                Image.fromarray(grey).save(folder / f"{split}{index}.png")
    text = refused(tree, "data=campus", "data.val_share=2", "data.croop=3")
    assert "base.data.val_share: must be a number above 0 and at most 0.9, got 2" in text
    assert "did you mean 'crop'?" in text
    found = said(
        tree,
        PLAN
        + f"""
    from ablate import data

    base = load("data=campus", "data.root={tmp_path / "campus"}", "data.val_share=.5").base
    pairs = data.load(base["data"])
    counts = {{split: len(pairs.stems(split)) for split in ("train", "val", "test")}}
    print(json.dumps({{"section": base["data"], "counts": counts, "label": pairs.manifest.label}}))
    """,
    )
    assert found["section"] == {
        "name": "campus",
        "crop": 64,  # of the study
        "groups": "auto",
        "root": str(tmp_path / "campus"),
        "val_share": 0.5,
    }
    assert found["counts"] == {"train": 3, "val": 3, "test": 2}
    assert found["label"] == "Campus"
