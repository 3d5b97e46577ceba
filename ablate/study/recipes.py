"""From values to a recipe: settings with what is inert left out, and the names they hash to."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate import losses
from ablate.config.apply import active, apply, violations
from ablate.config.schema import PATHS, StudyConfig
from ablate.errors import ConfigError
from ablate.identity import JsonValue, digest
from ablate.settings.command import COMMAND, NO_IDENTITY
from ablate.settings.loss import loss_settings
from ablate.settings.members import members
from ablate.settings.setting import absent_of, without_inert
from ablate.settings.sources import sources_of
from ablate.settings.train import TrainSettings, in_steps
from ablate.training.budget import at_budget
from ablate.training.tasks import task_of

NOT_IDENTITY_OF_COMMAND = {"task": set(NO_IDENTITY)}  # its code is part of the environment
NOT_IDENTITY = {"data": set(PATHS), "task": set(PATHS), "train": {"gallery"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All settings of a training but its seeds.

    An arm is what is compared: the scientific and the fixed settings, nuisance at its base value,
    and which nuisance it switches off (by `when`): a term with a tuned weight is another arm than
    that term with the weight held. A recipe adds the nuisance values.
    """

    arm_id: str
    recipe_id: str
    name: str  # of the arm, for people
    settings: Mapping[str, Any]
    values: Mapping[str, JsonValue]  # active dimensions of the arm
    nuisance: Mapping[str, JsonValue]  # active nuisance dimensions
    violations: tuple[str, ...]


class Recipes:
    """The recipes of a study, each worked out and checked once, however often it is asked for.

    Args:
        config: The study.
    """

    def __init__(self, config: StudyConfig) -> None:
        self.config = config
        self._found: dict[str, Recipe] = {}
        self._arm_ids: dict[str, str] = {}

    @functools.cached_property
    def base(self) -> dict[str, Any]:
        """The canonical base settings: what runs have where nothing varies them."""
        return canonical(self.config.base)

    def at(
        self,
        values: Mapping[str, Any],
        nuisance: Mapping[str, Any] | None = None,
        *,
        times: float = 1.0,
    ) -> Recipe:
        """Return the recipe at these values: inert settings dropped, identities derived.

        Args:
            values: Dimension -> value.
            nuisance: Nuisance dimension -> value.
            times: Multiple of the steps that the training lasts; an arm at another budget is
                another arm.
        """
        key = repr((dict(values), dict(nuisance or {}), times))
        if key not in self._found:
            self._found[key] = self._worked_out(values, nuisance or {}, times)
        return self._found[key]

    def _worked_out(
        self, values: Mapping[str, Any], nuisance: Mapping[str, Any], times: float
    ) -> Recipe:
        config, both = self.config, {**values, **nuisance}
        kept = active({name: config.varied[name] for name in both}, both, config.base)
        settings = at_budget(canonical(apply(config.base, config.varied, kept)), times)
        kept = {name: value for name, value in kept.items() if _has_effect(config, name, settings)}
        broken = violations(config.constraints, settings, kept)
        broken += _refused(settings)
        of_arm = {name: value for name, value in kept.items() if name not in nuisance}
        recipe_id = digest(identity_of(settings))
        return Recipe(
            arm_id=self._arm_id(of_arm, times) if nuisance or config.switched else recipe_id,
            recipe_id=recipe_id,
            name=arm_name(of_arm) if times == 1 else f"{arm_name(of_arm)} · {times:g}x steps",
            settings=settings,
            values=of_arm,
            nuisance={name: value for name, value in kept.items() if name in nuisance},
            violations=tuple(broken),
        )

    def _arm_id(self, of_arm: Mapping[str, JsonValue], times: float) -> str:
        key = repr((of_arm, times))
        if key not in self._arm_ids:
            config = self.config
            settings = canonical(apply(config.base, config.varied, of_arm))
            identity = identity_of(at_budget(settings, times))
            probed = {
                **of_arm,
                **{name: config.nuisance[name].baseline for name in config.switched},
            }
            kept = active({name: config.varied[name] for name in probed}, probed, config.base)
            off = sorted(name for name in config.switched if name not in kept)
            self._arm_ids[key] = digest([identity, off]) if off else digest(identity)
        return self._arm_ids[key]


