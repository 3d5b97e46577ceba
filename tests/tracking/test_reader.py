import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from ablate.errors import StoreError
from ablate.tracking.reader import read

TABLES = {
    "runs": pd.DataFrame(
        {
            "run_id": ["a"],
            "health": ["copy"],
            "seed": [1],
            "factor.ratio": [None],
            "val/qabf": [0.1],
        }
    ),
    "images": pd.DataFrame({"run_id": ["a"], "value": [float("nan")]}),
    "curves": pd.DataFrame({"run_id": ["a"], "key": ["train/loss"], "step": [1], "value": [2.0]}),
    "trivial_baselines": pd.DataFrame({"kind": ["rule"], "name": ["mean"], "value": [0.3]}),
    "references": pd.DataFrame({"name": ["SeAFusion"], "value": [0.6]}),
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    (folder / "gallery" / "arm0").mkdir(parents=True)
    Image.new("L", (4, 4), 90).save(folder / "gallery" / "arm0" / "00001N.png")
    (folder / "gallery" / "arm0" / "00002N.png").write_bytes(b"cut off")
    (folder / "facts.json").write_text(json.dumps({"title": "Größe"}), encoding="utf-8")
    for name, table in TABLES.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def test_what_a_study_published_is_read_back_unchanged(study: Any, published: Path) -> None:
    study.shipper().publish(published)
    found = read(study.client, study=study.name)
    assert found.facts == {"title": "Größe"}
    for name, table in TABLES.items():
        pd.testing.assert_frame_equal(getattr(found, name), table)
    (picture,) = (found.folder / "gallery" / "arm0").iterdir()
    assert picture.read_bytes() == (published / "gallery" / "arm0" / "00001N.png").read_bytes()
    assert "gallery/arm0/00002N.png" in found.left_out


def test_what_version_0_1_published_is_read_as_rules_without_references(
    study: Any, published: Path
) -> None:
    for name in ("trivial_baselines", "references"):
        (published / f"{name}.parquet").unlink()
    old = pd.DataFrame({"rule": ["mean"], "metric": ["vif"], "value": [0.3]})
    old.to_parquet(published / "floors.parquet", index=False)
    study.shipper().publish(published)
    found = read(study.client, study=study.name)
    assert found.trivial_baselines.to_dict("records") == [
        {"name": "mean", "metric": "vif", "value": 0.3, "kind": "rule"}
    ]
    assert found.references.empty


def test_publishing_again_replaces_the_tables(study: Any, published: Path) -> None:
    shipper = study.shipper()
    shipper.publish(published)
    (published / "facts.json").write_text('{"title": "later"}')
    shipper.publish(published)
    assert read(study.client, study=study.name).facts == {"title": "later"}


def test_a_study_is_read_with_a_number_of_requests_that_does_not_grow(
    study: Any, published: Path
) -> None:
    shipper = study.shipper()
    for index in range(5):
        shipper.begin(study.spec(f"r{index}", trial=index), siblings=1)
    shipper.publish(published)
    calls: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(study.client, name)

    read(Counting(), study=study.name)  # type: ignore[arg-type]
    assert [one for one in calls if one != "tracking_uri"] == [
        "get_experiment_by_name",
        "search_runs",
    ]


def test_an_unknown_study_is_refused_with_the_mend(client: Any) -> None:
    with pytest.raises(StoreError, match=r"no study is called 'nope'.*ablate run nope"):
        read(client, study="nope")


def test_a_study_that_published_nothing_yet_is_refused_with_the_mend(study: Any) -> None:
    study.shipper()
    with pytest.raises(StoreError, match="published nothing yet"):
        read(study.client, study=study.name)
