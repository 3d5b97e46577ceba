"""A further interim analysis of a study: a changed design, with the equal runs of the first.

`study@2` is the design of a study after a change, usually more blocks. Runs are equal where their
ids (recipe, seeds, phase, block, point), data and environments are. Every analysis of the same data
costs alpha, so a claim needs its `looks` declared before the first one, with `spending: even`: it
is split evenly. Looks that are taken while one study runs are those of `ablate.study.interim`.
"""

import logging
import shutil
from collections.abc import Collection
from pathlib import Path

from ablate.config.schema import LOOK, StudyConfig
from ablate.errors import ConfigError
from ablate.execution.run_folder import read_result
from ablate.fingerprint import numeric_hash
from ablate.store_folder import LEDGER
from ablate.study.ledger import Ledger
from ablate.study.plan import Plan
from ablate.tracking.journal import POSITION
from ablate.training.environment import environment_of, with_more
from ablate.training.spec import JOURNAL, RESULT, SPEC, RunResult, RunSpec
from ablate.training.tasks import task_of
from ablate.writing import write_json

logger = logging.getLogger(__name__)


def declared(config: StudyConfig) -> dict[str, int]:
    """Return phase -> looks of the phases that may claim; what the ledger keeps of it."""
    return {name: phase.looks for name, phase in config.phases.items() if phase.claims}


def earlier(config: StudyConfig, store: Path) -> list[str]:
    """Return the names of the looks before this one that the store holds, the latest first."""
    if config.look == 1:
        return []
    base = config.name.partition(LOOK)[0]
    names = [base, *(f"{base}{LOOK}{number}" for number in range(2, config.look))]
    return [name for name in reversed(names) if (store / name / LEDGER).exists()]


def check_declared(config: StudyConfig, store: Path) -> None:
    """Raise ConfigError where an earlier look had declared another number of looks."""
    mine = declared(config)
    for name in earlier(config, store):
        before = Ledger(store / name).header.get("looks", {})
        for phase, looks in mine.items():
            if phase in before and before[phase] != looks:
                raise ConfigError(
                    f"phases.{phase}.looks: {name} was started with {before[phase]}, now {looks}; "
                    "alpha is split before the first look: write the same, or claims: false"
                )


def adopt(plan: Plan, store: Path, *, data_hash: str) -> int:
    """Copy the designed runs that earlier looks finished; return how many came over.

    A copy is complete before it is seen, so that a kill between leaves whole runs only.
    """
    folder = store / plan.config.name
    found = to_adopt(plan, store, data_hash=data_hash)
    for run_id, source in found.items():
        _copy(source, folder / "runs" / run_id)
    return len(found)


def to_adopt(plan: Plan, store: Path, *, data_hash: str) -> dict[str, Path]:
    """Return run id -> folder of the designed runs that an earlier look finished, not yet here."""
    runs = store / plan.config.name / "runs"
    designed = {run.run_id for trial in plan.trials for run in trial.runs}
    wanted = {run_id for run_id in designed if not (runs / run_id / RESULT).exists()}
    found = _finished(plan.config, store, data_hash=data_hash, wanted=wanted)
    return {run_id: source for run_id, source in found.items() if run_id in wanted}


class Earlier:
    """The runs that earlier looks finished, for suggestions that are made again.

    Args:
        plan: Of this look.
        store: Folder of the stores.
        data_hash: Of the examples of now.
    """

    def __init__(self, plan: Plan, store: Path, *, data_hash: str) -> None:
        self._runs = store / plan.config.name / "runs"
        self._found = (
            _finished(plan.config, store, data_hash=data_hash, wanted=None) if plan.searches else {}
        )

    @property
    def found(self) -> set[str]:
        """Ids of the runs that may come over; none where the study has no search."""
        return set(self._found)

    def take(self, spec: RunSpec) -> RunResult | None:
        """Copy a run that an earlier look finished, and return its result; None without one."""
        source = self._found.get(spec.run_id)
        if source is None:
            return None
        folder = self._runs / spec.run_id
        _copy(source, folder, spec=spec)
        return read_result(folder)


def _copy(source: Path, target: Path, *, spec: RunSpec | None = None) -> None:
    """Copy a run's folder, whole or not at all; `spec` is of the run as it is here."""
    beside = target.parents[1] / "adopting"
    shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, beside, ignore=shutil.ignore_patterns(POSITION))
    if spec is not None:
        write_json(beside / SPEC, spec.to_json())
    target.parent.mkdir(parents=True, exist_ok=True)
    beside.rename(target)


def _finished(
    config: StudyConfig, store: Path, *, data_hash: str, wanted: Collection[str] | None
) -> dict[str, Path]:
    """Return run id -> folder of the runs that earlier looks finished with this data and code.

    Args:
        config: Of this look.
        store: Folder of the stores.
        data_hash: Of the examples of now.
        wanted: Ids of runs; None for all.
    """
    found: dict[str, Path] = {}
    names = earlier(config, store)
    here = _environment_id(config) if names else ""
    for name in names:
        header = Ledger(store / name).header
        if header.get("data_hash") != data_hash:
            logger.warning("%s: other data; its runs are made anew", name)
            continue
        strange = 0
        for source in sorted((store / name / "runs").glob("*")):
            if source.name in found or (wanted is not None and source.name not in wanted):
                continue
            result = read_result(source)
            if result is None or result.state != "finished" or not (source / JOURNAL).exists():
                continue
            # stores of earlier versions noted a hash of the code, and no environment of a run
            old = here if header.get("code_hash") == numeric_hash() else ""
            if result.facts.get("stratum", old) != here:
                strange += 1
                continue
            found[source.name] = source
        if strange:
            text = "made with other code or libraries, or on another kind of processor"
            logger.warning("%s: %d of its runs were %s; they are made anew", name, strange, text)
    return found


def _environment_id(config: StudyConfig) -> str:
    """Return the environment that a run would have now."""
    found = environment_of(str(config.base["train"]["device"]))
    return with_more(found, task_of(config.base).environment()).id
