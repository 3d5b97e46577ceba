"""README.md and the quick start: studies that are valid, commands that exist, answers as published."""

import json
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer

from ablate.analysis.synthesis import synthesized
from ablate.cli.main import app
from ablate.losses.catalogue.contract import CATALOGUE
from ablate.metrics import ALL_NAMES
from ablate.report.synthesis_sources import asked
from ablate.settings.members import members
from docs import pictures
from docs.readme_answers import CELLS, answered, with_table
from tests.command_line import typed

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUICK = (
    "ablate check q2_levels",
    "ablate plan q2_levels data=roadscene",
)  # of README, run as they are
ELSEWHERE = ("cli.md", "using.md")  # have tests of their own


def blocks(page: Path, kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text("utf-8")) if found == kind]


def commands(page: Path) -> list[str]:
    text = "\n".join((*blocks(page, "bash"), *blocks(page, "text"))).replace("\\\n", " ")
    lines = [" ".join(line.partition(" #")[0].split()) for line in text.splitlines()]
    return [line for line in lines if line.startswith("ablate ")]


def flat(text: str) -> str:
    return " ".join(re.sub(r"^> ?", "", text, flags=re.MULTILINE).split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_can_be_typed(page: Path) -> None:
    group: Any = typer.main.get_command(app)
    for line in commands(page):
        if page.name not in ELSEWHERE:
            name, *words = shlex.split(line)[1:]
            command = group.commands[name]
            if hasattr(command, "commands"):
                command, words = command.commands[words[0]], words[1:]
            command.make_context(name, words)  # refuses what cannot be


def test_the_quick_commands_of_the_readme_run(tmp_path: Path) -> None:
    assert set(QUICK) <= set(commands(PAGES[0]))
    for line in QUICK:
        done = typed(*shlex.split(line)[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())


def test_the_study_of_the_readme_is_the_shipped_one() -> None:
    (shown,) = blocks(PAGES[0], "yaml")
    assert shown == (ROOT / "studies" / "q2_levels.yaml").read_text("utf-8")


def test_the_readme_is_short() -> None:
    page = PAGES[0].read_text("utf-8")
    assert len(page.split()) <= 900
    lines = [
        line
        for kind in ("bash", "yaml")
        for text in blocks(PAGES[0], kind)
        for line in text.splitlines()
    ]
    assert [line for line in lines if len(line) > 80] == []


def test_the_counts_of_the_readme_are_those_of_the_registers() -> None:
    page = flat(PAGES[0].read_text("utf-8"))
    counts = (
        (r"terms: (\d+) kinds", len(members("terms"))),
        (r"(\d+) published losses", len(CATALOGUE.names())),
        (r"\*\*Metrics\*\* \| (\d+),", len(ALL_NAMES)),
    )
    for pattern, count in counts:
        assert re.findall(pattern, page) == [str(count)], pattern
    peers = flat((ROOT / "docs" / "comparison.md").read_text("utf-8"))
    assert re.findall(r"\[(\d+)\]\(reference/metrics\.md\)", peers) == [str(len(ALL_NAMES))]


def test_the_words_of_the_probe_that_are_counted_are_those_of_the_synthesis() -> None:
    probes = [str(path) for path in sorted((ROOT / "reports").glob("probe_*"))]
    found = synthesized(asked(probes, store=ROOT)).contrasts
    words = Counter(one.word for one in found if one.value is not None)
    leaning = words["leaning to gain"] + words["leaning to loss"]
    assert (
        f"of {words.total()} pairwise contrasts of the probe in a primary metric {words['gain']} "
        f"are a gain and {words['loss']} a loss, {leaning} lean to either, "
        f"{words['does not generalise']} do not generalise from one data set to the other, and "
        f"{words['open']} are open"
    ) in flat((ROOT / "docs" / "answers.md").read_text("utf-8"))


def test_the_table_of_answers_is_that_of_the_published_verdicts() -> None:
    page = PAGES[0].read_text("utf-8")
    assert with_table(page) == page, "mend: python -m docs.readme_answers"
    question = answered(next(iter(CELLS)))
    row = next(line for line in page.splitlines() if line.startswith("| magnitude (SeAFusion) |"))
    (first,) = [one for one in question.contrasts if one.baseline == "seafusion"]
    effect = next(one for one in first.effects if one.metric == "qabf")
    assert row.split(" | ")[1].startswith(f"{effect.change:+.1f} % (")


def test_the_pictures_of_the_readme_are_not_stale() -> None:
    kept = json.loads(pictures.KEPT.read_text("utf-8"))
    again = "made of other runs or pages; make them again: python -m docs.pictures"
    assert kept["runs"] == pictures.planned(), again
    assert kept["drawn_by"] == pictures.sources(), again
    shown = {path.name: pictures.checksum(path) for path in pictures.ALL}
    assert kept["pictures"] == shown, again
