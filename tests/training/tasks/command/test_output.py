"""Numbers that commands report: from their output, JSON, JSON lines and event files."""

import json
import struct
from pathlib import Path

import pytest

from ablate.settings.command import Source
from ablate.training.tasks.command.events import scalars
from ablate.training.tasks.command.output import Thinned, reader_of


def field(number: int, content: bytes | int) -> bytes:
    """Return a field of a protocol buffer, with one-byte key and length."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def event(step: int, tag: str, value: float, *, is_tensor: bool = False) -> bytes:
    """Return a record of an event file; checksums are not read."""
    plain = struct.pack("<f", value)
    scalar = field(8, b"\x08\x01" + field(4, plain)) if is_tensor else bytes([2 << 3 | 5]) + plain
    time = bytes([1 << 3 | 1]) + struct.pack("<d", 0.0)
    message = time + field(2, step) + field(5, field(1, field(1, tag.encode()) + scalar))
    return struct.pack("<Q", len(message)) + b"CRCS" + message + b"CRCS"


def test_event_files() -> None:
    whole = event(1, "loss/a", 0.5) + event(2, "loss/b", 0.25, is_tensor=True)
    found, read = scalars(whole + event(3, "late", 1.0)[:-1])
    assert found == [(1, "loss/a", 0.5), (2, "loss/b", 0.25)]
    assert read == len(whole)


def test_events_of_a_folder_come_once(tmp_path: Path) -> None:
    reader = reader_of(Source(kind="tensorboard", at="runs"), tree=tmp_path, output=tmp_path / "o")
    assert list(reader.new()) == []
    path = tmp_path / "runs" / "a" / "events.out.tfevents.1"
    path.parent.mkdir(parents=True)
    path.write_bytes(event(1, "loss", 0.5))
    assert list(reader.new()) == [(1, {"loss": 0.5})]
    path.write_bytes(event(1, "loss", 0.5) + event(2, "loss", 0.25))
    assert list(reader.new()) == [(2, {"loss": 0.25})]


@pytest.mark.parametrize(
    ("pattern", "text", "points"),
    [
        (
            r"loss: (?P<loss>\S+)",
            "loss: 1,\nloss: nan\n",
            [(1, {"loss": 1.0}), (2, {"loss": "nan"})],
        ),
        (r"\[(?P<epoch>\d+)\] (?P<l>\S+)", "\r[3] 2\r[4] 1\r", [(3, {"l": 2.0}), (4, {"l": 1.0})]),
        (r"loss: (?P<loss>\S+)", "loss: 1\nloss: ", [(1, {"loss": 1.0})]),
    ],
)
def test_lines_of_the_output(tmp_path: Path, pattern: str, text: str, points: object) -> None:
    (tmp_path / "o").write_text(text)
    reader = reader_of(Source(kind="stdout", at=pattern), tree=tmp_path, output=tmp_path / "o")
    found = [
        (step, {k: "nan" if v != v else v for k, v in of.items()}) for step, of in reader.new()
    ]
    assert found == points


def test_json_lines_and_json(tmp_path: Path) -> None:
    lines = reader_of(Source(kind="jsonl", at="log.jsonl"), tree=tmp_path, output=tmp_path / "o")
    whole = reader_of(Source(kind="json", at="m.json"), tree=tmp_path, output=tmp_path / "o")
    assert list(lines.new()) == list(whole.new()) == []
    (tmp_path / "log.jsonl").write_text(
        '{"step": 7, "val": {"qabf": 0.5}, "w": "x"}\nno\n{"a": 1}\n'
    )
    (tmp_path / "m.json").write_text(json.dumps({"loss": 2, "ok": True}))
    assert list(lines.new()) == [(7, {"val.qabf": 0.5}), (2, {"a": 1.0})]
    assert list(whole.new()) == [(0, {"loss": 2.0})]
    assert list(whole.new()) == []


def test_a_long_curve_is_thinned() -> None:
    thinned = Thinned()
    kept = [step for step in range(1, 100_001) if thinned.keeps("loss", step)]
    assert kept[:50] == list(range(1, 51))
    assert len(kept) < 500
