"""Which settings a run has, of what type, in which range; the table behind `base`."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ablate.config.apply import leaves
from ablate.config.errors import Errors, short
from ablate.errors import nearest
from ablate.registry import declared
from ablate.settings.network import OF_NETWORKS, NetworkSettings
from ablate.settings.setting import Known, Setting, settings_of
from ablate.settings.train import TrainSettings, faults_of

FUSION = "fusion"  # the task of a study that names none
OF_FUSION = ("data", "model", "loss")  # sections that other tasks do not have

# Names that need no plug-in look-up; the caller's `known` replaces an entry as a whole.
BUILT_IN: dict[str, Collection[str]] = {
    "designs": (
        "add_one_in",
        "baseline_only",
        "blocked",
        "confirm",
        "fractional_factorial",
        "full_factorial",
        "leave_one_out",
        "one_factor",
        "path",
        "search",
        "sobol",
    ),
    "tasks": (FUSION,),
    "data": ("synthetic", "msrs", "roadscene", "tno", "m3fd", "fmb", "llvip", "folders"),
    "data.small": ("refuse", "pad"),
    "models": ("cddfuse", "densefuse", "probe", "restormer", "seafusion", "unet"),
    "metrics": ("en", "mi", "sd", "scd", "vif", "qabf"),
    "executors": ("inline", "local", "processes", "ray", "slurm"),
    "losses.operator": (
        *declared("ablate.imaging.gradients", "OPERATORS"),
        *declared("ablate.imaging.laplacians", "LAPLACIANS"),
    ),
    "losses.weights": ("equal", "geometric"),
    "losses.scales": ("powers",),
}


def _int(low: int, high: float = math.inf) -> Setting:
    return Setting(type="int", low=low, high=high)


def _own(network: str) -> dict[str, Setting]:
    return settings_of(OF_NETWORKS[network])


def _name(kind: str) -> Setting:
    return Setting(type="name", kind=kind)


_AT_LEAST_0 = Setting(type="float", low=0)
_ABOVE_0 = Setting(type="float", above=0)
_PATH = Setting(type="text", may_be_null=True, may_be_absent=True)
_SHARE = Setting(type="float", above=0, high=0.9, may_be_absent=True)
_LIMIT = Setting(type="int", low=1, may_be_null=True, may_be_absent=True)  # null: the whole split
_LARGEST_PX = 8192  # side of an image
_MOST = 1_000_000
_WIDEST = 4096
_DEEPEST = 64
_PUBLISHED_SPLIT = {"root": _PATH, "splits": _PATH, "val_share": _SHARE}
_OWN_SPLIT = {**_PUBLISHED_SPLIT, "test_share": _SHARE}
_OF_NETWORKS = settings_of(NetworkSettings)
COMMON: dict[str, Setting] = {
    "data.name": _name("data"),
    "data.crop": _int(8, _LARGEST_PX),
    "data.small": Setting(type="name", kind="data.small", may_be_absent=True),
    "data.limit.train": _LIMIT,
    "data.limit.val": _LIMIT,
    "data.limit.test": _LIMIT,
    "model.name": _name("models"),
    "loss.preset": Setting(type="name", kind="losses.preset", may_be_absent=True),
    "loss.mix": Setting(type="name", kind="losses.mix", may_be_absent=True),
    "loss.operator": _name("losses.operator"),
    "loss.gain": _name("losses.gain"),
    "loss.y_axis": _name("losses.y_axis"),
    "loss.components": _name("losses.components"),
    "loss.sign": _name("losses.sign"),
    "loss.selection": _name("losses.selection"),
    "loss.gate_slope": _ABOVE_0,
    "loss.compared": Setting(type="name", kind="losses.compared", may_be_absent=True),
    "loss.selected": _name("losses.selected"),
    "loss.ties": Setting(type="name", kind="losses.ties", may_be_absent=True),
    "loss.tied_target": Setting(type="name", kind="losses.tied_target", may_be_absent=True),
    "loss.target_exponent": Setting(type="float", above=0, may_be_absent=True),
    "loss.penalty": _name("losses.penalty"),
    "loss.knee": _ABOVE_0,
    "loss.levels": _int(1, 8),
    "loss.scales": Setting(type="numbers", kind="losses.scales"),
    "loss.ratio": Setting(type="float", above=0, high=0.99),
    "loss.resampler": _name("losses.resampler"),
    "loss.resampled_from": _name("losses.resampled_from"),
    "loss.weights": Setting(type="numbers", kind="losses.weights"),
    "loss.weight_growth": _ABOVE_0,
    "loss.padding": _name("losses.padding"),
    "loss.norm": _name("losses.norm"),
    "loss.lambda_policy": _name("losses.lambda_policy"),
    "loss.warmup_steps": _int(0, 10**9),
    "loss.gradient_weight": _AT_LEAST_0,
    "loss.intensity": _name("losses.intensity"),
    "loss.intensity_weight": _AT_LEAST_0,
    "loss.ssim_weight": _AT_LEAST_0,
    "loss.ssim_to": Setting(type="name", kind="losses.ssim_to", may_be_absent=True),
    "loss.ssim_padding": Setting(type="name", kind="losses.ssim_padding", may_be_absent=True),
    **{f"train.{name}": setting for name, setting in settings_of(TrainSettings).items()},
    "metrics.protocol": _name("protocols"),
    "metrics.names": Setting(type="names", kind="metrics"),
}
OF_NAME: dict[str, dict[str, dict[str, Setting]]] = {
    "data": {
        "synthetic": {
            "root": _PATH,
            "pairs.train": _int(1, _MOST),
            "pairs.val": _int(1, _MOST),
            "pairs.test": _int(1, _MOST),
            "size": Setting(type="size", low=16, high=_LARGEST_PX),
            "seed": _int(0),
        },
        "msrs": _PUBLISHED_SPLIT,
        "fmb": _PUBLISHED_SPLIT,
        "llvip": _PUBLISHED_SPLIT,
        "roadscene": _OWN_SPLIT,
        "tno": _OWN_SPLIT,
        "m3fd": _OWN_SPLIT,
        "folders": {**_OWN_SPLIT, "infrared": _PATH, "visible": _PATH},
    },
    "model": {
        "densefuse": {"width": _int(1, _WIDEST), **_own("densefuse"), **_OF_NETWORKS},
        "seafusion": {"width": _int(1, _WIDEST), **_own("seafusion"), **_OF_NETWORKS},
        "unet": {"width": _int(1, _WIDEST), "depth": _int(1, 6), **_own("unet"), **_OF_NETWORKS},
        "restormer": {
            "width": _int(2, _WIDEST),
            "depth": _int(1, 4),
            **_own("restormer"),
            **_OF_NETWORKS,
        },
        "cddfuse": {
            "width": _int(2, _WIDEST),
            "blocks": _int(1, _DEEPEST),
            "heads": _int(1, _WIDEST),
            "couplings": _int(1, _DEEPEST),
            **_own("cddfuse"),
            **_OF_NETWORKS,
        },
        "probe": {"noise": _AT_LEAST_0},
    },
    "task": {},  # those of plug-ins: their own constructors check the values
}


def merged_names(known: Known | None) -> dict[str, Collection[str]]:
    """Return the built-in names by kind, replaced by those of the caller."""
    return {**BUILT_IN, **(known or {})}


def task_of(base: Mapping[str, Any]) -> str:
    """Return the name of the task, fusion where none is named."""
    section = base.get("task")
    name = section.get("name") if isinstance(section, Mapping) else section
    return name if isinstance(name, str) else FUSION


def table_of(base: Mapping[str, Any]) -> dict[str, Setting]:
    """Return dotted path -> setting for the task, the data set and the model that `base` names."""
    table = {"task.name": _name("tasks")} if "task" in base else {}
    table |= COMMON
    if task_of(base) != FUSION:
        others = (*OF_FUSION, "metrics.protocol")
        return {path: setting for path, setting in table.items() if not path.startswith(others)}
    for section, of_name in OF_NAME.items():
        part = base.get(section)
        name = part.get("name") if isinstance(part, Mapping) else None
        of_this = of_name.get(name, {}) if isinstance(name, str) else {}
        table.update({f"{section}.{key}": setting for key, setting in of_this.items()})
    return table


def is_open(path: str, base: Mapping[str, Any], known: Known) -> bool:
    """Return True for a setting of a plug-in whose signature is not in the table.

    `known` may name the settings of a plug-in under "data.<name>" or "model.<name>".
    """
    section, _, key = path.partition(".")
    part = base.get(section)
    name = part.get("name") if isinstance(part, Mapping) else None
    if section not in OF_NAME or not isinstance(name, str) or name in OF_NAME[section]:
        return False
    plural = {"model": "models", "task": "tasks"}.get(section, section)
    if name not in known.get(plural, ()):
        return True  # its name is the fault, not its settings
    settings = known.get(f"{section}.{name}")
    return settings is None or key.partition(".")[0] in settings


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks of one file share: where faults go, the base settings, the names known."""

    faults: Errors
    base: dict[str, Any]
    known: Known

    def setting_fault(self, path: str, value: Any) -> str | None:
        """Return what is wrong with setting the dotted path to a value."""
        table = table_of(self.base)
        if path in table:
            return table[path].fault(value, self.known)
        if is_open(path, self.base, self.known):
            return None
        return _unknown(path, table, own=_own_settings(path, self.base, self.known))


