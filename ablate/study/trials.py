"""Which run comes next: designed rows first, then suggestions, each at its turn."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ablate.errors import ConfigError
from ablate.search.contract import PRUNERS, SearchSettings
from ablate.search.finished import FinishedTrial
from ablate.search.pruners import should_prune
from ablate.search.refusals import options_of
from ablate.search.suggest import suggest
from ablate.study import redrawing
from ablate.study.confirming import freeze, trials_of
from ablate.study.interim import Closes, Interims
from ablate.study.ledger import Ledger
from ablate.study.plan import Plan, make_trial, specs
from ablate.study.planned import ConfirmPlan, PlannedTrial, Redraw
from ablate.study.questions import directions_of
from ablate.study.suggestions import Suggestions
from ablate.training.spec import RunResult, RunSpec

UNHEALTHY_IS_LOST = 3  # version of the defaults from which unhealthy trainings teach no sampler


class Trials:
    """All trials of a study: those known, those that have finished, and what to run next.

    Args:
        plan: The designed trials and the searches.
        ledger: Holds the suggestions made and the results so far.
    """

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self.plan = plan
        self.directions = directions_of(plan.config)
        self._ledger = ledger
        self.known: dict[int, PlannedTrial] = {trial.number: trial for trial in plan.trials}
        self.finished: dict[int, FinishedTrial] = {}
        self.twin_of: dict[int, int] = {}  # a suggestion that repeats an earlier arm
        self._twins: dict[int, list[int]] = {}
        self.closes: Closes | None = None  # judges the questions at a look; needed to run one
        self._interims = Interims(plan, ledger.looks, ledger.redrawn)
        self._dropped_runs = 0  # of arms that no open question needs
        self._unfinished: set[int] = set()
        self.searches = {search.phase.name: Suggestions(search) for search in plan.searches}
        self._after = 1 + max(  # the next number that is free
            [
                *(trial.number for trial in plan.trials),
                *(search.first + search.reserved - 1 for search in plan.searches),
            ],
            default=-1,
        )
        self._first_of_arm: dict[tuple[str, str], int] = {}
        self._waiting = list(specs(plan))  # in their order; those of later stages stay
        self._designed: deque[RunSpec] = deque()
        self._release()
        self._queue: deque[RunSpec] = deque()
        self.redrawn: list[Redraw] = []  # blocks that spare ones stand for
        self._spare_runs = 0
        self._is_drawn = False  # whether no block is left to redraw
        self._enter_spares(ledger.redrawn)
        for one in self.searches.values():
            for number in one.asked(ledger.asked, ledger.asked_by):
                self._enter(one, number, ledger.asked[number])
        self.unfilled = 0  # planned runs of confirmations that found fewer winners than asked
        for confirmation in plan.confirmations:
            if confirmation.phase.name in ledger.frozen:
                self._confirm(confirmation)
        for trial in list(self.known.values()):
            self.finish(trial.number)

    @property
    def planned(self) -> int:
        """Return the planned runs without suggestions that were infeasible or repeated an arm.

        Runs of spare blocks count once they stand for others, those that a look dropped do not.
        """
        planned = self.plan.runs + self._spare_runs - self.unfilled - self._dropped_runs
        return planned - sum(one.lacking * one.plan.phase.seeds for one in self.searches.values())

    @property
    def infeasible(self) -> int:
        """Return the points and suggestions that break a constraint and were not run."""
        suggested = sum(bool(trial.violations) for trial in self.known.values())
        return self.plan.infeasible + suggested

    @property
    def duplicates(self) -> int:
        """Return the rows and suggestions that repeat an arm and were not run again."""
        return self.plan.duplicates + len(self.twin_of)

    @property
    def is_asking(self) -> bool:
        """Return whether a search has suggestions left, a look, block or winner is to be chosen."""
        return (
            self._is_searching
            or bool(self._due())
            or (not self._unfinished and self._interims.next is not None)
            or any(
                confirmation.phase.name not in self._ledger.frozen
                for confirmation in self.plan.confirmations
            )
        )

    @property
    def _is_searching(self) -> bool:
        return any(not one.is_over for one in self.searches.values())

    def is_void(self, number: int) -> bool:
        """Return whether a search that is over did not use one of its numbers."""
        return number not in self.known and any(
            one.is_over and number in range(one.plan.first, one.plan.first + one.plan.reserved)
            for one in self.searches.values()
        )

    def next(self) -> RunSpec | None:
        """Return the next run to submit, None when none is ready now."""
        while True:
            while self._designed:
                spec = self._designed.popleft()
                if spec.run_id not in self._ledger.results:
                    return spec
            if self._unfinished:
                return None  # searches start when the design is done: their history is then fixed
            if not self._redraw() and not self._look():
                break
        while True:
            while self._queue:
                spec = self._queue.popleft()
                if spec.run_id not in self._ledger.results:
                    return spec
            if not self._ask_next() and not self._freeze_next():
                return None

    def finish(self, number: int) -> None:
        """Enter a trial among the finished ones if all its runs have ended."""
        trial = self.known[number]
        if number in self.finished:
            return
        if trial.violations:
            broken = dict.fromkeys(trial.violations, 1.0)
            finished = FinishedTrial(
                number=number,
                values={**trial.factors, **trial.nuisance},
                value=None,
                violations=broken,
            )
        elif number in self.twin_of:
            first = self.finished.get(self.twin_of[number])
            if first is None:
                return
            finished = FinishedTrial(
                number=number,
                values={**trial.factors, **trial.nuisance},
                value=first.value,
                further=first.further,
                is_pruned=first.is_pruned,
            )
        else:
            results = [self._ledger.results.get(spec.run_id) for spec in trial.runs]
            ended = [result for result in results if result is not None]
            if len(ended) < len(results):
                return
            means = [_mean(ended, objective) for objective in self.plan.config.objectives]
            further = tuple(mean for mean in means[1:] if mean is not None)
            is_whole = len(further) == len(means) - 1 and not self._is_lost(ended)
            finished = FinishedTrial(
                number=number,
                values={**trial.factors, **trial.nuisance},
                value=means[0] if is_whole else None,
                further=further if is_whole else (),
                is_pruned=any(result.state == "pruned" for result in ended),
                reports=self._reports_of(ended),
            )
        self.finished[number] = finished
        self._unfinished.discard(number)
        for other in self._twins.get(number, ()):
            self.finish(other)

    def _is_lost(self, ended: Sequence[RunResult]) -> bool:
        """Return whether a trial has no value for a search since a run of it ended unhealthy.

        Searches of stores that began before go on as they began: their history is replayed.
        """
        is_new = self.plan.config.defaults >= UNHEALTHY_IS_LOST
        return is_new and any(result.is_unhealthy for result in ended)

    def decide(self, spec: RunSpec, reports: Mapping[int, float]) -> bool:
        """Return whether a run with these values of the objective at its rungs should stop."""
        search = self.searches.get(spec.phase)
        if search is None or not search.plan.phase.pruner or search.plan.phase.seeds > 1:
            return False
        make = PRUNERS.get(search.plan.phase.pruner, where="pruner")
        index = search.index_of(spec.trial)
        return should_prune(
            make(spec.rungs, **options_of(search.plan.phase, "pruner")),
            number=index,
            direction=self.directions[0],
            finished=[self._in_order(search, other) for other in search.seen_by(index)],
            reports=reports,
        )

    def _ask_next(self) -> bool:
        """Ask for one more suggestion if its turn has come."""
        for search in self.searches.values():
            if search.is_over:
                continue
            if search.waits(self.finished):
                return False
            number = search.next_number(free=self._after)
            values = self._suggest(search)
            is_late = number == self._after
            self._ledger.ask(number, values, phase=search.plan.phase.name if is_late else None)
            self._enter(search, number, values)
            self.finish(number)
            return True
        return False

    def _due(self) -> tuple[Redraw, ...]:
        """Return the blocks to redraw once the design is done; none after a winner was frozen."""
        if self._is_drawn or self._unfinished or self._ledger.frozen:
            return ()
        return redrawing.due(self.plan, self._ledger.results, self.redrawn)

    def _redraw(self) -> bool:
        """Let spare blocks stand for dead ones; return whether there are any."""
        found = self._due()
        if found:
            self._ledger.redraw(found)
            self._enter_spares(found)
        self._is_drawn = not found
        return bool(found)

    def _look(self) -> bool:
        """Take the look that is due once a stage is done; return whether there was one."""
        due = self._interims.next
        if due is None:
            return False
        if self.closes is None:
            raise ConfigError(f"phases.{due.phase}.looks: nobody judges the look that is due")
        taken = replace(due, closed=dict(self.closes(due)))
        self._ledger.look(taken)
        self._interims.take(taken)
        self._is_drawn = False  # the blocks of the next stage may be dead too
        self._release()
        return True

    def _release(self) -> None:
        """Let the designed trials run whose stage has come; drop those that nobody needs."""
        known, interims = self.known, self._interims
        is_due = {spec.trial: not interims.waits(known[spec.trial]) for spec in self._waiting}
        for number in [number for number, is_now in is_due.items() if is_now]:
            if interims.is_dropped(known[number]):
                self._drop(known[number])
            else:
                self._unfinished.add(number)
        due = [spec for spec in self._waiting if is_due[spec.trial]]
        self._waiting = [spec for spec in self._waiting if not is_due[spec.trial]]
        self._designed.extend(spec for spec in due if spec.trial not in self.finished)

    def _drop(self, trial: PlannedTrial) -> None:
        """Enter a trial as finished without a result: none of its runs is made."""
        self._dropped_runs += len(trial.runs)
        self._unfinished.discard(trial.number)
        self.finished[trial.number] = FinishedTrial(
            number=trial.number, values={**trial.factors, **trial.nuisance}, value=None
        )

    def _enter_spares(self, redraws: Sequence[Redraw]) -> None:
        """Enter the trials of spare blocks, numbered behind design and searches."""
        for redraw in redraws:
            while self._after in self._ledger.asked:  # suggestions that came before
                self._after += 1
            for trial in redrawing.trials_of(self.plan, redraw, first=self._after):
                self.known[trial.number] = trial
                self._spare_runs += len(trial.runs)
                self._after += 1
                if self._interims.is_dropped(trial):
                    self._drop(trial)
                    continue
                self._unfinished.add(trial.number)
                self._designed.extend(trial.runs)
            self.redrawn.append(redraw)

    def _freeze_next(self) -> bool:
        """Freeze what the next confirmation compares, once all else has ended."""
        if self._is_searching or any(number not in self.finished for number in self.known):
            return False
        for confirmation in self.plan.confirmations:
            if confirmation.phase.name not in self._ledger.frozen:
                entry = freeze(
                    self.plan,
                    confirmation,
                    known=self.known,
                    finished=self.finished,
                    unhealthy=self._unhealthy(),
                )
                self._ledger.freeze(entry)
                self._confirm(confirmation)
                return True
        return False

    def _unhealthy(self) -> set[int]:
        """Return the trials of which some run ended unhealthy."""
        results = self._ledger.results
        return {
            number
            for number, trial in self.known.items()
            for spec in trial.runs
            if spec.run_id in results and results[spec.run_id].is_unhealthy
        }

    def _confirm(self, confirmation: ConfirmPlan) -> None:
        """Enter the trials of a frozen confirmation behind all others."""
        entry = self._ledger.frozen[confirmation.phase.name]
        trials = trials_of(self.plan, confirmation, entry, first=self._first_free())
        self.unfilled += confirmation.runs - sum(len(trial.runs) for trial in trials)
        for trial in trials:
            self.known[trial.number] = trial
            self._queue.extend(trial.runs)

    def _first_free(self) -> int:
        """Return the first number behind all known trials."""
        return max(self.known, default=-1) + 1

    def _suggest(self, search: Suggestions) -> dict[str, Any]:
        """Return the values of the next suggestion, which follow from its place in the search."""
        config, index, phase = self.plan.config, len(search.numbers), search.plan.phase
        seen = search.seen_by(index)
        settings = SearchSettings(
            dimensions=config.dimensions,
            base=config.base,
            sampler=phase.sampler or "tpe",
            study_seed=config.seed,
            directions=self.directions,
            options=options_of(phase, "sampler"),
            positions=self._ledger.positions,
            lag_at=search.plan.lag_at,
        )
        return suggest(
            settings,
            number=index,
            finished=[self._in_order(search, other) for other in seen],
            open_trials=[self._ledger.asked[number] for number in search.numbers[len(seen) :]],
        )

    def _in_order(self, search: Suggestions, index: int) -> FinishedTrial:
        """Return a finished trial of a search under its place in it."""
        return replace(self.finished[search.numbers[index]], number=index)

    def _enter(self, search: Suggestions, number: int, values: Mapping[str, Any]) -> None:
        trial = make_trial(self.plan.recipes, search.plan.phase, number, values)
        self.known[number] = trial
        self._after = max(self._after, number + 1)
        if trial.violations:
            search.enter(number, why=trial.violations[0])
            return
        first = self._first_of_arm.setdefault((trial.phase, trial.arm_id), number)
        if first != number:
            self.twin_of[number] = first
            self._twins.setdefault(first, []).append(number)
            search.enter(number, why=f"repeats trial {first}")
        else:
            search.enter(number)
            self._queue.extend(trial.runs)

    def _reports_of(self, results: list[Any]) -> dict[int, float]:
        """Return the objective at the rungs, from the result itself, so that resuming sees it."""
        if len(results) != 1:
            return {}
        return {int(step): value for step, value in results[0].facts.get("reports", {}).items()}


def _mean(results: Sequence[RunResult], objective: str) -> float | None:
    """Return the mean of an objective over the runs that have it, None where none has."""
    values = [result.metrics[objective] for result in results if objective in result.metrics]
    return math.fsum(values) / len(values) if values else None
