from pathlib import Path
from types import SimpleNamespace

import pytest

from ablate.tracking import system
from ablate.tracking.journal import JournalRecorder, read_journal
from ablate.tracking.system import PREFIX, SWITCH, Usage, sampled

MOST_KEYS = 6


def recorded(folder: Path, times: list[float], monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    clock = iter(times)
    monkeypatch.setattr(system, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    inner = JournalRecorder(folder / "journal.jsonl", ask=lambda reports: True)
    monkeypatch.setattr(Usage, "__init__", lambda self: None)
    monkeypatch.setattr(Usage, "read", lambda self: {f"{PREFIX}cpu_percent": 5.0})
    recorder = sampled(inner)
    for step in range(1, len(times)):
        recorder.metrics({"train/loss": 0.1}, step=step)
    assert recorder.report(0.5, step=9)
    inner.close()
    return [
        {key for key in event["values"] if key.startswith(PREFIX)}
        for _, event in read_journal(folder / "journal.jsonl")
        if event["kind"] == "metrics"
    ]


def test_samples_come_with_the_first_values_and_then_seconds_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = recorded(tmp_path, [0.0, 0.1, 1.0, 5.0, 5.2, 9.0], monkeypatch)
    assert [bool(some) for some in found] == [True, False, False, True, False]


def test_the_longer_a_run_the_rarer_its_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = recorded(tmp_path, [0.0, 1000.0, 1010.0, 1021.0], monkeypatch)
    assert [bool(some) for some in found] == [True, False, True]


@pytest.mark.parametrize("word", ["off", "0", "false", "OFF "])
def test_the_switch_leaves_the_recorder_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv(SWITCH, word)
    recorder = JournalRecorder(tmp_path / "journal.jsonl", ask=lambda reports: False)
    assert sampled(recorder) is recorder
    recorder.close()


def test_a_reading_has_few_values_within_their_bounds() -> None:
    usage = Usage()
    sum(range(200_000))
    values = usage.read()
    assert 0 < len(values) <= MOST_KEYS
    assert all(name.startswith(PREFIX) for name in values)
    assert values[f"{PREFIX}worker_cpu_percent"] > 0


def test_where_the_kernel_tells_nothing_only_the_process_is_read(tmp_path: Path) -> None:
    assert set(Usage(proc=tmp_path).read()) == {f"{PREFIX}worker_cpu_percent"}


def test_shares_are_those_since_the_last_reading(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu 100 0 0 900 0 0 0 0 0 0\ncpu0 1\n")
    (tmp_path / "meminfo").write_text("MemTotal: 1000 kB\nMemAvailable: 250 kB\n")
    usage = Usage(proc=tmp_path)
    stat.write_text("cpu 130 0 0 970 0 0 0 0 0 0\n")
    values = usage.read()
    assert values[f"{PREFIX}cpu_percent"] == 30.0
    assert values[f"{PREFIX}memory_percent"] == 75.0
