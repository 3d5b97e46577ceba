"""Names are known without importing what has them, and are those that are registered."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from torch import nn

from ablate.data.contract import DATASETS
from ablate.execution.protocol import EXECUTORS
from ablate.metrics.catalogue import LABELS
from ablate.metrics.contract import METRICS
from ablate.models.contract import MODELS
from ablate.plugins import PACKAGE
from ablate.registry import Registry
from ablate.search.contract import PRUNERS, SAMPLERS
from ablate.settings.members import members
from ablate.study.names import known
from ablate.training.tasks import TASKS
from tests.plugged import forgetting as forgetting

KINDS: Mapping[str, Registry[Any]] = {
    "models": MODELS,
    "data": DATASETS,
    "executors": EXECUTORS,
    "samplers": SAMPLERS,
    "pruners": PRUNERS,
    "tasks": TASKS,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_is_what_is_registered(kind: str) -> None:
    assert known()[kind] == KINDS[kind].names()


def test_metrics_are_read_in_the_order_of_the_catalogue() -> None:
    assert known()["metrics"] == tuple(name for name in LABELS if name in METRICS)


@pytest.mark.usefixtures("forgetting")
def test_a_member_of_the_users_own_is_known_too() -> None:
    @MODELS.register("of_my_own")
    class Mine(nn.Module):
        __module__ = f"{PACKAGE}.mine"

        def __init__(self, *, width: int) -> None: ...

    assert members("models")["of_my_own"].takes == ("width",)
    assert known()["model.of_my_own"] == ("width",)
    assert "of_my_own" in known()["models"]


HEAVY = {"torch", "mlflow", "kornia", "seaborn", "matplotlib", "optuna", "pandas", "sqlalchemy"}


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["plan", "q4_variant"], {"numpy", "scipy"}),
        (["plan", "q4_variant_answer", "--json"], set()),  # scipy: power, and Sobol points
        (["check", "q4_variant"], {"numpy", "scipy"}),
        (["list", "models"], {"numpy", "scipy", "hydra"}),
    ],
)
def test_a_plan_imports_nothing_heavy(words: list[str], more: set[str]) -> None:
    code = (
        "import sys\nfrom ablate.cli.main import main\n"
        f"try:\n    main({words})\nexcept SystemExit as end:\n    assert not end.code\n"
        f"found = {HEAVY | more!r} & set(sys.modules)\nassert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
