"""CPU seconds from nothing to the level of the literature, on real pairs and on generated ones.

Run: python -m benchmarks.speedrun --data FOLDER [--seeds N] [--out FOLDER]
Run: python -m benchmarks.speedrun --data FOLDER --long N, for published recipes and the next level
"""

import argparse
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER, content, measure, show, write
from benchmarks.trainings import METRICS, Ended, of, run_all, settings

ABOUT = (
    "The default recipe of new studies (U-Net of width 8, output: mean of the sources plus a "
    "correction that starts at 0, leaky layers; Adam .01 along a cosine; 1,000 steps of 4 crops of "
    "64; the loss of the paper) on MSRS-mini: 96 training and 30 test pairs of MSRS, not MSRS "
    "itself. Time is "
    "CPU time of one core from nothing to the last step, data included, scoring apart. The level "
    "of SeAFusion is about that of its published images on the same 30 pairs."
)
LEVEL = {"qabf": 0.655, "vif": 0.97, "scd": 1.70, "sd": 45.0, "en": 6.55}
NEXT_LEVEL = {"qabf": 0.70, "vif": 1.05}
LATER = (
    "The published recipes train networks of width 16 (CDDFuse: our light form, its fusion phase "
    "alone) with batches of 16 or 8 and crops of 128; "
    "60 steps are SeAFusion's 10 epochs on these 96 pairs, 130 steps are 11 of CDDFuse's 120."
)
SPREAD = {"qabf": 0.6, "vif": 1.0}  # percent, over seeds
FEW = 16  # seeds of a mean
LIGHT = {"width": 16, "blocks": 1, "heads": 2, "couplings": 2, "form": "light"}
STEPS = {"seafusion": 60, "cddfuse": 130}  # some 20 times the CPU time of the default recipe


def entries(data: Path) -> dict[str, dict[str, Any]]:
    """Return the trainings by name."""
    msrs = {"name": "msrs", "root": str(data / "MSRS-mini"), "crop": 64}
    road = {"name": "roadscene", "root": str(data / "RoadScene"), "crop": 64}
    made = {
        "name": "synthetic",
        "crop": 64,
        "pairs": {"train": 24, "val": 4, "test": 8},
        "size": [96, 128],
        "seed": 0,
    }
    return {
        "default": settings(msrs),
        "roadscene": settings(road),
        "generated": settings(made, steps=200),
    }


def published(data: Path) -> dict[str, dict[str, Any]]:
    """Return the published recipes of SeAFusion and CDDFuse with our networks of those names."""
    msrs = {"name": "msrs", "root": str(data / "MSRS-mini"), "crop": 128}
    return {
        "seafusion": settings(msrs, preset="seafusion", steps=STEPS["seafusion"]),
        "cddfuse": settings(
            msrs, preset="cddfuse", model=LIGHT, steps=STEPS["cddfuse"], stages=None
        ),
    }


def beyond(data: Path) -> dict[str, dict[str, Any]]:
    """Return trainings on the way to the next level, the level of CDDFuse's images."""
    msrs = {"name": "msrs", "root": str(data / "MSRS-mini"), "crop": 64}
    free = {"sign": "free", "levels": 1}
    wide = {"name": "unet", "width": 16}
    return {
        "sign-free, one level, 4,000 steps": settings(msrs, loss=free, steps=4000),
        "the same, width 16, 10,000 steps": settings(msrs, model=wide, loss=free, steps=10_000),
    }


def measures(name: str, every: Sequence[Ended], *, label: str) -> list[dict[str, Any]]:
    """Return level, spread, time and health of an entry."""
    some = of(name, every)
    first = some[:FEW]
    found = []
    for metric in METRICS:
        goal = LEVEL.get(metric) if name == "default" else None
        values = [one.values[metric] for one in first]
        mean = statistics.fmean(values)
        found.append(
            measure(
                f"{label}: {metric}, mean of {len(first)} seeds",
                unit="",
                values=[mean],
                at_least=goal,
            )
        )
        if metric in SPREAD:
            many = [one.values[metric] for one in some]
            share = 100 * statistics.stdev(many) / mean if len(many) > 1 else 0.0
            found.append(
                measure(
                    f"{label}: sd of {metric} over {len(some)} seeds",
                    unit="%",
                    values=[share],
                    at_most=SPREAD[metric] if name == "default" else None,
                )
            )
    found.append(
        measure(
            f"{label}: training, one core",
            unit="CPU s",
            values=[one.training_s for one in some],
            at_most=15.0 if name == "default" else None,
        )
    )
    found.append(
        measure(
            f"{label}: training and scoring, one core",
            unit="CPU s",
            values=[one.all_s for one in some],
        )
    )
    ill = sum(one.health != "healthy" for one in some)
    found.append(measure(f"{label}: unhealthy of {len(some)}", unit="", values=[ill], at_most=0))
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--data", type=Path, required=True, help="has MSRS-mini and RoadScene")
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--long", type=int, default=0, help="seeds of the slow trainings alone")
    parser.add_argument("--processes", type=int, help="at once; the cores of the machine if absent")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the results")
    parser.add_argument("--kept", type=Path, default=Path("build/speedrun.jsonl"))
    given, before = parser.parse_args(), os.getloadavg()[0]
    if given.long:
        asked = {**published(given.data), **beyond(given.data)}
        every = run_all(asked, seeds=range(given.long), kept=given.kept, processes=given.processes)
        labels = {name: f"published recipe of {name}, {STEPS[name]} steps" for name in STEPS}
        labels |= {name: name for name in beyond(given.data)}
        rows = [each for name in asked for each in measures(name, every, label=labels[name])]
    else:
        wanted = entries(given.data)
        first = {"default": wanted.pop("default")}
        every = run_all(first, seeds=range(given.seeds), kept=given.kept, processes=given.processes)
        every += run_all(wanted, seeds=range(FEW), kept=given.kept, processes=given.processes)
        names = {
            "default": "MSRS-mini",
            "roadscene": "RoadScene-mini",
            "generated": "generated pairs, 200 steps",
        }
        rows = [each for name in names for each in measures(name, every, label=names[name])]
    found = content(
        "speedrun_long" if given.long else "speedrun",
        about=ABOUT,
        measures=rows,
        notes=[LATER] if given.long else [],
        load_before=before,
        sides="each training in a process of its own",
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
