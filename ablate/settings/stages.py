"""The stages of a training: what moves when, and towards which loss."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ablate.errors import ConfigError, nearest
from ablate.numbers import is_number

KEYS: Final = ("share", "parts", "objective", "loss")
FUSION: Final = "fusion"  # the objective that every network has: the study's loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of a training with its own moving parts and its own loss.

    Args:
        first: The first step of the stage, counted from 1.
        last: Its last step, included.
        parts: Names of the parts of the network that move; empty: all.
        objective: "fusion", the study's loss on the fused image, or an objective of the network.
        loss: Settings of the section `loss` that differ in this stage.
    """

    first: int
    last: int
    parts: tuple[str, ...] = ()
    objective: str = FUSION
    loss: Mapping[str, Any] = field(default_factory=dict)


def stages_of(raw: Sequence[Mapping[str, Any]] | None, *, steps: int) -> tuple[Stage, ...]:
    """Return the stages of a training of so many steps; one over all of it where none are given.

    Shares are laid end to end and rounded to steps; the last stage ends with the training.

    Raises:
        ConfigError: A stage has no step at this length.

    Example:
        >>> [(one.first, one.last) for one in stages_of([{"share": 1 / 3}, {}], steps=120)]
        [(1, 40), (41, 120)]
    """
    if not raw:
        return (Stage(first=1, last=steps),)
    shares = _shares(raw)
    ends = [round(steps * math.fsum(shares[: index + 1])) for index in range(len(raw))]
    ends[-1] = steps
    made = tuple(
        Stage(
            first=first + 1,
            last=last,
            parts=tuple(one.get("parts", ())),
            objective=str(one.get("objective", FUSION)),
            loss=dict(one.get("loss", {})),
        )
        for one, first, last in zip(raw, [0, *ends[:-1]], ends, strict=True)
    )
    faults = [
        f"train.stages[{index}].share: {raw[index].get('share')} of {steps} steps is less than one "
        "step; raise the share or train.steps"
        for index, one in enumerate(made)
        if one.last < one.first
    ]
    if faults:
        raise ConfigError(*faults)
    return made


def fault_of(raw: Any) -> str | None:
    """Return the error in the form of `train.stages`, None where it is fine."""
    if not isinstance(raw, list | tuple) or not raw:
        example = "[{share: 0.3, parts: [encoder]}, {}]"
        return f"must be a list of stages such as {example}, got {raw!r}"
    for index, one in enumerate(raw):
        text = next(_stage_faults(one, is_last=index == len(raw) - 1), None)
        if text:
            return f"stage {index + 1}: {text}"
    given = math.fsum(one["share"] for one in raw if "share" in one)
    if "share" in raw[-1] and abs(given - 1) > 1e-6:
        return f"the shares add up to {given:g}, not to 1; leave out the share of the last stage"
    if "share" not in raw[-1] and given >= 1:
        return f"the shares before the last stage add up to {given:g}; nothing is left for the last"
    return None


def _stage_faults(one: Any, *, is_last: bool) -> Iterator[str]:
    if not isinstance(one, Mapping):
        yield f"must be a mapping with {', '.join(KEYS)}, got {one!r}"
        return
    for key in one:
        if key not in KEYS:
            yield f"no such setting as {key!r}; {nearest(str(key), KEYS)}"
    share, parts, loss = one.get("share"), one.get("parts", ()), one.get("loss", {})
    if share is None and not is_last:
        yield "share is missing; only the last stage may leave it out"
    if share is not None and not (is_number(share) and 0 < share <= 1):
        yield f"share must be a number above 0 and at most 1, got {share!r}"
    if not isinstance(parts, list | tuple) or not all(isinstance(name, str) for name in parts):
        yield f"parts must be a list of names of parts of the network, got {parts!r}"
    if not isinstance(loss, Mapping):
        yield f"loss must be a mapping of settings of the loss, got {loss!r}"
    if not isinstance(one.get("objective", FUSION), str):
        yield f"objective must be a name, got {one['objective']!r}"


def _shares(raw: Sequence[Mapping[str, Any]]) -> list[float]:
    before = [float(one["share"]) for one in raw[:-1]]
    return [*before, float(raw[-1].get("share", 1 - math.fsum(before)))]
