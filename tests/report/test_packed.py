"""Tables of a published report: small, exact enough to be analysed again, open to old names."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.report import packed


def images(*, runs: int = 3, count: int = 20) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (f"{run:x}a", split, f"{image:05d}", metric, rng.lognormal(size) if image else np.nan)
        for run in range(runs)
        for split in ("val", "test")
        for image in range(count)
        for metric, size in (("en", 1.9), ("qabf", -0.7), ("scd", 0.4))
    ]
    return pd.DataFrame(rows, columns=["run_id", "split", "image", "metric", "value"])


def written(folder: Path) -> Path:
    (folder / "tables").mkdir()
    images().to_csv(folder / "tables" / "images.csv", index=False)
    runs = pd.DataFrame(
        {
            "run_id": ["000000000001", "0000000000e2"],
            "arm": ["0.50", "'=1+1"],
            "seed": [4151307968, 2],
            "mlflow_run_id": ["ab", "cd"],
            "test/qabf": [0.123456789012345678, float("nan")],
            "nuisance.learning_rate": ["0.00371862", "1e-05"],
        }
    )
    runs.to_csv(folder / "tables" / "runs.csv", index=False)
    winners = runs.assign(question="ratio", block=1, value="0.50", point=2)
    winners.to_csv(folder / "tables" / "winners.csv", index=False)
    (folder / "tables" / "arms.tex").write_text("%")
    packed.pack(folder / "tables")
    return folder


def test_there_is_one_file_per_kind(tmp_path: Path) -> None:
    folder = written(tmp_path)
    names = {path.name for path in (folder / "tables").iterdir()}
    assert names == {"images.parquet", "runs.csv.xz", "winners.csv.xz"}


def test_scores_of_test_images_come_back_to_twelve_digits(tmp_path: Path) -> None:
    found = packed.read(written(tmp_path), "images")
    asked = images().query("split == 'test'")
    keys = ["run_id", "split", "image", "metric"]
    both = asked.merge(found, on=keys, how="outer", indicator=True)
    assert (both["_merge"] == "both").all()
    np.testing.assert_allclose(both["value_y"], both["value_x"], rtol=1e-12)
    assert both["value_y"].isna().sum() == 9


def test_texts_that_look_like_numbers_stay_and_long_numbers_are_rounded(tmp_path: Path) -> None:
    folder = written(tmp_path)
    text = pd.read_csv(folder / "tables" / "runs.csv.xz", dtype=str, keep_default_na=False)
    assert text["run_id"].tolist() == ["000000000001", "0000000000e2"]
    assert text["arm"].tolist() == ["0.50", "'=1+1"]
    assert text["seed"].tolist() == ["4151307968", "2"]
    assert text["test/qabf"].tolist() == ["0.123456789012", ""]
    assert text["nuisance.learning_rate"].tolist() == ["0.00371862", "1e-05"]
    assert "mlflow_run_id" not in text


def test_a_winner_names_its_run(tmp_path: Path) -> None:
    found = packed.read(written(tmp_path), "winners")
    assert list(found.columns) == ["question", "block", "value", "run_id", "arm", "point"]
    assert found["run_id"].tolist() == ["000000000001", "0000000000e2"]


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_tables_of_earlier_versions_open_too(tmp_path: Path, ending: str) -> None:
    (tmp_path / "tables").mkdir()
    raw = images().to_csv(index=False).encode()
    path = tmp_path / "tables" / f"images.{ending}"
    path.write_bytes(gzip.compress(raw) if ending == "csv.gz" else raw)
    pd.testing.assert_frame_equal(packed.read(tmp_path, "images"), images())


def test_a_table_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"tables: holds no table 'budgets'"):
        packed.read(tmp_path, "budgets")


@pytest.mark.parametrize("bits", [32, 40, 52])
def test_rounding_errs_by_half_a_unit_at_most(bits: int) -> None:
    values = np.random.default_rng(2).lognormal(0, 9, 1000)
    np.testing.assert_allclose(packed.rounded(values, bits), values, rtol=2.0**-bits)
    assert packed.rounded(np.array([0.0, -0.5, 3.0]), bits).tolist() == [0.0, -0.5, 3.0]


def test_scores_on_a_further_set_come_back_under_its_name(tmp_path: Path) -> None:
    rows = [
        *(("a", "test", f"{i}", metric, 0.1 * i) for i in (1, 2) for metric in ("en", "mi")),
        *(("a", "test/tno", f"{i}", "en", 0.2 * i) for i in (1, 2, 3)),
    ]
    columns = ["run_id", "split", "image", "metric", "value"]
    table = pd.DataFrame(rows, columns=columns)
    (tmp_path / "tables").mkdir()
    table.to_csv(tmp_path / "tables" / "images.csv", index=False)
    packed.pack(tmp_path / "tables")
    found = packed.read(tmp_path, "images").astype({"split": str, "metric": str, "run_id": str})
    further = table["split"] == "test/tno"
    table.loc[further, ["image", "metric"]] = "tno/" + table.loc[further, ["image", "metric"]]
    keys = columns[:-1]
    pd.testing.assert_frame_equal(
        found.sort_values(keys)[columns].reset_index(drop=True),
        table.sort_values(keys).reset_index(drop=True),
        check_dtype=False,
        check_categorical=False,
    )
