"""Named terms of a loss section: their one spelling, and every fault of them; knows no torch."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final

from ablate.errors import nearest
from ablate.settings.loss import TERM_NAME
from ablate.settings.setting import NOTHING, Setting, faults_of_values
from ablate.settings.terms import GRADIENT, LEARNED, RAMPS, WHOLE, kinds, of_kind, own_settings

SHORT: Final = ("intensity", "gradient", "ssim")  # the terms that the other settings say
TAKEN: Final = ("loss",)
Term = Mapping[str, Any]
Canonical = Callable[[Mapping[str, Any]], dict[str, Any]]


def full_term(term: Term) -> dict[str, Any]:
    """Return a term with the defaults of its kind, and what it meant before a setting existed."""
    known = of_kind(term.get("kind"))
    defaults = {
        name: one.default if one.absent is NOTHING else one.absent
        for name, one in known.items()
        if one.default is not NOTHING or one.absent is not NOTHING
    }
    return {**defaults, **{name: value for name, value in term.items() if value is not None}}


def counts(term: Term) -> bool:
    """Return whether a term ever has a weight."""
    is_ramp = term.get("schedule") in RAMPS
    return bool(term.get("weight", 1.0)) or bool(is_ramp and term.get("weight_from", 0.0))


def is_learned(terms: Any) -> bool:
    """Return whether a term of a section has a weight that is trained with the network."""
    return any(
        term is not None and term.get("weight") == LEARNED for term in (terms or {}).values()
    )


def opponents(terms: Any) -> list[str]:
    """Return the names of the terms of a section that learn against the network."""
    return [
        name
        for name, term in (terms or {}).items()
        if term is not None and counts(term) and _learns(term)
    ]


def _learns(term: Term) -> bool:
    kind = kinds().get(str(term.get("kind")))
    return kind is not None and bool(kind.facts.get("learns"))


def canonical_terms(terms: Any, *, of_gradient: Canonical) -> dict[str, Any]:
    """Return the terms in one spelling: sorted, of weight 0 none, without what has no effect.

    Args:
        terms: The mapping of a section; null is none.
        of_gradient: The canonical form of the settings of a gradient term.
    """
    if not isinstance(terms, Mapping):
        return terms or {}
    found = {}
    for name, term in sorted(terms.items(), key=lambda item: str(item[0])):
        if isinstance(term, Mapping):
            if counts(term):
                found[name] = _canonical_term(term, of_gradient)
        elif term is not None:
            found[name] = term  # `check` refuses it
    return found


def _canonical_term(term: Term, of_gradient: Canonical) -> dict[str, Any]:
    full, known = full_term(term), of_kind(term.get("kind"))
    if full.get("kind") == GRADIENT:
        own = {name: value for name, value in full.items() if name in own_settings(GRADIENT)}
        rest = {name: value for name, value in full.items() if name not in own}
        own = of_gradient(own)
    else:
        own, rest = {}, full
    kept = {name: value for name, value in rest.items() if _matters(name, value, known, full)}
    return dict(sorted({**kept, **own}.items()))


def _matters(name: str, value: Any, known: Mapping[str, Setting], full: Term) -> bool:
    if name in ("kind", "weight"):
        return True
    if name in ("schedule", "region") or (name == "from" and value == 0):
        return bool(value not in ("on_off", WHOLE, 0))
    if name == "region_mean":
        return bool(full.get("region", WHOLE) != WHOLE and value != "whole")
    setting = known.get(name)
    return setting is None or setting.has_effect(full)


def term_faults(
    section: Mapping[str, Any],
    *,
    names: Mapping[str, Collection[str]],
    of_gradient: Callable[[Mapping[str, Any]], list[str]],
    steps: int | None,
    crop_px: int,
    features: Collection[str] | None,
) -> list[str]:
    """Return the faults of the named terms of a whole section, one line each.

    Args:
        section: The loss section, its defaults filled in.
        names: Registered names by kind.
        of_gradient: Returns the faults of the settings of a gradient term.
        steps: Training steps, where they are known.
        crop_px: Side of a training crop.
        features: What the network hands out; None where it is not known.
    """
    faults: list[str] = []
    for name, term in (section.get("terms") or {}).items():
        if term is None:
            continue
        found = _faults(term, names, of_gradient, steps, crop_px)
        if not found and counts(term) and features is not None:
            found = _unread(term, features)
        found = [f".{text}" for text in found]
        if name in TAKEN or not TERM_NAME.fullmatch(str(name)):
            found.insert(0, ": cannot be the name of a term; choose another")
        elif name in SHORT and section.get(f"{name}_weight"):
            found.insert(
                0,
                f": {name}_weight: {section[f'{name}_weight']:g} makes a term of this name; set "
                "it to 0 or choose another name",
            )
        faults += [f"loss.terms.{name}{text}" for text in found]
    return faults


def _faults(
    term: Term,
    names: Mapping[str, Collection[str]],
    of_gradient: Callable[[Mapping[str, Any]], list[str]],
    steps: int | None,
    crop_px: int,
) -> list[str]:
    if "kind" not in term:
        return [f"kind: is missing; {nearest('', kinds())}"]
    if term["kind"] not in kinds():
        return [f"kind: no such name as {term['kind']!r}; {nearest(str(term['kind']), kinds())}"]
    known = of_kind(term["kind"])
    if unknown := [name for name in term if name not in known]:
        return [
            f"{name}: no such setting of a term of kind {term['kind']}; {nearest(name, known)}"
            for name in unknown
        ]
    given = {name: value for name, value in full_term(term).items() if name in known}
    if wrong := faults_of_values(known, given, at="", known=names):
        return [text.removeprefix(".") for text in wrong]
    if term["kind"] == GRADIENT:
        own = {name: value for name, value in given.items() if name in own_settings(GRADIENT)}
        if wrong := of_gradient(own):
            return [text.removeprefix("loss.") for text in wrong]
    return [
        *_size_faults(given, crop_px),
        *_schedule_faults(given, steps),
        *_region_faults(given),
        *_weights_faults(given),
    ]


def _size_faults(term: Term, crop_px: int) -> list[str]:
    faults = [
        f"{name}: must be odd, so that it has a middle, got {term[name]}"
        for name in ("band_px", "around_px", "blur_px", "ring_px", "ring_blur_px", "region_px")
        for side in (term[name] if isinstance(term.get(name), list) else [term.get(name, 1)])
        if side % 2 == 0
    ]
    if term["kind"] == "ssim":
        least_px = term["window_px"] * 2 ** (term["scales"] - 1)
        if least_px > crop_px:
            faults.append(
                f"window_px: {term['window_px']} px on {term['scales']} scales need crops of "
                f"{least_px} px, got {crop_px}; lower it or raise data.crop"
            )
    if term["kind"] == "laplacian" and crop_px < 4 * 2 ** term["bands"]:
        faults.append(
            f"bands: {term['bands']} bands need crops of {4 * 2 ** term['bands']} px, got "
            f"{crop_px}; use fewer or raise data.crop"
        )
    return faults


def _schedule_faults(term: Term, steps: int | None) -> list[str]:
    begin, end = term["from"], term.get("until")
    if term["weight"] == LEARNED and _learns(term):
        return [
            f"weight: {term['kind']} learns against the network, which would learn to ignore it; "
            "write a number"
        ]
    if term["weight"] == LEARNED and term["schedule"] in RAMPS:
        return [f"schedule: a learned weight has no {term['schedule']} schedule; use on_off"]
    if end is None:
        if term["schedule"] in RAMPS:
            return [f"until: is missing; say at which step {term['schedule']} ends"]
    elif end <= begin:
        return [f"until: must be above from, got {end} and {begin}"]
    if steps is not None and begin >= steps and term["schedule"] == "on_off":
        return [f"from: {begin} is after all of the {steps} steps of train.steps; lower it"]
    return []


def _region_faults(term: Term) -> list[str]:
    if term["region"] == WHOLE or kinds()[term["kind"]].facts.get("gives") != "scalar":
        return []
    return [
        f"region: {term['kind']} is one number for a batch, which has no {term['region']}; leave "
        "the region out or use another kind"
    ]


def _weights_faults(term: Term) -> list[str]:
    if term["kind"] != "perceptual" or Path(term.get("weights") or "").is_file():
        return []
    file = term.get("weights")
    what = f"{file} is not a file" if file else "are missing, and none are fetched"
    return [
        f"weights: {what}; save torchvision's {term['network']} with safetensors.torch.save_file "
        "and name that file"
    ]


def _unread(term: Term, features: Collection[str]) -> list[str]:
    wanted = kinds()[term["kind"]].facts.get("reads", "").split()
    wanted += [full_term(term)["feature"]] if "feature" in of_kind(term["kind"]) else []
    missing = [name for name in wanted if name not in features]
    if not missing:
        return []
    has = f"it has {', '.join(features)}" if features else "it hands out its image alone"
    return [
        f"kind: {term['kind']} reads {', '.join(missing)}, which the network does not hand out; "
        f"{has}"
    ]
