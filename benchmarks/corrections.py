"""Holm on the crossed t against step-down max-t by sign flips: false claims and power.

Studies with a known truth, many at once; nothing is trained. `python -m benchmarks.corrections`
prints the numbers of decision 0021 (minutes on one core).
"""

import itertools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.stats.arrays import Floats
from ablate.stats.crossed import crossed_t
from ablate.stats.multiplicity import holm

ALPHA, IMAGES, SHARED, NOISE = 0.05, 30, 0.5, 0.5
FLIPS = 2048  # beyond 11 blocks a sample, else all
EFFECT: Mapping[int, float] = {8: 2.2, 16: 1.4}  # of the first value, in standard deviations

Bools = NDArray[np.bool_]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def _collapse(random: np.random.Generator, size: tuple[int, ...]) -> Floats:
    return random.normal(size=size) - 10.0 * (random.random(size) < 0.12)


KINDS: Mapping[str, Draw] = {
    "normal": lambda random, size: random.normal(size=size),
    "heavy tails": lambda random, size: random.standard_t(2, size=size) / 2,
    "skewed": lambda random, size: random.exponential(size=size) - 1,
    "collapse": _collapse,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Share of studies with a false claim, and of true effects that are claimed."""

    false: float
    power: float


def rates(
    kind: str, *, blocks: int, values: int, metrics: int, image_sd: float, studies: int
) -> tuple[Rates, Rates]:
    """Return the rates of Holm on the crossed t, and of step-down max-t.

    False claims are counted where nothing differs, power where the first value does.
    """
    random = np.random.default_rng([20251130, blocks, values, metrics, *kind.encode()])
    size = {"kind": kind, "blocks": blocks, "values": values, "metrics": metrics}
    null = _claims(_differences(random, studies=studies, image_sd=image_sd, **size))  # type: ignore[arg-type]
    true = _differences(random, studies=studies, image_sd=image_sd, **size)  # type: ignore[arg-type]
    true[:, :, :metrics] += EFFECT[blocks]
    found = _claims(true)
    one, other = (
        Rates(false=float(n.any(axis=1).mean()), power=float(f[:, :metrics].mean()))
        for n, f in zip(null, found, strict=True)
    )
    return one, other


def _differences(
    random: np.random.Generator,
    *,
    kind: str,
    blocks: int,
    values: int,
    metrics: int,
    image_sd: float,
    studies: int,
) -> Floats:
    """Return values against the first one, [studies, blocks, rows, images]; metrics share luck."""
    draw, size = KINDS[kind], (studies, blocks, values)
    own = random.normal(size=(*size, metrics))
    luck = np.sqrt(SHARED) * draw(random, (*size, 1)) + np.sqrt(1 - SHARED) * own
    images = image_sd * random.normal(size=(studies, 1, values, metrics, IMAGES))
    noise = NOISE * random.normal(size=(*size, metrics, IMAGES))
    scores = luck[..., None] + images + noise
    differences = scores[:, :, 1:] - scores[:, :, :1]
    return np.asarray(differences.reshape(studies, blocks, -1, IMAGES), dtype=np.float64)


def _claims(d: Floats) -> tuple[Bools, Bools]:
    """Return which rows each correction claims, [studies, rows]."""
    by_t = holm(crossed_t(d.transpose(0, 2, 1, 3)).p) < ALPHA
    return by_t, np.array([step_down_p(one) for one in d.mean(axis=-1)]) < ALPHA


def step_down_p(d: Floats) -> Floats:
    """Return `ablate.stats.step_down.step_down` with fewer flips where there are many blocks."""
    blocks = d.shape[0]
    if 2 ** (blocks - 1) <= FLIPS:
        bits = np.arange(2 ** (blocks - 1))[:, None] >> np.arange(blocks)
        flips, extra = np.where(bits & 1, -1.0, 1.0), 0
    else:
        flips = np.random.default_rng(0).choice([-1.0, 1.0], size=(FLIPS, blocks))
        extra = 1
    scaled = d / np.sqrt((d**2).sum(axis=0))
    observed = np.abs(scaled.sum(axis=0)).round(12)
    order = np.argsort(-observed)
    sums = np.abs(flips @ scaled[:, order]).round(12)
    largest = np.maximum.accumulate(sums[:, ::-1], axis=1)[:, ::-1]
    hits = (largest >= observed[order]).sum(axis=0)
    p = np.empty(d.shape[1])
    p[order] = np.maximum.accumulate((hits + extra) / (len(flips) + extra))
    return p


def main(studies: int) -> None:
    """Print the table."""
    print(f"{studies} studies each; image sd in units of the block sd")
    print("| blocks | rows | blocks are | image sd | false: t, flips | power: t, flips |")
    print("|---|---|---|---|---|---|")
    shapes = ((4, 1), (7, 2))
    for blocks, (values, metrics), kind in itertools.product((8, 16), shapes, KINDS):
        for image_sd in (0.1, 0.7, 2.0):
            t, flips = rates(
                kind,
                blocks=blocks,
                values=values,
                metrics=metrics,
                image_sd=image_sd,
                studies=studies,
            )
            print(
                f"| {blocks} | {(values - 1) * metrics} | {kind} | {image_sd} "
                f"| {t.false:.3f}, {flips.false:.3f} | {t.power:.2f}, {flips.power:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
