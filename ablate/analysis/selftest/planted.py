"""Studies with a known truth, as arrays of many or as the tables of one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.contrasts import against_baseline
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.question import RegisteredQuestion
from ablate.published import Value
from ablate.stats.arrays import Floats
from ablate.stats.contrasts import against, difference

SEED = 20251116
BLOCKS, IMAGES = 8, 40
SEED_SD, IMAGE_SD, NOISE_SD = 0.7, 0.5, 2.0
PLANTED = 2.0
BASE = 50.0
VALUES = ("a", "b", "c", "d")
METRIC = "qabf"
FACTS = Facts(data="synthetic scores", network="none", budget="none", points=4)


def generator(name: str) -> np.random.Generator:
    """Return the source of randomness of one check; checks do not share theirs."""
    return np.random.default_rng([SEED, *name.encode()])


def scores(
    random: np.random.Generator,
    *,
    effects: Sequence[float],
    studies: int | None = None,
    blocks: int = BLOCKS,
    images: int = IMAGES,
    seed_sd: float = SEED_SD,
    image_sd: float = IMAGE_SD,
    noise_sd: float = NOISE_SD,
) -> Floats:
    """Return scores [studies, blocks, values, images], without the first axis for one study.

    A run of a value in a block has its own luck (seed_sd), a value suits some images more than
    others (image_sd), and every score has noise. Blocks and images differ for all values alike as
    well, which pairing removes.
    """
    lead = () if studies is None else (studies,)
    count = len(effects)
    return (
        BASE
        + random.normal(size=(*lead, blocks, 1, 1))
        + 5 * random.normal(size=(*lead, 1, 1, images))
        + np.asarray(effects, dtype=np.float64)[:, None]
        + seed_sd * random.normal(size=(*lead, blocks, count, 1))
        + image_sd * random.normal(size=(*lead, 1, count, images))
        + noise_sd * random.normal(size=(*lead, blocks, count, images))
    )


def against_first(scores: Floats) -> Floats:
    """Return each value against the first, [studies, contrasts, blocks, images]."""
    count = scores.shape[-2]
    return np.stack(
        [difference(scores, against(count=count, value=v, baseline=0)) for v in range(1, count)],
        axis=1,
    )


def table(
    by_metric: Mapping[str, Floats] | Floats, *, values: Sequence[Value] = VALUES
) -> pd.DataFrame:
    """Return the answers of one study: columns block, value, image, metric, score, run_id."""
    arrays = by_metric if isinstance(by_metric, Mapping) else {METRIC: by_metric}
    parts = []
    for metric, array in arrays.items():
        block, value, image = (axis.ravel() for axis in np.indices(array.shape))
        names = np.array(values, dtype=object)[value]
        parts.append(
            pd.DataFrame(
                {
                    "block": block + 1,
                    "value": names,
                    "image": np.array([f"{i:03d}" for i in range(array.shape[2])], dtype=object)[
                        image
                    ],
                    "metric": metric,
                    "score": array.ravel(),
                    "run_id": [f"{b + 1}-{v}" for b, v in zip(block, names, strict=True)],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def chosen(
    by_metric: Mapping[str, Floats] | Floats, *, values: Sequence[Value] = VALUES, **facts: Any
) -> Selected:
    """Return one study as the engine receives it."""
    return Selected(answers=table(by_metric, values=values), **facts)


def question(*, values: Sequence[Value] = VALUES, **changes: Any) -> RegisteredQuestion:
    """Return a question about the values, the first of them the baseline."""
    settings: dict[str, Any] = {
        "id": "planted",
        "asks": "Is the planted effect found?",
        "factor": "value",
        "values": tuple(values),
        "baseline": values[0],
        "contrasts": against_baseline(values, baseline=values[0]),
        "primary": (METRIC,),
        "percent_base": {METRIC: BASE},
        "smallest_effect": {METRIC: "0.2%"},
        **changes,
    }
    return RegisteredQuestion(**settings)


def t_over(differences: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean, half width of the 95 % interval and two-sided p of a plain t over the last axis.

    The test of the usual practices: right for independent differences, wrong for what they pass.
    """
    from scipy.special import stdtr, stdtrit

    count = differences.shape[-1]
    mean = differences.mean(axis=-1)
    se = differences.std(axis=-1, ddof=1) / np.sqrt(count)
    return mean, stdtrit(count - 1, 0.975) * se, 2 * stdtr(count - 1, -np.abs(mean) / se)
