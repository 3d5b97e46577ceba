"""Trials per hour of one study, driven by ablate, by Optuna with MLflowCallback, by Ray Tune.

Run, in the environment that benchmarks/peers.txt describes:
python -m benchmarks.peers [--seconds 1 5 10] [--trials 16 12 12] [--points 100 20] [--out FOLDER]

The same space, sampler (TPE), training code (`ablate.training.loop.train` of the network-free probe
on generated pairs), number of trials and two workers. All of them keep curves: ablate by its
journal, the others as their documentation shows it, `mlflow.log_metrics` inside `track_in_mlflow`
and `tune.report`: once as many points as the training records (about 100 of each curve, what ablate
keeps), and once a fifth of them, as a user does who finds logging slow. Starting up is left out for
all alike: imports, the study file and the data are read before, and time runs from the start of the
first training to the end of the last. Every driver is a process of its own, and they take turns.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peer_drivers import (
    WORKERS,
    by_ablate,
    by_optuna,
    by_ray,
    client_of,
    optuna_part,
    train_one,
)
from benchmarks.results import FOLDER, content, measure, row, show, write

ABOUT = (
    "A search of some trials by TPE on two workers, with the same training code on generated "
    "pairs. Per trial: time from the start of the first training to the end of the last, over the "
    "number of trials. Start-up is left out for all; trials that did not finish are counted."
)
DRIVERS = ("ablate", "optuna threads", "optuna processes", "ray tune")
NAMES = {
    "optuna threads": "Optuna, n_jobs=2, MLflowCallback, sqlite",
    "optuna processes": "Optuna, two processes on one sqlite storage, MLflowCallback",
    "ray tune": "Ray Tune, OptunaSearch, MLflowLoggerCallback, reuse_actors",
}


def observed(folder: Path) -> dict[str, float]:
    """Return what a driver came to, from the times of its trainings and its MLflow runs."""
    times = [json.loads(path.read_text()) for path in folder.glob("trials/*/times.json")]
    window = max(end for _, end, *_ in times) - min(start for start, *_ in times)
    busy, count = sum(one[2] for one in times), len(times)
    client = client_of(folder)
    experiments = [one.experiment_id for one in client.search_experiments()]
    left = client.search_runs(experiments, filter_string="attributes.status = 'RUNNING'")
    return {
        "per_trial_s": window / count,
        "training_s": busy / count,
        "idle_percent": 100 * (1 - busy / (WORKERS * window)),
        "overhead_s": (WORKERS * window - busy) / count,
        "finished": sum(one[3] == "finished" for one in times),
        "running": len(left),
    }


def one(driver: str, folder: Path, *, steps: int, trials: int, points: int) -> None:
    """Run one driver in this process and print what it came to."""
    if driver == "ablate":
        by_ablate(folder, steps=steps, trials=trials)
    elif driver == "ray tune":
        by_ray(folder, steps=steps, trials=trials, points=points)
    else:
        by_optuna(
            folder,
            steps=steps,
            trials=trials,
            points=points,
            processes=driver == "optuna processes",
        )
    print(json.dumps(observed(folder)))


def called(driver: str, *, steps: int, trials: int, points: int) -> dict[str, float]:
    """Return what a driver came to in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        command = [
            sys.executable,
            "-m",
            "benchmarks.peers",
            "--one",
            driver,
            "--folder",
            name,
            "--steps",
            str(steps),
            "--count",
            str(trials),
            "--points",
            str(points),
        ]
        done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {driver}: {json.dumps({k: round(v, 3) for k, v in found.items()})}", flush=True)
    return found


def steps_for(seconds: float) -> int:
    """Return steps that take about so long here, by two trainings that take a while."""
    with tempfile.TemporaryDirectory() as name:
        short, long = (called_alone(Path(name) / str(steps), steps=steps) for steps in (20, 120))
    per_step = max((long - short) / 100, 1e-4)
    return max(10, int((seconds - (short - 20 * per_step)) / per_step))


