"""Trials per hour of one study, driven by ablate, by Optuna with MLflowCallback, by Ray Tune.

Run, in the environment that benchmarks/peers.txt describes:
python -m benchmarks.peers [--seconds 1 5 10] [--trials 24 16 16] [--out FOLDER]

The same space, sampler (TPE), training code (`ablate.training.run.train` of the network-free probe
on generated pairs), number of trials and two workers. All of them keep curves: ablate by its
journal, the others as their documentation shows it, `mlflow.log_metrics` inside `track_in_mlflow`
and `tune.report`. Starting up is left out for all alike: imports, the study file and the data are
read before, and time runs from the start of the first training to the end of the last. Every driver
is a process of its own, and they take turns.
"""

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.results import FOLDER, content, measure, row, show, write

ABOUT = (
    "A search of some trials by TPE on two workers, with the same training code on generated "
    "pairs. Per trial: time from the start of the first training to the end of the last, over the "
    "number of trials. Start-up is left out for all; trials that did not finish are counted."
)
WORKERS = 2
CURVE = 20  # points of a curve that the others log, so that it does not cost them the day
DRIVERS = ("ablate", "optuna threads", "optuna processes", "ray tune")
NAMES = {
    "optuna threads": "Optuna, n_jobs=2, MLflowCallback, sqlite",
    "optuna processes": "Optuna, two processes on one sqlite storage, MLflowCallback",
    "ray tune": "Ray Tune, OptunaSearch, MLflowLoggerCallback, reuse_actors",
}
SPACE = {
    "learning_rate": {"type": "float", "path": "train.learning_rate", "low": 1e-3, "high": 1e-1,
                      "log": True, "baseline": 1e-2},
    "gradient_weight": {"type": "float", "path": "loss.gradient_weight", "low": 1.0, "high": 100.0,
                        "log": True, "baseline": 10.0},
    "levels": {"type": "int", "path": "loss.levels", "low": 2, "high": 4, "baseline": 3},
}  # fmt: skip
OBJECTIVE = "val/qabf"


def study(folder: Path, *, steps: int, trials: int) -> Any:
    """Return the study, as every driver gets it."""
    from ablate import config
    from ablate.study.names import known

    file = folder / "peers.yaml"
    whole = {
        "title": "The same search, driven by others",
        "space": {"dimensions": SPACE},
        "phases": {"hunt": {"design": "search", "sampler": "tpe", "trials": trials}},
        "base": {"data": {"name": "synthetic", "size": [96, 96], "crop": 64},
                 "model": {"name": "probe"}, "train": {"steps": steps, "gallery": 0}},
        "executor": {"slots": WORKERS},
    }  # fmt: skip
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return config.load(file, (), known=known())


@functools.cache
def ready(folder: Path, *, steps: int, trials: int) -> tuple[Any, Any]:
    """Return study and data, read once per process as a careful user does."""
    import torch

    from ablate.training.run import train
    from ablate.training.tasks import task_of

    del train  # imported here, before the first trial
    torch.set_num_threads(1)
    place = folder / f"process{os.getpid()}"
    place.mkdir(parents=True, exist_ok=True)
    config = study(place, steps=steps, trials=trials)
    return config, task_of(config.base).examples()


class Curves:
    """A recorder that hands metrics to another logger, not too often, and times it."""

    def __init__(self, log: Callable[[Mapping[str, float], int], None], *, apart: int) -> None:
        self._log, self._apart, self._next = log, apart, 0
        self.seconds = 0.0

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Log the values of a step, if enough of them have passed."""
        if step < self._next:
            return
        self._next = step + self._apart
        started = time.perf_counter()
        self._log(values, step)
        self.seconds += time.perf_counter() - started

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Leave pictures out."""

    def report(self, value: float, *, step: int) -> bool:
        """Never stop."""
        return False

    def flush(self) -> None:
        """Nothing waits."""


