"""Whether bf16 with channels_last ranks loss variants as fp32 does: trainings both ways.

Run: python -m benchmarks.ranking [--seeds N] [--steps N] [--out FOLDER]
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate import losses
from ablate.data.items import Examples
from ablate.training.loop import train
from ablate.training.spec import RunSpec
from ablate.training.tasks import task_of
from benchmarks.results import FOLDER, content, measure, show, write

VARIANTS: dict[str, dict[str, Any]] = {
    "signed": {},
    "sign_free": {"sign": "free"},
    "magnitude": {"components": "magnitude_l1"},
}
WAYS = {
    "plain": {"precision": "fp32", "layout": "nchw"},
    "fast": {"precision": "bf16", "layout": "channels_last"},
}
METRICS = ("en", "mi", "sd", "scd", "vif", "qabf")
DATA = {
    "name": "synthetic",
    "crop": 64,
    "pairs": {"train": 24, "val": 2, "test": 12},
    "size": [96, 128],
    "seed": 0,
}
Values = dict[tuple[str, str, str], list[float]]  # way, variant, metric -> one value per seed


class Deaf:
    """A recorder that keeps nothing and never stops a run."""

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Keep nothing."""

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Keep nothing."""

    def report(self, value: float, *, step: int) -> bool:
        """Go on."""
        return False


def trained(*, seeds: int, steps: int) -> Values:
    """Return the final test metrics of every variant, both ways, per seed."""
    found: Values = {}
    examples: Examples | None = None
    for seed, variant, way in itertools.product(range(seeds), VARIANTS, WAYS):
        spec = _spec(variant, way, seed=seed, steps=steps)
        examples = examples or task_of(spec.settings).examples()
        with tempfile.TemporaryDirectory() as folder:
            result = train(spec, Deaf(), folder=Path(folder), examples=examples)
        if result.state != "finished":
            raise SystemExit(f"{spec.name}: {result.reason}")
        for metric in METRICS:
            found.setdefault((way, variant, metric), []).append(result.metrics[f"test/{metric}"])
    return found


def measures(values: Values) -> list[dict[str, Any]]:
    """Return how far the fast way moves metrics and ranks, against the spread of seeds.

    A pair of variants counts as told apart when the plain way's mean paired difference exceeds its
    standard deviation over seeds.
    """
    swapped, swapped_apart, apart = 0, 0, 0
    shifts: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for metric in METRICS:
        for variant in VARIANTS:
            plain, fast = (values[way, variant, metric] for way in WAYS)
            moved = abs(statistics.mean(fast) - statistics.mean(plain))
            shifts[metric].append(moved / statistics.stdev(plain))
        for one, other in itertools.combinations(VARIANTS, 2):
            by_way = [_differences(values, way, one, other, metric) for way in WAYS]
            in_plain, in_fast = (statistics.mean(each) for each in by_way)
            is_apart = abs(in_plain) > statistics.stdev(by_way[0])
            is_swapped = in_plain * in_fast < 0
            apart += is_apart
            swapped += is_swapped
            swapped_apart += is_apart and is_swapped
    pairs = len(METRICS) * len(list(itertools.combinations(VARIANTS, 2)))
    return [
        *(
            measure(
                f"shift of {metric}, of three variants",
                unit="sd of seeds",
                values=found,
                at_most=1.0,
            )
            for metric, found in shifts.items()
        ),
        measure(f"pairs of variants told apart in fp32, of {pairs}", unit="", values=[apart]),
        measure("of these, in the other order in bf16", unit="", values=[swapped_apart], at_most=0),
        measure(f"pairs in the other order at all, of {pairs}", unit="", values=[swapped]),
    ]


def _differences(values: Values, way: str, one: str, other: str, metric: str) -> list[float]:
    """Return one variant less the other, seed by seed: equal seeds meet equal crops."""
    both = values[way, one, metric], values[way, other, metric]
    return [mine - others for mine, others in zip(*both, strict=True)]


def table(values: Values) -> list[str]:
    """Return mean and standard deviation over seeds, a line per metric and variant."""
    lines = [f"{'':<16}{'fp32 nchw':>22}{'bf16 channels_last':>22}"]
    for metric, variant in itertools.product(METRICS, VARIANTS):
        cells = "".join(f"{_cell(values[way, variant, metric]):>22}" for way in WAYS)
        lines.append(f"{metric:<5}{variant:<11}{cells}")
    return lines


def _cell(numbers: Sequence[float]) -> str:
    return f"{statistics.mean(numbers):.4f} ± {statistics.stdev(numbers):.4f}"


def _spec(variant: str, way: str, *, seed: int, steps: int) -> RunSpec:
    return RunSpec(
        run_id=f"{variant}-{way}-{seed}",
        arm_id=variant,
        study="ranking",
        phase="both",
        trial=seed,
        seed=seed,
        name=f"{variant} {way} s{seed}",
        settings={
            "data": DATA,
            "model": {"name": "densefuse", "width": 8},
            "loss": losses.canonical(VARIANTS[variant]),
            "train": {
                "steps": steps,
                "batch_size": 4,
                "learning_rate": 1e-3,
                "device": "cpu",
                "gallery": 0,
                **WAYS[way],
            },
            "metrics": {"protocol": "cddfuse-py", "names": list(METRICS)},
        },
    )


def main() -> None:
    """Train, print the table and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--out", type=Path, default=FOLDER)
    given, load, started = parser.parse_args(), os.getloadavg()[0], time.monotonic()
    values = trained(seeds=given.seeds, steps=given.steps)
    print("\n".join(table(values)))
    about = (
        f"Three loss variants, {given.seeds} seeds, {given.steps} steps each, trained in fp32 nchw "
        "and again in bf16 channels_last: DenseFuse of width 8 on generated pairs, batch 4, crop "
        "64 px, 12 test images, six metrics."
    )
    found = content(
        "ranking",
        about=about,
        measures=measures(values),
        load_before=load,
        clock=f"{time.monotonic() - started:.0f} s of wall time for all",
        sides="one by one",
        notes=[
            "a pair is told apart when its mean difference over equal seeds exceeds the standard "
            "deviation of that difference; generated pairs and a small budget: a look, no answer",
        ],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
