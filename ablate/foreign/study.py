"""Runs of others as a study: the document and the tables that a study of one's own publishes.

Whoever asks of finished runs has registered nothing; the document says so, and what chose their
weights and settings, as far as it was said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from ablate.config.schema import Expects
from ablate.design_names import BLOCKED
from ablate.errors import ConfigError, DataError, nearest
from ablate.foreign.naming import Naming, plain
from ablate.foreign.tables import ANSWER, Tables
from ablate.identity import digest
from ablate.metrics.catalogue import LABELS
from ablate.published import MetricFacts, PhaseFacts, QuestionFacts, StudyDocument, Value
from ablate.rules import RULES_SINCE, rules_of
from ablate.stored import decode, encode

CHOSEN_ON: Final = ("nothing", "train", "val", "test")
SHOWN: Final = 6  # values or seeds that a message lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of finished runs.

    Args:
        name: Of the study.
        factor: What the values are values of.
        baseline: One of the values, as its text; may be empty where a document says it.
        primary: Metrics that decide; empty: all of them.
        guardrails: Metrics that may veto a claim of better.
        smallest: Metric -> smallest effect of interest, in % of the baseline.
        expects: What is expected of each value against the baseline.
        is_ordered: Whether the values have an order.
        data: Label of the test data.
        network: What was trained.
        chosen_on: The split that chose weights and settings; empty where nobody says.
    """

    name: str = "judged"
    factor: str = "value"
    baseline: str = ""
    primary: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    smallest: Mapping[str, float] = field(default_factory=dict)
    expects: Expects = "differs"
    is_ordered: bool = False
    data: str = "unnamed test data"
    network: str = "runs from elsewhere"
    chosen_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignStudy:
    """A study as it would have been published; `document` is what facts.json holds."""

    document: Mapping[str, Any]
    runs: pd.DataFrame
    images: pd.DataFrame


def study_of(
    tables: Tables,
    asked: Asked,
    naming: Naming,
    *,
    facts: Mapping[str, Any] | None = None,
    where: str,
) -> ForeignStudy:
    """Return the study that some runs are.

    Args:
        tables: Of the runs.
        asked: The question.
        naming: Of metrics that are not packaged.
        facts: A document as facts.json holds it, of a study that was designed before it ran, which
            stands as it is; or a part of one, which goes before what was asked.
        where: What was read, for messages.

    Raises:
        ConfigError: The question names what is not there.
        DataError: What cannot be compared: no pairs, or nothing but the test scores to choose by.
    """
    given = facts or {}
    document = given
    if not given.get("design_hash"):  # else of a study that was designed before it ran
        document = encode(_document(tables, asked, naming, where=where, is_asked=not given))
        document = _with_facts(document, given)
    decoded = decode(StudyDocument, document, where=f"{where}: facts")
    for question in decoded.registered if "design_hash" not in given else ():
        _known((*question.primary, *question.guardrails), tables, "facts", where=where)
    runs = _with_arms(tables.runs, decoded, where=where)
    _check_pairs(decoded, runs, where=where)
    return ForeignStudy(document=document, runs=runs, images=tables.images)


def _document(
    tables: Tables, asked: Asked, naming: Naming, *, where: str, is_asked: bool
) -> StudyDocument:
    values = tuple(value for value, _ in tables.values)
    baseline = _baseline(tables, asked, where=where, is_asked=is_asked)
    primary = _known(asked.primary, tables, "--primary", where=where)
    guardrails = _known(asked.guardrails, tables, "--guardrails", where=where)
    primary = primary or tuple(one for one in tables.metrics if one not in guardrails)
    _known(asked.smallest, tables, "--smallest", where=where)
    if asked.is_ordered and any(isinstance(value, str) for value in values):
        raise ConfigError(f"{where}: --ordered goes with values that are numbers")
    arms = tuple(sorted(tables.values)) if asked.is_ordered else tables.values
    points = int(tables.runs["point"].max())
    chosen_by = primary[0]
    images = tables.images["image"].nunique()
    return StudyDocument(
        study=asked.name,
        title=f"Runs from elsewhere: {asked.name}",
        asks=(_asks(asked, primary),),
        primary=primary,
        data_label=asked.data,
        data_name="",
        data_hash=digest(sorted(tables.images["image"].unique().tolist())),
        counts={"test": images} if tables.has_images else {},
        design_hash="",
        protocol="as they measured",
        protocol_hash="",
        metrics=tables.metrics,
        declared={
            name: MetricFacts(
                label=next((t for t, ours in naming.metrics.items() if ours == name), name),
                better=naming.better[name],
            )
            for name in tables.metrics
            if name not in LABELS
        },
        budget="",
        arms=tuple(str(value) for value in values),
        baseline_arm=str(baseline),
        phases={
            ANSWER: PhaseFacts(design=BLOCKED, claims=True, points=points, planned=len(tables.runs))
        },
        objective=f"val/{chosen_by}",
        groups=tables.scenes,
        rules=rules_of(RULES_SINCE),
        registered=(
            QuestionFacts(
                id=plain(asked.factor) or "value",
                asks=_asks(asked, primary),
                factor=asked.factor,
                baseline=baseline,
                arms=arms,
                primary=primary,
                guardrails=guardrails,
                smallest_effect={name: f"{size:g}%" for name, size in asked.smallest.items()},
                expects=asked.expects,
                contrasts=("baseline",),
                ordered=asked.is_ordered,
                images="random" if images > 1 else "fixed",
            ),
        ),
        planned=len(tables.runs),
        settings={"task": {"name": asked.network}},
        chosen_on=asked.chosen_on or "unknown",
    )


