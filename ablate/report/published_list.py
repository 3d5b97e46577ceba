"""Pages over published reports.

README.md has one small table per question, COMPARISONS.md every comparison of every study, and a
README.md in the folder of a report its answers, its pilot and how to repeat it.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import pandas as pd

from ablate.analysis.document import AnsweredQuestion, Verdicts, decode
from ablate.analysis.question import metric_label
from ablate.analysis.selftest.shuffled import Shuffled
from ablate.analysis.synthesis import Asked, synthesized
from ablate.analysis.table import REFERENCE
from ablate.errors import ConfigError
from ablate.metrics.copies import sentence as gamed_note
from ablate.published import Device
from ablate.report.named_answer import NOTICE, VERDICT
from ablate.report.pilots import PilotMetric, sentence, table
from ablate.report.replications import LEGEND, glance, studies, where
from ablate.report.replications import table as side_by_side
from ablate.report.synthesis_tables import pooled_rows
from ablate.report.values import gamed_values
from ablate.stored import decode as decoded
from ablate.stored import stored

FACTS = "published.json"
WIDTH = 100
OTHERS = "COMPARISONS.md"
HEAD = """# Published reports

Made by `ablate report STUDY --publish reports`; this page and every number in the folders are
generated. A row is a study, its folder has the report, the tables and the command that repeats it.
An effect is the largest difference of a primary metric that lies beyond chance, else the largest,
in % of the tuned baseline and with its interval. [Every comparison](COMPARISONS.md) has its own
page.
The last rows of a table say what the studies show together, by `ablate synthesize reports`.
"""
TOGETHER = (
    "*Together*: the mean effect over data sets, networks and budgets by a hierarchical model, in "
    "% of the tuned baseline with its 95 % interval; gain or loss where it is beyond the smallest "
    "effect with 95 %, leaning with 80 %; does not generalise where studies differ by more than "
    "their errors and the smallest effect, and a further one may as well gain as lose. Networks "
    "and the probe are kept apart. The model takes studies for independent, which shared tables "
    "make them less than."
)
HEAD_OF_OTHERS = """# Every comparison of the published reports

Generated, like the [list of reports](README.md). Each sentence is that of the study's
`verdict.json`; its scope says what it is worth.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparator:
    """Mean test score of what is shown beside the arms: a copy, a rule or a reference."""

    kind: str
    name: str
    label: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReport:
    """What a published report says of itself beside its verdicts: published.json.

    `rules` (rule -> metric -> mean) is what version 0.1 wrote in the place of `comparators`.
    """

    study: str
    title: str
    data: str
    runs: int
    command: str = ""
    revision: str = "unknown"
    pilot: tuple[PilotMetric, ...] = ()
    comparators: tuple[Comparator, ...] | None = None
    rules: Mapping[str, Mapping[str, float]] = stored(default_factory=dict, optional=True)
    banner: str = ""
    failed: int = 0
    unhealthy: int = 0
    cpu: str = ""
    device: Device | Mapping[str, str] = field(default_factory=dict)
    control: tuple[Shuffled, ...] = ()


def comparators_of(facts: PublishedReport) -> pd.DataFrame:
    """Kind, name, label, metric and value of what is shown beside the arms."""
    rows = facts.comparators
    if rows is None:
        rows = tuple(
            Comparator(kind="rule", name=rule, label=f"rule {rule}", metric=metric, value=value)
            for rule, means in facts.rules.items()
            for metric, value in means.items()
        )
    names = [one.name for one in fields(Comparator)]
    return pd.DataFrame([asdict(one) for one in rows], columns=names)


def index(reports: Path) -> str:
    """Return the page of every report below a folder: a small table per question.

    A file NOTICE.md in the folder stands at the head of the page, as it is.
    """
    notice = reports / NOTICE
    head = f"{HEAD}\n{notice.read_text('utf-8')}" if notice.is_file() else HEAD
    lines = [head]
    for asks, several in _questions(reports).items():
        answers = [(one, here) for one, here, _ in several]
        lines += [f"## {asks}", "", *studies(answers, together=_together(answers)), ""]
    if len(lines) > 1:
        lines += [*_wrapped(f"{LEGEND} {TOGETHER}"), ""]
    return "\n".join(lines)


def comparisons(reports: Path) -> str:
    """Return the page with every comparison of every study, a column per study."""
    lines = [HEAD_OF_OTHERS]
    for asks, several in _questions(reports).items():
        lines += [f"## {asks}", "", *glance([one for one, _, _ in several]), ""]
        lines += [*side_by_side([one for one, _, _ in several]), ""]
        for _, _, text in several:
            lines += _wrapped(text, bullet="- ")
        lines.append("")
    return "\n".join([*lines, *_wrapped(LEGEND), ""])


def folder_page(folder: Path, reports: Path) -> str:
    """Return the page of one published report: its answers, its pilot, how to repeat it."""
    return "\n".join(_entry(folder, reports))


def _questions(reports: Path) -> dict[str, list[tuple[AnsweredQuestion, str, str]]]:
    """Return each question with its studies: the answer, its folder, what else is said of it."""
    questions: dict[str, list[tuple[AnsweredQuestion, str, str]]] = {}
    for folder in sorted(path.parent for path in reports.glob(f"*/*/{FACTS}")):
        facts, verdicts, here = _read(folder, reports)
        beside = comparators_of(facts)
        for question in verdicts.questions:
            notes = "".join(f" {text.rstrip('.')}." for text in question.notes)
            if marked := gamed_note(gamed_values(question, beside)):
                notes += f" {marked}"
            line = f"{where(question)}: {_verdict(question)}{notes} [Report]({here}/report.md); "
            line += f"`{facts.command}`"
            questions.setdefault(question.asks, []).append((question, here, line))
    return questions


