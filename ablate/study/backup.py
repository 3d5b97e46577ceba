"""A copy of a study from which it can go on, made while its driver may be writing.

Only the truth is copied: the ledger up to its last whole event, and the folder of every run. MLflow
and Optuna are built from these. The ledger is copied first, so that it holds nothing which the
results lack; of a run at work the checkpoints are copied before the journal, which is then ahead
of them, as after a kill.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ablate.errors import StoreError
from ablate.execution.worker import JOURNAL, RESULT
from ablate.store_folder import LEDGER, check_no_links, check_study, open_store
from ablate.tracking.journal import POSITION
from ablate.whole_files import CHECKSUMS, read_bounded

CHECKPOINTS = "checkpoint"


def backup(study: str, *, store: Path, target: Path) -> int:
    """Copy a study into a new store; return how many runs of it have ended.

    Args:
        study: Its name.
        store: Folder of the stores; a driver may be at work there.
        target: The new store: absent, or an empty folder. It appears whole or not at all.

    Raises:
        StoreError: There is no such store, or the target is not empty or cannot be written.
        UnknownNameError: The store holds no such study.
    """
    check_study(store, study)
    check_no_links([store / study, *(store / study).iterdir(), *(store / study / "runs").glob("*")])
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise StoreError(f"{target}: is there already; name a folder that is not there yet")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        folder = open_store(beside, study)
        ledger = read_bounded(store / study / LEDGER)
        (folder / LEDGER).write_bytes(ledger[: ledger.rfind(b"\n") + 1])
        ended = 0
        for run in sorted((store / study / "runs").glob("*")):
            ended += _copy_run(run, folder / "runs" / run.name)
        if target.exists():
            target.rmdir()
        beside.rename(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return ended


def _copy_run(run: Path, target: Path) -> bool:
    """Copy the folder of a run; return whether it has ended."""
    has_ended = (run / RESULT).exists()
    for path in _files(run, has_ended=has_ended):
        to = target / path.relative_to(run)
        to.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # a checkpoint that was replaced, or cleared
            shutil.copyfile(path, to)
    return has_ended


def _files(run: Path, *, has_ended: bool) -> Iterator[Path]:
    """Yield what is copied: checkpoints, others, the journal, and the result of an ended run."""
    left_out = {POSITION} if has_ended else {POSITION, RESULT, CHECKSUMS}
    ranks = {JOURNAL: 2, RESULT: 3}
    found = [
        path
        for path in run.rglob("*")
        if path.is_file()
        and path.name not in left_out
        and not path.name.startswith(".")
        and not path.name.endswith(".lock")
    ]
    check_no_links(run.rglob("*"))
    yield from sorted(
        found,
        key=lambda path: (
            ranks.get(path.name, 0 if path.name.startswith(CHECKPOINTS) else 1),
            path,
        ),
    )
