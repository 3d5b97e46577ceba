"""What must not depend on kills: every table, count and status that a study leaves behind."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.analysis.document import encode
from ablate.report.source import read
from ablate.tracking.journal import read_journal
from ablate.training.spec import LOST
from tests.command_line import typed
from tests.e2e.running import rows

NAME = "small"
STUDY = Path(__file__).with_name("small.yaml")
OWN = "r.lifecycle_stage = 'active' and k.key = 'ablate.key'"
RUNS = "runs r join tags k on k.run_uuid = r.run_uuid"
REPORTED = {  # what a report writes, which may come before or after the end of the driver beside it
    "ablate.headline",
    "ablate.verdict",
    "ablate.verdict.variant",
    "mlflow.note.content",
}
VARIES = {
    *REPORTED,
    "ablate.revision",
    "mlflow.parentRunId",
    "mlflow.user",
    "mlflow.artifactLocation",
    *(f"ablate.{name}" for name in LOST),
}


@dataclass(frozen=True)
class Outcome:
    """How a study ended."""

    texts: dict[str, str]  # must be equal, letter by letter
    counts: dict[str, int]  # must be equal too; printed
    wrongs: tuple[str, ...]  # must be empty


def outcome_of(
    folder: Path,
    *,
    words: list[str],
    database: Path | str,
    uri: str | None,
    optuna: Path | str | None = None,
) -> Outcome:
    """Return how the study in folder/s ended.

    Args:
        folder: Where the study was run; its store is "s".
        words: Overrides that it was run with.
        database: The sqlite file behind MLflow, or the address of a PostgreSQL database.
        uri: Of the tracking server, None where MLflow lies in the store.
        optuna: Likewise; the file in the store if absent.
    """
    store = folder / "s"
    store_words = [str(STUDY), *words, "--store", "s", "--json"]
    said = typed("doctor", *store_words, cwd=folder)
    assert said.returncode == 0, said.stdout + said.stderr
    status = json.loads(typed("status", *store_words, cwd=folder).stdout)
    contents = read(store=store, study=NAME, uri=uri)
    table = contents.runs[[name for name in contents.runs if not str(name).startswith("facts.")]]
    runs = mlflow_runs(database)
    told = _optuna(optuna or store / "optuna.db")
    counts = {
        "planned": status["planned"],
        "finished": status["finished"],
        "failed": status["failed"],
        "rows of the table": len(table),
        "MLflow runs": len(runs),
        "Optuna trials": len(told),
        "metric points": sum(len(run["points"]) for run in runs),
    }
    texts = {
        "trial table": table.to_csv(index=False),
        "per-image table": contents.images.to_csv(index=False),
        "curves": contents.curves.to_csv(index=False),
        "links": "\n".join(sorted(contents.links)),
        "verdict.json": encode(contents.verdicts or {}).decode(),
        "MLflow": "\n".join(json.dumps(run, sort_keys=True) for run in runs),
        "Optuna": "\n".join(map(str, told)),
    }
    wrongs = [f"doctor: {one['where']}: {one['what']}" for one in json.loads(said.stdout)["left"]]
    wrongs += _wrongs(store / NAME, runs, [str(row[1]) for row in told])
    if status["finished"] != status["planned"]:
        wrongs.append(f"{status['finished']} finished of {status['planned']} planned")
    return Outcome(texts=texts, counts=counts, wrongs=tuple(wrongs))


def differences(mine: Outcome, whole: Outcome) -> list[str]:
    """Return what is wrong with an outcome, or other than in the study that was let alone."""
    found = list(mine.wrongs)
    found += [
        f"{name}: {mine.counts[name]} instead of {count}"
        for name, count in whole.counts.items()
        if mine.counts[name] != count
    ]
    for name, text in whole.texts.items():
        pairs = zip(mine.texts[name].split("\n"), text.split("\n"), strict=False)
        other = [(a, b) for a, b in pairs if a != b]
        if other:
            found.append(
                f"{name}: differs in {len(other)} lines, {other[0][0]!r} for {other[0][1]!r}"
            )
        elif len(mine.texts[name]) != len(text):
            found.append(f"{name}: {len(mine.texts[name])} letters instead of {len(text)}")
    return found


def mlflow_runs(database: Path | str) -> list[dict[str, Any]]:
    """Return every active run with its status, tags, parameters and points, wall times left out."""
    found: list[dict[str, Any]] = []
    for run_id, key, status in rows(
        database, f"select r.run_uuid, k.value, r.status from {RUNS} where {OWN} order by k.value"
    ):
        tags = dict(rows(database, "select key, value from tags where run_uuid = ?", run_id))
        points = rows(
            database,
            "select key, step, value from metrics where run_uuid = ? and key not like 'facts/%' "
            "and key not like 'system/%' "
            "order by key, step, value",
            run_id,
        )
        found.append(
            {
                "key": key,
                "status": status,
                "points": points,
                "tags": {name: value for name, value in tags.items() if name not in VARIES},
                "params": dict(
                    rows(database, "select key, value from params where run_uuid = ?", run_id)
                ),
            }
        )
    return found


def _optuna(database: Path | str) -> list[tuple[Any, ...]]:
    """Return our number, state, value and parameters of every trial, in the order of our numbers."""
    values: defaultdict[str, list[Any]] = defaultdict(list)
    params: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for trial, value in rows(
        database, "select trial_id, value from trial_values order by trial_id, objective"
    ):
        values[trial].append(value)
    for trial, name, value in rows(
        database,
        "select trial_id, param_name, param_value from trial_params order by trial_id, param_name",
    ):
        params[trial][name] = value
    found = rows(
        database,
        "select t.trial_id, a.value_json, t.state from trials t left join "
        "trial_user_attributes a on a.trial_id = t.trial_id and a.key = 'ablate.trial'",
    )
    return sorted(
        (-1 if number is None else int(number), state, values[trial], sorted(params[trial].items()))
        for trial, number, state in found
    )


def _wrongs(study: Path, runs: list[dict[str, Any]], states: list[str]) -> list[str]:
    """Return what no study may leave behind, killed or not."""
    found = [
        f"MLflow: {count} runs are {key}"
        for key, count in Counter(run["key"] for run in runs).items()
        if count > 1
    ]
    found += [f"MLflow: {run['key']} is RUNNING" for run in runs if run["status"] == "RUNNING"]
    found += [f"Optuna: {n} trials are {s}" for s, n in Counter(states).items() if s == "RUNNING"]
    ended: set[str] = set()
    for line in (study / "ledger.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] in ("submitted", "ended") and event["run"] in ended:
            found.append(f"ledger: {event['run']} {event['event']} after its end")
        if event["event"] == "ended":
            ended.add(event["run"])
    for path in study.glob("runs/*/journal.jsonl"):
        seen: Counter[tuple[str, int]] = Counter()
        for _, event in read_journal(path):
            seen.update((name, event["step"]) for name in event.get("values", {}))
        double = [name for name, count in seen.items() if count > 1]
        found += [f"{path.parent.name}: {len(double)} points stand twice"] if double else []
    return found