def called_alone(folder: Path, *, steps: int) -> float:
    """Return the seconds of a second training in this process."""
    values = {"learning_rate": 0.01, "gradient_weight": 10.0, "levels": 3}
    for number in (0, 1):
        started = time.perf_counter()
        train_one(
            folder, values, steps=steps, trials=4, number=number, points=20, log=lambda *_: None
        )
    return time.perf_counter() - started


def main() -> None:
    """Measure and write, or be one of the drivers."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--seconds", type=float, nargs="+", default=[1, 5, 10])
    parser.add_argument("--trials", type=int, nargs="+", default=[16, 12, 12])
    parser.add_argument("--points", type=int, nargs="+", default=[100, 20])
    parser.add_argument("--out", type=Path, default=FOLDER)
    for hidden, kind in (("--one", str), ("--folder", Path), ("--steps", int), ("--count", int)):
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one == "optuna part":
        count, first = given.part
        optuna_part(
            given.folder,
            steps=given.steps,
            trials=given.count,
            points=given.points[0],
            count=count,
            jobs=1,
            first=first,
        )
    elif given.one:
        one(given.one, given.folder, steps=given.steps, trials=given.count, points=given.points[0])
    else:
        _compare(given)


def _compare(given: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    rows, measures = [], []
    for seconds, trials in zip(given.seconds, given.trials, strict=True):
        steps = steps_for(seconds)
        about = f"a trial of about {seconds:g} s"
        print(f"{about}: {steps} steps, {trials} trials", flush=True)
        ours = []
        for points in given.points:  # ablate keeps all, and runs again so that it takes its turn
            found = {
                name: called(name, steps=steps, trials=trials, points=points) for name in DRIVERS
            }
            ours.append(found.pop("ablate"))
            curves = f"{points} points of each curve"
            for name, theirs in found.items():
                rows.append(
                    row(
                        f"{about}, {trials} trials",
                        unit="trial",
                        ours=[ours[-1]["per_trial_s"]],
                        peer=[theirs["per_trial_s"]],
                        peer_name=f"{NAMES[name]}, {curves}",
                        goal=2 if seconds <= 10 else 1,
                    )
                )
                measures += _measures(f"{name}, {seconds:g} s, {curves}", [theirs], trials=trials)
        measures += _measures(f"ablate, {seconds:g} s", ours, trials=trials)
        result = _result(rows, measures, load=load)
        path = write(result, folder=given.out)  # what is there after an hour is not lost
    show(result, path)


def _result(
    rows: Sequence[dict[str, Any]], measures: Sequence[dict[str, Any]], *, load: float
) -> dict[str, Any]:
    import optuna_integration
    import ray

    return content(
        "peers",
        about=ABOUT,
        load_before=load,
        rows=rows,
        measures=measures,
        clock="time of day",
        sides="in turns, each driver in a process of its own",
        notes=[
            f"optuna-integration {optuna_integration.__version__}, ray {ray.__version__}; "
            "in benchmarks/peers.txt stands how they are installed",
            "ablate keeps about 100 points of each curve in every run; with 20 the others keep "
            "less than ablate",
            "ablate asks for trial k when all up to k - lag have ended (the same table for any "
            "number of workers); the lag is a quarter of the trials, at most 16, so that a "
            "search of fewer than 8 trials keeps one of two workers idle",
            "overhead is what two workers did beside training, per trial; logging inside the "
            "objective counts as overhead",
        ],
    )


def _measures(
    about: str, found: Sequence[Mapping[str, float]], *, trials: int
) -> list[dict[str, Any]]:
    def values(key: str) -> list[float]:
        return [one_found[key] for one_found in found]

    return [
        measure(
            f"{about}: trials per hour",
            unit="",
            values=[3600 / one_found for one_found in values("per_trial_s")],
        ),
        measure(f"{about}: workers idle", unit="%", values=values("idle_percent")),
        measure(f"{about}: overhead per trial", unit="s", values=values("overhead_s")),
        measure(f"{about}: finished", unit=f"of {trials}", values=values("finished")),
        measure(f"{about}: RUNNING at the end", unit="", values=values("running")),
    ]


if __name__ == "__main__":
    from benchmarks.peers import main as imported  # what Ray sends to workers is found there

    imported()
