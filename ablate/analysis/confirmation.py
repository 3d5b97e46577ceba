"""The question of a confirmation: do frozen configurations beat the baseline on fresh seeds?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ablate.analysis.facts import Facts
from ablate.analysis.question import label_of

BASELINE = "baseline"
CONDITIONAL = "conditional on this tuned configuration"


def asked(facts: Mapping[str, Any], confirmation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the question in the form of a published one; its values are the names of the arms.

    Metrics, smallest effects and the role of images are those of the question that the phase
    names. What was chosen as best is expected to be better.
    """
    like = next(raw for raw in facts["questions"] if raw["id"] == confirmation["question"])
    arms = [list(pair) for pair in confirmation["recipes"]]
    subject = f"the best of {confirmation['of']}" if confirmation["of"] else "the frozen arm"
    return {
        **like,
        "id": confirmation["phase"],
        "asks": f"Does {subject} beat the baseline on fresh seeds, each with its frozen recipe?",
        "factor": "configuration",
        "baseline": BASELINE,
        "ordered": False,
        "arms": arms,
        "by": "recipe_id",
        "expects": "higher",
        "contrasts": ["baseline"],
        "trend": None,
        "agrees_with": None,
        "crossed": None,
        "registered": True,
    }


def conditional(about: Facts, confirmation: Mapping[str, Any]) -> Facts:
    """Return the facts with what the answer is conditional on; nothing was tuned in blocks."""
    caveats = [
        f"{CONDITIONAL}: {arm['name']} = {_recipe(arm)} (from {arm['source']})"
        for arm in confirmation["arms"]
        if arm["name"] != BASELINE
    ]
    own = next((arm for arm in confirmation["arms"] if arm["name"] == BASELINE), None)
    if own is not None:
        tuned = ", tuned by nobody" if confirmation["is_untuned"] else ""
        caveats.append(f"the baseline has the recipe of {own['source']}{tuned}: {_recipe(own)}")
    return replace(about, nuisance=(), held=(), caveats=(*about.caveats, *caveats))


def _recipe(arm: Mapping[str, Any]) -> str:
    parts = {**arm["settings"], **arm["nuisance"]}
    return ", ".join(f"{name} {label_of(value)}" for name, value in parts.items()) or "as it is"
