"""Four looks at studies with a known truth: error, blocks and power against one look at the end."""

from functools import cache

import numpy as np

from ablate.analysis.selftest import planted
from ablate.analysis.selftest.check import Check
from ablate.stats.power import ALPHA, detectable_effect
from ablate.stats.sequential import Course, Ended, Spread, simulate

STUDIES = 4000
BLOCKS, LOOKS, FUTILITY = 32, 4, 0.25
FAMILY_WISE, LOST, AT_EFFECT, AT_NULL = 0.065, 0.03, 0.9, 0.8
OURS = Course.of(BLOCKS, looks=LOOKS, futility=FUTILITY)
ONCE = Course.of(BLOCKS)


def error() -> Check:
    """Over four looks at a difference of 0, few studies claim one.

    No smallest effect is named, so that nothing but a claim ends a study early.
    """
    unchanged = Course(blocks=OURS.blocks, levels=(ALPHA,) * LOOKS)
    ours, usual = (_claims(_ended(course, margin=np.nan)) for course in (OURS, unchanged))
    return Check(
        name="false claims over 4 looks",
        bar=f"<= {FAMILY_WISE}",
        ours=f"{ours:.3f}",
        is_met=ours <= FAMILY_WISE,
        usual="p below 0.05 at any of the looks",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= FAMILY_WISE,
    )


def blocks_at_null() -> Check:
    """Where nothing differs, looks stop early."""
    return _blocks("blocks used, nothing differs", effect=0.0, bar=AT_NULL)


def blocks_at_effect() -> Check:
    """At the effect that the design is made for, looks stop early too."""
    return _blocks("blocks used, design effect", effect=1.0, bar=AT_EFFECT)


def power() -> Check:
    """Looks cost hardly any power, an even split of alpha much."""
    whole = _gains(_ended(ONCE, effect=1.0))
    even = Course(blocks=(BLOCKS,), levels=(ALPHA / LOOKS,))
    ours, usual = (whole - _gains(_ended(course, effect=1.0)) for course in (OURS, even))
    return Check(
        name="power lost to 4 looks",
        bar=f"<= {LOST}",
        ours=f"{ours:.3f}",
        is_met=ours <= LOST,
        usual="alpha split evenly over the looks",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= LOST,
    )


def _blocks(name: str, *, effect: float, bar: float) -> Check:
    ours = float(_ended(OURS, effect=effect).blocks.mean()) / BLOCKS
    return Check(
        name=name,
        bar=f"<= {bar}",
        ours=f"{ours:.2f}",
        is_met=ours <= bar,
        usual="one look at the end",
        usual_result="1.00",
        is_usual_met=False,
    )


@cache
def _ended(course: Course, *, effect: float = 0.0, margin: float = 1.0) -> Ended:
    """Return studies of two values whose design finds a difference of 1 with a chance of 80 %."""
    return simulate(
        [[-1.0, 1.0]],
        effects=[[0.0], [effect]],
        spreads=[Spread(block=1 / detectable_effect(blocks=BLOCKS))],
        margins=[margin],
        course=course,
        studies=STUDIES,
        random=planted.generator("looks"),
    )


def _claims(ended: Ended) -> float:
    return float((ended.is_gain | ended.is_loss).any(axis=(1, 2)).mean())


def _gains(ended: Ended) -> float:
    return float(ended.is_gain.mean())
