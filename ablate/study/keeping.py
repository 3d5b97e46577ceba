"""The weights of a search's best trials stay, those of all others are removed as better ones come.

A trial that is not among the best so far will not be among the best later, so that what is removed
is never missed. Removal after a kill is done by the next driver: it takes all ended trials anew.
"""

from ablate.design_names import SEARCHES
from ablate.study.open_study import OpenStudy
from ablate.training.spec import WEIGHTS
from ablate.whole_files import forget


class KeptWeights:
    """Which trials of each search or exploration keep their weights.

    Args:
        study: Its ended trials are taken at once.
    """

    def __init__(self, study: OpenStudy) -> None:
        self._count = study.config.keep_best
        self._trials, self._ledger = study.trials, study.ledger
        self._phases = {p.name for p in study.config.phases.values() if p.design in SEARCHES}
        self._sign = -1 if self._trials.directions[0] == "maximize" else 1
        self._best: dict[str, list[tuple[float, int]]] = {name: [] for name in self._phases}
        for number in sorted(self._trials.finished):
            self.take(number)

    def take(self, number: int) -> None:
        """Remove the weights of a trial, or of the one that it replaces among the best.

        Nothing is done before all its runs have ended.
        """
        trial, finished = self._trials.known[number], self._trials.finished.get(number)
        if trial.phase not in self._phases or finished is None or number in self._trials.twin_of:
            return
        best = self._best[trial.phase]
        if finished.is_feasible and finished.value is not None:
            best.append((self._sign * finished.value, number))
        else:
            self._remove(number)
        best.sort()
        while len(best) > self._count:
            self._remove(best.pop()[1])

    def _remove(self, number: int) -> None:
        for run in self._trials.known[number].runs:
            folder = self._ledger.run_folder(run.run_id)
            if (folder / WEIGHTS).exists():
                forget(folder, WEIGHTS)
