"""What a published folder keeps so that its report can be rendered anew, in whatever form comes.

Beside the tables of the report lie the document of the study, the learning curves and the scores
of what stands beside its arms. Pictures, links into MLflow and addresses of the machine are left
out. Scores of single images are those of the test split, see `ablate.report.packed`.
"""

import json
import lzma
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd

from ablate.analysis.exploration import explore
from ablate.analysis.published import StudyFacts
from ablate.errors import StoreError
from ablate.published import MlflowFacts, OptunaFacts, StudyDocument
from ablate.report.contents import Contents
from ablate.report.packed import compressed, read
from ablate.report.source import NO_PICTURES, facts_of, judged
from ablate.stored import encode
from ablate.tracking.reader import with_health

DOCUMENT = "facts.json.xz"
TABLES = ("curves", "trivial_baselines", "references")  # beside "runs" and "images"
CURVE_DIGITS, CURVE_POINTS = 4, 25  # of each curve of a run
NAMES = ("run_id", "arm_id", "image", "name", "reason", "health")  # columns of text, also if empty


def keep(contents: Contents, folder: Path) -> None:
    """Write what a report is rendered from and its tables do not hold.

    Args:
        contents: Of the report.
        folder: The published folder, in which tables/ lies.
    """
    text = json.dumps(encode(_without_addresses(contents.facts)))
    (folder / DOCUMENT).write_bytes(compressed(text))
    for name in TABLES:
        is_curves = name == "curves"
        table = _thin(contents.curves) if is_curves else getattr(contents, name)
        digits = f"%.{CURVE_DIGITS if is_curves else 12}g"
        text = table.to_csv(index=False, lineterminator="\n", float_format=digits)
        (folder / "tables" / f"{name}.csv.xz").write_bytes(compressed(text))


def contents_of(folder: Path) -> Contents:
    """Return the contents of the report that a published folder holds; answers are judged anew.

    Raises:
        StoreError: The folder holds none, or one of a version that kept no document.
    """
    document = folder / DOCUMENT
    if not document.is_file():
        raise StoreError(
            f"{folder}: holds no {DOCUMENT}; give the folder of a report that "
            "`ablate report STUDY --publish DIR` wrote"
        )
    try:
        facts = facts_of(json.loads(lzma.decompress(document.read_bytes())))
        tables = {name: _typed(read(folder, name)) for name in ("runs", "images", *TABLES)}
    except (OSError, ValueError, lzma.LZMAError) as error:
        raise StoreError(f"{folder}: cannot be read: {error}; publish it anew") from error
    runs = with_health(tables["runs"])
    return Contents(
        facts=facts,
        verdicts=judged(facts, runs=runs, images=tables["images"]),
        explored=explore(facts, runs),
        gallery={},
        no_pictures=NO_PICTURES,
        runs=runs,
        images=tables["images"],
        curves=tables["curves"],
        trivial_baselines=tables["trivial_baselines"],
        references=tables["references"],
    )


def _without_addresses(facts: StudyFacts) -> StudyDocument:
    document = StudyDocument(
        **{one.name: getattr(facts, one.name) for one in fields(StudyDocument)}
    )
    return replace(
        document,
        tracking_uri="",
        provenance=replace(document.provenance, optuna=OptunaFacts(), mlflow=MlflowFacts()),
    )


def _thin(curves: pd.DataFrame) -> pd.DataFrame:
    """Return every k-th point of each curve, counted from its last, so that few are left."""
    points = curves.groupby(["run_id", "key"], sort=False)["step"]
    from_end = points.cumcount(ascending=False)
    every = -(-points.transform("size") // CURVE_POINTS)
    return curves[from_end % every == 0]


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose empty texts are texts again."""
    columns = {name: table[name].fillna("").astype(str) for name in NAMES if name in table}
    return table.assign(**columns)
