"""What `ablate plan` says about what a design can find, in percent of each metric."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.analysis.document import Verdicts
    from ablate.analysis.prospects import MetricProspect, Noise, Prospect
    from ablate.analysis.question import RegisteredQuestion
    from ablate.config.schema import Phase, Question
    from ablate.study.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The noise per metric, and where it is known from; empty where it is not."""

    noise: "Mapping[str, Noise]"
    source: str = ""


def known(made: "Plan", *, store: Path, source: str | None) -> Known:
    """Return the noise of an earlier study, or of the pilot that the store holds.

    Args:
        made: The plan.
        store: Folder of the stores.
        source: A folder with verdict.json, STUDY@STORE, or a study in the store; None for the
            pilot.

    Raises:
        ConfigError: The source holds no answer.
        StoreError: There is no such study in the store.
    """
    if source is None:
        return _own_answer(made, store) or _pilot(made, store)
    from ablate.analysis.prospects import noise_of
    from ablate.errors import ConfigError

    found = _verdicts(source, store=store)
    noise = noise_of(found.questions) if found is not None else {}
    if found is None or not noise:
        raise ConfigError(
            f"--noise: {source!r} holds no answer with two blocks or more; give a study with a "
            "blocked phase that has run"
        )
    blocks = max(one.blocks for one in noise.values())
    about = f" on {found.data.label}" if found.data.label else ""
    return Known(noise=noise, source=f"{blocks} blocks of {found.study}{about}")


def prospects(made: "Plan", noise: "Mapping[str, Noise]") -> "list[Prospect]":
    """Return what each question can find in the phase that answers it; nothing without noise."""
    if not noise:
        return []
    from ablate.analysis.prospects import prospect
    from ablate.study.claims import course_of

    return [prospect(question, noise, course=course_of(phase)) for phase, question in _asked(made)]


def lines(made: "Plan", found: "list[Prospect]", source: str, *, study: str) -> Iterator[str]:
    """Yield what a plan says of all questions, a thought a line.

    Args:
        made: The plan.
        found: Its prospects.
        source: Where the noise is known from.
        study: As typed, with its overrides, for the commands.
    """
    if not found and any(True for _ in _asked(made)):
        yield "which differences it can detect is not known yet: that takes the spread over seeds"
        yield f"  ablate plan {study} --noise STUDY@STORE   that of an earlier answer, or"
        if any(phase.design == "baseline_only" for phase in made.config.phases.values()):
            yield f"  ablate run {study}   then plan again: from its pilot, which is trained first"
    if found:
        yield (
            "differences that are found with a chance of 80 %, in % of the tuned baseline, by the "
            f"noise of {source}:"
        )
    for one in found:
        yield from _lines_of(one)


def _lines_of(one: "Prospect") -> Iterator[str]:
    from ablate.analysis.question import metric_label

    s = "s" if one.comparisons > 1 else ""
    yield f"  {one.question}: {one.planned} blocks, {one.comparisons} comparison{s}"
    for metric in one.metrics:
        label = metric_label(metric.metric)
        found = f"    {label:<6} {_percent(metric.detectable)} or more"
        yield f"{found}; {_smallest(metric)}"
    for name in one.missing:
        yield f"    {metric_label(name):<6} noise not known there"
    if one.chances:
        once, twice = (_chance(one.chances[times]) for times in (1, 2))
        yield (
            f'    {once} of such studies answer (do not stay "open") where one value is better by '
            f"the smallest effect in every primary metric, {twice} by twice that"
        )
    if len(one.looks) > 1 and one.mean_blocks:
        none, few = (f"{one.mean_blocks[times]:.0f}" for times in (0, 1))
        yield f"    mean blocks: {none} where nothing differs, {few} by the smallest effect"


def _smallest(metric: "MetricProspect") -> str:
    """Return what a plan says of the smallest effect of one metric."""
    if metric.smallest is None:
        return "no smallest effect is named"
    small = _percent(metric.smallest)
    if metric.blocks is None:
        return (
            f"its smallest effect, {small}, is lost in the images of this test part, however "
            "many blocks run"
        )
    return f"its smallest effect, {small}, takes {metric.blocks:,} blocks"


