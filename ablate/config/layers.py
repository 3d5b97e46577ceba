"""Lay defaults, group files, the study's `base` and the command line over each other."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ablate.config.errors import Errors
from ablate.config.overrides import NAMED, SECTIONS, Overrides
from ablate.config.schema import PATHS
from ablate.config.settings import absent_sections, task_of
from ablate.settings.executor import DEFAULT
from ablate.settings.recipes import recipe
from ablate.settings.train import over

Group = Callable[[str, str], dict[str, Any] | None]  # section, name -> content, None if no file


def layered(
    tree: Mapping[str, Any],
    typed: Mapping[str, Any],
    asked: Overrides,
    *,
    trial: Mapping[str, Any],
    group: Group,
    faults: Errors,
) -> dict[str, Any]:
    """Return the study with `base` and `executor` filled in.

    Args:
        tree: The composed study file.
        typed: What the settings of the command line alone say.
        asked: The overrides; its choices name group files.
        trial: The packaged defaults of one training.
        group: Reads a group file.
        faults: Where wrong types go.
    """
    study = faults.mapping("base", tree.get("base"))
    words = faults.mapping("base", typed.get("base"))
    base: dict[str, Any] = {key: value for key, value in study.items() if key not in SECTIONS}
    choice = asked.choices.get("task")
    if choice or study.get("task") is not None or words.get("task") is not None:
        base["task"] = _over(
            _named("task", choice, study.get("task"), {}, group), words.get("task")
        )
    absent = absent_sections(task_of(base))
    if "data" in absent:  # its settings and metrics have defaults of their own, in its code
        trial = {**trial, "metrics": {}}
    trial = {section: part for section, part in trial.items() if section not in absent}
    base |= {section: study[section] for section in absent if section in study}
    for section in (section for section in SECTIONS if section in trial):
        choice = asked.choices.get(section)
        if section in NAMED:
            part = _named(section, choice, study.get(section), trial[section], group)
        else:
            laid = (trial[section], study.get(section), group(section, choice) if choice else None)
            if section == "train":
                base[section] = _train([*laid, words.get(section)], faults)
                continue
            part = functools.reduce(_over, laid)
        base[section] = _over(part, words.get(section))
    executor = _named(
        "executor", asked.choices.get("executor"), tree.get("executor"), {"name": DEFAULT}, group
    )
    return {**tree, "base": base, "executor": _over(executor, typed.get("executor"))}


def merged(lower: Any, upper: Any) -> Any:
    """Return the upper value, mappings merged key by key."""
    if not (isinstance(lower, Mapping) and isinstance(upper, Mapping)):
        return upper
    both = dict(lower)
    for key, value in upper.items():
        both[key] = merged(both[key], value) if key in both else value
    return both


def _train(layers: Sequence[Any], faults: Errors) -> Any:
    """Return the section `train`: layers over each other, the last preset under its own layer."""
    named = [
        index for index, one in enumerate(layers) if isinstance(one, Mapping) and "preset" in one
    ]
    section: Any = {}
    for index, layer in enumerate(layers):
        if layer is None:
            continue
        if not isinstance(layer, Mapping):
            return layer  # check() says that it must be a mapping
        own = {key: value for key, value in layer.items() if key != "preset"}
        if named and index == named[-1]:
            values, text = recipe(layer["preset"])
            if text:
                faults.add("base.train.preset", text)
            own = over(values, own)
        section = over(section, own)
    return section


def _over(lower: Any, upper: Any) -> Any:
    """Return both sections merged; an absent one changes nothing."""
    return lower if upper is None else merged(lower, upper)


def _named(
    section: str, choice: str | None, study: Any, trial: Mapping[str, Any], group: Group
) -> Any:
    """Return a section whose `name` chooses its defaults.

    Where the command line chooses another name than the study, those settings of the study stay
    that the other one has too, paths excepted.
    """
    if isinstance(study, str):
        study = {"name": study}
    study = {} if study is None else study
    if not isinstance(study, dict):
        return study  # check() says that it must be a mapping
    before = trial.get("name") if study.get("name") is None else study["name"]
    name = choice or before
    if not isinstance(name, str):
        return study
    defaults = group(section, name)
    if choice and choice != before:
        shared = {"crop", "slots"} if defaults is None else set(defaults) - set(PATHS)
        shared |= {"limit", "tests"} if section == "data" else set()
        study = {key: value for key, value in study.items() if key in shared}
    return merged(merged(defaults or {}, study), {"name": name})
