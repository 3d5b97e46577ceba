"""Successive halving and Hyperband, asynchronous, read from the reports of the finished trials.

Optuna's own pruners of these names keep on each trial which rungs it reached, and only for trials
that they judged themselves; made anew for each decision they would stop nothing. The rules here
are theirs, but for one report that passes several rungs: a trial stopped there counts at all.
"""

import binascii
import bisect
import itertools
import math
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial

from ablate.search.contract import PRUNERS, check_at_least, check_rungs


@PRUNERS.register("successive_halving")
def successive_halving(rungs: Sequence[int], *, factor: int = 3) -> optuna.pruners.BasePruner:
    """Stops a trial that is not among the best 1/`factor` at a rung, from the first rung on.

    Trials are compared at first rung x `factor`^k steps: each at its first report from there on.

    Args:
        rungs: Steps at which trials are compared.
        factor: One trial in so many goes on, at least 2.

    Source:
        Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020,
        arXiv 1810.05934; optuna/pruners/_successive_halving.py.
    """
    check_rungs(rungs)
    check_at_least(2, factor=factor)
    return Halving(first=rungs[0], factor=factor)


@PRUNERS.register("hyperband")
def hyperband(rungs: Sequence[int], *, factor: int = 3) -> optuna.pruners.BasePruner:
    """Successive halving in brackets that start at later and later rungs.

    The bracket of a trial follows from its number; there are 1 + floor(log_factor(last rung /
    first rung)) of them.

    Args:
        rungs: Steps at which trials are compared.
        factor: One trial in so many goes on, at least 2.

    Source:
        Li et al., Hyperband, JMLR 18, 2018, arXiv 1603.06560; optuna/pruners/_hyperband.py.
    """
    check_rungs(rungs, needed=2)
    check_at_least(2, factor=factor)
    return Brackets(first=rungs[0], last=rungs[-1], factor=factor)


class Halving(optuna.pruners.BasePruner):
    """Asynchronous successive halving.

    Args:
        first: Steps of the first rung.
        factor: One in so many goes on.
        late: Rungs that are skipped.
    """

    def __init__(self, *, first: int, factor: int, late: int = 0) -> None:
        self._first, self._factor, self._late = first, factor, late

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether the trial is not among the best at a rung that it has reached."""
        return self.judge(study.get_trials(deepcopy=False), trial, study.direction)

    def judge(
        self,
        trials: Sequence[FrozenTrial],
        trial: FrozenTrial,
        direction: optuna.study.StudyDirection,
    ) -> bool:
        """Return `prune` among these trials."""
        is_max = direction is optuna.study.StudyDirection.MAXIMIZE
        last = trial.last_step
        rung = self._late
        while last is not None and last >= self._first * self._factor**rung:
            steps = self._first * self._factor**rung
            mine = value_from(trial, steps)
            reached = [value_from(other, steps) for other in trials]
            values = sorted(
                (v for v in reached if v is not None and not math.isnan(v)), reverse=is_max
            )
            assert mine is not None
            if math.isnan(mine):
                return True
            cut = values[max(0, len(values) // self._factor - 1)]
            if mine < cut if is_max else mine > cut:
                return True
            rung += 1
        return False


class Brackets(optuna.pruners.BasePruner):
    """Hyperband.

    Args:
        first: Steps of the first rung.
        last: Steps of the last one.
        factor: One in so many goes on.
    """

    def __init__(self, *, first: int, last: int, factor: int) -> None:
        count = math.floor(math.log(last / first, factor)) + 1
        self._pruners = [Halving(first=first, factor=factor, late=late) for late in range(count)]
        self._shares = [
            math.ceil(count * factor ** (count - 1 - late) / (count - late))
            for late in range(count)
        ]

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the pruner of the trial's own bracket stops it."""
        bracket = self.bracket_of(study.study_name, trial.number)
        rivals = [
            other
            for other in study.get_trials(deepcopy=False)
            if self.bracket_of(study.study_name, other.number) == bracket
        ]
        return self._pruners[bracket].judge(rivals, trial, study.direction)

    def bracket_of(self, study_name: str, number: int) -> int:
        """Return the bracket of a trial, drawn by a hash in proportion to the brackets' shares."""
        place = binascii.crc32(f"{study_name}_{number}".encode()) % sum(self._shares)
        return bisect.bisect_right(list(itertools.accumulate(self._shares)), place)


def value_from(trial: FrozenTrial, steps: int) -> float | None:
    """Return the first report from `steps` on, None when there is none yet."""
    reached = [step for step in trial.intermediate_values if step >= steps]
    return trial.intermediate_values[min(reached)] if reached else None
