"""A study in a store: its plan, data, ledger, trials and addresses, each read once."""

import json
import logging
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.config.schema import StudyConfig
from ablate.databases import OPTUNA_FILE
from ablate.errors import StoreError
from ablate.execution.run_folder import image_rows
from ablate.store_folder import LEDGER, check_rights, check_version
from ablate.study import redrawing, test_sets
from ablate.study.beginning import begun
from ablate.study.confirming import run_ids
from ablate.study.extending import extended, keys_of, one_search, plan_of
from ablate.study.ledger import Ledger
from ablate.study.questions import directions_of
from ablate.study.trials import Trials
from ablate.tracking.address import public, tracking_uri
from ablate.training.spec import RunResult, RunSpec
from ablate.training.tasks import task_of

if TYPE_CHECKING:
    from ablate.data.items import Examples
    from ablate.data.pairs import PairSet
    from ablate.search.store import TrialStore
    from ablate.tracking.shipper import Shipper
    from ablate.training.spec import RunResult, RunSpec


logger = logging.getLogger(__name__)


class OpenStudy:
    """One study in one store, which need not hold it yet.

    Opening makes the plan and writes nothing. Data, ledger and trials are read when they are first
    asked for, and kept; `reread` forgets what may have changed on disk.

    Args:
        config: A checked study.
        store: Folder of the stores.

    Raises:
        ConfigError: The study cannot be planned, see `ablate.study.plan.make`.
        StoreError: Another version of ablate wrote the store.
    """

    def __init__(self, config: StudyConfig, *, store: Path) -> None:
        check_version(store)
        check_rights(store, [store / config.name, store / config.name / LEDGER])
        self.store, self.folder = store, store / config.name
        self._begun = begun(self.folder)
        self.config = extended(config, self._begun.extended)
        self.plan = plan_of(self.config, self._begun)
        self.task = task_of(config.base)
        self._data_hashes: dict[str, str] = {}  # of the data of arms, by their settings

    @cached_property
    def examples(self) -> "Examples":
        """The data of the study."""
        return self.task.examples()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, as it was when it was first asked for, and as this process writes it."""
        return Ledger(self.folder)

    @cached_property
    def trials(self) -> Trials:
        """All trials that the plan and the ledger know."""
        return Trials(self.plan, self.ledger)

    @cached_property
    def further_pairs(self) -> "dict[str, PairSet]":
        """The pairs of every further test set."""
        return test_sets.pairs_of(self)

    @cached_property
    def tests(self) -> dict[str, dict[str, Any]]:
        """The further test sets, as workers are given them."""
        return test_sets.entries_of(self)

    def scored(self, result: RunResult) -> RunResult:
        """A result of the ledger, with the scores on further sets and in further metrics."""
        from ablate.training.test_sets import with_further

        folder = self.ledger.run_folder(result.run_id)
        return with_further(result, folder, self.tests) if self.tests else result

    def lacking(self) -> list[RunSpec]:
        """The runs that have ended and whose weights are not scored on every set."""
        from ablate.training.test_sets import lacking

        if not self.tests:
            return []
        return [
            spec
            for trial in self.trials.known.values()
            if not trial.violations and trial.number not in self.trials.twin_of
            for spec in trial.runs
            if spec.scores_test
            and (result := self.ledger.results.get(spec.run_id)) is not None
            and result.state == "finished"
            and lacking(self.ledger.run_folder(spec.run_id), self.tests)
        ]

    def reread(self) -> None:
        """Read ledger, trials and Optuna's study again when they are next asked for."""
        if (found := begun(self.folder)) != self._begun:
            self._begun = found
            self.config = extended(self.config, found.extended)
            self.plan = plan_of(self.config, found)
        for name in ("ledger", "trials", "optuna", "further_pairs", "tests"):
            self.__dict__.pop(name, None)

    def with_more(self, more: int) -> StudyConfig:
        """Return the study with so many more trials of its search, once this has ended.

        An extension whose driver was killed goes on and is not extended again, up to the last
        instant before its end was written: the same command has the same result.

        Raises:
            ConfigError: The study has no search, or several.
        """
        name = one_search(self.config)
        search = self.trials.searches[name]
        has_ended = search.is_over and all(one in self.trials.finished for one in search.numbers)
        if not has_ended or self.ledger.is_extending:
            what = "its last extension has not been published" if has_ended else "has not ended"
            logger.warning("%s: %s and goes on; --more adds trials when it has", name, what)
            return self.config
        return extended(self.config, {name: search.plan.trials + more})

    def check_extended(self) -> None:
        """Raise StoreError where a search goes on behind a confirmation that has its winners."""
        for phase, search in self.trials.searches.items():
            if self.ledger.frozen and not search.is_over:
                frozen = ", ".join(self.ledger.frozen)
                raise StoreError(
                    f"phases.{phase}.trials: {frozen} has chosen its winners from the trials so "
                    f"far; extend the search in a further look: ablate run {self.config.name}@2"
                )

    @property
    def data_hash(self) -> str:
        """The hash of the data."""
        return self.examples.manifest.hash

    def data_hash_of(self, spec: "RunSpec") -> str:
        """Return the hash of the data that a run must have been trained on.

        An arm may have a data section, and with it a set, of its own.
        """
        key = _data_key(spec.settings)
        if key not in self._data_hashes:
            is_own = key != _data_key(self.config.base)
            examples = task_of(spec.settings).examples() if is_own else self.examples
            self._data_hashes[key] = examples.manifest.hash
        return self._data_hashes[key]

    def of_other_data(self) -> dict[str, str]:
        """Return run -> in words, for the results that were made from other data than these."""
        found = {}
        for trial in self.trials.known.values():
            for spec in trial.runs:
                result = self.ledger.results.get(spec.run_id)
                if result is not None and (what := self.other_data(spec, result)):
                    found[spec.run_id] = what
        return found

    def other_data(self, spec: "RunSpec", result: "RunResult") -> str:
        """Return in words that a result was made from other data, "" where it was not."""
        here = self.data_hash_of(spec)
        there = str(result.facts.get("data_hash", here))  # old versions said it of finished runs
        return "" if here == there else f"was made from other data ({there}, here {here})"

    @property
    def device(self) -> str:
        """Where runs are trained, train.device."""
        return str(self.config.base["train"]["device"])

    @property
    def retryable(self) -> list[str]:
        """The runs that --retry runs again: designed ones that failed without diverging."""
        ledger, plan = self.ledger, self.plan
        designed = {spec.run_id for trial in plan.trials for spec in trial.runs}
        designed |= run_ids(plan, ledger.frozen) | redrawing.run_ids(plan, ledger.redrawn)
        return ledger.retryable(designed)

    @property
    def has_ended(self) -> bool:
        """Whether all trials have ended and none is still to be suggested, redrawn or frozen."""
        trials = self.trials
        return trials.known.keys() == trials.finished.keys() and not trials.is_asking

    @property
    def tracking_uri(self) -> str:
        """The address of its MLflow server or database."""
        return str(self.config.store.get("mlflow") or tracking_uri(self.store))

    @property
    def optuna_url(self) -> str:
        """The address of its Optuna database."""
        from ablate.search.store import default_url

        return str(self.config.store.get("optuna") or default_url(self.store))

    @cached_property
    def optuna(self) -> "TrialStore":
        """Its trials in Optuna's database, which is made when absent."""
        from ablate.search.artifacts import FOLDER
        from ablate.search.store import TrialStore

        if not self.config.store.get("optuna"):
            check_rights(self.store, [self.store, self.store / OPTUNA_FILE], writes=True)
        return TrialStore(
            self.optuna_url,
            study=self.config.name,
            directions=directions_of(self.config),
            lock=self.store / "optuna.lock",
            pictures=self.store / FOLDER,
        )

    def shipper(self) -> "Shipper":
        """Return the sender of its runs to MLflow, each with its note and its pictures."""
        from ablate.study.notes import Notes
        from ablate.study.sources import Sources
        from ablate.tracking.shipper import Shipper
        from ablate.tracking.store import connect

        name = self.config.name
        return Shipper(
            partial(connect, self.store, self.config.store.get("mlflow"), study=name),
            study=name,
            address=public(self.tracking_uri),
            note=Notes(self.plan).of_run,
            sources=Sources(self.examples).of,
            scores=image_rows,
        )

    def say_remarks(self) -> None:
        """Say what whoever starts the study should know of its data."""
        for line in self.task.remarks(self.examples):
            logger.warning("%s: %s", self.examples.manifest.label, line)

    def check_started(self) -> None:
        """Raise StoreError where the store does not hold this study, or with another design."""
        if not self.ledger.header:
            raise StoreError(f"{self.store}: holds no study {self.config.name}; run it first")
        self.ledger.check(design_hash=self.plan.design_hash, keys=keys_of(self.config))

    def check_trainable(self) -> None:
        """Raise what keeps the study from running here: its device, its data, its references.

        Raises:
            ConfigError, DataError, DeviceError: All faults of one kind together.
        """
        from ablate.scoring import references
        from ablate.training.determinism import device_of, settle

        device_of(self.device)
        settle()  # as every worker does
        runs = [run for trial in self.plan.trials for run in trial.runs]
        self.task.check_examples(self.examples, [run.settings for run in runs])
        references.check(self.config, self.examples)
        for run in runs:
            self.data_hash_of(run)  # now, so that a later change of the files is noticed
        test_sets.check(self, [run.settings for run in runs])


def _data_key(settings: Mapping[str, Any]) -> str:
    """Return what distinguishes the data of two runs; crops are drawn from the same ones."""
    data = {name: value for name, value in settings.get("data", {}).items() if name != "crop"}
    return json.dumps([data, settings.get("task")], sort_keys=True)
