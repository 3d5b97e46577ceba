"""What a verdict is: rows of numbers, each judged, and the answer that follows from them."""

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from ablate.analysis.question import Role
from ablate.analysis.words import Answered, leading_word
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

    def sentence_of(self, row: Row) -> str:
        """What a row says, with the word of its contrast before it."""
        said = row.sentence.removeprefix(f"{row.verdict}: ")
        return row.sentence if said == row.sentence else f"{self.word_of(row)}: {said}"

    @property
    def base_in_words(self) -> str:
        """What changes in percent refer to."""
        return "the pilot mean" if self.percent_of == "pilot" else "the mean of the tuned baseline"

    @property
    def answer(self) -> str:
        """The headline; of earlier versions the verdict and its reason."""
        if self.headline:
            return self.headline
        return f"{self.verdict} ({self.reason})" if self.reason else self.verdict

    def rows_of(self, *roles: Role) -> tuple[Row, ...]:
        """The rows of some roles, in their order."""
        return tuple(row for row in self.rows if row.role in roles)
