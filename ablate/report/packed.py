"""Tables of a published report: one compressed file per kind, which pandas opens as they are.

Scores of single images are by far the most numbers of a report. They are kept for the test split,
which every answer is about; the table of runs has the mean of every run on either split. Numbers
have twelve significant digits. `read` opens the tables of earlier versions too.
"""

import lzma
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ablate.analysis.selection import on_test

IMAGES = "images"
KEYS = ("run_id", "split", "image")
WINNER = ("question", "block", "value", "run_id", "arm", "point")
LOCAL = ["mlflow_run_id"]
DIGITS = 12
LONG = re.compile(rf"(?<![\w.])-?\d+\.\d{{{DIGITS - 3},}}(e-?\d+)?(?![\w.])")
TEXT = {"run_id": str, "image": str}  # also where they look like numbers
MANTISSA_BITS = 40  # half a unit in the last place is at most 1e-12 of the value


def pack(tables: Path) -> None:
    """Replace the tables of a rendered report by packed ones; LaTeX files are removed.

    Args:
        tables: Folder with the tables as `tables.write` leaves them.
    """
    for path in tables.glob("*.tex"):
        path.unlink()
    for path in tables.glob("*.csv"):
        if path.stem == IMAGES:
            _write_images(pd.read_csv(path, dtype=TEXT), path.with_suffix(".parquet"))
        else:
            path.with_name(f"{path.name}.xz").write_bytes(compressed(_lean(path)))
        path.unlink()


def compressed(text: str) -> bytes:
    """Return a text as small as xz makes it."""
    return lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)


def read(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of a published report, whichever version of ablate wrote it.

    Args:
        folder: The published folder.
        name: "runs", "images" (a row per run, image and metric), "answers", "winners", ...

    Raises:
        FileNotFoundError: It has no such table.
    """
    tables = folder / "tables"
    if (path := tables / f"{name}.parquet").is_file():
        wide = pd.read_parquet(path)
        long = wide.melt(id_vars=list(KEYS), var_name="metric", value_name="value")
        of_set, of_split = (
            long["metric"].str.rpartition("/")[0],
            long["split"].str.partition("/")[2],
        )
        return long[of_set == of_split].reset_index(drop=True)  # each set has its own columns
    endings = ("csv.xz", "csv.gz", "csv")
    found = [path for end in endings if (path := tables / f"{name}.{end}").is_file()]
    if not found:
        raise FileNotFoundError(f"{tables}: holds no table {name!r}")
    return pd.read_csv(found[0], dtype=TEXT)


def rounded(values: npt.NDArray[np.float64], bits: int) -> npt.NDArray[np.float64]:
    """Return numbers to so many bits of their mantissa; the rest is 0 and compresses to nothing."""
    mantissa, exponent = np.frexp(values)
    kept: npt.NDArray[np.float64] = np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits)
    return kept


def _lean(path: Path) -> str:
    """Return a table without the ids of a store that is not published, its numbers shortened.

    A winner keeps the id of its run; what else is known of that run stands in the table of runs.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=LOCAL, errors="ignore")
    if path.stem == "winners":
        table = table[[name for name in WINNER if name in table]]
    text = table.to_csv(index=False, lineterminator="\n")
    return LONG.sub(lambda number: f"{float(number[0]):.{DIGITS}g}", text)


def _write_images(table: pd.DataFrame, path: Path) -> None:
    """Write the scores of test images with a column per metric."""
    test = on_test(table)
    wide = test.set_index([*KEYS, "metric"])["value"].unstack("metric", sort=False)
    metrics = list(wide.columns)
    for metric in metrics:
        wide[metric] = rounded(wide[metric].to_numpy(dtype=np.float64), MANTISSA_BITS)
    wide.columns.name = None
    pq.write_table(
        pa.Table.from_pandas(wide.reset_index(), preserve_index=False),
        path,
        compression="zstd",
        compression_level=22,
        use_dictionary=list(KEYS),
        column_encoding=dict.fromkeys(metrics, "BYTE_STREAM_SPLIT"),
        write_statistics=False,
    )
