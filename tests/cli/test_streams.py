"""Output that is full, closed or that nobody reads: one line where it matters, and no command ends."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ablate.cli import streams
from ablate.cli.main import COMMANDS, main
from tests.chaos import driving, empty_store
from tests.e2e.running import command

FULL = Path("/dev/full")
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
STORE = ("--store", "s")
WORDS = {
    "new": ["project"],
    "list": ["losses"],
    "check": [STUDY],
    "schema": ["study"],
    "plan": [STUDY],
    "run": [STUDY, *STORE],
    "status": [STUDY, *STORE],
    "report": [STUDY, *STORE, "--out", "out"],
    "table": ["--help"],
    "best": [STUDY, *STORE],
    "synthesize": ["--help"],
    "compare": ["--help"],
    "config": ["--help"],
    "score": ["--help"],
    "score-again": ["--help"],
    "watch": [STUDY, "--once", *STORE],
    "promote": ["--help"],
    "doctor": [STUDY, *STORE],
    "backup": [STUDY, "copy", *STORE],
    "gc": [*STORE],
    "selftest": ["--help"],
    "judge": ["--help"],
    "audit": ["--help"],
    "adopt": ["--help"],
}


def said(words: list[str], cwd: Path, end: str) -> tuple[int, str]:
    """Return exit code and standard error of a command whose output goes to such an end."""
    if end == "full":
        with FULL.open("wb") as out:
            done = subprocess.run(
                command(*words), cwd=cwd, stdout=out, stderr=subprocess.PIPE, check=False
            )
    elif end == "left":  # by its reader
        reads, writes = os.pipe()
        os.close(reads)
        done = subprocess.run(
            command(*words), cwd=cwd, stdout=writes, stderr=subprocess.PIPE, check=False
        )
        os.close(writes)
    else:
        shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command(*words)]
        done = subprocess.run(shell, cwd=cwd, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EPIPE])
def test_a_stream_takes_everything_and_remembers_its_first_failure(code: int) -> None:
    if code == errno.ENOSPC:
        descriptor = os.open(FULL, os.O_WRONLY)
    else:
        reads, descriptor = os.pipe()
        os.close(reads)
    stream = streams.Stream(descriptor)
    text = io.TextIOWrapper(io.BufferedWriter(stream), encoding="utf-8")
    for _ in range(3):
        text.write("a line\n" * 5000)
        text.flush()
    assert stream.failure is not None
    assert stream.failure.errno == code
    os.close(descriptor)


@pytest.mark.e2e
@pytest.mark.parametrize(("end", "code"), [("full", 1), ("left", 0), ("closed", 0)])
def test_a_list_that_nobody_can_take(end: str, code: int, tmp_path: Path) -> None:
    line = "standard output: the disk is full; free space\n" if code else ""
    assert said(["list", "losses"], tmp_path, end) == (code, line)


def _typed(words: list[str], cwd: Path, end: str, log: Path) -> None:
    """Type a command in this process, a fork of one that has imported everything."""
    os.chdir(cwd)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
    if end == "full":
        os.dup2(os.open(FULL, os.O_WRONLY), 1)
    elif end == "left":
        reads, writes = os.pipe()
        os.dup2(writes, 1)
        os.close(reads)
        os.close(writes)
    else:
        os.close(1)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = None if (end, number) == ("closed", 1) else os.fdopen(number, "w")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)  # as in a process of its own
    main(words)


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("end", ["left", "closed", "full"])
def test_every_command_ends_as_it_must_whoever_reads_it(end: str, tmp_path: Path) -> None:
    asked = {name for _, name, _, _ in COMMANDS} - {"demo", "ui", "dashboard", "fuse", "export"}
    assert asked == set(WORDS)
    empty_store.lay(empty_store.make(tmp_path / "empty"), tmp_path / "s")
    for name, words in WORDS.items():
        log = tmp_path / f"said-{name}"
        process = driving.CONTEXT.Process(target=_typed, args=([name, *words], tmp_path, end, log))
        process.start()
        process.join()
        text = log.read_text()
        if end == "full":
            assert (process.exitcode, text.splitlines()[-1]) == (
                1,
                "standard output: the disk is full; free space",
            ), name
        else:
            assert process.exitcode == 0, (name, text)
        assert "Traceback" not in text, (name, text)
        assert "Broken pipe" not in text, (name, text)
    assert (tmp_path / "copy" / "cold").is_dir()
    assert (tmp_path / "out").is_dir()
