"""Trained networks of a store: which run it is, and the network with its weights."""

import difflib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from ablate import models, plugins
from ablate.config.locations import study_name
from ablate.data.decode import HIGH_BYTE
from ablate.errors import ConfigError, StoreError, UnknownNameError, nearest
from ablate.fusing.bounds import check_settings
from ablate.store_folder import check_study, check_there, studies
from ablate.training.checkpoints import read_weights
from ablate.training.spec import WEIGHTS, RunResult, RunSpec

MLFLOW_ID_LETTERS = 32
LARGEST_JSON_BYTES = 100_000_000  # of a spec.json or result.json


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

    @property
    def scaling(self) -> str:
        """The scaling of images of more than 8 bits that it was trained with."""
        return str(self.spec.settings.get("data", {}).get("scaling", HIGH_BYTE))

    def network(self) -> nn.Module:
        """Return the trained network, ready to fuse.

        Raises:
            StoreError: The run kept no weights, they are damaged, or its spec describes a network
                beyond the bounds of `ablate.fusing.bounds`.
        """
        path = self.folder / WEIGHTS
        if not path.exists():
            why = (
                "its task fuses nothing"
                if "model" not in self.spec.settings
                else "the probe optimises images and has no network"
                if self.spec.settings["model"]["name"] == "probe"
                else "of a search only the best trials keep theirs (keep.best)"
            )
            raise StoreError(f"{self.folder}: holds no weights: {why}; choose another run")
        plugins.load()
        settings = dict(self.spec.in_places["model"])
        check_settings(settings, where=str(self.folder / "spec.json"))
        model: nn.Module = models.build(settings)
        if path.stat().st_size > 2 * _bytes(model) + LARGEST_JSON_BYTES:
            raise StoreError(f"{path}: not the weights of this network (far larger)")
        read_weights(model, path)
        return model.eval()


def chosen(
    store: Path,
    *,
    run: str | None,
    study: str | None,
    arm: str | None,
    is_best: bool = False,
) -> TrainedRun:
    """Return the run of an id, or the best one of a study or of an arm of it.

    Args:
        store: Folder of the stores.
        run: Id of a run.
        study: Name of a study.
        arm: Of the study.
        is_best: Whether the one best on val of all runs is wanted, kept or not; without a study
            that of the store's only one.

    Raises:
        ConfigError: Neither an id nor a study, both, or an arm beside an id.
        StoreError: See `by_id` and `best_of`.
        UnknownNameError: See `by_id` and `best_of`.
    """
    if is_best and run is None and study is None:
        study = _only_study(store)
    if is_best and (run is not None or arm is not None):
        raise ConfigError("--best: goes with --study alone; leave out --run and --arm")
    if (run is None) == (study is None) or (run is not None and arm is not None):
        raise ConfigError(
            "which network: say either --run ID, or --study NAME with --arm or --best where needed"
        )
    if run is not None:
        return by_id(store, run)
    name = study_name(str(study))
    return best_of_all(store, name) if is_best else best_of(store, study=name, arm=arm)


def of_trial(store: Path, study: str, number: int) -> TrainedRun:
    """Return the first run of a trial that has ended, trained network or not.

    Raises:
        StoreError: The store has no such study.
        UnknownNameError: No run of that trial has ended.
    """
    check_study(store, study)
    plugins.load()  # metrics that only they declare
    every = [run for folder in sorted((store / study).glob("runs/*")) if (run := _read(folder))]
    found = [run for run in every if run.spec.trial == number]
    if not found:
        numbers = sorted({run.spec.trial for run in every})
        there = f"{numbers[0]} to {numbers[-1]}" if numbers else "none yet"
        raise UnknownNameError(
            f"--trial: no run of trial {number} of {study} has ended (there are {there}); a "
            "suggestion that repeats another trial was not run: ablate best names the trials"
        )
    return min(found, key=lambda run: run.spec.seed)


def _only_study(store: Path) -> str:
    check_there(store)
    names = studies(store)
    if len(names) != 1:
        raise ConfigError(f"--best: {store} holds {len(names)} studies; say which: --study NAME")
    return names[0]


def winner(store: Path, study: str) -> TrainedRun:
    """Return the healthy finished run of a study that is best on val, trained network or not.

    Raises:
        StoreError: The store has no such study, or this no such run.
    """
    check_study(store, study)
    plugins.load()  # metrics that only they declare
    every = [
        run for run in _all(store / study) if run.spec.budget in (None, 1) and _rank(run) < math.inf
    ]
    if not every:
        raise StoreError(f"{store / study}: no run has finished with an objective; run it on first")
    return min(every, key=lambda run: (run.result.is_unhealthy, _rank(run), run.spec.run_id))


