"""Reports that lie in a repository: small, without anybody's pictures, listed on one page.

A folder per study, data set and network holds report.html and report.md, which link the figures
beside them, verdict.json and the tables, packed, and a README.md with its answers. README.md and
COMPARISONS.md above them are made anew from all folders that are there.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ablate.analysis.answers import PROBE, network_of
from ablate.analysis.health import is_unhealthy
from ablate.analysis.selftest.shuffled import shuffled
from ablate.design_names import BLOCKED
from ablate.errors import ConfigError
from ablate.report.contents import Contents
from ablate.report.packed import pack
from ablate.report.page import render
from ablate.report.pilots import pilot_of
from ablate.report.published_list import FACTS, OTHERS, comparisons, folder_page, index
from ablate.report.source import NO_PICTURES

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
            f"{facts['study']}: has no answered question; only answers are published, so run its "
            "answer phase first"
        )
    place = reports / str(facts["study"]) / slug(place_of(facts))
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "report"
        render(replace(contents, gallery={}, no_pictures=NO_PICTURES), made, is_linked=True)
        for path in [*made.glob("figures/*.png"), *made.glob("figures/*.csv")]:
            path.unlink()
        (made / "figures.pdf").unlink()
        pack(made / "tables")
        for page in (made / "report.md", made / "report.html"):
            text = TABLE.sub(r"\1.xz", page.read_text(encoding="utf-8"))
            page.write_text(text, encoding="utf-8")
        known = _facts(contents) | {"control": _controls(contents, shuffles=shuffles, step=step)}
        text = json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True)
        (made / FACTS).write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(made, place)
    (place / "README.md").write_text(folder_page(place, reports), encoding="utf-8")
    (reports / "README.md").write_text(index(reports), encoding="utf-8")
    (reports / OTHERS).write_text(comparisons(reports), encoding="utf-8")
    return place


def place_of(facts: Mapping[str, Any]) -> str:
    """Return the label of the data, and of the network where the study trains one.

    Example:
        >>> network = {"name": "unet", "width": 4}
        >>> place_of({"data_label": "TNO", "settings": {"model": network}})
        'TNO unet (width 4)'
    """
    label, network = str(facts["data_label"]), network_of(facts["settings"])
    is_probe = facts["settings"].get("model", {}).get("name") == PROBE
    return label if is_probe else f"{label} {network}"


def slug(label: str) -> str:
    """Return a label as a folder is called.

    Example:
        >>> slug("MSRS-mini"), slug("generated pairs")
        ('msrs-mini', 'generated-pairs')
    """
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "data"


def _controls(
    contents: Contents, *, shuffles: int, step: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Return what is claimed of shuffled labels, per question of a blocked phase."""
    facts = contents.facts
    if all(phase["design"] != BLOCKED for phase in facts["phases"].values()):
        return []  # a confirmation alone has one configuration per value: nothing to tune, or mix
    found = shuffled(facts, contents.runs, contents.images, shuffles=shuffles, step=step)
    return [asdict(one) for one in found]


def _comparators(contents: Contents) -> list[dict[str, Any]]:
    """Return kind, name, label, metric and mean test score of what stands beside the arms."""
    known = contents.comparators.dropna(subset=["value"]).round({"value": 4})
    return [{str(key): value for key, value in row.items()} for row in known.to_dict("records")]


def _facts(contents: Contents) -> dict[str, Any]:
    """Return what the list needs beside verdict.json."""
    facts = contents.facts
    origin: Mapping[str, Any] = facts.get("provenance", {})
    return {
        "study": facts["study"],
        "title": facts["title"],
        "data": facts["data_label"],
        "command": origin.get("command", ""),
        "revision": origin.get("revision", "unknown"),
        "pilot": pilot_of(contents),
        "comparators": _comparators(contents),
        "banner": contents.banner,
        "runs": len(contents.runs),
        "failed": int((contents.runs["state"] == "failed").sum()),
        "unhealthy": int(is_unhealthy(contents.runs).sum()),
        "cpu": origin.get("cpu", {}).get("kind", ""),
        "device": origin.get("device", {}),
    }
