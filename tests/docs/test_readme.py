"""README.md and the quick start: studies that are valid, commands that exist, answers as published."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from ablate.analysis.collapse import is_constant
from ablate.cli.main import app
from tests.command_line import typed

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUICK = (
    "ablate check q4_variant",
    "ablate plan q4_variant data=msrs",
)  # of README, run as they are
ELSEWHERE = ("cli.md", "using.md")  # have tests of their own


def blocks(page: Path, kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text("utf-8")) if found == kind]


def commands(page: Path) -> list[str]:
    lines = "\n".join((*blocks(page, "bash"), *blocks(page, "text"))).replace("\\\n", " ")
    lines = [" ".join(line.partition(" #")[0].split()) for line in lines.splitlines()]
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


def test_the_study_of_the_readme_is_a_study(tmp_path: Path) -> None:
    whole, part = blocks(PAGES[0], "yaml")
    (tmp_path / "studies").mkdir()
    study = tmp_path / "studies" / "shown.yaml"
    study.write_text(whole)
    done = typed("check", "shown", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    old = re.search(r"^questions:\n.*?(?=^\w)", whole, re.MULTILINE | re.DOTALL)
    phases = re.search(r"^phases:\n.*?(?=^\w)", whole, re.MULTILINE | re.DOTALL)
    questions, _, rest = part.partition("phases:\n")
    assert old is not None
    assert phases is not None
    factor = "values: [signed, sign_free, magnitude, signed_sum], baseline: signed"
    assert factor in whole
    study.write_text(whole.replace(old[0], questions).replace(phases[0], f"phases:\n{rest}"))
    done = typed("check", "shown", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_answers_of_the_readme_are_published() -> None:
    readme = PAGES[0].read_text("utf-8")
    published = flat((ROOT / "reports" / "README.md").read_text("utf-8"))
    quotes = re.findall(r"(?:^>.*\n)+", readme, re.MULTILINE)
    answers = [answer for quote in quotes for answer in re.split(r"\n> ?\n", quote)]
    assert answers
    for answer in answers:
        assert flat(answer) in published
    shown = readme.partition("## Answers so far")[2].partition("\n## ")[0]
    numbers = re.findall(r"[+-]\d+\.\d+", shown)
    assert len(numbers) > 10
    told = set(re.findall(r"[+-]\d+\.\d+", published))
    assert [number for number in numbers if number not in told] == []


def test_the_counts_of_the_readme_are_those_of_the_reports() -> None:
    readme, reports = flat(PAGES[0].read_text("utf-8")), ROOT / "reports"
    questions = [
        question
        for path in sorted(reports.glob("*/*/verdict.json"))
        for question in json.loads(path.read_text("utf-8"))["questions"]
    ]
    reasons = [one["reason"] for one in questions if one["verdict"] == "undecided"]
    vetoed = sum("guardrail" in reason for reason in reasons)
    assert f"{len(reasons)} of {len(questions)} answers are *undecided* as wholes" in readme
    assert f"{vetoed} of them since EN or SD falls" in readme
    assert f"{len(reasons) - vetoed} for want of precision" in readme
    for data in ("MSRS-mini", "RoadScene-mini"):
        tables = sorted(reports.glob(f"*/{data.lower()}-unet-*/tables/runs.csv.gz"))
        runs = pd.concat([pd.read_csv(path) for path in tables])
        share = is_constant(runs[runs["phase"] == "answer"]).mean()
        assert f"{share:.0%} on {data}".replace("%", " %") in readme
