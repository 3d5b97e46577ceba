"""Where the answers of a table come from: studies in stores, and folders of published reports."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ablate.analysis.document import decode
from ablate.errors import ConfigError, nearest
from ablate.report.named_answer import VERDICT, named
from ablate.report.paper_table import Source, paper_table, source_of, tabled
from ablate.report.published_list import FACTS, PublishedReport, comparators_of
from ablate.report.source import read
from ablate.report.test_sets import sources_on_sets
from ablate.stored import decode as decoded
from ablate.tables import Table

RUNS = ("runs.csv.xz", "runs.csv")


def sources_of(text: str, *, store: Path) -> dict[str, list[Source]]:
    """Return the answers of a study by question, on each of its test sets, labelled by their data.

    Args:
        text: STUDY, STUDY@STORE, or the folder of a published report.
        store: Folder of the stores, for a study that names none.

    Raises:
        ConfigError: A path that is not a published report.
        StoreError: No such study there.
    """
    place = named(text, store=store)
    if isinstance(place, Path):
        if missing := [name for name in (VERDICT, FACTS) if not (place / name).is_file()]:
            raise ConfigError(
                f"{text}: holds no {missing[0]}; give the folder of one published report, or "
                "STUDY@STORE"
            )
        return _published(place)
    contents = read(store=place.store, study=place.study, pictures=False, is_explored=False)
    label = contents.facts.data_label
    return {
        one.id: sources_on_sets(source_of(contents, one, label=label)) for one in tabled(contents)
    }


def tables_of(
    found: Mapping[str, Mapping[str, Sequence[Source]]], *, wanted: Sequence[str] = ()
) -> dict[str, Table]:
    """Return a table per question that every source answers.

    Args:
        found: As the user named it -> its answers, see `sources_of`.
        wanted: Questions; by default all that are common to the sources.

    Raises:
        ConfigError: A wanted question is not answered everywhere, or none is.
    """
    first, *others = found.values()
    common = [name for name in first if all(name in other for other in others)]
    for name in wanted:
        if name not in common:
            raise ConfigError(
                f"table: no question {name!r} is answered by all of {', '.join(found)}; "
                f"{nearest(name, common)}"
            )
    if not common:
        raise ConfigError(
            f"table: no question is answered by all of {', '.join(found)}; run their answer "
            "phases first, or name studies that ask the same"
        )
    return {
        name: paper_table(
            _with_labels_that_differ(
                [(text, one) for text, some in found.items() for one in some[name]]
            )
        )
        for name in wanted or common
    }


def _with_labels_that_differ(sources: Iterable[tuple[str, Source]]) -> list[Source]:
    """Return sources with labels that differ: the data, and what was named where data repeat."""
    several = list(sources)
    labels = [one.label for _, one in several]
    return [
        replace(one, label=f"{one.label} ({Path(text).name})")
        if labels.count(one.label) > 1
        else one
        for text, one in several
    ]


def _published(folder: Path) -> dict[str, list[Source]]:
    """Return the answers of a published report."""
    verdicts = decode((folder / VERDICT).read_bytes(), where=str(folder / VERDICT))
    raw = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    facts = decoded(PublishedReport, raw, where=str(folder / FACTS))
    paths = [path for name in RUNS if (path := folder / "tables" / name).is_file()]
    runs = pd.read_csv(paths[0]) if paths else pd.DataFrame()
    return {
        one.id: sources_on_sets(
            Source(label=facts.data, question=one, comparators=comparators_of(facts), runs=runs)
        )
        for one in verdicts.questions
        if one.cells and one.agreement is None
    }