def _together(answers: Sequence[tuple[AnsweredQuestion, str]]) -> list[list[str]]:
    """Return rows that say what studies of one question show together, networks and probe apart.

    None where a metric has no smallest effect, which a synthesis needs.
    """
    try:
        found = synthesized(
            [Asked(where=here, study=here, question=one, unhealthy={}) for one, here in answers]
        )
    except ConfigError:
        return []
    metrics = dict.fromkeys(row.metric for one, _ in answers for row in one.deciding)
    return pooled_rows(found, list(metrics))


def _verdict(question: AnsweredQuestion) -> str:
    if question.contrasts:
        return f"**{question.counted}**. {question.headline} {question.advice}"
    return f"{_reasoned(f'**{question.verdict}**', question.reason)}."


def _reasoned(verdict: str, reason: str) -> str:
    return f"{verdict} ({reason})" if reason else verdict


def _entry(folder: Path, reports: Path) -> Iterator[str]:
    facts, verdicts, _ = _read(folder, reports)
    beside = comparators_of(facts)
    yield f"# {facts.title}: {facts.data}\n"
    if facts.banner:
        yield from [*_wrapped(f"**{facts.banner}**"), ""]
    for question in verdicts.questions:
        yield from _wrapped(f"{question.asks} {_verdict(question)}", bullet="- ")
    yield ""
    if len(beside):
        yield from [*_wrapped(_of_comparators(beside)), ""]
    pilot, comparisons = facts.pilot, _comparisons(verdicts)
    if pilot:
        yield from _wrapped(
            "Before the answer: the spread over seeds of the baseline alone, on test, and what a "
            "number of blocks would find at that spread. In the answer blocks also differ in "
            "split and tuning, and images add what no block removes: its rows count. "
            + sentence(pilot, comparisons=comparisons, smallest=_smallest(verdicts))
        )
        yield from ["", *table(pilot, comparisons=comparisons), ""]
        yield from [*_wrapped(_as_paired(verdicts.questions)), ""]
    if facts.control:
        yield from _wrapped(f"Control: {'; '.join(_control(one) for one in facts.control)}.")
        yield ""
    failed = f", {facts.failed} failed" if facts.failed else ""
    failed += f", {facts.unhealthy} ended unhealthy" if facts.unhealthy else ""
    yield from _wrapped(
        f"{facts.runs} runs{failed}; [report](report.md), [page](report.html), "
        "[verdict.json](verdict.json), [tables](tables). To repeat it, at revision "
        f"{facts.revision.partition('+')[0][:12]} (design {verdicts.design_hash}, data "
        f"{verdicts.data.hash}), on one kind of processor to the last digit:"
    )
    yield f"\n```bash\n{facts.command}\n```\n"


def _of_comparators(comparators: pd.DataFrame) -> str:
    """Return what copies and rules score without training, then the references."""
    lines: dict[bool, list[str]] = {}
    for label, rows in comparators.groupby("label", sort=False):
        scores = [
            f"{metric_label(metric)} {value:g}"
            for metric, value in zip(rows["metric"], rows["value"], strict=True)
        ]
        is_reference = rows["kind"].iloc[0] == REFERENCE
        lines.setdefault(is_reference, []).append(f"{label} {', '.join(scores)}")
    text = f"Without any training, on the same images: {'; '.join(lines.get(False, ()))}."
    return text + (f" Trained elsewhere: {'; '.join(lines[True])}." if True in lines else "")


def _smallest(verdicts: Verdicts) -> dict[str, float]:
    """Return metric -> smallest effect of interest, in its units."""
    return {
        row.metric: row.smallest_effect
        for question in verdicts.questions
        for row in question.rows
        if row.smallest_effect
    }


def _as_paired(questions: Sequence[AnsweredQuestion]) -> str:
    """Return what the blocks that were run find, paired as they are, in the hardest comparison."""
    most: dict[str, float] = {}
    for row in (row for question in questions for row in question.deciding):
        if row.detectable and row.percent and row.estimate:
            share = abs(row.detectable * row.percent / row.estimate)
            most[row.metric] = max(most.get(row.metric, 0.0), share)
    shares = ", ".join(f"{metric_label(name)} {share:.2g} %" for name, share in most.items())
    if not shares:  # no spread, or no pilot that percentages could refer to
        return ""
    return f"As run, the answer's blocks can detect in the hardest primary comparison: {shares}."


def _read(folder: Path, reports: Path) -> tuple[PublishedReport, Verdicts, str]:
    """What a published folder says of itself, its verdicts, and where it is."""
    here = folder.relative_to(reports).as_posix()
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    verdicts = decode((folder / VERDICT).read_bytes(), where=f"{here}/{VERDICT}")
    return decoded(PublishedReport, facts, where=f"{here}/{FACTS}"), verdicts, here


def _control(one: Shuffled) -> str:
    """The claims on a question once its labels meant nothing."""
    judged = "as alpha allows" if one.passes else "MORE THAN ALPHA ALLOWS"
    return (
        f"{one.question} with labels shuffled {one.shuffles} times: something claimed in "
        f"{one.claims}, {judged} (at most {one.most})"
    )


def _comparisons(verdicts: Verdicts) -> int:
    """Return the size of the largest family of primary rows."""
    return max(
        (len(one.deciding) for one in verdicts.questions),
        default=1,
    )


def _wrapped(text: str, *, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )
