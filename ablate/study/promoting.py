"""The study file that trains the settings of a trial at length, with several seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ablate.config.loading import load
from ablate.config.locations import STUDY
from ablate.design_names import BASELINE_ONLY
from ablate.errors import ConfigError
from ablate.study.names import known
from ablate.training.spec import RunSpec
from ablate.writing import replacing


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What is to be trained at length.

    Args:
        spec: Of the run whose settings are taken.
        value: Its objective; None where it has none.
        name: Of the new study.
        steps: Of each training.
        seeds: How many trainings.
    """

    spec: RunSpec
    value: float | None
    name: str
    steps: int
    seeds: int


def write(wanted: Promotion, folder: Path) -> Path:
    """Write the study into a folder, checked, or nothing at all; return its file.

    Raises:
        ConfigError: The name cannot name a study or is taken, or the study is refused.
    """
    if not STUDY.fullmatch(wanted.name) or "@" in wanted.name:
        raise ConfigError(
            f"--as: {wanted.name!r} cannot name a study; use letters, digits, . _ and -"
        )
    path = folder / f"{wanted.name}.yaml"
    if path.exists():
        raise ConfigError(f"{path}: exists; choose another name by --as")
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_text(text_of(wanted), encoding="utf-8")
    try:
        load(path, (), known=known())
    except ConfigError:
        path.unlink()
        raise
    return path


def text_of(wanted: Promotion) -> str:
    """Return the file's text."""
    spec = wanted.spec
    settings: dict[str, Any] = {name: _plain(part) for name, part in spec.settings.items()}
    settings["train"]["steps"] = wanted.steps
    score = "" if wanted.value is None else f", {spec.objective} {wanted.value:.4f}"
    content = {
        "title": f"Trial {spec.trial} of {spec.study} at length: {spec.name}",
        "phases": {"train": {"design": BASELINE_ONLY, "seeds": wanted.seeds}},
        "objective": spec.objective,
        "base": settings,
    }
    head = f"# @package _global_\n# From run {spec.run_id}{score}, written by ablate promote.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _plain(value: Any) -> Any:
    """Return mappings and lists that YAML can write."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
