"""Which pictures a study publishes: the median block, and the images of the rule."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ablate import models
from ablate.data.pairs import Pair, PairSet
from ablate.published import (
    ConfirmationFacts,
    CrossedFactor,
    FrozenArm,
    GalleryFacts,
    PhaseFacts,
    QuestionFacts,
    StudyDocument,
)
from ablate.settings.sources import Sources
from ablate.study import gallery
from ablate.study.gallery import chosen, first_contrast
from ablate.training.scoring import image_tensor, to_uint8

QUESTION = QuestionFacts(
    id="variant",
    asks="Does the sign matter?",
    factor="variant",
    arms=(("old", "A"), ("new", "B")),
    baseline="old",
    primary=("qabf",),
    contrasts=("baseline",),
)
FACTS = StudyDocument(
    study="q",
    title="",
    asks=(),
    primary=("qabf",),
    data_label="",
    data_name="",
    data_hash="",
    counts={},
    design_hash="",
    protocol="",
    protocol_hash="",
    metrics=("qabf",),
    budget="",
    arms=(),
    phases={
        "pilot": PhaseFacts(design="baseline_only"),
        "answer": PhaseFacts(design="blocked"),
    },
    registered=(QUESTION,),
    objective="val/qabf",
)
SHIFT = {1: 0.5, 2: 0.1, 3: 0.3}  # of B over A; block 3 is the median
EXTRA = {"p0": 0.0, "p1": -0.4, "p2": 0.2, "p3": 0.1}


def study(*, metric: str = "qabf") -> tuple[pd.DataFrame, pd.DataFrame]:
    runs, images = [], []
    for block, shift in SHIFT.items():
        for point, val in ((1, 0.2), (2, 0.9)):
            for arm in "AB":
                run_id = f"{arm}{block}{point}"
                runs.append(
                    {
                        "run_id": run_id,
                        "arm_id": arm,
                        "phase": "answer",
                        "state": "finished",
                        "block": block,
                        "seed": block,
                        "val/qabf": val,
                    }
                )
                images += [
                    (run_id, "test", image, metric, 0.4 + (arm == "B") * (shift + extra))
                    for image, extra in EXTRA.items()
                ]
    table = pd.DataFrame(images, columns=["run_id", "split", "image", "metric", "value"])
    return pd.DataFrame(runs), table


def test_runs_are_the_winners_of_the_median_block() -> None:
    found = chosen(FACTS, *study())
    assert found.block == 3
    assert found.runs == {"A": "A32", "B": "B32"}
    assert found.terms == (("new", 1.0), ("old", -1.0))


def test_images_are_largest_gain_median_and_largest_loss() -> None:
    found = chosen(FACTS, *study()).images
    assert [(one.image, one.why) for one in found] == [
        ("p2", "largest gain"),
        ("p3", "median"),
        ("p1", "largest loss"),
    ]
    assert [one.gain for one in found] == pytest.approx([0.5, 0.4, -0.1])


def test_a_lower_is_better_metric_turns_the_rule_round() -> None:
    facts = replace(FACTS, registered=(replace(QUESTION, primary=("nabf",)),))
    found = chosen(facts, *study(metric="nabf")).images
    assert found[0].image == "p1"
    assert found[0].why == "largest gain"


def test_a_smallest_gain_is_not_called_a_loss() -> None:
    runs, images = study()
    found = chosen(FACTS, runs, images[images["image"] != "p1"]).images
    assert [one.why for one in found] == ["largest gain", "median", "smallest gain"]


@pytest.mark.parametrize("kept", [1, 2])
def test_few_images_are_shown_once_each(kept: int) -> None:
    runs, images = study()
    some = images[images["image"].isin(list(EXTRA)[:kept])]
    found = [one.image for one in chosen(FACTS, runs, some).images]
    assert len(found) == len(set(found)) == kept


def test_a_question_with_a_missing_value_gives_the_runs_without_a_rule() -> None:
    runs, images = study()
    found = chosen(FACTS, runs[runs["arm_id"] == "A"], images)
    assert found == GalleryFacts(runs={"A": "A11"})


def test_nothing_finished_shows_nothing() -> None:
    runs, images = study()
    assert chosen(FACTS, runs.assign(state="failed"), images) == GalleryFacts()


def test_a_study_that_only_searched_shows_its_best_healthy_trials() -> None:
    facts = replace(FACTS, phases={"hunt": PhaseFacts(design="search")}, registered=())
    runs = pd.DataFrame(
        {
            "run_id": [f"r{at}" for at in range(8)],
            "arm_id": [f"a{at}" for at in range(8)],
            "phase": "hunt",
            "state": ["pruned", *["finished"] * 7],
            "health": ["healthy", "negative", *["healthy"] * 6],
            "val/qabf": [None, 0.9, 0.1, 0.2, 0.3, 0.4, 0.5, None],
        }
    )
    none = pd.DataFrame(columns=["run_id", "split", "image", "metric", "value"])
    assert list(chosen(facts, runs, none).runs.items()) == [
        (f"a{at}", f"r{at}") for at in (6, 5, 4, 3)
    ]
    assert chosen(facts, runs.drop(columns="val/qabf"), none) == GalleryFacts()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"contrasts": (("split", (("b", 1), ("c", -1))),)}, [("b", 1.0), ("c", -1.0)]),
        ({"contrasts": ("sequence",)}, [("b", 1.0), ("a", -1.0)]),
        ({"baseline": "b"}, [("a", 1.0), ("b", -1.0)]),
        ({"crossed": (CrossedFactor(factor="v", values=("a", "b"), baseline="a"),)}, []),
    ],
)
def test_the_first_contrast_is_the_one_registered_first(question: Any, expected: Any) -> None:
    given = replace(QUESTION, arms=(("a", "A"), ("b", "B"), ("c", "C")), baseline="a")
    assert first_contrast(replace(given, **question)) == expected


def test_a_network_fuses_again_what_its_run_did_not_keep(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pair = Pair(
        stem="p0",
        infrared=random.integers(0, 255, (24, 32), dtype=np.uint8),
        visible=random.integers(0, 255, (24, 32), dtype=np.uint8),
    )
    network = models.build({"name": "unet"}).eval()
    kept, target = tmp_path / "kept.png", tmp_path / "out" / "p0.png"
    assert not gallery._picture(kept, None, pair, target)
    assert gallery._picture(kept, network, pair, target)
    cpu = torch.device("cpu")
    with torch.no_grad():
        fused = network(
            infrared=image_tensor(pair.infrared, cpu), visible=image_tensor(pair.visible, cpu)
        )
    np.testing.assert_array_equal(np.asarray(Image.open(target)), to_uint8(fused)[0, 0].numpy())
    Image.new("L", (32, 24), 7).save(kept)
    assert gallery._picture(kept, network, pair, target)
    assert np.asarray(Image.open(target)).max() == 7


def test_colour_sources_and_what_is_fused_of_them_are_written_in_colour(tmp_path: Path) -> None:
    from ablate.imaging.colour import rgb_to_ycbcr

    random = np.random.default_rng(0)
    pet = random.integers(40, 200, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pet).save(tmp_path / "pet.png")
    brightness, chroma = rgb_to_ycbcr(pet)
    grey = np.rint(brightness).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "mri.png")
    folder = tmp_path / "published" / "gallery"
    for name in ("MRI", "PET", "arm"):
        (folder / name).mkdir(parents=True)
        Image.fromarray(grey).save(folder / name / "p0.png")
    pairs = PairSet(
        splits={"train": (), "val": (), "test": ("p0",)},
        read=lambda stem: Pair(stem=stem, infrared=grey, visible=grey, chroma=chroma),
        manifest=None,  # type: ignore[arg-type]
        files={"p0": (tmp_path / "mri.png", tmp_path / "pet.png")},
    ).named(Sources("MRI", "PET"))
    gallery._colour("p0", chroma, pairs, arms=["arm", "not fused"], folder=folder)
    written = folder.with_name("colour")
    assert sorted(path.parent.name for path in written.rglob("*.png")) == ["PET", "arm"]
    for name in ("PET", "arm"):
        found = np.asarray(Image.open(written / name / "p0.png")).astype(int)
        assert np.abs(found - pet).max() <= 1  # Y is rounded


def test_a_search_that_was_confirmed_shows_its_frozen_arms() -> None:
    phases = {"hunt": PhaseFacts(design="search"), "confirm": PhaseFacts(design="confirm")}
    arms = tuple(FrozenArm(name=name, source="") for name in ("baseline", "winner 1"))
    confirmed = ConfirmationFacts(phase="confirm", question="q", of="hunt", arms=arms)
    facts = replace(FACTS, phases=phases, registered=(), confirmations=(confirmed,))
    runs, images = study()
    runs = pd.concat([runs.assign(phase="confirm"), runs.assign(phase="hunt", arm_id="C")])
    assert chosen(facts, runs, images).runs == {"A": "A11", "B": "B11"}
    nothing_frozen = replace(facts, confirmations=(replace(confirmed, arms=()),))
    assert list(chosen(nothing_frozen, runs, images).runs) == ["C"]
