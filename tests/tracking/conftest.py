import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient
from PIL import Image

from ablate.tracking.journal import JournalRecorder
from ablate.tracking.shipper import Shipper
from ablate.tracking.store import experiment, open_client
from ablate.training.spec import RunSpec


class Study:
    """A study of its own in the shared store."""

    def __init__(self, client: MlflowClient, store: Path, name: str, folder: Path) -> None:
        self.client, self.name, self.folder = client, name, folder
        self.experiment_id = experiment(client, name, store=store)

    def shipper(self, client: Any = None, **more: Any) -> Shipper:
        """Return a shipper as a freshly started driver makes it."""
        shipper = Shipper(
            lambda: (client or self.client, self.experiment_id),
            study=self.name,
            address="store",
            **more,
        )
        shipper.study_run(title="**T**", tags={"ablate.design_hash": "d"}, params={"data": "x"})
        return shipper

    def spec(self, run_id: str = "r1", *, trial: int = 0, seed: int = 0, **more: Any) -> RunSpec:
        return RunSpec(
            run_id=f"{self.name}-{run_id}",
            arm_id=f"arm{trial}",
            study=self.name,
            phase="compare",
            trial=trial,
            seed=seed,
            name=more.pop("name", f"signed · ratio 0.5 · s{seed}"),
            settings={"loss": {"ratio": 0.5, "weights": [0.5, 0.5]}, "train": {"steps": 3}},
            factors={"variant": "signed", "ratio": 0.5},
            questions=("q4",),
            **more,
        )

    def write(self, spec: RunSpec, steps: range, *, picture: bool = False) -> Path:
        """Return the run's folder after a worker has written these steps."""
        folder = self.folder / spec.run_id
        folder.mkdir(exist_ok=True)
        (folder / "spec.json").write_text(json.dumps(spec.to_json()))
        recorder = JournalRecorder(folder / "journal.jsonl", ask=lambda reports: False)
        for step in steps:
            recorder.metrics({"train/loss": 1.0 / (step + 1), "val/qabf": 0.1 * step}, step=step)
        if picture:
            (folder / "fused").mkdir(exist_ok=True)
            Image.new("L", (300, 200), 99).save(folder / "fused" / "00001N.png")
            recorder.image("fused/00001N", folder / "fused" / "00001N.png", step=3)
        recorder.close()
        return folder

    def runs(self, filter_string: str = "") -> list[Any]:
        return list(
            self.client.search_runs(
                [self.experiment_id], filter_string=filter_string, order_by=["start_time ASC"]
            )
        )

    def run(self, spec: RunSpec) -> Any:
        """Return the one MLflow run of a run of ours."""
        (found,) = self.runs(f"tags.`ablate.run_id` = '{spec.run_id}'")
        return found


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one store for all tests: making its schema takes seconds. Its name is no easy one."""
    return tmp_path_factory.mktemp("tracking") / "my störe"


@pytest.fixture(scope="session")
def client(store: Path) -> MlflowClient:
    return open_client(store)


@pytest.fixture
def study(
    client: MlflowClient, store: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Study:
    return Study(client, store, request.node.name[:120], tmp_path)


@pytest.fixture
def points(client: MlflowClient) -> Callable[[str, str], list[tuple[int, float, int]]]:
    def history(run_id: str, key: str) -> list[tuple[int, float, int]]:
        return sorted(
            (m.step, m.value, m.timestamp) for m in client.get_metric_history(run_id, key)
        )

    return history
