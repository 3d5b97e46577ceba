"""References of a study: paired by stem, all problems at once, and the numbers of `ablate score`."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ablate import config, data, models
from ablate.config.schema import StudyConfig
from ablate.data.items import Examples
from ablate.data.pairs import PairSet
from ablate.errors import DataError
from ablate.fusing.weights_file import write
from ablate.scoring import references
from ablate.scoring.folders import gather
from ablate.scoring.scores import score as score_folders
from ablate.training.scoring import Row, image_tensor, to_uint8

NAMES = ("en", "sd", "scd", "qabf", "vif")
Study = tuple[StudyConfig, Examples]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Return a folder of 12 pairs, visible in colour, and fused images of them all."""
    random = np.random.default_rng(0)
    for index in range(12):
        for side, channels in (("ir", 1), ("vi", 3), ("fused", 3)):
            path = tmp_path / side / f"{index:02d}.png"
            path.parent.mkdir(exist_ok=True)
            values = random.integers(0, 256, (48, 56, channels), dtype=np.uint8)
            Image.fromarray(values.squeeze()).save(path)
    return tmp_path


def study(pairs: Path, *words: str, model: str = "densefuse") -> Study:
    loaded = config.load(
        "q4_variant",
        [
            "data=folders",
            f"data.infrared={pairs / 'ir'}",
            f"data.visible={pairs / 'vi'}",
            "data.crop=32",
            f"model={model}",
            f"metrics.names=[{','.join(NAMES)}]",
            *words,
        ],
    )
    return loaded, data.load(loaded.base["data"])


def told(one: Study) -> list[str]:
    with pytest.raises(DataError) as caught:
        references.check(*one)
    return str(caught.value).splitlines()


def test_the_numbers_are_those_that_score_gives_the_folder(pairs: Path) -> None:
    one = study(pairs, f"references.Theirs={pairs / 'fused'}")
    rows = references.score(*one)["Theirs"]
    collection = gather(
        infrared=pairs / "ir", visible=pairs / "vi", fused=[f"Theirs={pairs / 'fused'}"]
    )
    scores = score_folders(collection, names=NAMES, protocol="cddfuse-py")
    wanted = {(r.image, r.metric): r.value for r in scores.rows if r.method == "Theirs"}
    test = one[1].stems("test")
    assert {row[1] for row in rows} == set(test)
    assert len(rows) == len(test) * len(NAMES)
    for split, image, metric, value in rows:
        assert split == "test"
        assert value == wanted[image, metric]


def test_every_problem_of_every_reference_is_told_at_once(pairs: Path) -> None:
    one = study(
        pairs,
        f"references.A={pairs / 'fused'}",
        "references.B=/nowhere",
        f"references.C={pairs / 'other'}",
        f"+references.D={{weights: {pairs / 'w.safetensors'}, model: {{name: unet}}}}",
    )
    first, second, third = one[1].stems("test")[:3]
    (pairs / "fused" / f"{first}.png").unlink()
    Image.new("L", (56, 47)).save(pairs / "fused" / f"{second}.png")
    (pairs / "fused" / f"{third}.png").write_bytes(b"no image")
    for idle in one[1].stems("train"):  # nobody asks for them
        (pairs / "fused" / f"{idle}.png").write_bytes(b"")
    (pairs / "other").mkdir()
    Image.new("L", (56, 48)).save(pairs / "other" / "elsewhere.png")
    lines = told(one)
    assert lines[0] == f"{pairs / 'fused'}: has no image for the test pair {first}; add it"
    assert f"{second}.png: is 56x47, its sources 56x48; save fused images at the size" in lines[1]
    assert f"{third}.png: " in lines[2]
    assert lines[3] == "/nowhere: no such folder; check the path"
    assert lines[4].startswith(f"{pairs / 'other'}: no image has the name of a test pair ({first}")
    assert lines[5] == f"{pairs / 'w.safetensors'}: no such file; check the path"
    assert len(lines) == 6


def test_weights_are_scored_as_the_network_that_they_are_of(pairs: Path) -> None:
    torch.manual_seed(0)
    network = models.build({"name": "densefuse", "width": 2}).eval()
    write(network, pairs / "w.safetensors", labels={"any": "label"})
    model = "{name: densefuse, width: 2}"
    one = study(pairs, f"+references.Ours={{weights: {pairs / 'w.safetensors'}, model: {model}}}")
    rows = references.score(*one)["Ours"]
    (pairs / "made").mkdir()
    assert isinstance(one[1], PairSet)
    for pair in one[1].pairs("test"):
        cpu = torch.device("cpu")
        with torch.no_grad():
            fused = network(
                infrared=image_tensor(pair.infrared, cpu), visible=image_tensor(pair.visible, cpu)
            )
        Image.fromarray(to_uint8(fused)[0, 0].numpy()).save(pairs / "made" / f"{pair.stem}.png")
    wanted: list[Row] = references.score(*study(pairs, f"references.M={pairs / 'made'}"))["M"]
    assert rows == wanted
    (weights,) = references.facts(*one)
    assert weights.kind == "weights"
    assert weights.model == {"name": "densefuse", "width": 2}


def test_weights_of_another_network_are_one_line(pairs: Path) -> None:
    network = models.build({"name": "densefuse", "width": 2})
    write(network, pairs / "w.safetensors", labels={})
    (pairs / "broken.safetensors").write_bytes(b"x" * 20)
    made = [
        f"+references.{name}={{weights: {pairs / file}.safetensors, model: {model}}}"
        for name, file, model in (
            ("A", "w", "{name: densefuse, width: 3}"),
            ("B", "w", "{name: unet}"),
            ("C", "broken", "{name: unet}"),
            ("D", "w", "{name: restormer, width: 3, heads: 2}"),
        )
    ]
    lines = told(study(pairs, *made))
    assert len(lines) == 4
    assert "weights do not fit the network densefuse of references.A: " in lines[0]
    assert "is [2, 1, 3, 3], in the network [3, 1, 3, 3], and " in lines[0]
    assert lines[0].endswith("; set model to the settings that they were trained with")
    assert "the network unet of references.B: lacks " in lines[1]
    assert "no safetensors file" in lines[2]
    assert "references.D: model.heads: 2 does not divide" in lines[3]


def test_the_hash_follows_the_content_and_not_the_place(pairs: Path, tmp_path: Path) -> None:
    (before,) = references.facts(*study(pairs, f"references.A={pairs / 'fused'}"))
    assert before.kind == "images"
    (pairs / "fused").rename(pairs / "moved")
    moved = study(pairs, f"references.A={pairs / 'moved'}")
    assert references.facts(*moved) == (before,)
    stem = moved[1].stems("test")[0]
    Image.new("RGB", (56, 48)).save(pairs / "moved" / f"{stem}.png")
    assert references.facts(*moved)[0].hash != before.hash


def test_a_study_of_the_probe_says_why_it_scores_none(pairs: Path) -> None:
    one = study(pairs, "references.A=/nowhere", model="probe")
    assert references.left_out(one[0]) == (
        "the probe optimises crops and fuses no whole image; choose a network"
    )
    references.check(*one)
    assert references.score(*one) == {}
    assert references.facts(*one) == ()
    assert references.left_out(study(pairs)[0]) == ""