def _asked(made: "Plan") -> "Iterator[tuple[Phase, RegisteredQuestion]]":
    """Yield each phase with blocks and a question that it answers."""
    from ablate.design_names import AT_BUDGET, CONFIRM

    for phase in made.config.phases.values():
        if "blocks" not in phase.options or phase.design == AT_BUDGET:
            continue
        if phase.design != CONFIRM:
            for question in made.config.questions.values():
                yield phase, _registered(made, question)
            continue
        name = str(phase.options.get("question", next(iter(made.config.questions), "")))
        if name in made.config.questions:
            yield phase, _confirmed(made, phase, made.config.questions[name])


def _registered(made: "Plan", question: "Question") -> "RegisteredQuestion":
    """Return a question as a report of the study will read it."""
    from dataclasses import replace

    from ablate.analysis.published import registered
    from ablate.rules import rules_of
    from ablate.study.publish import question_facts

    found = registered(question_facts(made, question), metrics=question.primary, declared={})
    return replace(found, percent_of=rules_of(made.config.defaults).percent_of)


def _confirmed(made: "Plan", phase: "Phase", question: "Question") -> "RegisteredQuestion":
    """Return the question of a confirmation, whose arms may be known only later."""
    from dataclasses import replace

    from ablate.analysis.confirmation import BASELINE
    from ablate.analysis.contrasts import against_baseline

    named = tuple(phase.options.get("arms", ()))
    winners = range(1, 1 + int(phase.options.get("winners", 1)))
    values = (BASELINE, *(named or [f"winner {number}" for number in winners]))
    return replace(
        _registered(made, question),
        id=phase.name,
        values=values,
        arms=(),
        baseline=BASELINE,
        contrasts=against_baseline(values, baseline=BASELINE),
        trend=None,
        crossed=(),
    )


def _own_answer(made: "Plan", store: Path) -> Known | None:
    """Return the noise of the study's own answer in the store, None where it has none yet."""
    from ablate.report.named_answer import VERDICT

    file = store / made.config.name / "report" / VERDICT
    if not file.is_file():
        return None
    from ablate.analysis.document import decode
    from ablate.analysis.prospects import noise_of

    noise = noise_of(decode(file.read_bytes(), where=str(file)).questions)
    blocks = max((one.blocks for one in noise.values()), default=0)
    return Known(noise=noise, source=f"{blocks} blocks of its own answer") if noise else None


def _pilot(made: "Plan", store: Path) -> Known:
    """Return the noise of the runs of the pilot, none where there are none yet."""
    from ablate.study.remarks import spreads

    piloted = spreads(made, store)
    if not piloted:
        return Known(noise={}, source="")
    from ablate.analysis.prospects import unpaired

    noise = {
        metric: unpaired(mean, sd=sd, runs=runs)
        for metric, (mean, sd, runs) in piloted.items()
        if mean
    }
    runs = next(runs for _, _, runs in piloted.values())
    return Known(noise=noise, source=f"{runs} pilot runs, taken as unpaired")


def _verdicts(source: str, *, store: Path) -> "Verdicts | None":
    """Return the answers of a published folder, or of a study in a store."""
    from ablate.analysis.document import decode
    from ablate.errors import ConfigError
    from ablate.report.named_answer import VERDICT, InStore, named
    from ablate.report.source import read

    place = named(source, store=store)
    if isinstance(place, InStore):
        return read(
            store=place.store, study=place.study, pictures=False, is_explored=False
        ).verdicts
    file = place / VERDICT if place.is_dir() else place
    if not file.is_file():
        raise ConfigError(
            f"--noise: {source} has no {VERDICT}; give the folder of one published report, or "
            "STUDY@STORE"
        )
    return decode(file.read_bytes(), where=str(file))


def _percent(number: float) -> str:
    return f"{number:.2g} %" if number < 99.5 else f"{number:.0f} %"


def _chance(share: float) -> str:
    """Return a chance with the digits that the simulated studies allow."""
    return (
        "below 1 %" if share < 0.005 else "above 99 %" if share > 0.995 else f"{100 * share:.0f} %"
    )
