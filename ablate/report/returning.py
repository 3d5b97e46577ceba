"""Gives a report back to the study's MLflow experiment; its bytes do not depend on that."""

import os
from pathlib import Path

from ablate.errors import AblateError
from ablate.fusing.trained import best_of
from ablate.report.best import best
from ablate.report.contents import Contents
from ablate.tracking.returning import BestNetwork, give_back
from ablate.tracking.store import open_client


def return_report(contents: Contents, report: Path, *, store: Path) -> str:
    """Store the report, its verdicts and the best network in MLflow; return "", or why not.

    Args:
        contents: What the report was rendered from.
        report: Its folder.
        store: Folder of the stores.
    """
    if not os.access(store, os.W_OK):
        return "the folder cannot be written"
    try:
        client = open_client(store, make=False)
    except AblateError as error:
        return str(error)
    return give_back(
        client,
        study=str(contents.facts["study"]),
        report=report,
        verdicts={one["id"]: one["verdict"] for one in contents.answered},
        asked={
            one["id"]: tuple(arm for _, arm in one["arms"]) for one in contents.facts["questions"]
        },
        sentences=_sentences(contents),
        best=_best_network(contents, store),
    )


def _sentences(contents: Contents) -> list[str]:
    """Return the verdicts and their primary rows; nothing for a study that only describes."""
    lines = []
    for one in contents.answered:
        reason = f" ({one['reason']})" if one["reason"] else ""
        lines.append(f"**{one['id']}: {one['verdict']}**{reason}")
        lines += [row["sentence"] for row in one["rows"] if row["role"] == "primary"]
    return lines or ["Descriptive only: nothing is claimed from means over a few seeds."]


def _best_network(contents: Contents, store: Path) -> BestNetwork | None:
    """Return the run best on val of the arm that stands first; None where nothing was trained."""
    study = str(contents.facts["study"])
    for arm in (*_first_arms(contents), None):
        try:
            found = best_of(store, study=study, arm=arm)
        except AblateError:
            continue
        objective = found.result.metrics.get(found.spec.objective, float("nan"))
        return BestNetwork(
            run_id=found.spec.run_id, arm=found.arm, objective=objective, folder=found.folder
        )
    return None


def _first_arms(contents: Contents) -> list[str]:
    """Return names of arms, the best first: those in every set of the answers, else by means."""
    found = best(contents)
    values = [str(value) for question in found["questions"] for value in question["in_all"]]
    return [*values, *(row["arm"] for row in found["arms"])][:3]
