"""The environments that the runs of a study were made in: noted, compared and listed.

An environment (see `ablate.training.environment`) is noted in the ledger when the study starts, and
the next start compares. Other code, libraries or arithmetic are refused, unless the user accepts
the drift: then every run carries the id of its environment, a block with runs of several ones
answers nothing, and the report says so. Other data or another design are always refused
(`Ledger.start`). A run that was begun in another environment starts over; the early points of its
curves stay.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ablate.errors import StoreError
from ablate.published import EnvironmentFacts
from ablate.study.ledger import Ledger
from ablate.training.environment import Environment, changes
from ablate.training.spec import RunResult

logger = logging.getLogger(__name__)
PLUG_INS = "plugins/"
UNKNOWN = "another machine or installation"


def check(ledger: Ledger, now: Environment, *, code_hash: str, accepts: bool) -> None:
    """Note the environment of a study that starts in it, or compare it with the noted ones.

    Args:
        ledger: Of the study, started.
        now: The environment of this driver.
        code_hash: Of the code; what stores of earlier versions noted instead.
        accepts: Whether the user wants to go on in another environment.

    Raises:
        StoreError: The study has results from another environment, and `accepts` is not given.
    """
    known = {one: entry for one, entry in ledger.environments.items() if entry["is_accepted"]}
    if now.id in known:
        return
    if same := _same(known, now):
        ledger.note_environment(now.id, now.to_json(), is_accepted=True, same_as=same)
        return
    if known:
        last = _environment(list(known.values())[-1])
        what = "; ".join(changes(last, now))
    else:
        before = ledger.header.get("code_hash")
        what = "" if before in (None, code_hash) else f"code {before} -> {code_hash}"
    if what and ledger.results and not accepts:
        raise StoreError(
            f"{ledger.path}: changed since its runs were made: {what}; undo that, use another "
            "--store, or add --accept-drift: blocks that mix both then answer nothing"
        )
    if what and ledger.results:
        logger.warning("%s: goes on in another environment: %s", ledger.folder.name, what)
    ledger.note_environment(now.id, now.to_json(), is_accepted=True)


def _same(known: Mapping[str, Mapping[str, Any]], now: Environment) -> str:
    """Return the noted environment that differs by plug-in files alone that it lacks; "" if none.

    A design is fixed before its first run, so that no run of it uses a file that came later.
    """
    for one, entry in known.items():
        if not entry["environment"]:
            continue
        before = _environment(entry)
        mine = {k: v for k, v in now.code.items() if k in before.code or not k.startswith(PLUG_INS)}
        if replace(now, code=mine) == before:
            return str(entry.get("same_as") or one)
    return ""


def notice(ledger: Ledger, result: RunResult, measured: Environment) -> None:
    """Note a run that was made in an environment that is not noted, and say so.

    Args:
        ledger: Of the study.
        result: Of a run that has just ended.
        measured: The environment as it is now, which may be that of the run.
    """
    own = str(result.facts.get("stratum", ""))
    known = list(ledger.environments.values())
    is_measured = measured.id == own
    what = "; ".join(changes(_environment(known[0]), measured)) if is_measured else UNKNOWN
    logger.warning(
        "%s: made in another environment than the study: %s; the next start refuses to go on "
        "without --accept-drift",
        result.run_id,
        what,
    )
    ledger.note_environment(own, measured.to_json() if is_measured else {}, is_accepted=False)


def is_noted(ledger: Ledger, result: RunResult) -> bool:
    """Return whether the environment of a run is noted; one that says none counts as noted."""
    return result.facts.get("stratum", "") in ("", *ledger.environments)


def of_results(ledger: Ledger) -> tuple[EnvironmentFacts, ...]:
    """Return the environments of a study's results, in the order of their first note.

    Results of earlier versions, which name none, share one with the id "". Runs that failed
    together with their workers, and so name none either, have no numbers and do not count.
    """
    counts = Counter(
        str(one.facts.get("stratum", ""))
        for one in ledger.results.values()
        if one.state != "failed" or "stratum" in one.facts
    )
    order = [*(one for one in ledger.environments if one in counts)]
    order = [*sorted(one for one in counts if one not in order), *order]
    if not order:
        return ()
    first = ledger.environments.get(order[0])
    return tuple(
        EnvironmentFacts(
            id=one,
            runs=counts[one],
            differs=() if one == order[0] else _differs(first, ledger.environments.get(one)),
        )
        for one in order
    )


def lines(found: Sequence[EnvironmentFacts]) -> list[str]:
    """Return one line per environment for the user; none where there is only one."""
    if len(found) < 2:
        return []
    return [
        f"environment {one.id or 'of an earlier version'}: {one.runs} runs"
        + (f" ({'; '.join(one.differs)})" if one.differs else "")
        for one in found
    ]


def sentence(found: Sequence[EnvironmentFacts]) -> str:
    """Return the sentence above the tables of a report; empty where there is one environment.

    Example:
        >>> old = EnvironmentFacts(id="a", runs=5)
        >>> new = EnvironmentFacts(id="b", runs=3, differs=("torch 2.12 -> 2.13",))
        >>> sentence([old, new])
        'Runs of 2 environments, which plain means pool: 5; 3 (torch 2.12 -> 2.13).'
    """
    if len(found) < 2:
        return ""
    parts = [
        f"{one.runs} ({'; '.join(one.differs)})" if one.differs else str(one.runs) for one in found
    ]
    return f"Runs of {len(found)} environments, which plain means pool: {'; '.join(parts)}."


def _differs(first: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> tuple[str, ...]:
    if not (first and other and first["environment"] and other["environment"]):
        return (UNKNOWN,)
    return changes(_environment(first), _environment(other))


def _environment(entry: Mapping[str, Any]) -> Environment:
    return Environment(**entry["environment"])
