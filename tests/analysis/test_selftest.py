"""Every trap of the self-test as a test of its own, and the command that prints them."""

import functools
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from ablate.analysis.facts import Selected
from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted, rates, reporting, run
from ablate.analysis.selftest.check import Check
from ablate.cli.main import app


@functools.cache
def checked(trap: Callable[[], Check]) -> Check:
    """Return what a trap finds, which takes seconds for some."""
    return trap()


@pytest.mark.parametrize("trap", [*run.TRAPS, *run.SIMULATED], ids=lambda trap: trap.__name__)
def test_the_trap_catches_the_usual_practice_and_not_the_protocol(
    trap: Callable[[], Check],
) -> None:
    check = checked(trap)
    assert check.is_met, check
    assert not check.is_usual_met, check


@pytest.fixture(scope="module")
def bars() -> list[Check]:
    return rates.checks()


def test_the_bars_are_those_of_the_protocol(bars: list[Check]) -> None:
    assert [check.bar for check in bars[:4]] == [">= 0.93", "<= 0.065", ">= 0.9", "<= 0.07"]
    assert rates.STUDIES == 2000
    assert all(check.passes for check in bars), bars


def test_without_holm_the_family_wise_bar_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "holm", lambda p: p)
    monkeypatch.setattr(rates, "ENGINE_STUDIES", 1)
    assert not rates.checks()[1].is_met


def test_a_trap_that_catches_nobody_does_not_pass(bars: list[Check]) -> None:
    assert not replace(bars[0], is_usual_met=True).passes
    assert not replace(bars[0], is_met=False).passes


def test_a_number_that_is_not_of_the_row_is_found() -> None:
    random = planted.generator("strays")
    answers = planted.table(planted.scores(random, effects=[0.0, 0.5, 1.0, 2.0]))
    row = judge(planted.question(), Selected(answers=answers), planted.FACTS).rows[0]
    assert reporting._strays(row) == []
    assert reporting._strays(replace(row, sentence=f"{row.sentence} By +7.123.")) == ["+7.123"]


def fake(monkeypatch: pytest.MonkeyPatch, checks: list[Check]) -> None:
    monkeypatch.setattr(run, "run", lambda full=False: checks)


def test_the_command_prints_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, bars: list[Check]
) -> None:
    checks = [*bars, *(checked(trap) for trap in (*run.TRAPS, *run.SIMULATED))]
    fake(monkeypatch, checks)
    result = CliRunner().invoke(app, ["selftest"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1] == f"{len(checks)} of {len(checks)} checks pass"
    for check in checks:  # columns never touch
        assert re.search(rf"^{re.escape(check.name)} +{re.escape(check.bar)} ", result.output, re.M)
        assert f" {check.usual_result}\n" in result.output


def test_a_missed_bar_ends_with_one(monkeypatch: pytest.MonkeyPatch, bars: list[Check]) -> None:
    fake(monkeypatch, [bars[0], replace(bars[1], is_met=False)])
    result = CliRunner().invoke(app, ["selftest", "--json"])
    assert result.exit_code == 1
    facts = json.loads(result.output)
    assert facts["passes"] is False
    assert [check["passes"] for check in facts["checks"]] == [True, False]
    assert "FAIL" in CliRunner().invoke(app, ["selftest"]).output