def check_base(context: Context) -> None:
    """Enter every unknown, missing or wrong setting."""
    faults, base, known = context.faults, context.base, context.known
    table = table_of(base)
    sections = dict.fromkeys(path.partition(".")[0] for path in table)
    faults.unknown_keys("base", base, sections, "section")
    whole = {k: v for k, v in base.items() if k in sections and isinstance(v, Mapping)}
    for section in sections:
        if section in base and section not in whole:
            faults.add(f"base.{section}", f"must be a mapping, got {short(base[section])}")
    flat = dict(leaves(whole))
    for path, value in flat.items():
        setting = table.get(path)
        if setting is not None:
            text = setting.fault(value, known)
            if text:
                faults.add(f"base.{path}", text)
        elif any(other.startswith(f"{path}.") for other in table):
            faults.add(f"base.{path}", f"must be a mapping, got {short(value)}")
        elif not is_open(path, base, known):
            own = _own_settings(path, base, known)
            faults.add(f"base.{path}", _unknown(path, table, own=own))
    missing: list[str] = []
    for path, setting in table.items():
        inside = any(path.startswith(f"{other}.") for other in flat)
        below = any(other.startswith(f"{path}.") for other in flat)
        needed = path.partition(".")[0] in whole and not setting.may_be_absent
        needed = needed and not (path == "train.steps" and "train.epochs" in flat)
        if needed and path not in flat and not inside and not below:
            missing.append(path)
    for path in missing:
        name = f"{faults.where}: base.{path.partition('.')[0]}.name: "
        if not any(line.startswith(name) for line in faults.lines):  # then that is the fault
            faults.add(f"base.{path}", "is missing; set it")
    _check_lengths(faults, flat)
    _check_train(faults, whole.get("train"))


