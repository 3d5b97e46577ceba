"""Contents of a report: read from MLflow and from nowhere else; the report is given back to it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ablate import __version__
from ablate.analysis.answers import answer
from ablate.analysis.document import Verdicts
from ablate.analysis.exploration import explore
from ablate.analysis.published import StudyFacts, read_facts
from ablate.errors import AblateError, StoreError, UnknownNameError, nearest
from ablate.metrics.catalogue import declare
from ablate.report.best import best
from ablate.report.confirmed import in_words as confirmed_in_words
from ablate.report.contents import Contents
from ablate.store_folder import check_version
from ablate.tables import Cell
from ablate.tracking.address import DATABASE, run_page
from ablate.tracking.reader import COLOUR, GALLERY, connect
from ablate.tracking.reader import read as read_published
from ablate.tracking.returning import BestNetwork, give_back
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
    if uri is None:
        check_version(store)
        if not (store / DATABASE).exists():
            raise StoreError(
                f"{store}: holds no study; run it first: ablate run {study} --store {store}"
            )
    client = open_client(store) if uri is None else connect(uri)
    published = read_published(client, study=study)
    facts = facts_of(published.facts)
    arms = dict(zip(published.runs["arm_id"], published.runs["arm"], strict=True))
    gallery, coloured = (
        {
            arms.get(folder.name, folder.name): {
                path.stem: path for path in sorted(folder.glob("*.png"))
            }
            for folder in sorted((published.folder / name).glob("*"))
        }
        for name in (GALLERY, COLOUR)
    )
    shown = set(gallery.get(facts.sources[0], ()))
    for name in wanted:
        if name not in shown:
            raise UnknownNameError(
                f"--picture: no picture of {name!r} was published; {nearest(name, shown)} "
                "(train.gallery says how many are)"
            )
    return Contents(
        verdicts=judged(facts, runs=published.runs, images=published.images),
        explored=explore(facts, published.runs) if is_explored else None,
        facts=facts,
        runs=published.runs,
        images=published.images,
        curves=published.curves,
        trivial_baselines=published.trivial_baselines,
        references=published.references,
        gallery=gallery if pictures else {},
        coloured=coloured if pictures else {},
        no_pictures="" if pictures else NO_PICTURES,
        left_out=published.left_out,
        wanted=wanted,
        links=published.links,
        server=run_page(uri or facts.tracking_uri, published.experiment_id),
    )


def facts_of(raw: Mapping[str, Any]) -> StudyFacts:
    """Return the document of a study, and declare its metrics of plug-ins that are not here."""
    facts = read_facts(raw)
    for name, entry in facts.declared.items():
        declare(name, label=entry.label, better=entry.better, of=f"study {facts.study}")
    return facts


def judged(facts: StudyFacts, *, runs: pd.DataFrame, images: pd.DataFrame) -> Verdicts | None:
    """Return the answers by this version; None for a study without an answer phase."""
    return answer(facts, runs, images, generated_by=f"ablate {__version__}")


def return_report(contents: Contents, report: Path, *, store: Path) -> str:
    """Store the report, its verdicts and the best network in MLflow; return "", or why not.

    Args:
        contents: What the report was rendered from.
        report: Its folder.
        store: Folder of the stores.
    """
    if not os.access(store, os.W_OK):
        return "the folder cannot be written"
    try:
        client = open_client(store, make=False)
    except AblateError as error:
        return str(error)
    return give_back(
        client,
        study=contents.facts.study,
        report=report,
        verdicts={one.id: one.word for one in contents.answered},
        asked={one.id: one.arms for one in contents.facts.questions},
        sentences=_sentences(contents),
        best=_best_network(contents, store),
    )


def _sentences(contents: Contents) -> list[Cell]:
    """Return the verdicts and their primary rows, or what is described in their place."""
    lines = []
    for one in contents.answered:
        lines.append(Cell(text=f"{one.id}: {one.answer}", is_bold=True))
        lines += [Cell(text=one.advice)] if one.advice else []
        lines += [Cell(text=one.sentence_of(row)) for row in one.deciding]
    lines = lines or [Cell(text=text, is_bold=True) for text in confirmed_in_words(contents)]
    text = "Descriptive only: nothing is claimed from means over a few seeds."
    return lines or [Cell(text=text)]


def _best_network(contents: Contents, store: Path) -> BestNetwork | None:
    """Return the run best on val of the arm that stands first; None where nothing was trained."""
    from ablate.fusing.trained import best_of  # torch, which a report does without

    study = contents.facts.study
    for arm in (*_first_arms(contents), None):
        try:
            found = best_of(store, study=study, arm=arm)
        except AblateError:
            continue
        objective = found.result.metrics.get(found.spec.objective, float("nan"))
        return BestNetwork(
            run_id=found.spec.run_id, arm=found.arm, objective=objective, folder=found.folder
        )
    return None


def _first_arms(contents: Contents) -> list[str]:
    """Return names of arms, the best first: those in every set of the answers, else by means."""
    found = best(contents)
    values = [str(value) for question in found.questions for value in question.in_all]
    return [*values, *(row.arm for row in found.arms)][:3]
