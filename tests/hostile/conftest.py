"""The command line in this process, and what it must never do."""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ablate.cli.main import main

MOST_LINES = 26
LONGEST_LINE = 700
MOST_GROWTH_MIB = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    code: object
    out: str
    err: str

    def refuses(self, *parts: str, codes: tuple[int, ...] = (2,)) -> None:
        """Assert a refusal in few lines that hold `parts`, without a traceback."""
        assert self.code in codes, (self.code, self.out, self.err)
        for part in parts:
            assert part in self.err, self.err
        lines = self.err.strip().split("\n")
        assert 1 <= len(lines) <= MOST_LINES
        assert all(len(line) <= LONGEST_LINE for line in lines)
        assert all(line.isprintable() for line in lines)
        assert "Traceback" not in self.err
        assert "a bug" not in self.err
        assert any("; " in line or "must be" in line for line in lines), f"no mend: {self.err}"


@pytest.fixture
def ablate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Answer]]:
    """Return the command line, run in an empty folder; memory must not swell."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/secret-of-the-environment")
    before = signal.getsignal(signal.SIGTERM)

    def run(*words: object) -> Answer:
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(SystemExit) as ended:
            main([os.fspath(word) if isinstance(word, Path) else str(word) for word in words])
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
        assert grown < MOST_GROWTH_MIB * 1024
        told = capsys.readouterr()
        assert "secret-of-the-environment" not in told.out + told.err
        return Answer(code=ended.value.code, out=told.out, err=told.err)

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    """Import what the commands import, so that growth is that of the input."""
    from ablate.study.names import known
    from ablate.study.plan import make

    known()
    assert callable(make)
