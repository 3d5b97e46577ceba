"""A reviewer's checklist, answered from what the study published; a "no" stands as it is.

The items are worded here; each names the list whose concern it takes up: the NeurIPS paper
checklist, the ACL checklist for responsible research, and REFORMS (Kapoor et al., Science Advances
10, 2024), the consensus recommendations for science that uses machine learning.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ablate.analysis.health import FEW, is_unhealthy, unhealthy_in_words
from ablate.analysis.table import not_numbers
from ablate.analysis.verdict import Row
from ablate.design_names import BLOCKED, SEARCHES
from ablate.published import Provenance
from ablate.report.contents import Contents

Reply = Literal["yes", "no", "not applicable"]
Said = tuple[Reply, str]
NEURIPS, ACL, REFORMS = "NeurIPS", "ACL", "REFORMS"
EARLIER = "what was read of these images before this study the program cannot know"
NO_CLAIM: Said = ("not applicable", "the study claims nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of the checklist and what the facts reply."""

    source: str
    asks: str
    reply: Reply
    why: str


def checklist(contents: Contents) -> list[Item]:
    """Return the 27 items in their order, answered from the contents alone."""
    return [
        Item(source=source, asks=asks, reply=reply, why=why)
        for source, asks, find in ITEMS
        for reply, why in [_said(contents, find)]
    ]


def _said(contents: Contents, find: Callable[[Contents], Said]) -> Said:
    """Return what an item finds; of runs from elsewhere some things cannot be known."""
    why = FROM_ELSEWHERE.get(find) if contents.facts.chosen_on else None
    return ("no", why) if why else find(contents)


def _registered(contents: Contents) -> Said:
    phases = contents.facts.phases.values()
    if not any(phase.claims for phase in phases):
        return NO_CLAIM
    return "yes", (
        f"stored before the first run under the design hash {_hash(contents)}; {EARLIER}"
    )


def _scope(contents: Contents) -> Said:
    return _scoped(contents, "network, data and budget stand under every verdict")


def _caveats(contents: Contents) -> Said:
    if not contents.answered:
        return NO_CLAIM
    count = sum(len(question.caveats) for question in contents.answered)
    return ("yes" if count else "no"), f"caveats beside the verdicts: {count}"


def _settings(contents: Contents) -> Said:
    if not contents.facts.settings or "seed" not in contents.runs:
        return "no", "settings or seeds were not published"
    return "yes", "settings in MLflow, seeds and splits of every run in tables/runs.csv"


def _revision(contents: Contents) -> Said:
    origin = _origin(contents)
    revision = origin.revision or "unknown"
    if revision == "unknown":
        return "no", "the code was in no git repository"
    if origin.is_dirty:
        return "no", f"the code was changed after revision {revision.partition('+')[0][:12]}"
    return "yes", f"revision {revision[:12]}, unchanged"


def _data_hash(contents: Contents) -> Said:
    found = contents.facts.data_hash
    return ("yes", f"manifest {found}") if found else ("no", "no hash was published")


def _licence(contents: Contents) -> Said:
    if contents.is_generated:
        return "not applicable", "the pairs are generated"
    licence = _origin(contents).data.licence
    if not licence or licence.startswith("none stated"):
        return "no", f"the licence of these data is not known: {licence or 'nothing is said'}"
    return "yes", licence


def _people(contents: Contents) -> Said:
    if contents.is_generated:
        return "not applicable", "the pairs are generated"
    return "no", "people may be seen in the images; the program cannot judge consent"


def _harm(contents: Contents) -> Said:
    if contents.is_generated:
        return "not applicable", "a method check on generated pairs"
    return "no", "the program cannot judge it; the authors have to write it"


def _intervals(contents: Contents) -> Said:
    rows = _rows(contents)
    if not rows:
        return NO_CLAIM
    bare = sum(row.ci_low is None for row in rows)
    if bare:
        return "no", f"{bare} of {len(rows)} effects have no interval"
    return "yes", f"{len(rows)} effects, each with a crossed t interval over blocks and images"


def _compute(contents: Contents) -> Said:
    hours = _sum(contents, "facts.seconds") / 3600
    device = _origin(contents).device
    if not hours or device is None:
        return "no", "time or device of the runs was not recorded"
    return "yes", f"{hours:.3g} hours in all, {device.gpu or device.name}"


def _size(contents: Contents) -> Said:
    if not _sum(contents, "facts.parameters"):
        return "no", "no run recorded the number of parameters"
    largest = int(contents.runs["facts.parameters"].max())
    return "yes", f"{largest:,} parameters at most, {contents.facts.budget}"


def _ranges(contents: Contents) -> Said:
    nuisance = contents.facts.nuisance
    if not nuisance:
        return "no", "nothing was tuned: one base value for all"
    words = ", ".join(f"{one.name} {one.low:g} to {one.high:g}" for one in nuisance)
    return "yes", words


