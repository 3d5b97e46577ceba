"""What a verdict is: rows of numbers, each judged, and the answer that follows from them."""

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from ablate.analysis.question import Role, metric_label
from ablate.analysis.words import Answered, joined, leading, leading_word, percent_of
from ablate.published import Value
from ablate.rules import Base
from ablate.stored import stored

Answer = Literal[
    "supported", "contradicted", "practically equivalent", "undecided", "not answerable"
]
RowVerdict = Literal[
    "supported",
    "contradicted",
    "practically equivalent",
    "undecided",
    "not answerable",
    "non-inferior",  # guardrails only
    "non-inferiority not shown",  # guardrails only: a veto on claims of better
    "described",  # exploratory rows
]
WORDS: Final = {  # of today, where they do not depend on the direction
    "practically equivalent": "equivalent",
    "undecided": "open",
    "non-inferior": "safe",
    "non-inferiority not shown": "unknown",
}
MOST_HARMED: Final = 3  # further metrics or contrasts that a headline names
BESIDE: Final[tuple[Role, ...]] = ("guardrail", "secondary")  # they decide nothing alone

Held = Literal["holds", "does not hold", "open", "not judged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBudget:
    """A contrast in one metric at another training budget, in the blocks that both budgets have.

    It decides nothing. Numbers are in units of the metric, intervals at the alpha of the question
    and uncorrected; None means that the number does not exist.
    """

    times: float  # multiple of the registered steps
    steps: int
    blocks: int
    images: int
    estimate: float
    percent: float | None  # of the base of the registered budget
    ci_low: float | None
    ci_high: float | None
    change: float  # of the estimate, from the registered budget to this one, paired over blocks
    change_low: float | None
    change_high: float | None
    held: Held  # "not judged" where the registered budget has found nothing that could hold
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contrast in one metric.

    Differences are in units of the metric, value minus baseline. None means that the number does
    not exist: no spread, too few blocks, no base, no smallest effect, no such value.
    """

    metric: str
    role: Role
    factor: str
    contrast: str
    value: Value | None  # None where the contrast is not a pair of values
    baseline: Value | None
    estimate: float
    percent: float | None  # of what `Verdict.percent_of` names
    ci_low: float | None
    ci_high: float | None
    se: float | None
    df: float | None
    p: float | None
    p_holm: float | None  # None in exploratory rows
    p_sign_flip: float | None
    p_wilcoxon: float | None
    d_z: float | None
    p_better: float | None  # share of blocks that score better, ties as half
    p_better_low: float | None
    p_better_high: float | None
    is_better: bool | None  # whether the estimate is on the better side; None at 0
    blocks: int
    points: int
    images: int
    images_dropped: int
    smallest_effect: float | None
    detectable: float | None  # at the alpha of the family and 80 % power
    blocks_needed: int | None  # to find the smallest effect; None above 10,000
    is_test_dependent: bool | None  # crossed t and sign flips disagree at alpha
    verdict: RowVerdict
    reason: str
    sentence: str
    run_ids: tuple[str, ...]
    groups: int | None = stored(default=None, optional=True)  # scenes that the images show
    cases: float | None = stored(default=None, optional=True)  # scenes of equal size worth as much
    block_variance: float | None = stored(default=None, optional=True)  # of one block's mean
    p_step_down: float | None = stored(default=None, optional=True)  # by sign flips, corrected
    by_block: tuple[float, ...] = ()  # the contrast in every block, in the order of the blocks
    budgets: tuple[AtBudget, ...] = stored(default=(), optional=True)

    @property
    def in_words(self) -> str:
        """The verdict by today's words: gain, loss, equivalent, open, safe or unknown."""
        if self.verdict in ("supported", "contradicted"):
            return "gain" if self.is_better else "loss"
        return WORDS.get(self.verdict, self.verdict)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval, which no correction widens, lies on one side of 0."""
        return (
            self.ci_low is not None and self.ci_high is not None and self.ci_low * self.ci_high > 0
        )

    @property
    def is_within_smallest(self) -> bool:
        """Whether the whole interval lies inside the smallest effect of interest."""
        if self.smallest_effect is None or self.ci_low is None or self.ci_high is None:
            return False
        return max(abs(self.ci_low), abs(self.ci_high)) < self.smallest_effect

    @property
    def in_percent(self) -> str:
        """The effect in percent of the base, with its interval; "" without a base."""
        if self.to_percent is None:
            return ""
        low, high = (
            None if end is None else end * self.to_percent for end in (self.ci_low, self.ci_high)
        )
        return percent_of(self.estimate * self.to_percent, low, high)

    @property
    def to_percent(self) -> float | None:
        """Factor from units of the metric to percent of the base; None without one."""
        if self.percent is None or not self.estimate:
            return None
        return self.percent / self.estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one question.

    `headline` answers it in a sentence and `advice` says what to use; both rest on the words of
    the `contrasts`. `verdict` and `reason` are the words of versions before 0.2, in which one
    guardrail decided for all contrasts.
    """

    id: str
    asks: str
    verdict: Answer
    reason: str
    scope: str
    caveats: tuple[str, ...]
    alpha: float
    rows: tuple[Row, ...]
    contrasts: tuple[Answered, ...] = stored(default=(), optional=True)
    percent_of: Base = stored(default="pilot", optional=True)  # what changes in % refer to
    margins_of: Base = stored(default="pilot", optional=True)  # what smallest effects in % refer to
    headline: str = stored(default="", optional=True)
    advice: str = stored(default="", optional=True)

    @property
    def word(self) -> str:
        """The word of the contrast that the headline names; of earlier versions the verdict."""
        return leading_word(self.contrasts) or self.verdict

    @property
    def counted(self) -> str:
        """How many contrasts have which word, such as "4 loss, 1 open"; else the verdict."""
        words = Counter(one.word for one in self.contrasts)
        return ", ".join(f"{count} {word}" for word, count in words.items()) or self.verdict

    def word_of(self, row: Row) -> str:
        """The word of a contrast in a metric; the verdict in documents without words."""
        for one in self.contrasts:
            if one.contrast == row.contrast:
                words = {"primary": one.primary, "guardrail": one.guards}.get(row.role, {})
                return words.get(row.metric) or row.in_words
        return row.verdict

    def tests_of(self, row: Row) -> int:
        """How many tests the p of a row is corrected for: those of its role in this question.

        A contrast that is not answerable has no row, and stays in the family.
        """
        metrics = {one.metric for one in self.rows if one.role == row.role}
        tested = sum(one.role == row.role and one.p_holm is not None for one in self.rows)
        return max(tested, len(self.contrasts) * len(metrics))

    def shown_word(self, row: Row) -> str:
        """The word of a row, and why it is open although its interval excludes 0.

        Intervals are uncorrected, words follow the corrected test.
        """
        word, tests = self.word_of(row), self.tests_of(row)
        if word == "open" and row.excludes_zero and tests > 1:
            return f"open after correction for {tests} tests"
        return word

    def sentence_of(self, row: Row) -> str:
        """What a row says, with the word of its contrast before it."""
        said = row.sentence.removeprefix(f"{row.verdict}: ")
        return row.sentence if said == row.sentence else f"{self.shown_word(row)}: {said}"

    @property
    def base_in_words(self) -> str:
        """What changes in percent refer to."""
        return "the pilot mean" if self.percent_of == "pilot" else "the mean of the tuned baseline"

    @property
    def answer(self) -> str:
        """The headline and what the finding costs; of earlier versions the verdict and why."""
        if self.headline:
            return f"{self.headline} {self.cost}".rstrip()
        return f"{self.verdict} ({self.reason})" if self.reason else self.verdict

    @property
    def cost(self) -> str:
        """What guardrails and secondary metrics say against what the headline says; "" if nothing.

        A sentence on the contrast that the headline names, with the largest effect, and one on the
        others whose value harms a guardrail without being a loss.
        """
        named = leading([one for one in self.contrasts if one.value is not None])
        parts = [] if named is None else self._against(named)
        harmed = [
            f"{one.contrast} ({joined([metric_label(name) for name in names], last='and')})"
            for one in self.contrasts
            if one is not named and one.word != "loss"
            if (names := [name for name, word in one.guards.items() if word == "harmed"])
        ]
        if harmed:
            more = len(harmed) - MOST_HARMED
            tail = f" and {more} more" if more > 0 else ""
            parts.append(f"A guardrail is harmed too by {', '.join(harmed[:MOST_HARMED])}{tail}.")
        return " ".join(parts)

    def _against(self, named: Answered) -> list[str]:
        """The metrics beside the primary ones in which a contrast goes the other way."""
        words = set(named.primary.values())
        is_gain = "gain" in words
        rows = [
            row
            for row in self.rows_of(*BESIDE)
            if row.contrast == named.contrast
            and row.p_holm is not None
            and row.p_holm < self.alpha
            and row.is_better is (not is_gain)
            and not row.is_within_smallest
            and f"{metric_label(row.metric)} {row.in_percent}" not in self.headline
        ]
        if not rows or ("gain" in words) == ("loss" in words):
            return []
        rows.sort(key=lambda row: (BESIDE.index(row.role), -abs(row.percent or 0.0)))
        side = "worse" if is_gain else "better"
        first, rest = rows[0], [metric_label(row.metric) for row in rows[1:]]
        rest = rest if len(rest) <= MOST_HARMED else [*rest[:2], f"{len(rest) - 2} more"]
        size = f": {first.in_percent}" if first.in_percent else ""
        parts = [
            f"Yet {named.contrast} is {side} in the {first.role} metric "
            f"{metric_label(first.metric)}{size}."
        ]
        return [*parts, f"Also {side}: {joined(rest, last='and')}."] if rest else parts

    def rows_of(self, *roles: Role) -> tuple[Row, ...]:
        """The rows of some roles, in their order."""
        return tuple(row for row in self.rows if row.role in roles)
