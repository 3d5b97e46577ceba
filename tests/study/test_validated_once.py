"""A section of settings is checked, and written in its one form, once for each recipe and run.

The driver does so for every recipe of a plan, a worker once more for every run: between the two lie
JSON files, and a worker may be on another machine. Executor `inline` is a driver and its worker in
one process, with the same files between them.
"""

import contextlib
import functools
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config, losses
from ablate.execution.worker import work
from ablate.settings import setting, train
from ablate.study import driver
from ablate.study.plan import make
from tests.study.test_plan import STUDY, plan

WATCHED: dict[Callable[..., Any], str] = {
    losses.check: "check of the loss",
    losses.canonical: "canonical loss",
    losses.typed: "typed loss",
    train.faults_of: "check of train",
    setting.without_inert: "canonical train",
}


class Calls:
    """How often each watched function was called by the driver, and by the work on a run."""

    def __init__(self) -> None:
        self.by_driver, self.by_worker = Counter[str](), Counter[str]()
        self._now = self.by_driver

    def noted(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return the function, which counts its calls."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._now[name] += 1
            return function(*args, **kwargs)

        return call

    def working(self, *args: Any, **kwargs: Any) -> Any:
        """Work on a run; what is called meanwhile counts for the worker."""
        self._now = self.by_worker
        try:
            return work(*args, **kwargs)
        finally:
            self._now = self.by_driver


@contextlib.contextmanager
def counted() -> Iterator[Calls]:
    """Count calls, under whatever name a module has imported a function."""
    calls, of = Calls(), train.TrainSettings.of
    replaced = {function: calls.noted(function, name) for function, name in WATCHED.items()}
    replaced[work] = calls.working
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.TrainSettings, "of", calls.noted(of, "typed train"))
        modules = [module for name, module in sys.modules.items() if name.startswith("ablate.")]
        for module in [sys.modules["ablate"], *modules]:
            for name, value in list(vars(module).items()):
                if callable(value) and getattr(value, "__hash__", None) and value in replaced:
                    patch.setattr(module, name, replaced[value])
        yield calls


@pytest.mark.e2e
def test_a_study_checks_each_section_once_per_recipe_and_once_per_run(tmp_path: Path) -> None:
    study = {
        **STUDY,
        "factors": {"ratio": {"values": [0.5, 0.6, 0.7071]}},
        "phases": {"compare": {"design": "one_factor", "seeds": 2}},
        "base": {
            "data": {"name": "synthetic", "crop": 64, "limit": {"train": 2, "val": 2, "test": 2}},
            "model": {"name": "densefuse", "width": 2},
            "train": {"steps": 2, "batch_size": 1},
            "metrics": {"names": ["qabf", "vif"]},
        },
        "executor": {"name": "inline"},
    }
    file = tmp_path / "studies" / "mine.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(study, sort_keys=False))
    with counted() as calls:
        outcome = driver.run(config.load(file), store=tmp_path / "store")
    runs, recipes = 6, 3
    assert outcome.counts["finished"] == runs
    checks = {"check of the loss": recipes, "check of train": recipes + 1}  # + 1: of the file
    forms = {"canonical loss": recipes + 1, "canonical train": recipes + 1}  # + 1: base itself
    assert dict(calls.by_driver) == {**checks, **forms, "typed train": recipes + 1}
    assert dict(calls.by_worker) == {
        "check of the loss": runs,
        "check of train": runs,
        "canonical loss": runs,
        "typed loss": runs,
        "typed train": runs,
    }


def test_a_plan_is_worked_out_once_whoever_asks(tmp_path: Path) -> None:
    with counted() as calls:
        made = plan(tmp_path)
    arms = 3  # an arm has the base value of its nuisance: a form of its own
    rows = made.runs + len(made.spares)
    assert calls.by_driver["canonical loss"] == rows + arms
    assert calls.by_driver["check of the loss"] == rows
    question = made.config.questions["q"]
    first = made.arms_of(question)
    with counted() as calls:
        assert made.arms_of(question) == first
        assert made.baseline_arm_id in first.values()
    assert len(set(first.values())) == arms
    assert not calls.by_driver
    assert make(made.config).arms_of(question) == first
