"""Trainings for benchmarks: many settings and seeds, on several cores, each kept when it ends."""

import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ablate import losses
from ablate.config.defaults import group_defaults, trial_defaults
from ablate.identity import JsonValue, digest
from ablate.settings.recipes import RECIPES
from ablate.settings.train import in_steps, over
from ablate.training.loop import train
from ablate.training.spec import RunSpec
from ablate.training.tasks import task_of

METRICS = ("qabf", "vif", "scd", "mi", "en", "sd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One training that ended.

    `training_s` are CPU seconds of one core from nothing to the last step, `all_s` those with the
    scoring of val and test; `values` are mean test metrics.
    """

    key: str
    seed: int
    state: str
    health: str
    training_s: float
    all_s: float
    values: Mapping[str, float]


def settings(
    data: Mapping[str, Any],
    *,
    model: Mapping[str, Any] | None = None,
    preset: str | None = None,
    loss: Mapping[str, Any] | None = None,
    **recipe: Any,
) -> dict[str, Any]:
    """Return the settings of a run: packaged defaults, a preset, then what is given.

    Args:
        data: The section data, with its name.
        model: The section model; its name chooses the packaged defaults of the network.
        preset: A published recipe, with its network and loss.
        loss: Settings of the loss that differ from the defaults.
        recipe: Settings of the section train that differ.
    """
    base = trial_defaults()
    model, loss = dict(model or {}), dict(loss or {})
    published: Mapping[str, Any] = {}
    if preset is not None:
        published = RECIPES[preset].values
        model = {**RECIPES[preset].model, **model}
        loss = {**RECIPES[preset].loss, **loss}
    name = str(model.get("name", base["model"]["name"]))
    packaged = group_defaults("model", name) or {}
    part = {**over(over(base["train"], published), recipe), "gallery": 0}
    return {
        **base,
        "data": dict(data),
        "model": {**packaged, **model},
        "loss": losses.canonical({**base["loss"], **loss}),
        "train": part,
    }


class Watching:
    """A recorder that notes when the last step was taken."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.trained_s = 0.0

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Note the CPU time of the last step."""
        if step == self._steps and "train/loss" in values:
            self.trained_s = time.process_time()

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Keep nothing."""

    def report(self, value: float, *, step: int) -> bool:
        """Go on."""
        return False


def run_all(
    wanted: Mapping[str, Mapping[str, Any]],
    *,
    seeds: Sequence[int],
    kept: Path,
    processes: int | None = None,
) -> list[Ended]:
    """Return every training of every entry; those in the file `kept` are not run again.

    Args:
        wanted: Name -> settings of a run.
        seeds: Of the trainings of each entry.
        kept: JSON lines; a training is appended when it ends.
        processes: At once; the cores of the machine if absent.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    known = {(one.key, one.seed): one for one in _read(kept)}
    asked = {name: _key(name, each) for name, each in wanted.items()}
    todo = [
        (asked[name], dict(each), seed)
        for seed in seeds
        for name, each in wanted.items()
        if (asked[name], seed) not in known
    ]
    spawned = multiprocessing.get_context("spawn")
    with spawned.Pool(processes or os.cpu_count() or 1, maxtasksperchild=8) as pool:
        for ended in pool.imap_unordered(_run, todo):
            known[ended.key, ended.seed] = ended
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(ended)) + "\n")
    return [known[key, seed] for key in asked.values() for seed in seeds]


def of(name: str, every: Iterable[Ended]) -> list[Ended]:
    """Return the trainings of one entry."""
    return [one for one in every if one.key.rpartition(" ")[0] == name]


def _key(name: str, each: Mapping[str, Any]) -> str:
    identity: JsonValue = json.loads(json.dumps(each, default=str))
    return f"{name} {digest(identity)}"


def _read(kept: Path) -> list[Ended]:
    if not kept.exists():
        return []
    lines = kept.read_text(encoding="utf-8").splitlines()
    return [Ended(**json.loads(line)) for line in lines]


def _run(asked: tuple[str, dict[str, Any], int]) -> Ended:
    key, each, seed = asked
    examples = task_of(each).examples()
    each["train"] = in_steps(each["train"], items=len(examples.stems("train")))
    spec = RunSpec(
        run_id=f"{key}-{seed}",
        arm_id=key,
        study="benchmark",
        phase="all",
        trial=0,
        seed=seed,
        name=key,
        settings=each,
    )
    watching = Watching(int(each["train"]["steps"]))
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        result = train(spec, watching, folder=Path(folder), examples=examples)
        ended = time.process_time()
    return Ended(
        key=key,
        seed=seed,
        state=result.state if result.state == "finished" else f"{result.state}: {result.reason}",
        health=result.health,
        training_s=round(watching.trained_s - started, 2),
        all_s=round(ended - started, 2),
        values={name: result.metrics.get(f"test/{name}", float("nan")) for name in METRICS},
    )
