"""The suggestions of one search in their order: which are run, which are seen by the next one."""

from collections import Counter
from collections.abc import Container, Mapping

from ablate.study.planned import SearchPlan

MOST_NAMED = 3  # causes in one line
IN_A_ROW = 32  # suggestions that cannot be run, after which a search gives up


class Suggestions:
    """How far a search is.

    A suggestion that breaks a constraint or repeats a trial is not run; another one is made in its
    place, until `IN_A_ROW` of them found nothing to run.

    Args:
        plan: The search.
    """

    def __init__(self, plan: SearchPlan) -> None:
        self.plan = plan
        self.numbers: list[int] = []  # of the trials, in the order in which they were suggested
        self.skipped: Counter[str] = Counter()  # why suggestions are not run -> how many
        self._index: dict[int, int] = {}
        self._in_a_row = 0
        self._finished_to = 0

    @property
    def run(self) -> int:
        """Return the trials that are run."""
        return len(self.numbers) - self.skipped.total()

    @property
    def has_given_up(self) -> bool:
        """Whether too many suggestions in a row could not be run."""
        return self.plan.replaces and self.run < self.plan.trials and self._in_a_row >= IN_A_ROW

    @property
    def is_over(self) -> bool:
        """Whether no further suggestion is wanted."""
        made = self.run if self.plan.replaces else len(self.numbers)
        return made >= self.plan.trials or self.has_given_up

    @property
    def lacking(self) -> int:
        """Return how many of its trials are not run, as far as that is known; below 0 for more."""
        if not self.plan.replaces:
            return self.skipped.total() + min(0, self.plan.trials - len(self.numbers))
        return self.plan.trials - self.run if self.is_over else 0

    def sentence(self) -> str:
        """Return how many of the wanted trials it ran, and which suggestions it skipped and why.

        Example: "hunt: 12 of 12 trials; 2 suggestions were not run but replaced: 2 x ..."
        """
        name, wanted, count = self.plan.phase.name, self.plan.trials, self.skipped.total()
        text = f"{name}: {self.run} of {wanted} trials"
        if not count:
            return text
        causes = "; ".join(f"{many} x {why}" for why, many in self.skipped.most_common(MOST_NAMED))
        more = "; ..." if len(self.skipped) > MOST_NAMED else ""
        skipped = "1 suggestion was" if count == 1 else f"{count} suggestions were"
        text = f"{text}; {skipped} not run{' but replaced' * self.plan.replaces}: "
        if self.has_given_up:
            causes = f"the last {IN_A_ROW} in a row, so it gave up; widen the space; {causes}"
        return f"{text}{causes}{more}"

    def asked(self, every: Mapping[int, object], late: Mapping[int, str]) -> list[int]:
        """Return the numbers of its suggestions in their order, those behind the reserved last.

        Args:
            every: All numbers with a suggestion.
            late: Number -> search, of those that no plan reserved.
        """
        first, name = self.plan.first, self.plan.phase.name
        own = sorted(one for one in every if first <= one < first + self.plan.reserved)
        return own + sorted(number for number, phase in late.items() if phase == name)

    def enter(self, number: int, *, why: str = "") -> None:
        """Enter a suggestion.

        Args:
            number: Of its trial.
            why: It is not run; "" where it is.
        """
        self._index[number] = len(self.numbers)
        self.numbers.append(number)
        self._in_a_row = self._in_a_row + 1 if why else 0
        if why:
            self.skipped[why] += 1

    def index_of(self, number: int) -> int:
        """Return the place of a trial in the search, from 0."""
        return self._index[number]

    def next_number(self, *, free: int) -> int:
        """Return the number of the next suggestion: one that is reserved, else the free one."""
        index = len(self.numbers)
        return self.plan.first + index if index < self.plan.reserved else free

    def seen_by(self, index: int) -> range:
        """Return the places of the trials that a suggestion may know of, and does."""
        return range(max(0, index - self.plan.lag_at(index) + 1))

    def waits(self, finished: Container[int]) -> bool:
        """Return whether the next suggestion waits for a trial to end."""
        while self._finished_to < len(self.numbers) and self.numbers[self._finished_to] in finished:
            self._finished_to += 1
        return self._finished_to < len(self.seen_by(len(self.numbers)))
