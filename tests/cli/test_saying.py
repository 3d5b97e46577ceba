"""What a store says moves no cursor of the terminal that shows it."""

import logging

import pytest

from ablate.cli.main import _fit_to_show
from ablate.cli.progress import _Display
from ablate.cli.saying import echo, say

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202eb"
SPELLED = r"a\x1b]0;owned\x07\x1b[2J\x9b31m\u202eb"


def test_control_characters_of_names_are_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    echo(HOSTILE)
    echo(HOSTILE, err=True)
    say(f"{HOSTILE}\nc")
    told = capsys.readouterr()
    assert told.out == f"{SPELLED}\n{SPELLED}\nc\n"
    assert told.err == f"{SPELLED}\n"


def test_progress_and_messages_of_libraries_do_too(capsys: pytest.CaptureFixture[str]) -> None:
    _Display().print(HOSTILE)
    assert SPELLED in capsys.readouterr().err.replace("\n", "")
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s", (HOSTILE,), None)
    assert _fit_to_show(record)
    assert record.getMessage() == SPELLED


def test_every_command_prints_by_this_one_place() -> None:
    from pathlib import Path

    import ablate.cli

    folder = Path(str(ablate.cli.__file__)).parent
    others = [path.name for path in folder.glob("*.py") if "typer.echo(" in path.read_text()]
    assert others == ["saying.py"]
