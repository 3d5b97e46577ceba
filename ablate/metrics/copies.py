"""Metrics in which an unchanged copy of a source beats everything it is compared with."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ablate.metrics.catalogue import better_of, label_of

MARK: Final = "gamed by a copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gamed:
    """A copy that beats all others in one metric.

    Args:
        copy: Name of the source that is copied.
        value: Mean score of the copy.
        best: Best mean of the others.
    """

    copy: str
    value: float
    best: float


def gamed_by_copies(
    others: Mapping[str, Iterable[float]], copies: Mapping[str, Mapping[str, float]]
) -> dict[str, Gamed]:
    """Return metric -> the best copy, where it is better than the best of the others.

    NaN stands for no score: SCD is not defined for a copy. A metric without scores on either side
    is left out, and a tie is not better.

    Args:
        others: Metric -> mean scores.
        copies: Copy -> metric -> mean score.

    Example:
        >>> gamed_by_copies({"vif": [0.9, 0.7], "en": [7.0]}, {"visible": {"vif": 1.0, "en": 6.5}})
        {'vif': Gamed(copy='visible', value=1.0, best=0.9)}
    """
    found: dict[str, Gamed] = {}
    for metric, scores in others.items():
        sign = 1 if better_of(metric) == "higher" else -1
        known = [sign * score for score in scores if not math.isnan(score)]
        values = {
            name: sign * means[metric]
            for name, means in copies.items()
            if not math.isnan(means.get(metric, math.nan))
        }
        if not known or not values:
            continue
        name = max(values, key=values.__getitem__)
        if values[name] > max(known):
            best = Gamed(copy=name, value=sign * values[name], best=sign * max(known))
            found[metric] = best
    return found


def marked(text: str, metric: str, gamed: Mapping[str, Gamed]) -> str:
    """Return a headline of a metric, marked where the metric is gamed.

    Example:
        >>> marked("VIF", "vif", {"vif": Gamed(copy="visible", value=1.0, best=0.9)})
        'VIF (gamed by a copy)'
    """
    return f"{text} ({MARK})" if metric in gamed else text


def with_mark(text: str, metric: str, gamed: Mapping[str, Gamed]) -> str:
    """Return the sentences on a metric with one more where the metric is gamed.

    Example:
        >>> with_mark("It rises.", "vif", {"vif": Gamed(copy="visible", value=1.0, best=0.9)})
        'It rises. VIF is gamed by a copy.'
    """
    return f"{text} {label_of(metric)} is {MARK}." if metric in gamed else text


def sentence(gamed: Mapping[str, Gamed], *, others: str = "trained value") -> str:
    """Return what the mark means for these metrics, "" for none.

    Args:
        gamed: See `gamed_by_copies`.
        others: What one of the others is called.

    Example:
        >>> sentence({"vif": Gamed(copy="visible", value=1.046, best=0.99)})[:74]
        'Gamed by a copy: an unchanged copy of a source beats every trained value i'
    """
    beaten = [
        f"{label_of(metric)} ({one.copy} {one.value:.4g}, best {others} {one.best:.4g})"
        for metric, one in gamed.items()
    ]
    if not beaten:
        return ""
    listed = f"{', '.join(beaten[:-1])} and {beaten[-1]}" if beaten[1:] else beaten[0]
    return (
        f"{MARK.capitalize()}: an unchanged copy of a source beats every {others} in {listed}, so "
        "a better score there does not show better fusion."
    )
