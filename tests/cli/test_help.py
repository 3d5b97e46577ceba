"""Help that fits 80 columns, in groups, with examples; colours only where they are wanted."""

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from ablate.cli.main import COMMANDS, app
from ablate.cli.manual import EXIT_CODES, FIX, MAKE, READ, RUN, USE, WIDTH, broken, parts
from tests.command_line import typed

COLOURED = re.compile(r"\x1b\[[\d;]*(3[0-7]|9[0-7])m")


def commands() -> dict[str, typer.core.TyperCommand]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner = getattr(command, "commands", {"": command})
        found |= {f"{name} {more}".strip(): one for more, one in inner.items()}
    return found


@pytest.mark.parametrize("name", commands())
def test_every_command_explains_itself_in_80_columns_and_shows_an_example(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = typed(*name.split(), "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "<bool>" not in done.stdout
    examples = parts(commands()[name].callback.__doc__ or "").examples
    assert examples
    for example in examples:
        assert f"ablate {name}" in example
        for line in broken(example).splitlines():
            assert f" {line}" in done.stdout


@pytest.mark.parametrize("name", commands())
def test_an_example_uses_options_that_exist(name: str) -> None:
    command = commands()[name]
    known = {option for one in command.params for option in one.opts}
    for example in parts(command.callback.__doc__ or "").examples:
        # what stands in $(...) is another command
        words = shlex.split(re.sub(r"\$\(.*?\)", "", example))
        assert {word for word in words if word.startswith("--")} <= known


def test_the_list_of_commands_is_grouped_and_every_summary_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = typed("--help", cwd=tmp_path).stdout
    places = [text.index(panel) for panel in (MAKE, RUN, READ, USE, FIX)]
    assert places == sorted(places)
    for _, name, _, summary in COMMANDS:
        assert re.search(rf"│ {name} +{re.escape(summary)} +│", text), name
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in " ".join(text.split())


def test_a_long_example_is_broken_where_a_shell_goes_on() -> None:
    command = "ablate fuse " + " ".join(f"--option{i} value{i}" for i in range(8))
    lines = broken(command).splitlines()
    assert len(lines) > 1
    assert all(len(line) <= WIDTH for line in lines)
    assert shlex.split(broken(command).replace("\\\n", " ")) == command.split()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["rnu"], "Did you mean 'run'"),
        (["run"], "Missing argument 'STUDY'"),
        (["run", "quickstart", "--workrs", "2"], "--workers"),
        (["ui", "--port", "0"], "--port"),
    ],
)
def test_a_wrong_word_is_told_in_one_line_that_says_where_to_look(
    words: list[str], text: str, tmp_path: Path
) -> None:
    done = typed(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert text in line
    assert line.endswith("--help")


def shown(*, is_terminal: bool, **variables: str) -> str:
    """Return what `ablate list --help` writes to a terminal or a pipe."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "TERM")
    }
    given = {**kept, "TERM": "xterm-256color", "COLUMNS": "80", **variables}
    words = [sys.executable, "-m", "ablate", "list", "--help"]
    if not is_terminal:
        return subprocess.run(words, env=given, capture_output=True, text=True, check=True).stdout
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, env=given, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:  # the other side is closed
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0
    return seen.decode()


def test_colours_are_for_terminals_and_for_those_who_ask() -> None:
    assert COLOURED.search(shown(is_terminal=True))
    assert "\x1b" not in shown(is_terminal=False)
    assert not COLOURED.search(shown(is_terminal=True, NO_COLOR="1"))
    assert "\x1b" not in shown(is_terminal=True, TERM="dumb")
    assert COLOURED.search(shown(is_terminal=False, FORCE_COLOR="1"))
