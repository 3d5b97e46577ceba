"""What is published of the origin of numbers, and what is not."""

import json

import pytest

from ablate import config, data
from ablate.stored import encode
from ablate.study import provenance
from ablate.study.names import known
from ablate.study.provenance import command, packages
from ablate.tracking.address import public, run_page
from ablate.training.environment import cpu


@pytest.mark.parametrize(
    "word",
    [
        "store.mlflow=https://me:hunter2@host/x",
        "MLFLOW_TRACKING_TOKEN=hunter2",
        "store.password=hunter2",
        "data.api_key=hunter2",
    ],
)
def test_no_secret_stands_in_the_command(word: str) -> None:
    found = command("q4", [word, "train.steps=5"])
    assert "hunter2" not in found
    assert found.startswith("ablate run q4 ")
    assert found.endswith(" train.steps=5")


@pytest.mark.parametrize("word", ["data.root=/home/me/a", "++data.infrared=/home/me/x y"])
def test_no_folder_of_a_machine_stands_in_the_command(word: str) -> None:
    found = command("q4", ["data=msrs", word, "train.steps=5"])
    assert "/home" not in found
    assert found == f"ablate run q4 data=msrs {word.partition('=')[0]}=DIR train.steps=5"


def test_an_address_is_shown_without_user_and_query() -> None:
    assert public("postgresql://me:word@db:5432/x?sslkey=k") == "postgresql://db:5432/x"
    assert run_page("https://me:word@host", "7") == "https://host/#/experiments/7/runs/"
    assert run_page("sqlite:////tmp/mlflow.db", "7") == ""


def test_packages_and_processor_are_named() -> None:
    found = packages()
    assert {"torch", "numpy", "mlflow"} <= {name.lower() for name in found}
    assert list(found) == sorted(found, key=str.lower)
    assert cpu()["kind"]
    assert cpu()["used"]


def test_the_environment_is_never_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    study = config.load("quickstart", ("data.pairs.test=2",), known=known())
    pairs = data.load(study.base["data"])
    found = provenance.provenance(
        study, pairs, overrides=["train.steps=8"], tracking_uri="http://me:hunter2@host"
    )
    assert "hunter2" not in json.dumps(encode(found))
    assert found.command == "ablate run quickstart train.steps=8"
    assert found.determinism["deterministic_algorithms"] is True
    assert found.data.manifest_hash == pairs.manifest.hash
    assert found.data.in_two_splits == 0
    assert found.mlflow.address == "http://host"
