"""Reports that lie in a repository: small, without anybody's pictures, listed on one page.

A folder per study, data set and network holds report.html, report.md with its figures,
verdict.json, the tables and the table of runs; README.md beside them is made anew from all folders
that are there.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

from ablate.analysis.answers import PROBE, network_of
from ablate.analysis.health import is_unhealthy
from ablate.analysis.selftest.shuffled import Shuffled, shuffled
from ablate.errors import ConfigError
from ablate.published import Settings
from ablate.report.contents import Contents
from ablate.report.kept import keep
from ablate.report.packed import pack
from ablate.report.page import render
from ablate.report.pilots import pilot_of
from ablate.report.published_list import (
    FACTS,
    OTHERS,
    Comparator,
    PublishedReport,
    comparisons,
    folder_page,
    index,
)
from ablate.report.source import NO_PICTURES
from ablate.stored import encode

TABLE = re.compile(r"(tables/\w+\.csv)(?!\.xz)")  # as a page names it
SHUFFLES = 200


def publish(
    contents: Contents,
    reports: Path,
    *,
    shuffles: int = SHUFFLES,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write the report of a study below `reports`, list it there, and return its folder.

    Args:
        contents: What the report is rendered from.
        reports: Folder of published reports.
        shuffles: How often the labels are shuffled for the control.
        step: Hears how many shuffles of how many are done.

    Raises:
        ConfigError: The study declares no question with an answer: there is nothing to publish.
    """
    facts = contents.facts
    if not contents.answered:
        raise ConfigError(
            f"{facts.study}: has no answered question; only answers are published, so run its "
            "answer phase first"
        )
    folder = reports / facts.study / slug(place(facts.data_label, facts.settings))
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "report"
        render(replace(contents, gallery={}, no_pictures=NO_PICTURES), made, is_linked=True)
        for path in [*made.glob("figures/*.png"), *made.glob("figures/*.csv")]:
            path.unlink()
        (made / "figures.pdf").unlink()
        pack(made / "tables")
        keep(contents, made)
        for page in (made / "report.md", made / "report.html"):
            text = TABLE.sub(r"\1.xz", page.read_text(encoding="utf-8"))
            page.write_text(text, encoding="utf-8")
        known = _facts(contents, control=_controls(contents, shuffles=shuffles, step=step))
        text = json.dumps(encode(known), ensure_ascii=False, indent=1, sort_keys=True)
        (made / FACTS).write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
    (folder / "README.md").write_text(folder_page(folder, reports), encoding="utf-8")
    (reports / "README.md").write_text(index(reports), encoding="utf-8")
    (reports / OTHERS).write_text(comparisons(reports), encoding="utf-8")
    return folder


def place(label: str, settings: Settings) -> str:
    """Return the label of the data, and of the network where the study trains one.

    Example:
        >>> slug(place("TNO", {"model": {"name": "unet", "width": 4}}))
        'tno-unet-width-4'
    """
    is_probe = settings.get("model", {}).get("name") == PROBE
    return label if is_probe else f"{label} {network_of(settings)}"


def slug(label: str) -> str:
    """Return a label as a folder is called.

    Example:
        >>> slug("MSRS-mini"), slug("generated pairs")
        ('msrs-mini', 'generated-pairs')
    """
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "data"


def _controls(
    contents: Contents, *, shuffles: int, step: Callable[[int, int], None]
) -> tuple[Shuffled, ...]:
    """The claims on shuffled labels, per question of a blocked phase."""
    if contents.facts.answer_phase is None:
        return ()  # a confirmation alone has one configuration per value: nothing to tune, or mix
    tables = (contents.facts, contents.runs, contents.images)
    return tuple(shuffled(*tables, shuffles=shuffles, step=step))


def _comparators(contents: Contents) -> tuple[Comparator, ...]:
    """The trivial baselines and references, with their mean test scores."""
    known = contents.comparators.dropna(subset=["value"]).round({"value": 4})
    names = [one.name for one in fields(Comparator)]
    return tuple(
        Comparator(**dict(zip(names, row, strict=True)))
        for row in known[names].itertuples(index=False)
    )


def _facts(contents: Contents, *, control: tuple[Shuffled, ...]) -> PublishedReport:
    """What the list needs beside verdict.json."""
    facts, origin = contents.facts, contents.facts.provenance
    return PublishedReport(
        study=facts.study,
        title=facts.title,
        data=facts.data_label,
        command=origin.command,
        revision=origin.revision or "unknown",
        pilot=tuple(pilot_of(contents)),
        comparators=_comparators(contents),
        banner=contents.banner,
        runs=len(contents.runs),
        failed=int((contents.runs["state"] == "failed").sum()),
        unhealthy=int(is_unhealthy(contents.runs).sum()),
        cpu=origin.cpu.kind if origin.cpu else "",
        device=origin.device or {},
        control=control,
    )
