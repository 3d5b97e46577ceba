"""Scenes as cases: what a study records of them reaches every test of its answers."""

from typing import Any

import numpy as np
import pytest

from ablate.analysis.cells import cells_of
from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted
from ablate.stats.crossed import crossed_t, effective_cases

IMAGES = 30
SIZES = (2, 5, 5, 5, 3, 5, 5)  # of the scenes of MSRS-mini's test part


def scenes() -> dict[str, str]:
    names = [f"scene {s}" for s, size in enumerate(SIZES) for _ in range(size)]
    return dict(zip((f"{image:03d}" for image in range(IMAGES)), names, strict=True))


def study(seed: int) -> tuple[Any, Any]:
    """Return scores of two equal values whose difference varies from scene to scene."""
    random = np.random.default_rng(seed)
    of_scene = np.repeat(random.normal(size=len(SIZES)), SIZES)
    y = 50 + random.normal(scale=0.05, size=(8, 2, IMAGES))
    y[:, 1] += of_scene
    return y, planted.chosen({"qabf": y}, values=("a", "b"))


def test_the_rows_use_the_scenes_of_the_question() -> None:
    y, selected = study(0)
    question = planted.question(values=("a", "b"), groups=scenes(), smallest_effect={"qabf": 0.1})
    row = judge(question, selected, planted.FACTS).rows[0]
    by_hand = crossed_t(y[:, 1] - y[:, 0], groups=list(scenes().values()))
    assert (row.p, row.df) == (float(by_hand.p), float(by_hand.df))
    assert (row.groups, row.cases) == (7, effective_cases(list(scenes().values())))
    assert row.block_variance == float(by_hand.block_variance)
    assert row.df is not None
    assert row.df < 7


def test_an_image_left_out_takes_its_scene_along() -> None:
    _, selected = study(0)
    answers = selected.answers
    answers.loc[answers["image"].isin(["000", "001"]) & (answers["value"] == "a"), "score"] = np.nan
    question = planted.question(values=("a", "b"), groups=scenes())
    cells = cells_of(question, answers, "qabf")
    assert cells.groups is not None
    assert len(cells.groups) == cells.scores.shape[2] == 28
    assert len(set(cells.groups)) == 6


def test_images_as_cases_claim_what_scenes_do_not() -> None:
    claims = {"scenes": 0, "images": 0}
    for seed in range(60):
        _, selected = study(seed)
        for name, groups in (("scenes", scenes()), ("images", {})):
            question = planted.question(values=("a", "b"), groups=groups)
            p = judge(question, selected, planted.FACTS).rows[0].p
            claims[name] += p is not None and p < 0.05
    assert claims["scenes"] <= 8
    assert claims["images"] >= 15


@pytest.mark.parametrize(("count", "words"), [(1, "one scene"), (3, "3 test scenes")])
def test_few_scenes_are_said(count: int, words: str) -> None:
    _, selected = study(0)
    groups = {f"{image:03d}": f"{image % count}" for image in range(IMAGES)}
    found = judge(planted.question(values=("a", "b"), groups=groups), selected, planted.FACTS)
    assert any(words in caveat for caveat in found.caveats)
