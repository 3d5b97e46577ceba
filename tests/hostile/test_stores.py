"""Hostile stores: journals, ledgers, results, checkpoints, weights and manifests that were made."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ablate.data.manifest import Manifest
from ablate.errors import DataError, StoreError
from ablate.execution.run_folder import read_result
from ablate.fusing.trained import by_id
from ablate.study.ledger import Ledger
from ablate.tracking.journal import JournalRecorder, read_journal
from ablate.training.checkpoints import NEWEST, Checkpoints
from ablate.training.spec import RunResult

GOOD = {"kind": "metrics", "values": {"a": 0.5}, "step": 1, "time_ms": 5}
IMAGE = {"kind": "image", "name": "fused/a", "path": "fused/a.png", "step": 1, "time_ms": 5}

JOURNALS: dict[str, bytes] = {
    "no json": b"hello",
    "nul": b"\0" * 40,
    "list": b"[]",
    "text": b'"metrics"',
    "number": b"1",
    "null": b"null",
    "deep": b"[" * 100_000,
    "deep event": b'{"kind":' + b"[" * 50_000,
    "long number": b"9" * 100_000,
    "pickle": b"\x80\x04cposix\nsystem\n".replace(b"\n", b" "),
    "no kind": json.dumps({**GOOD, "kind": None}).encode(),
    "other kind": json.dumps({**GOOD, "kind": "code"}).encode(),
    "nan": json.dumps({**GOOD, "values": {"a": float("nan")}}).encode(),
    "infinity": json.dumps({**GOOD, "values": {"a": float("inf")}}).encode(),
    "beyond a float": json.dumps({**GOOD, "values": {"a": 1}})
    .encode()
    .replace(b": 1}", b": 1e999}"),
    "beyond a whole": json.dumps({**GOOD, "values": {"a": 10**400}}).encode(),
    "value is text": json.dumps({**GOOD, "values": {"a": "0.5"}}).encode(),
    "value is a flag": json.dumps({**GOOD, "values": {"a": True}}).encode(),
    "value is null": json.dumps({**GOOD, "values": {"a": None}}).encode(),
    "values are a list": json.dumps({**GOOD, "values": [1]}).encode(),
    "step is text": json.dumps({**GOOD, "step": "1"}).encode(),
    "step is a flag": json.dumps({**GOOD, "step": True}).encode(),
    "step is negative": json.dumps({**GOOD, "step": -1}).encode(),
    "step is large": json.dumps({**GOOD, "step": 2**64}).encode(),
    "time is missing": json.dumps({k: v for k, v in GOOD.items() if k != "time_ms"}).encode(),
    "time is a fraction": json.dumps({**GOOD, "time_ms": 0.5}).encode(),
    "long name": json.dumps({**GOOD, "values": {"a" * 10_000: 1.0}}).encode(),
    "no name": json.dumps({**GOOD, "values": {"": 1.0}}).encode(),
    "rung without value": json.dumps({**GOOD, "kind": "rung"}).encode(),
    "image outside": json.dumps({**IMAGE, "path": "../../../etc/passwd"}).encode(),
    "image absolute": json.dumps({**IMAGE, "path": "/etc/passwd"}).encode(),
    "image inside out": json.dumps({**IMAGE, "path": "fused/../../x"}).encode(),
    "image name outside": json.dumps({**IMAGE, "name": "../../x"}).encode(),
    "image name absolute": json.dumps({**IMAGE, "name": "//x/y"}).encode(),
    "image of nul": json.dumps({**IMAGE, "path": "a\0b"}).encode(),
    "image of half a letter": json.dumps({**IMAGE, "name": "a\ud800"}).encode(),
    "image of nothing": json.dumps({**IMAGE, "path": ""}).encode(),
    "image of length": json.dumps({**IMAGE, "path": "x" * 10_000}).encode(),
}


@pytest.mark.parametrize("name", JOURNALS)
@pytest.mark.timeout(60)
def test_a_hostile_line_ends_the_journal_and_what_stood_before_is_read(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    good = json.dumps(GOOD).encode() + b"\n"
    path.write_bytes(good + JOURNALS[name] + b"\n" + good)
    read = read_journal(path)
    assert next(read) == (len(good), GOOD)
    with pytest.raises(StoreError, match=rf"damaged at byte {len(good)}: .*starts over") as caught:
        next(read)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    if b"\0" in JOURNALS[name]:  # what a loss of power leaves
        JournalRecorder(path, ask=lambda reports: False).close()
        assert path.read_bytes() == good
        return
    with pytest.raises(StoreError, match="damaged"):
        JournalRecorder(path, ask=lambda reports: False)


def test_a_line_without_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)  # a hole: takes no room
    with pytest.raises(StoreError, match="damaged at byte 0"):
        list(read_journal(path))


LEDGERS: dict[str, bytes] = {
    "no json": b"hello",
    "list": b"[1]",
    "number": b"1",
    "deep": b"[" * 100_000,
    "format of later": b'{"event": "start", "format": 2}',
    "format is text": b'{"event": "start", "format": "1"}',
    "searches are a list": b'{"event": "start", "format": 1, "searches": [1]}',
    "trials of a search are text": b'{"event": "start", "format": 1, "searches": {"s": "x"}}',
    "trials of a search are a flag": b'{"event": "start", "format": 1, "searches": {"s": true}}',
    "no trials of a search": b'{"event": "start", "format": 1, "searches": {"s": 0}}',
    "trial is text": b'{"event": "asked", "trial": "x", "values": {}}',
    "trial is missing": b'{"event": "asked", "values": {}}',
    "values are a number": b'{"event": "asked", "trial": 1, "values": 3}',
    "long number": b'{"event": "asked", "trial": ' + b"9" * 9000 + b', "values": {}}',
}


@pytest.mark.parametrize("name", LEDGERS)
def test_a_hostile_ledger_is_refused_by_its_commands(
    ablate: Callable[..., Any], name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "store" / "quickstart"
    folder.mkdir(parents=True)
    (folder / "ledger.jsonl").write_bytes(LEDGERS[name] + b"\n")
    with pytest.raises(StoreError, match=r"ledger\.jsonl: (damaged at byte 0|written in format)"):
        Ledger(folder)
    for command in ("status", "doctor"):
        answer = ablate(command, "quickstart", "--store", tmp_path / "store")
        answer.refuses("ledger.jsonl: ", "another --store", codes=(1,))


RESULT = RunResult(run_id="r", state="finished", metrics={"val/qabf": 0.5}).to_json()
RESULTS: dict[str, Any] = {
    "list": [],
    "text": "x",
    "empty": {},
    "other keys": {**RESULT, "code": "os.system"},
    "state": {**RESULT, "state": "done"},
    "state is a list": {**RESULT, "state": []},
    "metrics are a list": {**RESULT, "metrics": [1]},
    "metric is text": {**RESULT, "metrics": {"a": "1"}},
    "metric is a flag": {**RESULT, "metrics": {"a": True}},
    "images are a number": {**RESULT, "images": 3},
    "row is short": {**RESULT, "images": [["test", "a"]]},
    "row is a number": {**RESULT, "images": [1]},
    "facts are text": {**RESULT, "facts": "x"},
    "reason is a list": {**RESULT, "reason": ["x"]},
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_hostile_result_is_refused_with_its_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps(RESULTS[name]))
    with pytest.raises(StoreError, match=r"result\.json: not the result of a run .*starts over"):
        read_result(tmp_path)
    run = tmp_path / "s" / "study" / "runs" / "r"
    run.mkdir(parents=True)
    (run / "result.json").write_text(json.dumps(RESULTS[name]))
    (run / "spec.json").write_text("{}")
    with pytest.raises(StoreError, match="not ours"):
        by_id(tmp_path / "s", "r")


def test_the_result_of_another_run_is_not_taken(tmp_path: Path) -> None:
    for name in ("r", "copy"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "result.json").write_text(json.dumps(RESULT))
    (tmp_path / "ledger.jsonl").write_bytes(b"")
    with pytest.raises(StoreError, match="copy: holds the result of run r"):
        Ledger(tmp_path)


class Evil:
    """Makes a folder when it is unpickled; the test looks for it."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (self.place,))


