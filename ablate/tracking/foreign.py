"""The runs that others logged in MLflow: their parameters, tags and last metrics."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import pandas as pd
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from ablate.errors import DataError, nearest
from ablate.tracking.address import public
from ablate.tracking.reader import connect

PAGE: Final = 2000  # runs that are asked for at once
STATES: Final = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "failed"}


def read_mlflow(
    uri: str,
    *,
    experiment: str | None,
    columns: Mapping[str, str],
    is_meant: Callable[[str], bool],
    step: Callable[[int], None] = lambda done: None,
) -> pd.DataFrame:
    """Return a row per run and metric; a run without any metric has one row with its state.

    Args:
        uri: Address of the database or server.
        experiment: Its name; may be absent where there is one alone.
        columns: Our column -> their parameter or tag; "value" must be there.
        is_meant: Whether a metric of theirs is one to judge.
        step: Hears how many runs are read.

    Raises:
        StoreError: Nothing answers at the address.
        DataError: No such experiment, no run in it, or a parameter that no run has.
    """
    client = connect(uri)
    where = public(uri)
    wanted = _experiment(client, experiment, where=where)
    rows: list[dict[str, object]] = []
    known: set[str] = set()
    for done, run in enumerate(_runs(client, wanted), 1):
        given = {**run.data.tags, **run.data.params}
        known |= given.keys()
        of_run: dict[str, object] = {
            "run": run.info.run_id,
            "state": STATES.get(run.info.status, "running"),
            **{ours: given.get(theirs, "") for ours, theirs in columns.items()},
        }
        scores = {key: score for key, score in run.data.metrics.items() if is_meant(key)}
        rows += [{**of_run, "metric": key, "score": score} for key, score in scores.items()]
        if not scores:
            rows.append({**of_run, "metric": "", "score": ""})
        step(done)
    if not rows:
        raise DataError(f"{where}: the experiment holds no run; name another: --experiment NAME")
    for ours, theirs in columns.items():
        if theirs not in known:
            tail = nearest(theirs, [name for name in known if not name.startswith("mlflow.")])
            raise DataError(
                f"{where}: no run has a parameter or tag {theirs!r} for the column {ours}; {tail}"
            )
    return pd.DataFrame(rows, dtype=object)


def _experiment(client: MlflowClient, name: str | None, *, where: str) -> str:
    found = {one.name: str(one.experiment_id) for one in client.search_experiments()}
    if name is not None and name in found:
        return found[name]
    if name is None:
        own = [one for one in found if one != "Default"] or list(found)
        if len(own) == 1:
            return found[own[0]]
        raise DataError(f"{where}: name one experiment, --experiment: {', '.join(sorted(own))}")
    raise DataError(f"{where}: no experiment is called {name!r}; {nearest(name, found)}")


def _runs(client: MlflowClient, experiment: str) -> Iterator[Run]:
    token: str | None = None
    while True:
        page = client.search_runs([experiment], max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
