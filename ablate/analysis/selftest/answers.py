"""Traps of the words that answer: guardrails, the other baseline, the margin, data sets."""

from dataclasses import replace

import numpy as np

from ablate.analysis.contrasts import against_baseline
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.judging import judge
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.selftest import planted
from ablate.analysis.selftest.check import Check
from ablate.analysis.verdict import Verdict
from ablate.stats.arrays import Floats
from ablate.stats.crossed import crossed_t
from ablate.stats.margins import equivalence_p
from ablate.stats.multiplicity import holm
from ablate.stats.synthesis import CellEffect, synthesize

ALPHA, MOST = 0.05, 0.065
ENGINE_STUDIES, STUDIES, MET = 40, 2000, 150
PAIR = ("a", "b")
MIRRORED = {"gain": "loss", "loss": "gain"}
GAIN = 2.0  # planted, in units of the score
SMALLEST = 1.0  # of synthesis and equivalence


def guarded(*, times: int = 1) -> Check:
    """A true gain whose guardrail is truly equal, at the noise of networks of today."""
    random = planted.generator("guarded")
    studies, found, before = ENGINE_STUDIES * times, 0, 0
    for _ in range(studies):
        verdict = judge(_guarded(), *_study(random, effect=GAIN))
        found += verdict.word == "gain"
        before += verdict.verdict == "supported"
    ours, usual = found / studies, before / studies
    return Check(
        name="gain beside equal guardrail",
        bar=">= 0.9 'gain'",
        ours=f"{ours:.3f}",
        is_met=ours >= 0.9,
        usual="one word, a guardrail may veto",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual >= 0.9,
    )


def mirrored(*, times: int = 1) -> Check:
    """The same scores with the other value called the baseline."""
    random = planted.generator("mirrored")
    studies, ours, usual = ENGINE_STUDIES * times, 0, 0
    for _ in range(studies):
        selected, facts = _study(random, effect=random.choice([-GAIN, 0.0, GAIN]))
        one = judge(_guarded(), selected, facts)
        other = judge(_turned(_guarded()), selected, facts)
        words = _words(one)
        ours += [MIRRORED.get(word, word) for word in words] != _words(other)
        usual += one.verdict != other.verdict
    return Check(
        name="the other value as baseline",
        bar="0 words differ",
        ours=f"{ours} of {studies}",
        is_met=ours == 0,
        usual="one word, a guardrail may veto",
        usual_result=f"{usual} of {studies}",
        is_usual_met=usual == 0,
    )


def at_the_margin(*, times: int = 1) -> Check:
    """Every value lies exactly one smallest effect from the first: nothing is equivalent."""
    random = planted.generator("at the margin")
    count = 9
    scores = planted.scores(
        random,
        effects=[0.0, *[SMALLEST] * (count - 1)],
        studies=STUDIES * times // 2,
        seed_sd=0.3,
        image_sd=0.0,
        noise_sd=0.5,
    )
    found = crossed_t(np.moveaxis(scores[:, :, 1:] - scores[:, :, :1], 2, 1))
    p = equivalence_p(found.estimate, se=found.se, df=found.df, margin=SMALLEST)
    ours = float((holm(p) < ALPHA).any(axis=1).mean())
    usual = float((p < ALPHA).any(axis=1).mean())
    return Check(
        name="differences at the margin",
        bar=f"<= {MOST} equivalent",
        ours=f"{ours:.3f}",
        is_met=ours <= MOST,
        usual="intervals inside the margin, uncorrected",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= MOST,
    )


def data_sets(*, times: int = 1) -> Check:
    """Two and four data sets whose effects spread about 0 by three smallest effects."""
    random = planted.generator("synthesis")
    studies = MET * times
    rates, votes = [], []
    for cells in (2, 4):
        effects = 3 * SMALLEST * random.normal(size=(studies, cells))
        seen = effects + random.standard_t(15, size=effects.shape)
        words = [
            synthesize(
                [CellEffect(estimate=float(e), se=1.0, df=15) for e in one],
                smallest_effect=SMALLEST,
            ).word
            for one in seen
        ]
        rates.append(sum(word in ("gain", "loss") for word in words) / studies)
        votes.append(float((np.abs(seen) > 2.13).any(axis=1).mean()))
    return Check(
        name="effects that do not transfer",
        bar=f"<= {MOST} gain or loss",
        ours=" ".join(f"{rate:.3f}" for rate in rates),
        is_met=max(rates) <= MOST,
        usual="found on at least one of 2, of 4 data sets",
        usual_result=" ".join(f"{rate:.3f}" for rate in votes),
        is_usual_met=max(votes) <= MOST,
    )


def _guarded() -> RegisteredQuestion:
    return planted.question(
        values=PAIR,
        guardrails=("en",),
        smallest_effect={"qabf": "0.2%", "en": "0.1%"},
        percent_base={"qabf": planted.BASE, "en": planted.BASE},
    )


def _turned(question: RegisteredQuestion) -> RegisteredQuestion:
    first, second = question.values
    return replace(
        question,
        baseline=second,
        contrasts=against_baseline((first, second), baseline=second),
    )


def _study(random: np.random.Generator, *, effect: float) -> tuple[Selected, Facts]:
    arrays: dict[str, Floats] = {
        metric: planted.scores(random, effects=[0.0, of_metric], seed_sd=0.5)
        for metric, of_metric in (("qabf", effect), ("en", 0.0))
    }
    return planted.chosen(arrays, values=PAIR), planted.FACTS


def _words(verdict: Verdict) -> list[str]:
    return [one.word for one in verdict.contrasts]
