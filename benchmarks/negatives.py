"""How often four losses train photographic negatives by the old recipe, and what prevents it.

Run: python -m benchmarks.negatives --data FOLDER [--seeds N] [--out FOLDER]
"""

import argparse
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.networks import FEW, LOSSES
from benchmarks.results import FOLDER, content, measure, show, write
from benchmarks.trainings import Ended, of, run_all, settings

ABOUT = (
    "The recipe that the first answers were measured with: U-Net of width 4 and depth 3, ReLU, "
    "sigmoid output, Adam at a constant rate, 300 steps of 2 crops of 128, on MSRS-mini; rate "
    "(.001 to .02) and gradient weight (1 to 100) drawn anew for every seed, the same for all "
    "losses; health and scores from 8 test images. Then the sign-free loss with one part of the "
    "recipe at a time as new studies have it."
)
OLD_MODEL = {
    "name": "unet",
    "width": 4,
    "depth": 3,
    "activation": "relu",
    "output": "sigmoid",
    "last_layer": "drawn",
}
OLD = ", old recipe"
OLD_TRAIN = {"steps": 300, "batch_size": 2, "schedule": "constant"}
ALTERED: dict[str, dict[str, dict[str, Any]]] = {
    "leaky layers": {"model": {"activation": "leaky_relu"}},
    "width 8, depth 1": {"model": {"width": 8, "depth": 1}},
    "a cosine": {"train": {"schedule": "cosine"}},
    "1,000 steps": {"train": {"steps": 1000}},
    "output: mean, last layer 0": {"model": {"output": "mean", "last_layer": "zero"}},
}


def entries(root: Path, *, seed: int) -> dict[str, dict[str, Any]]:
    """Return the trainings of one seed by name."""
    random = np.random.default_rng([20261130, seed])
    rate = float(0.001 * 20 ** random.uniform())
    weight = float(100 ** random.uniform())
    data: dict[str, Any] = {"name": "msrs", "root": str(root), "crop": 128}
    data["limit"] = {"train": 81, **FEW}

    def made(loss: str, altered: dict[str, dict[str, Any]]) -> dict[str, Any]:
        model = {**OLD_MODEL, **altered.get("model", {})}
        recipe = {**OLD_TRAIN, **altered.get("train", {}), "learning_rate": rate}
        return settings(
            data, model=model, loss={**LOSSES[loss], "gradient_weight": weight}, **recipe
        )

    return {
        **{f"{loss}{OLD}": made(loss, {}) for loss in LOSSES},
        **{f"sign_free, {name}": made("sign_free", altered) for name, altered in ALTERED.items()},
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--data", type=Path, required=True, help="the folder MSRS-mini")
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--altered", type=int, help="seeds of the altered recipes; as --seeds")
    parser.add_argument("--processes", type=int, help="at once; the cores of the machine if absent")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the results")
    parser.add_argument("--kept", type=Path, default=Path("build/negatives.jsonl"))
    given, before = parser.parse_args(), os.getloadavg()[0]
    every: list[Ended] = []
    for seed in range(given.seeds):
        wanted = entries(given.data, seed=seed)
        if given.altered is not None and seed >= given.altered:
            wanted = {name: one for name, one in wanted.items() if name.endswith(OLD)}
        every += run_all(wanted, seeds=[seed], kept=given.kept, processes=given.processes)
    rows = []
    for name in entries(given.data, seed=0):
        some = of(name, every)
        states = Counter(one.health for one in some)
        others = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        rows.append(
            measure(
                f"{name}: negatives of {len(some)} ({others})", unit="", values=[states["negative"]]
            )
        )
        healthy = [one.values["qabf"] for one in some if one.health == "healthy"]
        rows.append(measure(f"{name}: Qabf of the healthy ones", unit="", values=healthy or [0.0]))
    found = content(
        "negatives",
        about=ABOUT,
        measures=rows,
        load_before=before,
        sides="each training in a process of its own",
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
