"""Output that is full, closed or that nobody reads: one line where it matters, and no command ends."""

import errno
import io
import os
import subprocess
from pathlib import Path

import pytest

from ablate.cli import streams
from ablate.cli.main import COMMANDS
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
    "synthesize": ["s"],
    "compare": ["--help"],
    "config": ["--help"],
    "score": ["--help"],
    "doctor": [STUDY, *STORE],
    "backup": [STUDY, "copy", *STORE],
    "gc": [*STORE],
    "selftest": ["--help"],
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


@pytest.mark.e2e
@pytest.mark.slow
def test_every_command_ends_as_it_must_whoever_reads_it(tmp_path: Path) -> None:
    asked = {name for _, name, _, _ in COMMANDS} - {"demo", "ui", "dashboard", "fuse", "export"}
    assert asked == set(WORDS)
    for end in ("left", "closed", "full"):
        place = tmp_path / end
        place.mkdir()
        for name, words in WORDS.items():
            code, text = said([name, *words], place, end)
            if end == "full":
                assert (code, text.splitlines()[-1]) == (
                    1,
                    "standard output: the disk is full; free space",
                ), name
            else:
                assert code == 0, (name, text)
            assert "Traceback" not in text, (name, text)
            assert "Broken pipe" not in text, (name, text)
        assert (place / "copy" / "cold").is_dir()
        assert (place / "out").is_dir()