def best_of_all(store: Path, study: str) -> TrainedRun:
    """Return the run that `winner` returns.

    Raises:
        StoreError: There is none, or it kept no weights.
    """
    found = winner(store, study)
    if not (found.folder / WEIGHTS).exists():
        raise StoreError(
            f"{found.folder}: best on val, but kept no weights (keep.best, or an earlier version); "
            f"train it anew: ablate promote {study} --trial {found.spec.trial} --as NAME"
        )
    return found


def by_id(store: Path, run: str) -> TrainedRun:
    """Return a run by its id, ours or MLflow's.

    Raises:
        StoreError: No study of the store has such a run, or it has not ended.
        UnknownNameError: No run of the store has that id.
    """
    check_there(store)
    plugins.load()  # metrics that only they declare
    own = {run}
    if len(run) == MLFLOW_ID_LETTERS:
        for path in sorted(store.glob("*/links.json")):
            own |= {key for key, linked in _links(path).items() if linked == run}
    for folder in sorted(store.glob("*/runs/*")):
        if folder.name in own:
            found = _read(folder)
            if found is None:
                raise StoreError(f"{folder}: has not ended; go on with: ablate run")
            return found
    ids = [folder.name for folder in store.glob("*/runs/*")]
    close = difflib.get_close_matches(run[:80], ids, n=1, cutoff=0.6)
    fix = f"did you mean {close[0]!r}?" if close else "`ablate best STUDY` and its report name ids"
    raise UnknownNameError(f"{store}: no run has the id {run!r}; {fix}")


def best_of(store: Path, *, study: str, arm: str | None) -> TrainedRun:
    """Return the finished run of an arm that is best on val, by the study's own objective.

    Unhealthy runs come behind all healthy ones.

    Args:
        store: Folder of the stores.
        study: Name of the study.
        arm: Name of an arm, or a factor's value that one arm has; None for all arms. Trainings at
            another budget than the one that decides are chosen by the name of their arm alone.

    Raises:
        StoreError: The store has no finished run with weights of that study.
        UnknownNameError: The store has no such study, or the study no such arm.
    """
    check_study(store, study)
    plugins.load()  # metrics that only they declare
    every = [run for run in _all(store / study) if (run.folder / WEIGHTS).exists()]
    if not every:
        raise StoreError(
            f"{store / study}: holds no trained network; train some first: ablate run {study}"
        )
    named = [run for run in every if _is_meant(run, arm)]
    if not named:
        names = {name for run in every for name in (run.arm, *map(str, run.spec.factors.values()))}
        raise UnknownNameError(f"--arm: {study} has no arm {arm!r}; {nearest(str(arm), names)}")

    return min(named, key=lambda run: (run.result.is_unhealthy, _rank(run), run.spec.run_id))


def _rank(run: TrainedRun) -> float:
    """Return the objective, so that less is better; infinity without one."""
    from ablate.metrics.catalogue import is_lower_better

    value = run.result.metrics.get(run.spec.objective, math.nan)
    if math.isnan(value):
        return math.inf
    return value if is_lower_better(run.spec.objective) else -value


def _is_meant(run: TrainedRun, arm: str | None) -> bool:
    """Return whether a run is of the arm; one of another budget only where its arm is named."""
    if arm is not None and arm == run.arm:
        return True
    return run.spec.budget in (None, 1) and (arm is None or _answers_to(run, arm))


def _answers_to(run: TrainedRun, arm: str) -> bool:
    return arm == run.arm or arm in {str(value) for value in run.spec.factors.values()}


def _all(folder: Path) -> Iterator[TrainedRun]:
    for path in sorted(folder.glob("runs/*")):
        found = _read(path)
        if found is not None and found.result.state == "finished":
            yield found


def _read(folder: Path) -> TrainedRun | None:
    try:
        spec, result = (_json(folder / name) for name in ("spec.json", "result.json"))
        return TrainedRun(
            spec=RunSpec.from_json(spec), result=RunResult.from_json(result), folder=folder
        )
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{folder}: its spec.json or result.json is not ours ({error}); choose another run"
        ) from None


def _json(path: Path) -> Any:
    if path.stat().st_size > LARGEST_JSON_BYTES:
        raise ValueError(f"{path.name} is larger than {LARGEST_JSON_BYTES // 10**6} MB")
    return json.loads(path.read_text(encoding="utf-8"))


def _links(path: Path) -> dict[str, Any]:
    try:
        links = _json(path)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: cannot be read as links ({error}); run ablate doctor") from None
    return links if isinstance(links, dict) else {}


def _bytes(model: nn.Module) -> int:
    return sum(value.nbytes for value in model.state_dict().values())


def _is_place(part: str) -> bool:
    """Return whether a part of a run's name is its block, point or seed."""
    return len(part) > 1 and part[0] in "bps" and part[1:].isdigit()
