"""A real cluster of Ray on this machine: several nodes, one of them killed while a run is at work."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ablate.errors import ClusterError
from ablate.execution.inline import Inline
from ablate.execution.run_folder import read_result
from ablate.training.spec import JOURNAL
from tests.execution.conftest import small, until

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
from ablate.execution.ray import OnRay  # noqa: E402

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    yield made
    ray.shutdown()
    made.shutdown()


def on(cluster: Any, **options: Any) -> OnRay:
    return OnRay(decide=lambda *_: False, address=cluster.address, **options)


def test_a_node_that_is_lost_costs_its_run_nothing_but_time(
    cluster: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = Inline(decide=lambda *_: False)
    alone.submit(small("r", steps=600), tmp_path / "alone")
    (whole,) = until(alone, 1)
    first = cluster.add_node(num_cpus=1)
    executor = on(cluster)
    folder = tmp_path / "s" / "runs" / "r"
    executor.submit(small("r", steps=600), folder)
    while not (folder / JOURNAL).exists():
        assert executor.poll(0.2) == []
    cluster.add_node(num_cpus=1)
    cluster.remove_node(first, allow_graceful=False)
    ended: list[Any] = []
    while not ended:
        ended = executor.poll(0.5)
    executor.close()
    assert (ended[0].state, ended[0].metrics) == ("finished", whole.metrics)
    assert ended[0].facts["workers_killed"] == 1
    assert read_result(folder) == ended[0]
    assert "is gone" in caplog.text


def test_a_worker_waits_for_a_node_that_joins_later(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ablate.execution.remote.PATIENCE_S", 0.5)
    executor = on(cluster, cpus=2)
    executor.submit(small("r"), tmp_path / "s" / "runs" / "r")
    with caplog.at_level(logging.WARNING):
        while "no worker has connected" not in caplog.text:
            assert executor.poll(0.2) == []
    cluster.add_node(num_cpus=2)
    (result,) = _within(executor, 120)
    executor.close()
    assert result.state == "finished"


def test_an_absent_cluster_is_one_line() -> None:
    with pytest.raises(ClusterError, match=r"executor.address: no Ray cluster at 127.0.0.1:1: "):
        OnRay(decide=lambda *_: False, address="127.0.0.1:1")


def _within(executor: OnRay, polls: int) -> list[Any]:
    for _ in range(polls):
        if ended := executor.poll(1):
            return ended
    raise AssertionError("nothing has ended")
