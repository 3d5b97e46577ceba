"""The Optuna store: a projection of the finished trials, made under a lock, rebuilt at will."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock

from ablate.config.schema import Dimension
from ablate.errors import StoreError
from ablate.search.history import frozen
from ablate.search.space import parameters_of
from ablate.search.told import Direction, Told

KEY = "ablate.trial"


def default_url(store: Path) -> str:
    """Return the address of the store's own sqlite file."""
    return f"sqlite:///{store.resolve() / 'optuna.db'}"


class TrialStore:
    """Writes every told trial once, finished; a trial is never RUNNING here.

    Args:
        url: Any RDB address that Optuna takes.
        study: Name of the study in it.
        directions: "maximize" or "minimize" for every objective.
        lock: File that keeps two processes from creating the schema at once.

    Raises:
        StoreError: The database cannot be opened.
    """

    def __init__(
        self, url: str, *, study: str, directions: Sequence[Direction], lock: Path
    ) -> None:
        self._made_with: dict[str, Any] = {
            "url": url, "study": study, "directions": directions, "lock": lock,
        }  # fmt: skip
        try:
            with FileLock(lock):
                self._storage = optuna.storages.RDBStorage(url)
                self._study = optuna.create_study(
                    storage=self._storage,
                    study_name=study,
                    directions=list(directions),
                    load_if_exists=True,
                )
        except Exception as error:  # sqlalchemy, sqlite3 and optuna raise their own families
            reason = str(error).split("\n", 1)[0]
            raise StoreError(
                f"store.optuna: cannot open {url}: {reason}; check the path and its rights, "
                "or name another store"
            ) from error
        self._known = {
            trial.user_attrs[KEY]
            for trial in self._study.get_trials(deepcopy=False)
            if KEY in trial.user_attrs
        }

    def add(
        self, trial: Told, *, dimensions: Mapping[str, Dimension], attrs: Mapping[str, Any]
    ) -> None:
        """Write the trial unless a trial of that number is there."""
        if trial.number in self._known:
            return
        params = parameters_of(dimensions, trial.values)
        free = {n: v for n, v in trial.values.items() if n not in params}
        self._study.add_trial(
            frozen(
                trial,
                dimensions,
                {KEY: trial.number, **attrs, **{f"factor.{n}": v for n, v in free.items()}},
            )
        )
        self._known.add(trial.number)

    def values(self) -> dict[int, float | None]:
        """Return our trial number -> its first objective, None where there is none."""
        return {
            trial.user_attrs[KEY]: trial.values[0] if trial.values else None
            for trial in self._study.get_trials(deepcopy=False)
            if KEY in trial.user_attrs
        }

    def cleared(self) -> "TrialStore":
        """Return the store with the study made anew, without any trial."""
        optuna.delete_study(study_name=self._study.study_name, storage=self._storage)
        return TrialStore(**self._made_with)

    def states(self) -> dict[str, int]:
        """Return how many trials are in each Optuna state."""
        counts: dict[str, int] = {}
        for trial in self._study.get_trials(deepcopy=False):
            counts[trial.state.name] = counts.get(trial.state.name, 0) + 1
        return counts