def train_one(
    folder: Path, values: Mapping[str, Any], *, steps: int, trials: int, number: int,
    log: Callable[[Mapping[str, float], int], None],
) -> dict[str, float]:  # fmt: skip
    """Train as a worker of ablate does, note when, and return the metrics."""
    from ablate.study.plan import make_trial
    from ablate.training.run import train

    config, examples = ready(folder, steps=steps, trials=trials)
    started = time.time()
    place = folder / "trials" / str(number)
    place.mkdir(parents=True)
    spec = make_trial(config, config.phases["hunt"], number, values).runs[0]
    recorder = Curves(log, apart=steps // CURVE)
    result = train(spec, recorder, folder=place, examples=examples)
    ended = time.time()
    busy = ended - started - recorder.seconds
    (place / "times.json").write_text(json.dumps([started, ended, busy, result.state]))
    return dict(result.metrics)


def by_ablate(folder: Path, *, steps: int, trials: int) -> None:
    """Run the study as `ablate run` does."""
    from ablate.study.driver import run

    config = study(folder, steps=steps, trials=trials)
    run(config, store=folder / "store")
    for place in (folder / "store" / config.name / "runs").iterdir():
        started, ended = ((place / name).stat().st_mtime for name in ("spec.json", "result.json"))
        state = json.loads((place / "result.json").read_text())["state"]
        target = folder / "trials" / place.name
        target.mkdir(parents=True)
        (target / "times.json").write_text(json.dumps([started, ended, ended - started, state]))


def by_optuna(folder: Path, *, steps: int, trials: int, processes: bool) -> None:
    """Run the study as the documentation of Optuna does: threads, or processes on one storage."""
    storage = f"sqlite:///{folder / 'optuna.db'}"
    if not processes:
        optuna_part(folder, steps=steps, trials=trials, count=trials, jobs=WORKERS, first=0)
        return
    import optuna

    optuna.create_study(storage=storage, study_name="peers", direction="maximize")
    _client(folder)  # two processes that make the schema at once spoil it
    command = [sys.executable, "-m", "benchmarks.peers", "--one", "optuna part", "--folder",
               str(folder), "--steps", str(steps), "--count", str(trials)]  # fmt: skip
    halves = [trials // 2, trials - trials // 2]
    parts = [
        subprocess.Popen([*command, "--part", str(part), str(index * 1000)])
        for index, part in enumerate(halves)
    ]
    if any(part.wait() for part in parts):
        raise SystemExit("a process of Optuna failed")


def optuna_part(
    folder: Path, *, steps: int, trials: int, count: int, jobs: int, first: int
) -> None:
    """Run a part of the trials in this process."""
    import mlflow
    import optuna
    from optuna_integration.mlflow import MLflowCallback

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    callback = MLflowCallback(
        tracking_uri=uri, metric_name=OBJECTIVE, create_experiment=True,
        mlflow_kwargs={"nested": True},
    )  # fmt: skip

    @callback.track_in_mlflow()  # type: ignore[untyped-decorator]
    def objective(trial: optuna.Trial) -> float:
        values = {
            "learning_rate": trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True),
            "gradient_weight": trial.suggest_float("gradient_weight", 1.0, 100.0, log=True),
            "levels": trial.suggest_int("levels", 2, 4),
        }
        metrics = train_one(
            folder, values, steps=steps, trials=trials, number=trial.number,
            log=lambda some, step: mlflow.log_metrics(dict(some), step=step),
        )  # fmt: skip
        mlflow.log_metrics(metrics)
        return metrics[OBJECTIVE]

    ready(folder, steps=steps, trials=trials)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    made = optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}", study_name="peers", direction="maximize",
        load_if_exists=True, sampler=optuna.samplers.TPESampler(seed=first),
    )  # fmt: skip
    made.optimize(objective, n_trials=count, n_jobs=jobs, callbacks=[callback])


def by_ray(folder: Path, *, steps: int, trials: int) -> None:
    """Run the study as the documentation of Ray Tune does."""
    import ray
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from ray.tune.search.optuna import OptunaSearch

    def objective(values: dict[str, Any]) -> None:
        metrics = train_one(
            folder, values, steps=steps, trials=trials, number=time.time_ns(),
            log=lambda some, step: tune.report({**some, "step": step, "score": 0.0}),
        )  # fmt: skip
        tune.report({**metrics, "score": metrics[OBJECTIVE]})

    ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False,
             runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).parents[1])}})  # fmt: skip
    logger = MLflowLoggerCallback(
        tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", experiment_name="peers"
    )
    tuner = tune.Tuner(
        tune.with_resources(objective, {"cpu": 1}),
        param_space={
            "learning_rate": tune.loguniform(1e-3, 1e-1),
            "gradient_weight": tune.loguniform(1.0, 100.0), "levels": tune.randint(2, 5),
        },
        tune_config=tune.TuneConfig(
            search_alg=OptunaSearch(metric="score", mode="max", seed=0), num_samples=trials,
            max_concurrent_trials=WORKERS, reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), callbacks=[logger], verbose=0),
    )  # fmt: skip
    tuner.fit()
    ray.shutdown()


def _client(folder: Path) -> Any:
    from mlflow.tracking import MlflowClient

    store = folder / "store"
    client = MlflowClient(f"sqlite:///{(store if store.exists() else folder) / 'mlflow.db'}")
    client.search_experiments()
    return client


