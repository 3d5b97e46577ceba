"""`over: loss.terms` in a phase, `compare: loss.terms` in a question: a factor per term.

Written out before the file is checked: the weight of each term becomes a dimension and a factor of
its name, so designs, questions and tables treat terms as any other component.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ablate.config.errors import Errors
from ablate.errors import nearest

OVER: Final = "loss.terms"
ADDS: Final = "add_one_in"
SHORT: Final = {  # terms that settings of the section say, in their order
    "intensity": "intensity_weight",
    "gradient": "gradient_weight",
    "ssim": "ssim_weight",
}


def written_out(
    tree: Mapping[str, Any], base: Mapping[str, Any], errors: Errors
) -> Mapping[str, Any]:
    """Return the study with its terms as factors where it asks for them, else the study itself."""
    phases = dict(_asking(tree.get("phases"), "options", "over"))
    questions = dict(_asking(tree.get("questions"), None, "compare"))
    if not phases and not questions:
        return tree
    weights = _weights(base.get("loss"))
    if len(weights) < 2:
        at = f"phases.{next(iter(phases))}.options.over" if phases else "questions"
        errors.add(at, f"{OVER} has {len(weights)} terms with a weight; raise that of another term")
        return tree
    adding = [name for name, phase in phases.items() if phase.get("design") == ADDS]
    if adding and len(adding) < len(phases):
        text = "begins without the terms and another phase with them; make a study of each"
        errors.add(f"phases.{adding[0]}.options.over", text)
    kept = [_kept(name, phases[name], weights, errors) for name in adding]
    found = {
        name: {"path": path, "type": "categorical", "choices": [weight, 0]}
        | ({"choices": [0, weight], "baseline": 0} if adding else {"baseline": weight})
        for name, (path, weight) in weights.items()
        if name not in kept
    }
    space = _mapping(tree.get("space"))
    return {
        **tree,
        "space": {**space, "dimensions": {**found, **_mapping(space.get("dimensions"))}},
        "factors": {**{name: {} for name in found}, **_mapping(tree.get("factors"))},
        "phases": {
            name: _without_over(phase) if name in phases else phase
            for name, phase in _mapping(tree.get("phases")).items()
        },
        "questions": {
            name: {**question, "compare": [*found], "contrasts": "baseline"}
            if name in questions
            else question
            for name, question in _mapping(tree.get("questions")).items()
        },
    }


def _asking(entries: Any, inside: str | None, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in _mapping(entries).items():
        place = _mapping(entry).get(inside) if inside else entry
        if _mapping(place).get(key) == OVER:
            yield name, entry


def _weights(loss: Any) -> dict[str, tuple[str, Any]]:
    """Return name -> path and value of the weights that are not 0."""
    section = _mapping(loss)
    found = {name: (f"loss.{key}", section.get(key, 0)) for name, key in SHORT.items()}
    found = {name: one for name, one in found.items() if one[1] != 0}
    for name, term in _mapping(section.get("terms")).items():
        if isinstance(term, Mapping):
            found[name] = f"loss.terms.{name}.weight", term.get("weight", 1.0)
    return {name: one for name, one in found.items() if one[1] != 0}


def _kept(
    name: str, phase: Mapping[str, Any], weights: Mapping[str, Any], errors: Errors
) -> str | None:
    """Return the term that stays in every row: something has to be trained."""
    keep = phase["options"].get("keep", next(iter(weights)))
    if keep not in weights:
        text = f"no term with a weight is called {keep!r}; {nearest(str(keep), weights)}"
        errors.add(f"phases.{name}.options.keep", text)
        return None
    return str(keep)


def _without_over(phase: Mapping[str, Any]) -> dict[str, Any]:
    options = {k: v for k, v in phase["options"].items() if k not in ("over", "keep")}
    rest = {key: value for key, value in phase.items() if key != "options"}
    return {**rest, "options": options} if options else rest


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