def _winners(contents: Contents) -> Said:
    if not contents.answered:
        return "not applicable", "no points were tuned for an answer"
    count = sum(len(question.winners) for question in contents.answered)
    if not count:
        return "no", "no block has a point that won"
    return "yes", f"{count} configurations in tables/winners.csv"


def _replicates(contents: Contents) -> Said:
    if contents.answered:
        fewest = min((row.blocks for row in _rows(contents)), default=0)
        return ("yes" if fewest > 1 else "no"), f"mean and spread over {fewest} blocks or more"
    runs = contents.runs[contents.runs["state"] == "finished"]
    fewest = int(runs.groupby("arm")["seed"].nunique().min()) if len(runs) else 0
    return ("yes" if fewest > 1 else "no"), f"the arm with the fewest has seeds: {fewest}"


def _packages(contents: Contents) -> Said:
    count = len(_origin(contents).packages)
    if not count:
        return "no", "versions of packages were not published"
    return "yes", f"{count} packages with their versions"


def _metrics(contents: Contents) -> Said:
    facts = contents.facts
    if not facts.protocol_hash:
        return "no", "the protocol of the metrics has no hash"
    return "yes", f"{facts.protocol}, hash {facts.protocol_hash}"


def _counts(contents: Contents) -> Said:
    counts = contents.facts.counts
    words = ", ".join(f"{split} {count}" for split, count in counts.items())
    return ("yes" if all(counts.values()) else "no"), words


def _environment(contents: Contents) -> Said:
    origin = _origin(contents)
    if origin.cpu is None or not origin.python:
        return "no", "processor or Python were not published"
    return "yes", f"Python {origin.python}, {origin.cpu.kind}, {origin.system}"


def _command(contents: Contents) -> Said:
    command = _origin(contents).command
    return ("yes", command) if command else ("no", "the command was not published")


def _deterministic(contents: Contents) -> Said:
    origin = _origin(contents)
    flags = origin.determinism
    if not flags.get("deterministic_algorithms"):
        return "no", "algorithms that vary were allowed, or the flags were not published"
    if flags.get("warn_only") and origin.device is not None and origin.device.gpu:
        return "no", "a GPU may run what has no deterministic form; within the seed spread only"
    cpu = origin.cpu.kind if origin.cpu else "unknown"
    threads = "as many" if origin.threads_per_run is None else origin.threads_per_run
    return "yes", f"on processors of this kind ({cpu}), threads per run: {threads}"


def _test_is_apart(contents: Contents) -> Said:
    facts, runs = contents.facts, contents.runs
    if facts.chosen_on:
        return "no", f"what chose weights and settings, as it was said: {facts.chosen_on}"
    searched = facts.phases_of(*SEARCHES)
    columns = [name for name in runs.columns if name.startswith("test/")]
    seen = runs.loc[runs["phase"].isin(searched), columns].notna().any(axis=None)
    if seen or not facts.objective.startswith("val/"):
        return "no", "test scores existed while something was selected"
    return "yes", f"{facts.objective} selects; searches have no test score; {EARLIER}"


def _disjoint(contents: Contents) -> Said:
    twice = _origin(contents).data.in_two_splits
    if twice is None:
        return "no", "the splits were not compared"
    return ("no" if twice else "yes"), f"{twice} {contents.facts.items} stand in two splits"


def _missing(contents: Contents) -> Said:
    failed = int((contents.runs["state"] == "failed").sum())
    bare = int(not_numbers(contents.images)["images"].sum())
    unhealthy = unhealthy_in_words(contents.runs) or "none is known to have ended unhealthy"
    redrawn = sum(len(one.redrawn) for one in contents.facts.phases.values())
    unhealthy += f"; blocks redrawn: {redrawn}" if redrawn else ""
    return "yes", (
        f"{failed} of {len(contents.runs)} runs failed; {unhealthy}; {bare} values are not numbers"
    )


def _same_effort(contents: Contents) -> Said:
    blocked = contents.facts.phases_of(BLOCKED)
    runs = contents.runs[contents.runs["phase"].isin(blocked)]
    if runs.empty:
        return "not applicable", "no phase tuned the values"
    counts = runs.groupby("arm_id")["run_id"].count()
    if counts.nunique() > 1:
        return "no", f"between {counts.min()} and {counts.max()} runs per value"
    same = f"{counts.iloc[0]} runs per value, the same points for all"
    unhealthy = is_unhealthy(runs).groupby(runs["arm_id"]).sum()
    if unhealthy.max() > FEW * counts.iloc[0] and unhealthy.nunique() > 1:
        return "no", (
            f"{same}, but between {unhealthy.min()} and {unhealthy.max()} of them ended unhealthy "
            "and could not win"
        )
    return "yes", same


