"""Completion in shells started for it: commands, studies, runs and arms, and nothing harmful."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

COUNTED = """
import os, sys
from ablate.cli.main import main
try:
    main([])
except SystemExit:
    pass
heavy = {{'torch', 'mlflow', 'kornia', 'seaborn', 'matplotlib', 'optuna', 'hydra', 'pandas',
          'numpy', 'scipy', 'sqlalchemy'}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert len(sys.modules) < {most}, len(sys.modules)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with `ablate` in bin/ and a store that was published, with odd names."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "ablate"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m ablate "$@"\n')
    script.chmod(0o755)
    study = tmp_path / "ablate-store" / "mine"
    for run in ("aa11", "ab22"):
        (study / "runs" / run).mkdir(parents=True)
    (study / "ledger.jsonl").touch()
    (study / "published").mkdir()
    rows = [
        {"arm": "signed · 3 levels", "run_id": "aa11", "factor.variant": "signed"},
        {"arm": "$(touch harm)", "run_id": "ab22", "factor.variant": "`touch harm`"},
    ]
    (study / "published" / "design.json").write_text(json.dumps(rows))
    (tmp_path / "ablate-store" / "$(touch harm)").mkdir()
    (tmp_path / "ablate-store" / "$(touch harm)" / "ledger.jsonl").touch()
    return tmp_path


def environment(place: Path, **more: str) -> dict[str, str]:
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(place), **more}


def asked(place: Path, words: str) -> list[str]:
    """Return what bash is offered at the end of a line."""
    count = str(len(words.split(" ")) - 1)
    variables = {"_ABLATE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": count}
    done = subprocess.run(
        ["ablate"],
        env=environment(place, **variables),
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("ablate sta", ["status"]),
        ("ablate status q4_variant_a", ["q4_variant_answer"]),
        ("ablate report mi", ["mine"]),
        ("ablate plan $", []),
        ("ablate list pru", ["pruners"]),
        ("ablate run q4_variant --dr", ["--dry-run"]),
        ("ablate status --store nowhere mi", []),
    ],
)
def test_a_word_is_offered_what_it_can_become(words: str, offered: list[str], place: Path) -> None:
    assert asked(place, words) == offered


@pytest.mark.parametrize("words", ["ablate ", "ablate status q", "ablate list l"])
def test_completion_imports_nothing_heavy_and_little_else(words: str, place: Path) -> None:
    variables = {
        "_ABLATE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", COUNTED.format(most=550)],
        env=environment(place, **variables),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def typed_in(shell: list[str], set_up: str, words: str, *, until: str, place: Path) -> str:
    """Return what a terminal shows when words are typed in a shell that was set up for it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        shell,
        env=environment(place, TERM="dumb"),
        cwd=place,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    seen = ""

    def read(text: str) -> None:
        nonlocal seen
        ends = time.monotonic() + 30
        while text not in seen and time.monotonic() < ends:
            if select.select([ours], [], [], 0.2)[0]:
                seen += os.read(ours, 4096).decode(errors="replace")

    try:
        os.write(ours, f"{set_up}; echo rea''dy\n".encode())
        read("ready\r")
        seen = ""
        os.write(ours, f"{words}\t".encode())
        read(until)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
    return seen


SHELLS = {
    "bash": (["bash", "--norc", "-i"], 'eval "$(_ABLATE_COMPLETE=source_bash ablate)"'),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -Uz compinit && compinit -u; eval "$(_ABLATE_COMPLETE=source_zsh ablate)"',
    ),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "whole"),
    [("ablate self", "ablate selftest"), ("ablate report mi", "ablate report mine")],
)
def test_a_tab_completes_commands_and_studies(
    shell: str, words: str, whole: str, place: Path
) -> None:
    command, set_up = SHELLS[shell]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {shell} on this machine")
    assert whole in typed_in(command, set_up, words, until=whole, place=place)
    assert not (place / "harm").exists()


def test_a_fish_completes_studies(place: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("no fish on this machine")
    script = '_ABLATE_COMPLETE=source_fish ablate | source; complete -C "ablate report mi"'
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        env=environment(place),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["mine"], done.stderr
    assert not (place / "harm").exists()