def observed(folder: Path) -> dict[str, float]:
    """Return what a driver came to, from the times of its trainings and its MLflow runs."""
    times = [json.loads(path.read_text()) for path in folder.glob("trials/*/times.json")]
    window = max(end for _, end, *_ in times) - min(start for start, *_ in times)
    busy, count = sum(one[2] for one in times), len(times)
    client = _client(folder)
    experiments = [one.experiment_id for one in client.search_experiments()]
    left = client.search_runs(experiments, filter_string="attributes.status = 'RUNNING'")
    return {
        "per_trial_s": window / count, "training_s": busy / count,
        "idle_percent": 100 * (1 - busy / (WORKERS * window)),
        "overhead_s": (WORKERS * window - busy) / count,
        "finished": sum(one[3] == "finished" for one in times), "running": len(left),
    }  # fmt: skip


def one(driver: str, folder: Path, *, steps: int, trials: int) -> None:
    """Run one driver in this process and print what it came to."""
    if driver == "ablate":
        by_ablate(folder, steps=steps, trials=trials)
    elif driver == "ray tune":
        by_ray(folder, steps=steps, trials=trials)
    else:
        by_optuna(folder, steps=steps, trials=trials, processes=driver == "optuna processes")
    print(json.dumps(observed(folder)))


def called(driver: str, *, steps: int, trials: int) -> dict[str, float]:
    """Return what a driver came to in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "benchmarks.peers", "--one", driver, "--folder", name,
                   "--steps", str(steps), "--count", str(trials)]  # fmt: skip
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
        train_one(folder, values, steps=steps, trials=4, number=number, log=lambda *_: None)
    return time.perf_counter() - started


def main() -> None:
    """Measure and write, or be one of the drivers."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--seconds", type=float, nargs="+", default=[1, 5, 10])
    parser.add_argument("--trials", type=int, nargs="+", default=[24, 16, 16])
    parser.add_argument("--out", type=Path, default=FOLDER)
    for hidden, kind in (("--one", str), ("--folder", Path), ("--steps", int), ("--count", int)):
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one == "optuna part":
        count, first = given.part
        optuna_part(given.folder, steps=given.steps, trials=given.count, count=count, jobs=1,
                    first=first)  # fmt: skip
    elif given.one:
        one(given.one, given.folder, steps=given.steps, trials=given.count)
    else:
        _compare(given)


def _compare(given: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    rows, measures = [], []
    for seconds, trials in zip(given.seconds, given.trials, strict=True):
        steps = steps_for(seconds)
        print(f"{seconds:g} s: {steps} steps, {trials} trials", flush=True)
        found = {name: called(name, steps=steps, trials=trials) for name in DRIVERS}
        rows += [
            row(
                f"a trial of about {seconds:g} s, {trials} trials", unit="trial",
                ours=[found["ablate"]["per_trial_s"]], peer=[found[name]["per_trial_s"]],
                peer_name=NAMES[name], goal=2 if seconds <= 10 else 1,
            )
            for name in DRIVERS[1:]
        ]  # fmt: skip
        for name in DRIVERS:
            about, one_found = f"{name}, {seconds:g} s", found[name]
            measures += [
                measure(f"{about}: trials per hour", unit="",
                        values=[3600 / one_found["per_trial_s"]]),
                measure(f"{about}: workers idle", unit="%", values=[one_found["idle_percent"]]),
                measure(f"{about}: overhead per trial", unit="s", values=[one_found["overhead_s"]]),
                measure(f"{about}: finished", unit=f"of {trials}", values=[one_found["finished"]]),
                measure(f"{about}: RUNNING at the end", unit="", values=[one_found["running"]]),
            ]  # fmt: skip
    import optuna_integration
    import ray

    result = content(
        "peers", about=ABOUT, load_before=load, rows=rows, measures=measures,
        clock="time of day", sides="in turns, each driver in a process of its own",
        notes=[f"optuna-integration {optuna_integration.__version__}, ray {ray.__version__}; "
               "in benchmarks/peers.txt stands how they are installed",
               f"ablate keeps all points of the curves, the others log {CURVE} of each",
               "ablate asks for trial k when all up to k - lag have ended (the same table for any "
               "number of workers); the lag is a quarter of the trials, at most 16, so that a "
               "search of fewer than 8 trials keeps one of two workers idle",
               "overhead is what two workers did beside training, per trial; logging inside the "
               "objective counts as overhead"],
    )  # fmt: skip
    show(result, write(result, folder=given.out))


if __name__ == "__main__":
    from benchmarks.peers import main as imported  # what Ray sends to workers is found there

    imported()
