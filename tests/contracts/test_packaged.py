"""Every packaged member passes the contract that `ablate check` runs over a user's plug-ins."""

import pytest

from ablate.contracts import data, executors, figures, losses, metrics, networks
from ablate.losses.catalogue.contract import CATALOGUE
from ablate.metrics.contract import METRICS
from ablate.models.contract import MODELS
from ablate.report.figures import FIGURES
from ablate.settings.loss import STEPS, names


@pytest.mark.parametrize("name", METRICS.names())
def test_a_metric(name: str) -> None:
    assert list(metrics.faults(name)) == []


@pytest.mark.parametrize(
    ("setting", "name"), [(setting, name) for setting in STEPS for name in names()[setting]]
)
def test_a_step_of_the_loss(setting: str, name: str) -> None:
    assert list(losses.faults(setting, name)) == []


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_a_published_loss(name: str) -> None:
    assert list(losses.faults("preset", name)) == []


@pytest.mark.parametrize("name", [name for name in MODELS.names() if name != "probe"])
def test_a_network(name: str) -> None:
    assert list(networks.faults(name, {"name": name})) == []


def test_the_generated_pairs() -> None:
    settings = {"pairs": {"train": 2, "val": 1, "test": 1}, "size": [40, 40]}
    assert list(data.faults("synthetic", settings)) == []


@pytest.mark.parametrize("name", FIGURES.names())
def test_a_figure(name: str) -> None:
    assert list(figures.faults(name)) == []


def test_the_executor_without_processes() -> None:
    assert list(executors.faults("inline")) == []
