"""What `ablate run` would do with a study in a store; reads, never writes."""

from dataclasses import dataclass
from pathlib import Path

from ablate.config.schema import StudyConfig
from ablate.execution.worker import JOURNAL
from ablate.scoring import references
from ablate.study import redrawing
from ablate.study.confirming import run_ids
from ablate.study.ledger import Ledger
from ablate.study.objectives import directions_of
from ablate.study.plan import make
from ablate.study.possession import is_possessed
from ablate.study.reuse import check_declared, to_adopt
from ablate.study.store import check_version
from ablate.study.trials import Trials
from ablate.training.determinism import device_of, settle
from ablate.training.tasks import task_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Counts of runs, by what would become of them."""

    planned: int
    kept: int  # have ended, here or in an earlier look, and stay as they are
    retried: int  # have failed, and would run again
    resumed: int  # were interrupted, and would go on from a checkpoint
    restarted: int  # were interrupted before they kept one
    new: int
    running_elsewhere: bool  # a driver of this machine is at work on the study

    @property
    def to_run(self) -> int:
        """Return the number of runs that would be made."""
        return self.retried + self.resumed + self.restarted + self.new


def preview(config: StudyConfig, *, store: Path, retry: bool = False) -> Preview:
    """Return what a run would do now; refuses what it would refuse, except a changed environment.

    Suggestions of a search that turn out infeasible or repeat an arm are not known before.

    Raises:
        ConfigError, DataError, DeviceError, StoreError: As `ablate.study.driver.run`.
    """
    plan = make(config)
    device_of(str(config.base["train"]["device"]))
    settle()  # as every worker does: the environment of runs to adopt is compared
    task = task_of(config.base)
    examples = task.examples()
    task.check_examples(examples, [run.settings for trial in plan.trials for run in trial.runs])
    references.check(config, examples)
    check_version(store)
    check_declared(config, store)
    folder = store / config.name
    ledger = Ledger(folder)
    ledger.check(design_hash=plan.design_hash, data_hash=examples.manifest.hash)
    adopted = to_adopt(plan, store, data_hash=examples.manifest.hash)
    trials = Trials(plan, ledger, direction=directions_of(config)[0])
    designed = {run.run_id for trial in plan.trials for run in trial.runs}
    designed |= run_ids(plan, ledger.frozen) | redrawing.run_ids(plan, ledger.redrawn)
    again = ledger.retryable(designed) if retry else []
    there = {*ledger.results, *adopted}
    begun = [path for path in folder.glob("runs/*") if path.name not in there]
    kept = [path for path in begun if any(path.glob("checkpoint*.pt"))]
    started = [path for path in begun if path not in kept and (path / JOURNAL).exists()]
    ended = len(there) - len(again)
    return Preview(
        planned=trials.planned,
        kept=ended,
        retried=len(again),
        resumed=len(kept),
        restarted=len(started),
        new=max(0, trials.planned - ended - len(again) - len(kept) - len(started)),
        running_elsewhere=is_possessed(folder),
    )
