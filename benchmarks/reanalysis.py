"""All published questions judged again: words of before and words now, side by side.

Each question is rebuilt from the tables that its report published, as it was registered, and judged
by the engine of today; beside it once more with scenes as cases, where the data set has a rule.
`python -m benchmarks.reanalysis [REPORTS]` prints the tables of decision 0023.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import pandas as pd

from ablate.analysis.contrasts import INTERACTION, QUADRATIC
from ablate.analysis.document import AnsweredQuestion, Verdicts, decode
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.judging import judge
from ablate.analysis.question import Contrast, RegisteredQuestion, Role
from ablate.analysis.selection import points_of, select
from ablate.analysis.sentences import scope_parts
from ablate.analysis.verdict import RowVerdict, Verdict
from ablate.analysis.words import Answered
from ablate.data.groups import Rule, by_number
from ablate.data.roadscene import by_stretch
from ablate.report.kept import DOCUMENT
from ablate.report.named_answer import VERDICT
from ablate.report.packed import read as read_table

ANSWER: Final = "answer"  # the phase that every published study answers with
RULES: Final[Mapping[str, Rule]] = {"MSRS-mini": by_number, "RoadScene-mini": by_stretch}
WORDS: Final = (
    *("gain", "trade-off", "loss", "equivalent", "open"),
    *("present", "absent", "not answerable"),
)
ROLES: Final[tuple[Role, ...]] = ("primary", "secondary", "guardrail")
EVEN: Final = "practically equivalent"
PROBE: Final = "probe"
QUESTIONS: Final = (
    "| study | question | before | now | scenes as cases | claims | headline now |",
    "|---|---|---|---|---|---|---|",
)
SUMS: Final = (
    f"| contrasts | in all | {' | '.join(WORDS)} | gains with all guards safe |",
    "|---" * (len(WORDS) + 3) + "|",
)
Key = tuple[str, str]  # contrast, metric


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedStudy:
    """A published folder: its name, its answers, and the runs and image scores behind them."""

    place: str
    verdicts: Verdicts
    runs: pd.DataFrame
    images: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedQuestion:
    """A question of a published report, ready for the verdict engine.

    Args:
        study: Its name.
        place: Its folder: data set and network.
        before: The question with its answer, as published.
        question: As it was registered, with smallest effects in units of the metric. What was
            expected is not published: nothing is "as expected" here.
        selected: The answer of every block and value, chosen from the published runs.
        facts: What guards know from the tables: ranges that were tuned within are not published.
        scenes: Test image -> scene, by the rule of the data set; empty where it has none.
    """

    study: str
    place: str
    before: AnsweredQuestion
    question: RegisteredQuestion
    selected: Selected
    facts: Facts
    scenes: Mapping[str, str]

    @property
    def is_probe(self) -> bool:
        """Whether the pixels themselves were optimised, instead of a network."""
        return PROBE in scope_parts(self.before.scope)["network"]

    def judged(self, *, by_scenes: bool = False) -> Verdict:
        """The answer of today's engine to the question as it was registered.

        Args:
            by_scenes: Whether scenes are the cases, instead of images.
        """
        groups = self.scenes if by_scenes else {}
        return judge(replace(self.question, groups=groups), self.selected, self.facts)


@dataclass(frozen=True)
class Reanalysis:
    """A published question with its answers of today; judged when they are first asked for."""

    published: PublishedQuestion

    @cached_property
    def now(self) -> Verdict:
        """By images, as registered."""
        return self.published.judged()

    @cached_property
    def by_scenes(self) -> Verdict:
        """By scenes."""
        return self.published.judged(by_scenes=True)

    @property
    def lost(self) -> set[Key]:
        """The claims that scenes take away."""
        return claims(self.now) - claims(self.by_scenes)

    @property
    def won(self) -> set[Key]:
        """The claims that scenes add."""
        return claims(self.by_scenes) - claims(self.now)


def folders(reports: Path) -> list[Path]:
    """The folders below REPORTS that were published before questions had words, by name."""
    every = sorted(path.parent for path in reports.glob(f"*/*/{VERDICT}"))
    return [folder for folder in every if not (folder / DOCUMENT).exists()]


def read(folder: Path) -> PublishedStudy:
    """Read a published folder.

    Raises:
        FileNotFoundError: It has no table of runs or images.
        DataError: A key of its verdict.json is missing, or has another type.
    """
    verdicts = decode((folder / VERDICT).read_bytes(), where=str(folder / VERDICT))
    runs = read_table(folder, "runs")
    return PublishedStudy(
        place=folder.name,
        verdicts=verdicts,
        runs=runs[runs["phase"] == ANSWER],
        images=read_table(folder, "images"),
    )


def questions_of(studies: Sequence[PublishedStudy]) -> Iterator[PublishedQuestion]:
    """Yield the questions of published studies, with the scenes of what all of them show.

    A study may score a few images of a set, between which the others tell what is one scene.
    """
    shown: dict[str, set[str]] = {}
    for study in studies:
        shown.setdefault(study.verdicts.data.label, set()).update(study.images["image"].unique())
    scenes = {label: RULES[label](sorted(shown[label])) for label in shown if label in RULES}
    for study in studies:
        for before in study.verdicts.questions:
            yield _question(study, before, scenes=scenes.get(study.verdicts.data.label, {}))


def _question(
    study: PublishedStudy, before: AnsweredQuestion, *, scenes: Mapping[str, str]
) -> PublishedQuestion:
    runs, images = study.runs, study.images
    question = registered(before, dict(zip(runs["run_id"], runs["arm_id"], strict=True)))
    points = points_of(question, runs)
    some = images[images["run_id"].isin(points["run_id"])]
    return PublishedQuestion(
        study=study.verdicts.study,
        place=study.place,
        before=before,
        question=question,
        selected=select(points, some, metric=before.selected_by, better=question.better),
        facts=Facts(
            data=study.verdicts.data.label,
            points=points["point"].nunique(),
            planned_blocks=points["block"].nunique(),
        ),
        scenes=scenes,
    )


def registered(before: AnsweredQuestion, arm_of: Mapping[str, str]) -> RegisteredQuestion:
    """The question as it was registered, from its published answer.

    Args:
        before: The published answer.
        arm_of: Run -> id of its arm.
    """
    arms = {winner.value: arm_of[winner.run_id] for winner in before.winners}
    baselines = [row.baseline for row in before.rows if row.baseline is not None]
    exploratory = {row.contrast for row in before.rows_of("exploratory")}
    primary, secondary, guardrails = (
        tuple(dict.fromkeys(row.metric for row in before.rows_of(role))) for role in ROLES
    )
    return RegisteredQuestion(
        id=before.id,
        asks=before.asks,
        factor=before.factor or "",
        values=before.values,
        arms=tuple(arms[value] for value in before.values),
        baseline=baselines[0] if baselines else before.values[0],
        contrasts=tuple(
            Contrast(name=name, weights=before.weights[name], is_exploratory=name in exploratory)
            for name in dict.fromkeys(row.contrast for row in before.rows)
        ),
        primary=primary,
        secondary=secondary,
        guardrails=guardrails,
        smallest_effect={
            row.metric: row.smallest_effect
            for row in before.rows
            if row.smallest_effect is not None
        },
        alpha=before.alpha,
    )


def claims(verdict: Verdict) -> set[Key]:
    """Contrast and metric of the rows that decide and claim a difference."""
    return _judged(verdict, "supported") | _judged(verdict, "contradicted")


def _judged(verdict: Verdict, word: RowVerdict) -> set[Key]:
    rows = verdict.rows_of("primary")
    return {(row.contrast, row.metric) for row in rows if row.verdict == word}


def has_direction(one: Answered) -> bool:
    """Whether a contrast can be a gain: a curvature and an interaction cannot."""
    return not one.contrast.startswith((INTERACTION, QUADRATIC))


def page(found: Sequence[Reanalysis]) -> str:
    """The tables in Markdown: a line per question, sums of words, and a sentence on claims."""
    lines = [*QUESTIONS, *map(_line, found), "", *SUMS]
    for kind, is_probe in ((PROBE, True), ("U-Net", False)):
        mine = [one for one in found if one.published.is_probe is is_probe]
        lines += _sums(f"{kind}, images", [one.now for one in mine])
        lines += _sums(f"{kind}, scenes", [one.by_scenes for one in mine])
    return "\n".join([*lines, "", _claims_in_words(found)])


def _line(one: Reanalysis) -> str:
    about = one.published
    now, scenes = _counted(one.now.contrasts), _counted(one.by_scenes.contrasts)
    changes = (("lost", one.lost), ("won", one.won))
    changed = ", ".join(f"{len(keys)} {word}" for word, keys in changes if keys)
    cells = (
        f"{about.study} {about.place}",
        about.before.id,
        about.before.verdict,
        now,
        ("the same" if scenes == now else scenes) if about.scenes else "no rule",
        f"{len(claims(one.now))} ({changed})" if changed else str(len(claims(one.now))),
        one.now.headline,
    )
    return f"| {' | '.join(cells)} |"


def _counted(contrasts: Iterable[Answered]) -> str:
    found = Counter(one.word for one in contrasts)
    return ", ".join(f"{found[word]} {word}" for word in WORDS if found[word])


def _sums(name: str, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the sum over contrasts with a direction, then over curvatures and interactions."""
    every = [one for verdict in verdicts for one in verdict.contrasts]
    for what, is_directed in (("", True), (", curvatures and interactions", False)):
        some = [one for one in every if has_direction(one) is is_directed]
        found = Counter(one.word for one in some)
        safe = sum(one.word == "gain" and set(one.guards.values()) == {"safe"} for one in some)
        counts = " | ".join(str(found[word]) for word in WORDS)
        yield f"| {name}{what} | {len(some)} | {counts} | {safe} |"


def _claims_in_words(found: Sequence[Reanalysis]) -> str:
    before = [one.published.before for one in found]
    now, scenes = [one.now for one in found], [one.by_scenes for one in found]
    claimed = [sum(len(claims(one)) for one in some) for some in (before, now, scenes)]
    even = [sum(len(_judged(one, EVEN)) for one in some) for some in (before, now, scenes)]
    lost, won = sum(len(one.lost) for one in found), sum(len(one.won) for one in found)
    return (
        f"{len(found)} questions, {sum(len(one.rows_of('primary')) for one in before)} rows that "
        f"decide. Claims: {claimed[0]} published, {claimed[1]} now, {claimed[2]} by scenes "
        f"({lost} lost, {won} won). Equivalent rows: {even[0]}, {even[1]}, {even[2]}."
    )


def main(reports: Path) -> None:
    """Print the tables."""
    studies = [read(folder) for folder in folders(reports)]
    print(page([Reanalysis(one) for one in questions_of(studies)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "reports")