def _check_train(faults: Errors, train: Any) -> None:
    """Enter what the settings of a training, each right by itself, cannot be together."""
    if train is None:
        return
    began = f"{faults.where}: base.train."
    wrong = [line.removeprefix(began) for line in faults.lines if line.startswith(began)]
    fine = {
        name: value
        for name, value in train.items()
        if not any(line.startswith((f"{name}:", f"{name}.")) for line in wrong)
    }
    for text in faults_of(fine):
        path, _, what = text.partition(": ")
        faults.add(f"base.{path}", what)


def _check_lengths(faults: Errors, flat: Mapping[str, Any]) -> None:
    """Enter a fault for a list that has not one number per level."""
    levels = flat.get("loss.levels")
    for name in ("weights", "scales"):
        numbers = flat.get(f"loss.{name}")
        if isinstance(numbers, list) and isinstance(levels, int) and len(numbers) != levels:
            faults.add(f"base.loss.{name}", f"has {len(numbers)} {name} for {levels} levels")
    depth = flat.get("model.depth")
    for name in ("blocks", "heads"):
        numbers = flat.get(f"model.{name}")
        if isinstance(numbers, list) and isinstance(depth, int) and len(numbers) != depth + 1:
            faults.add(
                f"base.model.{name}",
                f"has {len(numbers)} numbers for {depth + 1} stages (depth + 1); give one number "
                "for all of them or one for each",
            )


def _own_settings(path: str, base: Mapping[str, Any], known: Known) -> Collection[str]:
    """Return the settings of the plug-in that the section of a path names."""
    section = path.partition(".")[0]
    part = base.get(section)
    name = part.get("name") if isinstance(part, Mapping) else None
    return known.get(f"{section}.{name}", ())


def _unknown(path: str, table: Mapping[str, Setting], *, own: Collection[str]) -> str:
    section, _, key = path.partition(".")
    keys = [other.partition(".")[2] for other in table if other.startswith(f"{section}.")]
    keys += [name for name in own if name not in keys]
    if not keys:
        sections = {other.partition(".")[0] for other in table}
        return f"no such setting as {path!r}; {nearest(section, sections)}"
    return f"no such setting of {section}; {nearest(key, keys)}"
