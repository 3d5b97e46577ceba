"""What a planned answer will find: its numbers against studies that are drawn image by image."""

import numpy as np
import pytest

from ablate.analysis.contrasts import against_baseline
from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.judging import judge
from ablate.analysis.prospects import Noise, noise_of, prospect, unpaired
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.selftest import planted
from ablate.analysis.words import leading_word
from ablate.stats.arrays import Floats
from ablate.stats.contrasts import difference
from ablate.stats.crossed import crossed_t
from ablate.stats.margins import equivalence_p
from ablate.stats.multiplicity import holm
from ablate.stats.sequential import Course

VALUES = ("a", "b", "c")
METRICS = ("qabf", "vif")
BLOCKS, IMAGES, STUDIES = 12, 20, 1000
SPREADS = {"seed_sd": 0.5, "image_sd": 0.3, "noise_sd": 1.0}


def question(smallest: float) -> RegisteredQuestion:
    return planted.question(
        values=VALUES,
        primary=METRICS,
        contrasts=against_baseline(VALUES, baseline="a"),
        smallest_effect=dict.fromkeys(METRICS, smallest),
        percent_base={},
    )


def drawn(effect: float, *, studies: int) -> list[Floats]:
    """Scores [studies, blocks, values, images] of each metric, the second value better."""
    random = planted.generator(f"prospects {effect}")
    return [
        planted.scores(
            random,
            effects=[0.0, effect, 0.0],
            studies=studies,
            blocks=BLOCKS,
            images=IMAGES,
            **SPREADS,
        )
        for _ in METRICS
    ]


def has_word(arrays: list[Floats], margin: float) -> Floats:
    """Which studies say more than open, in the plain form."""
    t = [
        [crossed_t(difference(scores, c.weights)) for c in question(margin).contrasts]
        for scores in arrays
    ]
    flat = [one for several in t for one in several]
    p = holm(np.stack([one.p for one in flat], axis=-1))
    inside = [equivalence_p(one.estimate, se=one.se, df=one.df, margin=margin) for one in flat]
    equal = holm(np.stack(inside, axis=-1)) < 0.05
    return np.asarray(((p < 0.05) & ~equal).any(axis=-1) | equal.all(axis=-1))


def known_noise() -> Noise:
    """The noise of the drawn studies, in percent of their baseline."""
    of_block = 2 * (SPREADS["seed_sd"] ** 2 + SPREADS["noise_sd"] ** 2 / IMAGES)
    percent = 100 / planted.BASE
    return Noise(
        block=percent * of_block**0.5,
        images=percent * (2 / IMAGES) ** 0.5 * SPREADS["image_sd"],
        base=planted.BASE,
        pilot=planted.BASE,
        blocks=BLOCKS,
        cases=IMAGES,
    )


@pytest.mark.parametrize("smallest", [0.4, 0.7])
def test_the_predicted_chance_is_the_rate_in_simulated_studies(smallest: float) -> None:
    noise = dict.fromkeys(METRICS, known_noise())
    found = prospect(question(smallest), noise, course=Course.of(BLOCKS))
    for times in (1, 2):
        rate = has_word(drawn(times * smallest, studies=STUDIES), smallest).mean()
        assert found.chances[times] == pytest.approx(float(rate), abs=0.05)
    assert found.mean_blocks == {0: BLOCKS, 1: BLOCKS, 2: BLOCKS}


def test_the_plain_form_says_what_the_engine_says() -> None:
    arrays = drawn(0.7, studies=12)
    wanted = has_word(arrays, 0.7)
    for at in range(12):
        table = dict(zip(METRICS, (scores[at] for scores in arrays), strict=True))
        verdict = judge(question(0.7), planted.chosen(table, values=VALUES), planted.FACTS)
        assert (leading_word(verdict.contrasts) != "open") == wanted[at]


def answered(seed: int = 0) -> AnsweredQuestion:
    """An answer with the cells and weights that a document has."""
    one = question(0.7)
    arrays = [scores[seed] for scores in drawn(0.7, studies=seed + 1)]
    table = dict(zip(METRICS, arrays, strict=True))
    verdict = judge(one, planted.chosen(table, values=VALUES), planted.FACTS)
    from ablate.analysis.answers import _cells

    return AnsweredQuestion.of(
        verdict,
        values=one.values,
        baseline=one.baseline,
        weights={contrast.name: contrast.weights for contrast in one.contrasts},
        cells=_cells(one, planted.chosen(table, values=VALUES)),
    )


def test_noise_of_an_answer_is_that_of_its_scores() -> None:
    several = [noise_of([answered(seed)]) for seed in range(30)]
    wanted = known_noise()
    for metric in METRICS:
        blocks = np.mean([one[metric].block ** 2 for one in several]) ** 0.5
        images = np.mean([one[metric].images ** 2 for one in several]) ** 0.5
        assert blocks == pytest.approx(wanted.block, rel=0.1)
        assert images == pytest.approx(wanted.images, rel=0.25)
        assert several[0][metric].base == pytest.approx(planted.BASE, rel=0.1)


def test_detectable_differences_fall_with_blocks_and_a_missing_metric_is_named() -> None:
    noise = {"qabf": known_noise()}
    few, many = (prospect(question(0.7), noise, course=Course.of(n)) for n in (8, 32))
    assert few.metrics[0].detectable > many.metrics[0].detectable
    assert few.missing == ("vif",)
    assert few.chances == {}  # a chance needs the noise of every primary metric
    assert few.metrics[0].smallest == pytest.approx(1.4)


def test_a_smallest_effect_in_percent_refers_to_the_pilot_and_is_shown_of_the_baseline() -> None:
    one = planted.question(values=VALUES, smallest_effect={"qabf": "2%"})
    noise = Noise(block=1, images=0, base=50.0, pilot=25.0, blocks=8)
    (metric,) = prospect(one, {"qabf": noise}, course=Course.of(8)).metrics
    assert metric.smallest == pytest.approx(1.0)


def test_a_pilot_is_taken_as_unpaired() -> None:
    noise = unpaired(0.5, sd=0.01, runs=6)
    assert noise.block == pytest.approx(100 * 2**0.5 * 0.02)
    assert noise.images == 0


def test_few_scenes_raise_what_can_be_found() -> None:
    frames = known_noise()
    frames = Noise(block=frames.block, images=0.5, base=50.0, pilot=50.0, blocks=8, cases=30)
    scenes = Noise(
        block=frames.block, images=0.5, base=50.0, pilot=50.0, blocks=8, cases=5, is_grouped=True
    )
    both = [prospect(question(0.7), {"qabf": one}, course=Course.of(8)) for one in (frames, scenes)]
    by_frames, by_scenes = (one.metrics[0] for one in both)
    assert by_scenes.detectable > by_frames.detectable
    given = prospect(question(0.7), {"qabf": frames}, course=Course.of(8), cases=5)
    assert given.metrics[0] == by_scenes


def test_a_new_study_refers_percentages_to_the_tuned_baseline() -> None:
    one = planted.question(
        values=VALUES, smallest_effect={"qabf": "2%"}, percent_of="tuned_baseline"
    )
    noise = Noise(block=1, images=0, base=50.0, pilot=25.0, blocks=8)
    (metric,) = prospect(one, {"qabf": noise}, course=Course.of(8)).metrics
    assert metric.smallest == pytest.approx(2.0)
