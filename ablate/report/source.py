"""Contents of a report, read from MLflow and from nowhere else."""

from pathlib import Path

from ablate import __version__
from ablate.analysis.answers import answer
from ablate.errors import StoreError
from ablate.report.contents import Contents
from ablate.tracking.address import DATABASE
from ablate.tracking.reader import read as read_published
from ablate.tracking.store import open_client


def read(*, store: Path, study: str, uri: str | None = None) -> Contents:
    """Return what the study published.

    Raises:
        StoreError: No such study, or nothing published yet.
    """
    if uri is None and not (store / DATABASE).exists():
        raise StoreError(
            f"{store}: holds no study; run it first: ablate run {study} --store {store}"
        )
    published = read_published(open_client(store, uri), study=study)
    arms = dict(zip(published.runs["arm_id"], published.runs["arm"], strict=True))
    gallery = {
        arms.get(folder.name, folder.name): {
            path.stem: path for path in sorted(folder.glob("*.png"))
        }
        for folder in sorted((published.folder / "gallery").glob("*"))
    }
    return Contents(
        verdicts=answer(
            published.facts,
            published.runs,
            published.images,
            generated_by=f"ablate {__version__}",
        ),
        facts=published.facts,
        runs=published.runs,
        images=published.images,
        curves=published.curves,
        floors=published.floors,
        gallery=gallery,
    )
