"""Trained networks of a store: which run it is, and the network with its weights."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ablate import models, plugins
from ablate.errors import StoreError, UnknownNameError, nearest
from ablate.training.spec import WEIGHTS, RunResult, RunSpec
from ablate.training.weights import read_into

MLFLOW_ID_LETTERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRun:
    """A run that has ended, and where its files lie."""

    spec: RunSpec
    result: RunResult
    folder: Path

    @property
    def arm(self) -> str:
        """Return the name of its arm: the run's name up to block, point or seed."""
        kept = [part for part in self.spec.name.split(" · ") if not _is_place(part)]
        return " · ".join(kept)

    def network(self) -> nn.Module:
        """Return the trained network, ready to fuse.

        Raises:
            StoreError: The run kept no weights, or they are damaged.
        """
        path = self.folder / WEIGHTS
        if not path.exists():
            why = (
                "the probe optimises images and has no network"
                if self.spec.settings["model"]["name"] == "probe"
                else "only runs that score test keep theirs"
            )
            raise StoreError(f"{self.folder}: holds no weights: {why}; choose another run")
        plugins.load()
        model: nn.Module = models.build(dict(self.spec.settings["model"]))
        read_into(model, path)
        return model.eval()


def by_id(store: Path, run: str) -> TrainedRun:
    """Return a run by its id, ours or MLflow's.

    Raises:
        StoreError: No study of the store has such a run, or it has not ended.
    """
    own = {run}
    if len(run) == MLFLOW_ID_LETTERS:
        for path in sorted(store.glob("*/links.json")):
            links = json.loads(path.read_text(encoding="utf-8"))
            own |= {key for key, linked in links.items() if linked == run}
    for folder in sorted(store.glob("*/runs/*")):
        if folder.name in own:
            found = _read(folder)
            if found is None:
                raise StoreError(f"{folder}: has not ended; go on with: ablate run")
            return found
    raise StoreError(
        f"{store}: no run has the id {run!r}; ids stand in the report's runs.csv and in MLflow"
    )


def best_of(store: Path, *, study: str, arm: str | None) -> TrainedRun:
    """Return the finished run of an arm that is best on val, by the study's own objective.

    Args:
        store: Folder of the stores.
        study: Name of the study.
        arm: Name of an arm, or a factor's value that one arm has; None for all arms.

    Raises:
        StoreError: The store has no finished run with weights of that study.
        UnknownNameError: No arm has that name.
    """
    from ablate.metrics import BETTER

    every = [run for run in _all(store / study) if (run.folder / WEIGHTS).exists()]
    if not every:
        raise StoreError(
            f"{store / study}: holds no trained network; train some first: ablate run {study}"
        )
    named = [run for run in every if arm is None or _answers_to(run, arm)]
    if not named:
        raise UnknownNameError(
            f"--arm: {study} has no arm {arm!r}; {nearest(str(arm), {run.arm for run in every})}"
        )

    def rank(run: TrainedRun) -> float:
        value = run.result.metrics.get(run.spec.objective, math.nan)
        metric = run.spec.objective.partition("/")[2]
        if math.isnan(value):
            return math.inf
        return -value if BETTER.get(metric, "higher") == "higher" else value

    return min(named, key=lambda run: (rank(run), run.spec.run_id))


def _answers_to(run: TrainedRun, arm: str) -> bool:
    return arm == run.arm or arm in {str(value) for value in run.spec.factors.values()}


def _all(folder: Path) -> Iterator[TrainedRun]:
    for path in sorted(folder.glob("runs/*")):
        found = _read(path)
        if found is not None and found.result.state == "finished":
            yield found


def _read(folder: Path) -> TrainedRun | None:
    try:
        spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return TrainedRun(
            spec=RunSpec.from_json(spec), result=RunResult.from_json(result), folder=folder
        )
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{folder}: its spec.json or result.json is not ours ({error}); choose another run"
        ) from None


def _is_place(part: str) -> bool:
    """Return whether a part of a run's name is its block, point or seed."""
    return len(part) > 1 and part[0] in "bps" and part[1:].isdigit()
