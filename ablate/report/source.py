"""Contents of a report, read from MLflow and from nowhere else."""

from pathlib import Path

from ablate import __version__
from ablate.analysis.answers import answer
from ablate.analysis.exploration import explore
from ablate.errors import StoreError, UnknownNameError, nearest
from ablate.metrics.catalogue import declare
from ablate.report.contents import Contents
from ablate.tracking.address import DATABASE, run_page
from ablate.tracking.reader import connect
from ablate.tracking.reader import read as read_published
from ablate.tracking.store import open_client

NO_PICTURES = "pictures were left out (--no-pictures)"


def read(
    *,
    store: Path,
    study: str,
    uri: str | None = None,
    pictures: bool = True,
    wanted: tuple[str, ...] = (),
    is_explored: bool = True,
) -> Contents:
    """Return what the study published.

    Args:
        store: Folder of the stores; not looked at when `uri` is given.
        study: Name of the study.
        uri: Address of an MLflow database or server.
        pictures: Whether the report may show any; licences of data sets often forbid it.
        wanted: Test images to show beside those chosen by rule.
        is_explored: Whether the exploration is looked at, which takes seconds.

    Raises:
        StoreError: No such study, or nothing published yet.
        UnknownNameError: A wanted image was not published.
    """
    if uri is None and not (store / DATABASE).exists():
        raise StoreError(
            f"{store}: holds no study; run it first: ablate run {study} --store {store}"
        )
    client = open_client(store) if uri is None else connect(uri)
    published = read_published(client, study=study)
    for name, entry in published.facts.get("declared", {}).items():  # of plug-ins not here
        declare(name, label=entry["label"], better=entry["better"], of=f"study {study}")
    arms = dict(zip(published.runs["arm_id"], published.runs["arm"], strict=True))
    gallery = {
        arms.get(folder.name, folder.name): {
            path.stem: path for path in sorted(folder.glob("*.png"))
        }
        for folder in sorted((published.folder / "gallery").glob("*"))
    }
    shown = set(gallery.get("infrared", ()))
    for name in wanted:
        if name not in shown:
            raise UnknownNameError(
                f"--picture: no picture of {name!r} was published; {nearest(name, shown)} "
                "(train.gallery says how many are)"
            )
    return Contents(
        verdicts=answer(
            published.facts,
            published.runs,
            published.images,
            generated_by=f"ablate {__version__}",
        ),
        explored=explore(published.facts, published.runs) if is_explored else {},
        facts=published.facts,
        runs=published.runs,
        images=published.images,
        curves=published.curves,
        trivial_baselines=published.trivial_baselines,
        references=published.references,
        gallery=gallery if pictures else {},
        no_pictures="" if pictures else NO_PICTURES,
        wanted=wanted,
        links=published.links,
        server=run_page(
            uri or str(published.facts.get("tracking_uri", "")), published.experiment_id
        ),
    )
