"""Every input that fuzzing found worth keeping is read again; needs no fuzzer."""

import importlib
from pathlib import Path

import pytest

from tests.fuzz.__main__ import CORPUS, READERS

MOST_BYTES = 200_000
FILES = [(reader, path) for reader in READERS for path in sorted((CORPUS / reader).iterdir())]


def test_every_reader_has_a_corpus_and_all_together_are_small() -> None:
    assert {reader for reader, _ in FILES} == set(READERS)
    assert all(sum(one == reader for one, _ in FILES) >= 10 for reader in READERS)
    assert sum(path.stat().st_size for _, path in FILES) < MOST_BYTES


@pytest.mark.parametrize("reader", READERS)
def test_the_corpus_is_read_without_a_finding(reader: str) -> None:
    check = importlib.import_module(f"tests.fuzz.{reader}").check
    for path in (path for one, path in FILES if one == reader):
        try:
            check(path.read_bytes())
        except Exception as error:
            raise AssertionError(f"{path.name}: {error!r}") from error


@pytest.mark.parametrize("reader", READERS)
def test_the_harness_bites(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that raises anything of its own is a finding, for each harness."""
    harness = importlib.import_module(f"tests.fuzz.{reader}")
    broken = {"study": "check_study", "expression": "parse", "journal": "read_journal"}
    good = {
        "study": b"title: x\n",
        "expression": b"1",
        "journal": b"",
        "manifest": b"{}",
    }[reader]

    def fail(*words: object, **named: object) -> None:
        raise KeyError("inside")

    if reader == "manifest":
        monkeypatch.setattr(harness.Manifest, "parse", fail)
    else:
        monkeypatch.setattr(harness, broken[reader], fail)
    with pytest.raises(KeyError):
        harness.check(good)


def test_the_corpus_holds_both_what_is_read_and_what_is_refused() -> None:
    from ablate.config.expressions import parse
    from ablate.errors import ConfigError

    told: set[bool] = set()
    for reader, path in FILES:
        if reader == "expression":
            try:
                parse(path.read_bytes().decode("utf-8", "surrogateescape"))
                told.add(True)
            except ConfigError:
                told.add(False)
    assert told == {True, False}
    assert all(isinstance(path, Path) for _, path in FILES)
