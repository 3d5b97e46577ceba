"""Component tables: one family of rows holds its error rate, and the answer in words."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.components import table_advice, table_headline
from ablate.analysis.contrasts import against_baseline
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.judging import judge
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.verdict import Verdict
from ablate.published import Component
from ablate.stats.arrays import Floats
from ablate.stats.crossed import crossed_t
from ablate.stats.multiplicity import holm

ROWS = ("full", *(f"w/o {name}" for name in "abcde"))
METRICS = ("qabf", "vif")
BLOCKS, IMAGES = 8, 12
QUESTION = RegisteredQuestion(
    id="table",
    asks="Which components does it need?",
    factor="component",
    values=ROWS,
    baseline="full",
    contrasts=against_baseline(ROWS, baseline="full"),
    primary=METRICS,
    components=tuple(
        Component(factor=name, values=tuple(int(f"w/o {name}" != row) for row in ROWS), off=0)
        for name in "abcde"
    ),
)
PLACES = pd.MultiIndex.from_product(
    [range(1, BLOCKS + 1), ROWS, [f"i{n:02d}" for n in range(IMAGES)]],
    names=["block", "value", "image"],
).to_frame(index=False)
TABLE = pd.concat([PLACES.assign(metric=metric) for metric in METRICS], ignore_index=True)


def draw(random: np.random.Generator, studies: int) -> Floats:
    """Return scores [studies, metrics, blocks, values, images] of values that do not differ.

    Blocks and images are shared by the values; runs have noise of their own (2 % of the mean), and
    so has every value in every image, in both metrics alike by half.
    """
    shape = (studies, len(METRICS), BLOCKS, len(ROWS), IMAGES)
    shared = random.normal(0, 0.05, (studies, 1, BLOCKS, 1, 1))
    shared = shared + random.normal(0, 0.1, (studies, 1, 1, 1, IMAGES))
    runs = random.normal(0, 0.014, (studies, 1, BLOCKS, len(ROWS), 1))
    runs = runs + random.normal(0, 0.014, (*shape[:4], 1))
    of_image = random.normal(0, 0.01, (studies, len(METRICS), 1, len(ROWS), IMAGES))
    return np.asarray(1 + shared + runs + of_image + random.normal(0, 0.02, shape))


def judged(scores: Floats) -> Verdict:
    """Return the verdict on scores [metrics, blocks, values, images]."""
    answers = TABLE.assign(score=scores.ravel())
    return judge(QUESTION, Selected(answers=answers), Facts(points=1, planned_blocks=BLOCKS))


def p_values(scores: Floats) -> Floats:
    """Return the corrected p [studies, rows x metrics] as the judge has them, all at once."""
    d = np.moveaxis(scores[:, :, :, 1:] - scores[:, :, :, :1], 3, 1)  # [.., rows, metrics, ..]
    t = crossed_t(d.reshape(-1, BLOCKS, IMAGES))
    return np.array([holm(p) for p in np.asarray(t.p).reshape(len(scores), -1)])


def test_the_quick_form_has_the_p_of_the_judge() -> None:
    scores = draw(np.random.default_rng(0), 4)
    for one, wanted in zip(scores, p_values(scores), strict=True):
        rows = judged(one).rows
        assert [row.p_holm for row in rows] == pytest.approx(wanted.tolist(), rel=1e-9)


def test_a_table_of_five_components_claims_nothing_where_nothing_differs() -> None:
    false = (p_values(draw(np.random.default_rng(2), 2000)) < QUESTION.alpha).any(axis=1)
    print(f"{false.sum()} of 2000 null studies claim something: {false.mean():.4f}")
    assert false.mean() <= 0.065
    assert false.mean() >= 0.01  # the family is corrected, not silenced


def test_a_component_that_matters_is_named_and_kept() -> None:
    effects = np.array([0, -0.08, 0, 0, 0.1, 0])[:, None]
    verdict = judged(draw(np.random.default_rng(3), 1)[0] + effects)
    words = {one.value: one.word for one in verdict.contrasts}
    assert (words["w/o a"], words["w/o d"]) == ("loss", "gain")
    assert verdict.headline.startswith("Against full, worse: w/o a by ")
    assert "better: w/o d by " in verdict.headline
    assert len(verdict.headline.split()) <= 40
    assert verdict.advice.startswith("What to use: leave as it is: w/o a; change: w/o d")


def test_a_table_without_an_answer_says_so() -> None:
    assert table_headline(()) == "No row has an answer."
    assert table_advice(()) == "What to use: nothing follows."
