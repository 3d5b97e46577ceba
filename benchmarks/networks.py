"""Every packaged network by its default recipe, and four losses with two outputs: scores, health.

Run: python -m benchmarks.networks --data FOLDER [--seeds N] [--first-seed N] [--steps N]
"""

import argparse
import os
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER, content, measure, show, write
from benchmarks.trainings import METRICS, Ended, of, run_all, settings

ABOUT = (
    "Trainings on MSRS-mini (96 training pairs of MSRS) by the default recipe: crops of 64, "
    "batches of 4, Adam .01 along a cosine, output: mean of the sources plus a correction that "
    "starts at 0. Networks other than the U-Net are trained for fewer steps and scored on an even "
    "sample of the test images, as the rows say. Four losses at 1,000 steps with the output "
    "mean and with the output sigmoid of the recipe that was published before."
)
NETWORKS = ("unet", "densefuse", "seafusion", "cddfuse", "restormer", "probe")
LOSSES = {
    "signed": {"components": "axis_wise", "sign": "kept"},
    "sign_free": {"components": "axis_wise", "sign": "free"},
    "magnitude": {"components": "magnitude_l1"},
    "signed_sum": {"components": "signed_sum"},
}
FEW = {"val": 4, "test": 8}  # images of the slow networks
TOLD = ("qabf", "vif", "scd")  # of the four losses


def networks(root: Path, *, steps: int) -> dict[str, dict[str, Any]]:
    """Return the default training of every network by name."""
    data = {"name": "msrs", "root": str(root), "crop": 64}
    few = {**data, "limit": {"train": 81, **FEW}}
    found = {
        name: settings(few, model={"name": name}, steps=steps)
        for name in NETWORKS
        if name not in ("unet", "probe")
    }
    probe = settings(
        {**data, "crop": 128},
        model={"name": "probe"},
        steps=150,
        learning_rate=0.02,
        schedule="constant",
    )
    return {"unet": settings(data), **found, "probe": probe}


def variants(root: Path) -> dict[str, dict[str, Any]]:
    """Return four losses with each output: the healthy one and the one published before."""
    data = {"name": "msrs", "root": str(root), "crop": 64}
    old = {"name": "unet", "output": "sigmoid", "last_layer": "drawn"}
    return {
        **{f"{name}, mean": settings(data, loss=loss) for name, loss in LOSSES.items()},
        **{
            f"{name}, sigmoid": settings(data, model=old, loss=loss)
            for name, loss in LOSSES.items()
        },
    }


def measures(
    name: str, every: Sequence[Ended], *, label: str, metrics: Sequence[str]
) -> list[dict[str, Any]]:
    """Return means, spread, time and states of an entry."""
    some = of(name, every)
    found = [
        measure(f"{label}: {metric}", unit="", values=[one.values[metric] for one in some])
        for metric in metrics
    ]
    found.append(
        measure(
            f"{label}: training, one core", unit="CPU s", values=[one.training_s for one in some]
        )
    )
    states = Counter(one.health for one in some if one.health != "healthy")
    counted = f" ({', '.join(f'{count} {state}' for state, count in states.items())})"
    found.append(
        measure(
            f"{label}: unhealthy of {len(some)}{counted if states else ''}",
            unit="",
            values=[sum(states.values())],
        )
    )
    return found


def spread(every: Sequence[Ended], names: Sequence[str]) -> list[str]:
    """Return the standard deviation of Qabf over seeds, in percent, as notes."""
    found = []
    for name in names:
        values = [one.values["qabf"] for one in of(name, every)]
        share = 100 * statistics.stdev(values) / statistics.fmean(values)
        found.append(f"{name}: mean Qabf {statistics.fmean(values):.4f}, sd {share:.2f} %")
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--data", type=Path, required=True, help="the folder MSRS-mini")
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--network-seeds", type=int, help="of the networks; as --seeds if absent")
    parser.add_argument("--first-seed", type=int, default=0, help="later seeds: another result")
    parser.add_argument("--steps", type=int, default=100, help="of the slow networks")
    parser.add_argument("--only", choices=("networks", "losses"), help="one of the two tables")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the results")
    parser.add_argument("--kept", type=Path, default=Path("build/networks.jsonl"))
    given, before = parser.parse_args(), os.getloadavg()[0]
    nets = {} if given.only == "losses" else networks(given.data, steps=given.steps)
    losses = {} if given.only == "networks" else variants(given.data)
    first = given.first_seed
    seeds = range(first, first + given.seeds)
    of_nets = run_all(nets, seeds=seeds[: given.network_seeds or given.seeds], kept=given.kept)
    of_losses = run_all(losses, seeds=seeds, kept=given.kept)
    rows = []
    for name in nets:
        steps = nets[name]["train"]["steps"]
        images = (
            "16 crops of 128"
            if name == "probe"
            else f"{nets[name]['data'].get('limit', FULL)['test']} images"
        )
        label = f"{name}, {steps} steps, {images}"
        rows += measures(name, of_nets, label=label, metrics=METRICS)
    for name in losses:
        rows += measures(name, of_losses, label=name, metrics=TOLD)
    found = content(
        "networks" if not first else f"networks_from_{first}",
        about=ABOUT,
        measures=rows,
        load_before=before,
        notes=[*spread(of_nets, list(nets)), *spread(of_losses, list(losses))],
        sides="each training in a process of its own",
    )
    show(found, write(found, folder=given.out))


FULL = {"test": 30}

if __name__ == "__main__":
    main()