def _baseline(tables: Tables, asked: Asked, *, where: str, is_asked: bool) -> Value:
    known = {text: value for value, text in tables.values}
    if is_asked and len(known) < 2:
        raise DataError(f"{where}: all runs are of {next(iter(known))}; a question compares two")
    if not asked.baseline and not is_asked:
        return next(iter(known.values()))
    if asked.baseline not in known:
        said = f"no value is called {asked.baseline!r}" if asked.baseline else "name one value"
        raise ConfigError(f"{where}: --baseline: {said}; {nearest(asked.baseline, known)}")
    return known[asked.baseline]


def _known(
    names: Sequence[str] | Mapping[str, float], tables: Tables, option: str, *, where: str
) -> tuple[str, ...]:
    for name in names:
        if name not in tables.metrics:
            raise ConfigError(
                f"{where}: {option}: no score of {name!r}; {nearest(name, tables.metrics)}"
            )
    return tuple(names)


def _asks(asked: Asked, primary: Sequence[str]) -> str:
    labels = ", ".join(LABELS.get(one, one) for one in primary)
    return f"Does {asked.factor} change {labels}?"


def _with_facts(document: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with what another one knows; its questions are filled up by ours."""
    ours = document["questions"][0]
    found = {**document, **facts}
    asked = facts.get("questions")
    if isinstance(asked, list):
        found["questions"] = [{**ours, **one} if isinstance(one, Mapping) else one for one in asked]
    return found


def _with_arms(runs: pd.DataFrame, facts: StudyDocument, *, where: str) -> pd.DataFrame:
    """Return the runs with the ids of the document's arms, where the table has the values."""
    pairs = [(str(value), arm) for one in facts.registered for value, arm in one.arms]
    ids = {arm for _, arm in pairs}
    by_value: dict[str, str] = {}
    for value, arm in pairs:
        by_value[value] = arm if by_value.get(value, arm) == arm else value
    named = runs["arm_id"].map(lambda text: text if text in ids else by_value.get(text, text))
    lost = [value for value, arm in pairs if arm not in set(named)]
    if lost:
        raise DataError(
            f"{where}: no run of {lost[0]}, which the question compares; "
            f"{nearest(lost[0], runs['arm_id'].unique())}"
        )
    return runs.assign(arm_id=named)


def _check_pairs(facts: StudyDocument, runs: pd.DataFrame, *, where: str) -> None:
    """Raise DataError where a value shares no block with the baseline, or was chosen on test."""
    phase = facts.answer_phase
    mine = runs[runs["phase"] == phase] if phase else runs.iloc[:0]
    for question in facts.registered:
        of_value = {value: mine[mine["arm_id"] == arm] for value, arm in question.arms}
        base = of_value.get(question.baseline, mine.iloc[:0])
        for value, some in of_value.items():
            if len(some) and len(base) and not set(some["block"]) & set(base["block"]):
                raise DataError(
                    f"{where}: {value} and {question.baseline} share no block (seeds "
                    f"{_few(some['seed'])} against {_few(base['seed'])}): unpaired runs are not "
                    "compared; train both with the same seeds"
                )
    several = mine[mine.duplicated(["arm_id", "block"])]
    if len(several) and facts.objective not in runs:
        row = several.iloc[0]
        raise DataError(
            f"{where}: {row['arm']} has several runs in block {row['block']} and no score on val "
            f"to choose one by; choosing by test would be tuning on test: add rows of split val"
        )


def _few(seeds: "pd.Series[Any]") -> str:
    every = sorted(set(seeds))
    return ", ".join(map(str, every[:SHOWN])) + (", ..." if len(every) > SHOWN else "")
