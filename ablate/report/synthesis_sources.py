"""What `ablate synthesize` reads: published folders, folders of them, and studies of stores."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.analysis.document import AnsweredQuestion, Verdicts, decode
from ablate.analysis.health import HEALTHY
from ablate.analysis.synthesis import Asked
from ablate.errors import AblateError, ConfigError
from ablate.published import Value
from ablate.report.named_answer import VERDICT, InStore, named
from ablate.report.packed import read as read_table
from ablate.stats.health import recorded_state
from ablate.store_folder import check_version

DEEPEST = 2  # folders below the one that was named: REPORTS/STUDY/PLACE


def asked(words: Sequence[str], *, store: Path) -> tuple[Asked, ...]:
    """The answered questions of everything that was named.

    Args:
        words: Folders with a verdict.json, folders of such folders, STUDY@STORE, or STUDY.
        store: Where a study that names no store is.

    Raises:
        ConfigError: All faults together: nothing there, no answer, a file that is none.
    """
    found: list[Asked] = []
    faults: list[str] = []
    known: set[Path] = set()
    for word in words:
        try:
            place = named(word, store=store)
            if isinstance(place, InStore):
                found += _of_store(word, place)
                continue
            for folder in _folders(place):
                if folder.resolve() not in known:
                    found += of_folder(folder)
                    known.add(folder.resolve())
        except AblateError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError(*faults)
    return tuple(found)


def of_folder(folder: Path, *, where: str | None = None) -> list[Asked]:
    """The answered questions of a folder that holds a verdict.json.

    Args:
        folder: Written by `ablate report`, with or without --publish.
        where: What messages call it; the folder itself if absent.

    Raises:
        ConfigError: verdict.json is not JSON.
        DataError: A key of it is missing, or has another type.
    """
    path = folder / VERDICT
    try:
        verdicts = decode(path.read_bytes(), where=str(path))
    except ValueError as error:
        if isinstance(error, AblateError):
            raise
        raise ConfigError(f"{path}: is not JSON ({error}); write the report anew") from error
    return [_asked(verdicts, one, where or str(folder), folder) for one in verdicts.questions]


def _folders(path: Path) -> list[Path]:
    """The folder of a verdict.json, or those below it."""
    if path.is_file():
        path = path.parent
    patterns = ["*/" * depth + VERDICT for depth in range(DEEPEST + 1)]
    found = [sorted(one.parent for one in path.glob(pattern)) for pattern in patterns]
    if not any(found):
        if studies := sorted(one.parent.name for one in path.glob("*/ledger.jsonl")):
            raise ConfigError(f"{path}: is a store; name its study: {studies[0]}@{path}")
        raise ConfigError(
            f"{path}: holds no {VERDICT}; give a folder that `ablate report STUDY --publish DIR` "
            "wrote, or a folder of such folders"
        )
    return found[0] or [folder for some in found for folder in some]


def _of_store(word: str, place: InStore) -> list[Asked]:
    from ablate.report.source import read  # MLflow, which folders do without

    check_version(place.store)
    verdicts = read(store=place.store, study=place.study, is_explored=False).verdicts
    if verdicts is None or not verdicts.questions:
        raise ConfigError(f"{word}: has no answered question; run its answer phase first")
    return [_asked(verdicts, one, word, None) for one in verdicts.questions]


def _asked(
    verdicts: Verdicts, question: AnsweredQuestion, where: str, folder: Path | None
) -> Asked:
    counts = question.health.counts
    unhealthy: Mapping[Value, float] = {
        one.value: one.unhealthy / one.trainings for one in counts if one.trainings
    }
    if not counts and folder is not None:
        unhealthy = dict(_recorded(question, folder))
    return Asked(
        where=where,
        study=verdicts.study,
        question=question,
        design=verdicts.design_hash,
        data=verdicts.data.hash,
        unhealthy=unhealthy,
    )


def _recorded(question: AnsweredQuestion, folder: Path) -> Iterator[tuple[Value, float]]:
    """Yield the unhealthy share of every value from the table of runs: reports before 0.2."""
    try:
        runs = read_table(folder, "runs")
    except FileNotFoundError:
        return
    arms = {value: set[str]() for value in question.values}
    by_run = dict(zip(runs["run_id"], runs["arm"], strict=True))
    for winner in question.winners:
        if winner.run_id in by_run:
            arms.setdefault(winner.value, set()).add(by_run[winner.run_id])
    trained = runs[runs["block"].notna()]
    for value, names in arms.items():
        mine = trained[trained["arm"].isin(names)].to_dict("records")
        states = [state for run in mine if (state := _state({str(k): v for k, v in run.items()}))]
        if states:
            yield value, sum(state != HEALTHY for state in states) / len(states)


def _state(run: Mapping[str, Any]) -> str | None:
    reason = run.get("reason")
    return recorded_state(
        looked_at="",
        reason=reason if isinstance(reason, str) else "",
        metrics={
            name: float(value) for name, value in run.items() if name.startswith(("val/", "test/"))
        },
    )
