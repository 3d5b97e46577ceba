"""The drivers that benchmarks/peers.py compares: ablate, Optuna, Ray Tune, on one training code."""

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

WORKERS = 2
SPACE = {
    "learning_rate": {
        "type": "float",
        "path": "train.learning_rate",
        "low": 1e-3,
        "high": 1e-1,
        "log": True,
        "baseline": 1e-2,
    },
    "gradient_weight": {
        "type": "float",
        "path": "loss.gradient_weight",
        "low": 1.0,
        "high": 100.0,
        "log": True,
        "baseline": 10.0,
    },
    "levels": {"type": "int", "path": "loss.levels", "low": 2, "high": 4, "baseline": 3},
}
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
        "base": {
            "data": {"name": "synthetic", "size": [96, 96], "crop": 64},
            "model": {"name": "probe"},
            "train": {"steps": steps, "gallery": 0},
        },
        "executor": {"slots": WORKERS},
    }
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return config.load(file, (), known=known())


@functools.cache
def ready(folder: Path, *, steps: int, trials: int) -> tuple[Any, Any]:
    """Return study and data, read once per process as a careful user does."""
    import torch

    from ablate.training.loop import train
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
    folder: Path,
    values: Mapping[str, Any],
    *,
    steps: int,
    trials: int,
    number: int,
    points: int,
    log: Callable[[Mapping[str, float], int], None],
) -> dict[str, float]:
    """Train as a worker of ablate does, note when, and return the metrics."""
    from ablate.study.plan import make_trial
    from ablate.training.loop import train

    config, examples = ready(folder, steps=steps, trials=trials)
    started = time.time()
    place = folder / "trials" / str(number)
    place.mkdir(parents=True)
    spec = make_trial(config, config.phases["hunt"], number, values).runs[0]
    recorder = Curves(log, apart=steps // points)
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


def by_optuna(folder: Path, *, steps: int, trials: int, points: int, processes: bool) -> None:
    """Run the study as the documentation of Optuna does: threads, or processes on one storage."""
    storage = f"sqlite:///{folder / 'optuna.db'}"
    client_of(folder).create_experiment("peers")  # before the first training, as ablate's is
    if not processes:
        optuna_part(
            folder, steps=steps, trials=trials, points=points, count=trials, jobs=WORKERS, first=0
        )
        return
    import optuna

    optuna.create_study(storage=storage, study_name="peers", direction="maximize")
    command = [
        sys.executable,
        "-m",
        "benchmarks.peers",
        "--one",
        "optuna part",
        "--folder",
        str(folder),
        "--steps",
        str(steps),
        "--count",
        str(trials),
        "--points",
        str(points),
    ]
    halves = [trials // 2, trials - trials // 2]
    parts = [
        subprocess.Popen([*command, "--part", str(part), str(index * 1000)])
        for index, part in enumerate(halves)
    ]
    if any(part.wait() for part in parts):
        raise SystemExit("a process of Optuna failed")


def optuna_part(
    folder: Path, *, steps: int, trials: int, points: int, count: int, jobs: int, first: int
) -> None:
    """Run a part of the trials in this process."""
    import mlflow
    import optuna
    from optuna_integration.mlflow import MLflowCallback

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    callback = MLflowCallback(
        tracking_uri=uri,
        metric_name=OBJECTIVE,
        create_experiment=True,
        mlflow_kwargs={"nested": True},
    )

    @callback.track_in_mlflow()  # type: ignore[untyped-decorator]
    def objective(trial: optuna.Trial) -> float:
        values = {
            "learning_rate": trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True),
            "gradient_weight": trial.suggest_float("gradient_weight", 1.0, 100.0, log=True),
            "levels": trial.suggest_int("levels", 2, 4),
        }
        metrics = train_one(
            folder,
            values,
            steps=steps,
            trials=trials,
            number=trial.number,
            points=points,
            log=lambda some, step: mlflow.log_metrics(dict(some), step=step),
        )
        mlflow.log_metrics(metrics)
        return metrics[OBJECTIVE]

    ready(folder, steps=steps, trials=trials)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    made = optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}",
        study_name="peers",
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=first),
    )
    made.optimize(objective, n_trials=count, n_jobs=jobs, callbacks=[callback])


def by_ray(folder: Path, *, steps: int, trials: int, points: int) -> None:
    """Run the study as the documentation of Ray Tune does."""
    import ray
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from ray.tune.search.optuna import OptunaSearch

    def objective(values: dict[str, Any]) -> None:
        metrics = train_one(
            folder,
            values,
            steps=steps,
            trials=trials,
            number=time.time_ns(),
            points=points,
            log=lambda some, step: tune.report({**some, "step": step, "score": 0.0}),
        )
        tune.report({**metrics, "score": metrics[OBJECTIVE]})

    ray.init(
        num_cpus=WORKERS,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).parents[1])}},
    )
    client_of(folder).create_experiment("peers")  # before the first training, as ablate's is
    logger = MLflowLoggerCallback(
        tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", experiment_name="peers"
    )
    tuner = tune.Tuner(
        tune.with_resources(objective, {"cpu": 1}),
        param_space={
            "learning_rate": tune.loguniform(1e-3, 1e-1),
            "gradient_weight": tune.loguniform(1.0, 100.0),
            "levels": tune.randint(2, 5),
        },
        tune_config=tune.TuneConfig(
            search_alg=OptunaSearch(metric="score", mode="max", seed=0),
            num_samples=trials,
            max_concurrent_trials=WORKERS,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), callbacks=[logger], verbose=0),
    )
    tuner.fit()
    ray.shutdown()


def client_of(folder: Path) -> Any:
    """Return a client of the MLflow store that a driver left, made if there is none."""
    from mlflow.tracking import MlflowClient

    store = folder / "store"
    client = MlflowClient(f"sqlite:///{(store if store.exists() else folder) / 'mlflow.db'}")
    client.search_experiments()
    return client
