"""One run inside a worker: journal, training, result file. Opens no database."""

import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from ablate import plugins
from ablate.identity import JsonValue
from ablate.training.spec import RunResult, RunSpec

RESULT, SPEC, JOURNAL = "result.json", "spec.json", "journal.jsonl"


def work(
    spec: RunSpec,
    folder: Path,
    *,
    ask: Callable[[Mapping[int, float]], bool],
    leave: Event | None = None,
) -> RunResult:
    """Return the result of one run, written to `folder` before it is returned.

    The folder is the truth: spec.json, journal.jsonl, pictures, and last result.json, whose
    presence means that the run has ended. What an interrupted run left there is gone on with.

    Raises:
        LeaveError: `leave` was set; the run has saved its state.
    """
    from ablate.tracking.journal import JournalRecorder
    from ablate.training.run import train

    plugins.load()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / SPEC, spec.to_json())
    recorder = JournalRecorder(folder / JOURNAL, ask=ask)
    try:
        pairs = _pairs(json.dumps(spec.settings["data"], sort_keys=True))
        result = train(spec, recorder, folder=folder, pairs=pairs, leave=leave)
    finally:
        recorder.close()
    if recorder.reports:
        reports: dict[str, JsonValue] = {str(k): v for k, v in recorder.reports.items()}
        result = replace(result, facts={**result.facts, "reports": reports})
    write_atomically(folder / RESULT, result.to_json())
    return result


@functools.lru_cache(maxsize=2)
def _pairs(settings: str) -> Any:
    """Return the decoded data; a worker keeps it from one run to the next."""
    from ablate import data
    from ablate.errors import AblateError

    try:
        return data.load(json.loads(settings))
    except AblateError:
        return None  # train meets the same fault and records it as the run's reason


def write_atomically(path: Path, values: Any) -> None:
    """Write JSON so that a reader sees the old file or the whole new one, even after a crash."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(values, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_result(folder: Path) -> RunResult | None:
    """Return the result of a run that ended, None for one that did not."""
    try:
        return RunResult.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