def packed(content: bytes) -> bytes:
    """Return an archive with its entries compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return out.getvalue()


def saved(state: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def checkpoints(evil: Evil) -> Iterator[tuple[str, bytes]]:
    import pickle

    fine = {"key": "run", "step": 1}
    yield "code in the state", saved({**fine, "evil": evil})
    yield "code instead of the state", saved(evil)
    yield "a plain pickle of code", pickle.dumps(evil)
    yield "a plain pickle", pickle.dumps(fine)
    yield "the old format", _old(fine)
    yield "packed zeros", packed(saved({**fine, "w": torch.zeros(4_000_000)}))
    yield "a list", saved([1, 2])
    yield "no step", saved({"key": "run"})
    yield "step is text", saved({**fine, "step": "1"})
    yield "a number", saved(3)
    yield "no archive", b"hello"
    yield "nothing", b""
    yield "an empty archive", packed(_empty())
    yield "a module", saved({**fine, "m": torch.nn.Linear(2, 2)})


def _old(state: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def _empty() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x/data.pkl", b"")
    return out.getvalue()


@pytest.mark.parametrize("name", [name for name, _ in checkpoints(Evil("x"))])
def test_a_hostile_checkpoint_runs_nothing_and_is_refused(name: str, tmp_path: Path) -> None:
    place = tmp_path / "was-run"
    content = dict(checkpoints(Evil(str(place))))[name]
    (tmp_path / NEWEST).write_bytes(hashlib.sha256(content).digest() + content)
    with pytest.raises(StoreError, match=r"is not ours .*the run starts over"):
        Checkpoints(tmp_path, key="run").load()
    assert not place.exists()


MANIFEST: dict[str, Any] = Manifest(
    label="Mine", files={"a/ir": "0" * 16}, splits={"train": ("a",), "val": (), "test": ("b",)}
).to_json()


def with_names(*names: str) -> dict[str, Any]:
    made = Manifest(label="Mine", files={}, splits={"train": names, "val": (), "test": ()})
    return made.to_json()


MANIFESTS: dict[str, Any] = {
    "list": [],
    "text": "x",
    "empty": {},
    "one key more": {**MANIFEST, "code": 1},
    "split of another name": {**MANIFEST, "splits": {"../x": []}},
    "splits are a list": {**MANIFEST, "splits": []},
    "stems are a text": {**MANIFEST, "splits": {"train": "abc"}},
    "stem is a number": {**MANIFEST, "splits": {"train": [1]}},
    "changed by hand": {**MANIFEST, "files": {"a/ir": "1" * 16}},
    "counts": {**MANIFEST, "counts": {"train": 9}},
    "label is a list": {**MANIFEST, "label": ["x"]},
    "label turns": {**MANIFEST, "label": "a\u202eb"},
    "label of length": {**MANIFEST, "label": "x" * 10_000},
    "outside": with_names("../../etc/passwd"),
    "absolute": with_names("/etc/passwd"),
    "outside as on Windows": with_names("..\\..\\x"),
    "inside out": with_names("a/../../b"),
    "nul": with_names("a\0b"),
    "newline": with_names("a\nb"),
    "direction": with_names("a\u202eb"),
    "half a letter": with_names("a\ud800"),
    "length": with_names("x" * 10_000),
    "no name": with_names(""),
    "twice": with_names("a", "a"),
    "hash is a number": {**MANIFEST, "hash": 5},
    "file is a list": {**MANIFEST, "files": {"a/ir": []}},
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_hostile_manifest_is_refused_by_the_command_line(
    ablate: Callable[..., Any], name: str, tmp_path: Path
) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(MANIFESTS[name]))
    ablate("data", "verify", "folders", tmp_path, "--against", file).refuses(
        "manifest.json: is not a manifest (", "write it anew"
    )


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"[" * 100_000, b"NaN", b"\xff\xfe", b"{", b"9" * 9000]
)
def test_bytes_that_are_no_manifest_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(DataError, match=r"m\.json: is not a manifest"):
        Manifest.read(tmp_path / "m.json")


def test_a_manifest_that_was_written_is_read_back_and_tells_what_changed(
    ablate: Callable[..., Any], tmp_path: Path
) -> None:
    for number in range(10):
        for shift, side in enumerate(("ir", "vi")):
            path = tmp_path / "set" / side / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = np.random.default_rng([number, shift]).integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(values).save(path)
    file = tmp_path / "manifest.json"
    words = ["data", "verify", "folders", tmp_path / "set"]
    assert ablate(*words, "--manifest", file).code == 0
    assert Manifest.read(file).to_json() == json.loads(file.read_text())
    assert ablate(*words, "--against", file).code == 0
    Image.new("L", (16, 16), 9).save(tmp_path / "set" / "vi" / "3.png")
    for side in ("ir", "vi"):
        (tmp_path / "set" / side / "9.png").rename(tmp_path / "set" / side / "z9.png")
    answer = ablate(*words, "--against", file)
    assert answer.code == 2
    for told in ("3/vi has other contents", "9/ir is gone", "z9/vi is new"):
        assert told in answer.out
