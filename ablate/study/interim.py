"""Interim analyses of an answer phase: when they are taken, what they close, what then runs on.

The rule is registered before the start. A phase that spends alpha as O'Brien and Fleming runs its
blocks in stages. When all runs of a stage have ended, and dead blocks of it were redrawn, its
questions are judged: a closed question needs no further block, and an arm that no open question
compares is trained no more. What a look closed is written to the ledger before the next run, and
read from there ever after.
"""

from collections.abc import Callable, Mapping, Sequence

from ablate.study.claims import course_of
from ablate.study.plan import Plan
from ablate.study.planned import Look, PlannedTrial, Redraw

Closes = Callable[[Look], Mapping[str, str]]  # a look that is due -> question -> why it closes


class Interims:
    """The looks of a plan: those taken, the next one, and the trials that wait or are dropped.

    Args:
        plan: With the phases that have looks.
        looks: Taken so far, in their order.
        redrawn: Blocks that spare ones stand for.
    """

    def __init__(self, plan: Plan, looks: Sequence[Look], redrawn: Sequence[Redraw]) -> None:
        self._plan = plan
        self._phases = {p.name: p for p in plan.config.phases.values() if p.has_interims}
        self._courses = {name: course_of(phase) for name, phase in self._phases.items()}
        self._looks = [look for look in looks if look.phase in self._phases]
        self._redrawn = redrawn  # grows with the study
        self._users: dict[str, set[str]] = {}  # arm -> questions that compare it
        for question in plan.config.questions.values() if self._phases else ():
            for times in {1.0, *(phase.times for phase in plan.config.phases.values())}:
                for arm in plan.arms_of(question, times=times).values():
                    self._users.setdefault(arm, set()).add(question.id)

    @property
    def next(self) -> Look | None:
        """Return the look to take when all that may run has ended; None where there is none."""
        for name, course in self._courses.items():
            taken = self._taken(name)
            if taken < len(course.blocks) and self._open(name, taken):
                return Look(phase=name, number=taken + 1, blocks=course.blocks[taken])
        return None

    def take(self, look: Look) -> None:
        """Enter a look that was taken."""
        self._looks.append(look)

    def waits(self, trial: PlannedTrial) -> bool:
        """Return whether a trial belongs to a stage that a look has still to let run."""
        name = self._name(trial)
        if name is None:
            return False
        taken = self._taken(name)
        return self._stage(name, trial) > taken and bool(self._open(name, taken))

    def is_dropped(self, trial: PlannedTrial) -> bool:
        """Return whether every question that compares its arm was closed before its stage.

        An arm that no question compares is needed while any is open.
        """
        name = self._name(trial)
        if name is None:
            return False
        stage = self._stage(name, trial)
        still_open = self._open(name, stage)
        return bool(stage) and not (self._users.get(trial.arm_id, still_open) & still_open)

    def _name(self, trial: PlannedTrial) -> str | None:
        """Return the phase whose looks a trial follows; None where it follows none."""
        if not self._phases or trial.block is None:
            return None
        name = self._plan.config.phases[trial.phase].of or trial.phase
        return name if name in self._phases else None

    def _taken(self, name: str) -> int:
        return sum(look.phase == name for look in self._looks)

    def _open(self, name: str, looks: int) -> set[str]:
        """Return the questions that the first looks of a phase have not closed."""
        closed = {
            question
            for look in self._looks
            if look.phase == name and look.number <= looks
            for question in look.closed
        }
        return set(self._plan.config.questions) - closed

    def _stage(self, name: str, trial: PlannedTrial) -> int:
        """Return how many looks come before a trial; a spare block counts as the one it is for."""
        block = trial.block or 0
        instead = {one.by: one.block for one in self._redrawn if one.phase == trial.phase}
        while block in instead:
            block = instead[block]
        return sum(block > blocks for blocks in self._courses[name].blocks)


def dropped(plan: Plan, looks: Sequence[Look], redrawn: Sequence[Redraw]) -> set[str]:
    """Return the designed runs that no open question needs."""
    interims = Interims(plan, looks, redrawn)
    return {run.run_id for trial in plan.trials if interims.is_dropped(trial) for run in trial.runs}


def sentences(plan: Plan, looks: Sequence[Look]) -> list[str]:
    """Return a line per question and look that closed it, or that leaves it open as the last one.

    Example: variant: decided at look 1 of 3, after 8 of 16 blocks
    """
    lines = []
    for phase in plan.config.phases.values():
        mine = [look for look in looks if look.phase == phase.name]
        if not phase.has_interims or not mine:
            continue
        course = course_of(phase)
        for question in plan.config.questions:
            look = next((one for one in mine if question in one.closed), mine[-1])
            at = (
                f"look {look.number} of {len(course.blocks)}, after {look.blocks} of "
                f"{course.blocks[-1]} blocks (alpha {course.levels[look.number - 1]:.2g})"
            )
            lines.append(f"{question}: {look.closed.get(question, 'open')} at {at}")
    return lines
