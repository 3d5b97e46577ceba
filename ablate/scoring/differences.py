"""Which methods can be told apart: paired tests with scenes as cases, corrected together."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from ablate.metrics import BETTER, LABELS
from ablate.scoring.scores import Scores
from ablate.scoring.table import common_images
from ablate.stats.multiplicity import holm

FEWEST: Final = 6  # scenes below which no test is made
ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two methods in one metric.

    Args:
        metric: Lower case.
        better: The method with the better mean over scenes.
        worse: The other one.
        mean: Value of `better` less that of `worse`, mean over scenes.
        low: Lower end of its 95 % interval, not corrected.
        high: Upper end.
        p: Of the paired t test, two-sided, not corrected.
        corrected: Under Holm over all pairs of methods and all metrics.
        scenes: Cases of the test.
    """

    metric: str
    better: str
    worse: str
    mean: float
    low: float
    high: float
    p: float
    corrected: float = math.nan
    scenes: int

    @property
    def is_shown(self) -> bool:
        """Whether the two can be told apart."""
        return self.corrected < ALPHA


def differences(scores: Scores, groups: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return every pair of methods in every metric that has at least six scenes.

    The images of a scene are averaged first, since they are not independent. An image without a
    finite value of every method is left out of its metric, as it is from the means.

    Args:
        scores: Of two methods or more.
        groups: Image -> scene; where it is empty each image is a scene of its own.
    """
    values = {(row.method, row.metric, row.image): row.value for row in scores.rows}
    common = common_images(scores)
    found = []
    for name in scores.names:
        images = sorted(common[name])
        scenes = sorted({groups.get(image, image) for image in images})
        if len(scenes) < FEWEST:
            continue
        of_scene = {
            method: _means([values[method, name, image] for image in images], images, groups)
            for method in scores.methods
            if all((method, name, image) in values for image in images)
        }
        found += [
            _difference(name, (one, other), of_scene[one] - of_scene[other])
            for one, other in combinations(of_scene, 2)
        ]
    if not found:
        return ()
    corrected = holm([one.p for one in found])
    return tuple(replace(one, corrected=float(p)) for one, p in zip(found, corrected, strict=True))


def _means(
    values: Sequence[float], images: Sequence[str], groups: Mapping[str, str]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the mean of every scene, in the order of their names."""
    of_scene: dict[str, list[float]] = {}
    for image, value in zip(images, values, strict=True):
        of_scene.setdefault(groups.get(image, image), []).append(value)
    return np.array([math.fsum(some) / len(some) for _, some in sorted(of_scene.items())])


def _difference(
    name: str, methods: tuple[str, str], gaps: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Difference:
    from scipy.stats import t

    is_first = bool(gaps.mean() < 0) == (BETTER[name] == "lower")
    better, worse = methods if is_first else methods[::-1]
    gaps = gaps if is_first else -gaps
    mean, error = float(gaps.mean()), float(gaps.std(ddof=1)) / math.sqrt(len(gaps))
    half = float(t.ppf(1 - ALPHA / 2, len(gaps) - 1)) * error
    if error == 0:
        p = 1.0 if mean == 0 else 0.0
    else:
        p = 2 * float(t.sf(abs(mean) / error, len(gaps) - 1))
    return Difference(
        metric=name,
        better=better,
        worse=worse,
        mean=mean,
        low=mean - half,
        high=mean + half,
        p=p,
        scenes=len(gaps),
    )


def in_words(
    found: Sequence[Difference], scores: Scores, groups: Mapping[str, str]
) -> Iterator[str]:
    """Yield how it was tested, and a sentence per metric; nothing for a single method."""
    if len(scores.methods) < 2:
        return
    if not found:
        yield f"Methods are not compared: fewer than {FEWEST} scenes."
        return
    scenes = sorted({one.scenes for one in found})
    count = f"{scenes[0]}" if len(scenes) == 1 else f"{scenes[0]} to {scenes[-1]}"
    cases = f"{count} scenes" if groups else f"{count} images, each taken for a scene of its own"
    yield f"Paired t test over {cases}, Holm over {len(found)} comparisons, level {ALPHA:g}:"
    for name in scores.names:
        if some := [one for one in found if one.metric == name]:
            yield f"{LABELS[name]}: {'; '.join(_apart(some))}."
    if not groups:
        yield "Frames of one scene are one case: --groups says which images belong together."


def _apart(found: Sequence[Difference]) -> Iterator[str]:
    """Yield what each method is better than, and then what cannot be told apart."""
    shown: dict[str, list[str]] = {}
    for one in found:
        if one.is_shown:
            shown.setdefault(one.better, []).append(one.worse)
    for better, worse in sorted(shown.items(), key=lambda item: -len(item[1])):
        yield f"{better} better than {_listed(worse)}"
    open_pairs = [one for one in found if not one.is_shown]
    if len(open_pairs) == len(found):
        yield "no two methods can be told apart"
    elif open_pairs:
        pairs = ", ".join(f"{one.better} and {one.worse}" for one in open_pairs)
        yield f"not told apart: {pairs}"


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