def dimension_values(config: StudyConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dimension -> value for factor -> value.

    Where two factors have one dimension, the one that is off its baseline says the value.

    Raises:
        ConfigError: Both are off their baseline and disagree.
    """
    found: dict[str, Any] = {}
    says: dict[str, str] = {}
    for name, value in values.items():
        factor = config.factors[name]
        if factor.dimension not in found or value != factor.baseline:
            other = says.get(factor.dimension)
            if other is not None and value != found[factor.dimension]:
                raise ConfigError(
                    f"the factors {other!r} and {name!r} both set {factor.dimension!r}; use the "
                    "design one_factor, or a study for each"
                )
            found[factor.dimension] = value
            if value != factor.baseline:
                says[factor.dimension] = name
    return found


def canonical(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without those that cannot change the result, epochs as steps."""
    train = settings["train"]
    if "epochs" in train or "warmup_epochs" in train:
        train = in_steps(train, items=_train_items(settings))
    written = {**settings, "train": without_inert(TrainSettings, train)}
    if "loss" in settings:
        sources = sources_of(settings.get("data"))
        loss = losses.canonical(sources.loss_in_places(settings["loss"]))
        written["loss"] = sources.in_names(loss)
    return written


def _train_items(settings: Mapping[str, Any]) -> int:
    """Return the number of items that are trained on."""
    parts = {name: part for name, part in settings.items() if name in ("task", "data", "metrics")}
    return _counted(json.dumps(parts, sort_keys=True), Path.cwd())


@functools.lru_cache(maxsize=8)
def _counted(settings: str, project: Path) -> int:
    """Return the number; the data is read once, as long as the current folder is the same."""
    del project
    return len(task_of(json.loads(settings)).examples().stems("train"))


def identity_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the settings that makes an arm: no paths, no picture counts."""
    plain = _plain()
    is_command = settings.get("task", {}).get("name") == COMMAND
    left_out = {**NOT_IDENTITY, **(NOT_IDENTITY_OF_COMMAND if is_command else {})}
    return {
        section: {
            k: v
            for k, v in part.items()
            if k not in left_out.get(section, ()) and (k, v) not in plain.get(section, {}).items()
        }
        for section, part in settings.items()
    }


def _plain() -> dict[str, dict[str, Any]]:
    """Return values equal to leaving a setting out: studies older than the setting meant these."""
    networks = (absent_of(one.settings) for one in members("models").values())
    sets = (absent_of(one.settings) for one in members("data").values())
    return {
        "data": {name: value for one in sets for name, value in one.items()},
        "train": absent_of(TrainSettings),
        "model": {name: value for network in networks for name, value in network.items()},
        "loss": absent_of(loss_settings()),
    }


def arm_name(values: Mapping[str, Any]) -> str:
    """Name an arm for people: names as they are, numbers with their dimension.

    Example:
        >>> arm_name({"variant": "signed", "ratio": 0.5, "levels": 3})
        'signed · ratio 0.5 · 3 levels'
        >>> arm_name({"scales": [1.0, 0.5, 0.25]})
        'scales 1 0.5 0.25'
    """
    parts = []
    for name, value in values.items():
        if isinstance(value, str):
            parts.append(value)
        elif name == "levels":
            parts.append(f"{value} levels" if value != 1 else "1 level")
        elif isinstance(value, float):
            parts.append(f"{name} {value:.4g}")
        elif isinstance(value, list):
            parts.append(f"{name} {' '.join(f'{number:.3g}' for number in value)}")
        else:
            parts.append(f"{name} {value}")
    return " · ".join(parts) or "baseline"


def _refused(settings: Mapping[str, Any]) -> list[str]:
    """Return why the task cannot be trained under these settings."""
    try:
        return task_of(settings).faults()
    except ConfigError as error:
        return list(error.faults)


def _has_effect(config: StudyConfig, name: str, settings: Mapping[str, Any]) -> bool:
    """Return False for a loss dimension whose setting the canonical form dropped."""
    path = config.varied[name].path or ""
    section, _, key = path.partition(".")
    if section != "loss" or losses.is_written_out(key):
        return True
    if key.startswith("terms."):
        _, name, own = key.split(".")
        return own == "weight" or own in settings["loss"].get("terms", {}).get(name, {})
    return "." in key or key in settings["loss"]
