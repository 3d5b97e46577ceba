"""The Optuna store: a projection of the finished trials, made under a lock, rebuilt at will."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from sqlalchemy import create_engine, func, select
from sqlalchemy.engine import make_url

from ablate.config.schema import Dimension
from ablate.databases import OPTUNA_FILE, check_whole
from ablate.errors import StoreError, one_line, storage_failure, with_extra
from ablate.search import artifacts
from ablate.search.finished import Direction, FinishedTrial
from ablate.search.history import frozen
from ablate.search.space import parameters_of
from ablate.tracking.address import hide, public
from ablate.writing import replacing

# an older version kept lists as choices: see `TrialStore.is_outdated`
warnings.filterwarnings("ignore", message="Choices for a categorical distribution")

KEY = "ablate.trial"
BUILDING = 0x61626C617465  # key of the lock that is held while a schema is built


def default_url(store: Path) -> str:
    """Return the address of the store's own sqlite file."""
    return f"sqlite:///{store.resolve() / OPTUNA_FILE}"


def holds(url: str, study: str) -> bool:
    """Return whether a database holds a study; an absent sqlite file is not created by this.

    Raises:
        StoreError: The database cannot be opened.
    """
    try:
        found = make_url(url)
        if found.get_backend_name() == "sqlite" and not Path(str(found.database)).exists():
            return False
        _check(url)
        return study in optuna.get_all_study_names(storage=_opened(url))
    except StoreError:
        raise
    except Exception as error:  # sqlalchemy, sqlite3 and optuna raise their own families
        raise _refused(error, url) from error


class TrialStore:
    """Writes every finished trial once; a trial is never RUNNING here.

    Args:
        url: Any RDB address that Optuna takes.
        study: Name of the study in it.
        directions: "maximize" or "minimize" for every objective.
        lock: File that keeps two processes from creating the schema at once.
        pictures: Folder of the pictures of trials; None keeps none.

    Raises:
        StoreError: The database cannot be opened.
    """

    def __init__(
        self,
        url: str,
        *,
        study: str,
        directions: Sequence[Direction],
        lock: Path,
        pictures: Path | None = None,
    ) -> None:
        self._made_with: dict[str, Any] = {
            "url": url,
            "study": study,
            "directions": directions,
            "lock": lock,
            "pictures": pictures,
        }
        try:
            with FileLock(lock):
                _make(url)
                _check(url)
                self._storage = _opened(url)
                self._study = optuna.create_study(
                    storage=self._storage,
                    study_name=study,
                    directions=list(directions),
                    load_if_exists=True,
                )
        except StoreError:
            raise
        except Exception as error:  # sqlalchemy, sqlite3 and optuna raise their own families
            raise _refused(error, url) from error
        self._known = set(self.values())
        self._is_unsure = False  # whether the last trial may be there although its answer was lost

    def add(
        self,
        trial: FinishedTrial,
        *,
        dimensions: Mapping[str, Dimension],
        attrs: Mapping[str, Any],
        pictures: Mapping[str, Path] | None = None,
    ) -> None:
        """Write the trial unless a trial of that number is there, and its pictures, by name.

        Raises:
            StoreError: The database does not take it; to try again is harmless.
        """
        if trial.number in self._known:
            return
        url, folder = str(self._made_with["url"]), self._made_with["pictures"]
        params = parameters_of(dimensions, trial.values)
        free = {n: v for n, v in trial.values.items() if n not in params}
        entry = frozen(
            trial,
            dimensions,
            {KEY: trial.number, **attrs, **{f"factor.{n}": v for n, v in free.items()}},
            artifacts.keep(pictures or {}, into=folder) if folder else {},
        )
        try:
            if self._is_unsure:
                self._known, self._is_unsure = set(self.values()), False
            if trial.number not in self._known:
                self._is_unsure = True
                self._study.add_trial(entry)
                self._is_unsure = False
        except Exception as error:  # sqlalchemy, sqlite3 and optuna raise their own families
            if storage_failure(error):
                raise
            raise StoreError(
                f"store.optuna: {public(url)} takes no trials: {_reason(error, url)}; nothing is "
                "lost: start the same study again when it does, and the rest is written"
            ) from error
        self._known.add(trial.number)

    def values(self) -> dict[int, float | None]:
        """Return our trial number -> its first objective, None where there is none."""
        return {
            trial.user_attrs[KEY]: trial.values[0] if trial.values else None
            for trial in self._study.get_trials(deepcopy=False)
            if KEY in trial.user_attrs
        }

    def is_outdated(self) -> bool:
        """Return whether it holds lists as choices: Optuna takes no trial with others beside."""
        return any(
            isinstance(choice, list | dict)
            for trial in self._study.get_trials(deepcopy=False)
            for shape in trial.distributions.values()
            for choice in getattr(shape, "choices", ())
        )

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


def _make(url: str) -> None:
    """Build an absent sqlite file under another name and rename it: whole or absent after a kill.

    Optuna makes a table and the index that keeps its names unique in two steps; a kill in between
    leaves a file in which a study can be made twice.
    """
    found = make_url(url)
    if found.get_backend_name() == "postgresql":
        _make_alone(url)
    if found.get_backend_name() != "sqlite" or not found.database or found.database == ":memory:":
        return
    path = Path(found.database)
    if path.exists():
        return
    with replacing(path, is_alone=True) as beside:
        beside.touch()  # with the umask; sqlite would leave out the rights of a group to write
        storage = _opened(f"sqlite:///{beside}")
        storage.remove_session()
        storage.engine.dispose()


def _check(url: str) -> None:
    """Raise StoreError when a sqlite file is damaged."""
    found = make_url(url)
    if found.get_backend_name() == "sqlite" and found.database not in (None, "", ":memory:"):
        check_whole(Path(str(found.database)))


def _make_alone(url: str) -> None:
    """Build the schema while no other driver does, on whatever machine it may be."""
    engine = create_engine(url)
    try:
        with engine.connect() as held:
            held.execute(select(func.pg_advisory_lock(BUILDING)))  # goes with the connection
            storage = _opened(url)
            storage.remove_session()
            storage.engine.dispose()
    finally:
        engine.dispose()


def _opened(url: str) -> optuna.storages.RDBStorage:
    """Return the storage; a connection that a database has lost meanwhile is made anew."""
    is_far = make_url(url).get_backend_name() != "sqlite"
    settings = {"pool_pre_ping": True} if is_far else {}
    plain = url.replace("{", "{{").replace("}", "}}")  # Optuna takes an address for a format
    return optuna.storages.RDBStorage(plain, engine_kwargs=settings)


def _refused(error: Exception, url: str) -> StoreError:
    """The error for a database that cannot be opened."""
    if failure := storage_failure(error):
        return StoreError(f"store.optuna: {public(url)}: {failure}")
    fix = "check the path and its rights, or name another store"
    if isinstance(error, ImportError) and url.startswith("postgres"):
        fix = f"{with_extra('postgres')}, and write postgresql+psycopg://..."
    return StoreError(f"store.optuna: cannot open {public(url)}: {_reason(error, url)}; {fix}")


def _reason(error: Exception, url: str) -> str:
    """Return why, without what the address keeps secret."""
    return one_line(hide(str(error.__cause__ or error).split("\n", 1)[0], url), longest=200)