def _corrected(contents: Contents) -> Said:
    rows = [row for row in _rows(contents) if row.role != "exploratory"]
    if not rows:
        return NO_CLAIM
    if any(row.p_holm is None for row in rows):
        return "no", "some judged rows have no corrected p"
    families = Counter(
        (question.id, row.role)
        for question in contents.answered
        for row in question.rows
        if row.role != "exploratory"
    )
    sizes = ", ".join(f"{count} {role} of {name}" for (name, role), count in families.items())
    return "yes", f"Holm in each family of rows by itself: {sizes}"


def _smallest(contents: Contents) -> Said:
    rows = [row for row in _rows(contents) if row.role == "primary"]
    if not rows:
        return NO_CLAIM
    bare = sorted({row.metric for row in rows if row.smallest_effect is None})
    return ("no", f"none for {', '.join(bare)}") if bare else ("yes", "frozen with the design")


def _power(contents: Contents) -> Said:
    rows = [row for row in _rows(contents) if row.verdict == "undecided"]
    if not contents.answered:
        return NO_CLAIM
    if any(row.detectable is None for row in rows):
        return "no", "some undecided rows do not say what the design can find"
    return "yes", f"{len(rows)} undecided rows, each with the effect that the design finds"


def _elsewhere(contents: Contents) -> Said:
    return (
        "no",
        f"this study has one data set, {contents.facts.data_label}; repeat it on another",
    )


ITEMS: Sequence[tuple[str, str, Callable[[Contents], Said]]] = (
    (NEURIPS, "Were the claims fixed before the first result was seen?", _registered),
    (NEURIPS, "Does every claim say how far it reaches?", _scope),
    (NEURIPS, "Are the limits of the study spelled out?", _caveats),
    (NEURIPS, "Could somebody else repeat the runs from what is published?", _settings),
    (NEURIPS, "Is the exact code known?", _revision),
    (NEURIPS, "Does every effect carry an interval, and is its kind named?", _intervals),
    (NEURIPS, "Are time and hardware stated?", _compute),
    (NEURIPS, "Is the licence of the data named?", _licence),
    (NEURIPS, "Were the people in the data considered?", _people),
    (NEURIPS, "Are consequences for society discussed?", _harm),
    (ACL, "Are the size of the model and the budget stated?", _size),
    (ACL, "Is it said what was tuned, and between which bounds?", _ranges),
    (ACL, "Are the configurations that won given?", _winners),
    (ACL, "Are numbers means over several runs, with their spread?", _replicates),
    (ACL, "Are all packages given with versions?", _packages),
    (ACL, "Is it fixed how each metric is computed?", _metrics),
    (ACL, "Is the size of every split given?", _counts),
    (REFORMS, "Can others check that they hold the same data?", _data_hash),
    (REFORMS, "Is the computing environment recorded?", _environment),
    (REFORMS, "Is there one command that runs it all?", _command),
    (REFORMS, "Would the same command give the same numbers?", _deterministic),
    (REFORMS, "Was the test set kept out of every choice?", _test_is_apart),
    (REFORMS, "Is no pair in two splits?", _disjoint),
    (REFORMS, "Are failures and missing values counted?", _missing),
    (REFORMS, "Did all that is compared get the same effort?", _same_effort),
    (
        REFORMS,
        "Are many comparisons corrected for, effects that matter set, and power stated?",
        lambda contents: _first_no(_corrected(contents), _smallest(contents), _power(contents)),
    ),
    (REFORMS, "Was the finding tried on data from elsewhere?", _elsewhere),
)


FROM_ELSEWHERE: Mapping[Callable[[Contents], Said], str] = {
    _registered: "asked of finished runs from elsewhere; nothing was registered before",
    _settings: "runs from elsewhere: their settings are not known here",
    _ranges: "runs from elsewhere: how they were tuned is not known here",
    _winners: "runs from elsewhere: their configurations are not known here",
    _data_hash: "runs from elsewhere: their images were not seen here",
    _same_effort: "runs from elsewhere: how they were tuned is not known here",
}


def _first_no(*said: Said) -> Said:
    """Return the first "no", else all that was said together."""
    for one in said:
        if one[0] == "no":
            return one
    replies = {reply for reply, _ in said}
    return (
        said[0]
        if len(replies) == 1 and "yes" not in replies
        else ("yes", "; ".join(why for reply, why in said if reply == "yes"))
    )


def _scoped(contents: Contents, why: str) -> Said:
    if not contents.answered:
        return NO_CLAIM
    bare = [question.id for question in contents.answered if not question.scope]
    return ("no", f"not for {', '.join(bare)}") if bare else ("yes", why)


def _rows(contents: Contents) -> list[Row]:
    return [row for question in contents.answered for row in question.rows]


def _origin(contents: Contents) -> Provenance:
    return contents.facts.provenance


def _hash(contents: Contents) -> str:
    return contents.facts.design_hash


def _sum(contents: Contents, column: str) -> float:
    runs: pd.DataFrame = contents.runs
    return float(runs[column].sum()) if column in runs else 0.0
