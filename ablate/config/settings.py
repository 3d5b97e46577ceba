"""Which settings a run has: the table behind `base`, read from the settings classes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ablate.config.apply import leaves
from ablate.config.errors import Errors, short
from ablate.errors import nearest
from ablate.settings.command import COMMAND, SECTION
from ablate.settings.data import DataSettings
from ablate.settings.executor import ExecutorSettings
from ablate.settings.loss import TERM_NAME, loss_settings
from ablate.settings.loss import names as loss_names
from ablate.settings.members import members
from ablate.settings.metrics import MetricSettings
from ablate.settings.setting import Known, Setting, settings_of
from ablate.settings.sources import Sources, sources_of
from ablate.settings.terms import names as term_names
from ablate.settings.terms import of_any_kind, of_kind
from ablate.settings.train import TrainSettings, faults_of

FUSION = "fusion"  # the task of a study that names none
OF_FUSION = ("data", "model", "loss")  # sections that other tasks do not have
PAIRED = {COMMAND: ("model", "loss")}  # tasks that fuse pairs too -> sections they do not have
KIND_OF: Final = {"data": "data", "model": "models", "task": "tasks"}  # section -> kind of its name
REGISTERED: Final = ("data", "models", "metrics", "designs", "executors")  # kinds of members
SEARCH: Final = "search"  # a design that has no file: a sampler is asked again and again


def built_in() -> dict[str, Collection[str]]:
    """Return names by kind that need no plug-in; the caller's `known` replaces an entry."""
    found: dict[str, Collection[str]] = {kind: tuple(members(kind)) for kind in REGISTERED}
    found["designs"] = (*found["designs"], SEARCH)
    found |= {"tasks": (COMMAND, FUSION), f"task.{COMMAND}": SECTION}
    of_losses = {f"losses.{setting}": names for setting, names in loss_names().items()}
    return found | of_losses | term_names()


def common() -> dict[str, Setting]:
    """Return path -> setting of all that every fusion study has."""
    sections: dict[str, Mapping[str, Setting]] = {
        "data": {"name": Setting(type="name", kind="data"), **settings_of(DataSettings)},
        "model": {"name": Setting(type="name", kind="models")},
        "loss": loss_settings(),
        "train": settings_of(TrainSettings),
        "metrics": settings_of(MetricSettings),
    }
    return {
        f"{section}.{name}": setting
        for section, of_section in sections.items()
        for name, setting in of_section.items()
    }


def of_name(section: str, name: object) -> Mapping[str, Setting]:
    """Return the settings that a data set or a network has beside those of every one."""
    if section not in OF_FUSION or section == "loss" or not isinstance(name, str):
        return {}
    member = members(KIND_OF[section]).get(name)
    return member.settings if member else {}


def settings_of_executor(name: str) -> Mapping[str, Setting]:
    """Return the settings of an executor, those of every one among them."""
    member = members("executors").get(name)
    return {**settings_of(ExecutorSettings), **(member.settings if member else {})}


def merged_names(known: Known | None) -> dict[str, Collection[str]]:
    """Return the built-in names by kind, replaced by those of the caller."""
    return {**built_in(), **(known or {})}


def task_of(base: Mapping[str, Any]) -> str:
    """Return the name of the task, fusion where none is named."""
    section = base.get("task")
    name = section.get("name") if isinstance(section, Mapping) else section
    return name if isinstance(name, str) else FUSION


def absent_sections(task: str) -> tuple[str, ...]:
    """Return the sections of fusion that a task does not have."""
    return () if task == FUSION else PAIRED.get(task, OF_FUSION)


def table_of(base: Mapping[str, Any]) -> dict[str, Setting]:
    """Return dotted path -> setting for the task, the data set and the model that `base` names.

    Sources stand in paths and choices as the data set calls them.
    """
    table = {"task.name": Setting(type="name", kind="tasks")} if "task" in base else {}
    table |= common()
    task = task_of(base)
    others = absent_sections(task)
    if "data" in others:
        others = (*others, "metrics.protocol")
    table = {path: setting for path, setting in table.items() if not path.startswith(others)}
    for section in ("data", "model"):
        if section in others:
            continue
        of_this = of_name(section, _name_in(section, base))
        table |= {f"{section}.{key}": setting for key, setting in of_this.items()}
    return in_names(table | _of_terms(base), sources_of(base.get("data")))


def in_names(table: dict[str, Setting], sources: Sources) -> dict[str, Setting]:
    """Return a table whose paths and choices have the names of the sources, not their places."""
    if sources.are_usual:
        return table
    return {
        sources.in_names(path) if path.startswith("loss.terms.") else path: replace(
            one,
            choices=tuple(sources.in_names(one.choices)),
            default=sources.in_names(one.default),
            meaning=sources.in_names(one.meaning),
        )
        if path.startswith(("loss.", "model."))
        else one
        for path, one in table.items()
    }


def _of_terms(base: Mapping[str, Any]) -> dict[str, Setting]:
    """Return dotted path -> setting for the terms of the loss that `base` names.

    Settings of other kinds too: a dimension may exchange the kind; `losses.check` looks at the
    result.
    """
    loss = base.get("loss")
    terms = loss.get("terms") if isinstance(loss, Mapping) else None
    found: dict[str, Setting] = {}
    for name, term in terms.items() if isinstance(terms, Mapping) else ():
        if isinstance(term, Mapping) and TERM_NAME.fullmatch(str(name)):
            settings = {**of_any_kind(), **of_kind(term.get("kind"))}
            for key, one in settings.items():
                needed = key == "kind"
                found[f"loss.terms.{name}.{key}"] = replace(one, may_be_absent=not needed)
    return found


def _name_in(section: str, base: Mapping[str, Any]) -> Any:
    part = base.get(section)
    return part.get("name") if isinstance(part, Mapping) else None


def is_open(path: str, base: Mapping[str, Any], known: Known) -> bool:
    """Return True for a setting of a plug-in that declares no type and range of it.

    `known` may name the settings of a plug-in under "data.<name>" or "model.<name>".
    """
    section, _, key = path.partition(".")
    name = _name_in(section, base)
    if section not in KIND_OF or name is None:
        return False
    if not isinstance(name, str):
        return not key.startswith("name")  # its name is the error, not its settings
    member = members(KIND_OF[section]).get(name) if section != "task" else None
    own = {name.partition(".")[0] for name in member.settings} if member else set()
    if member is not None and own.issuperset(member.takes):
        return False  # all of its settings are in the table
    if name not in known.get(KIND_OF[section], ()):
        return True
    settings = known.get(f"{section}.{name}")
    return settings is None or key.partition(".")[0] in settings


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks of one file share: where faults go, the base settings, the names known."""

    faults: Errors
    base: dict[str, Any]
    known: Known
    is_alone: bool = False  # a search space without a study, whose network and data are not known

    def setting_fault(self, path: str, value: Any) -> str | None:
        """Return the error in setting the dotted path to a value."""
        table = table_of(self.base)
        if path in table:
            return table[path].fault(value, self.known)
        if is_open(path, self.base, self.known) or (self.is_alone and _is_of_some(path)):
            return None
        return _unknown(path, table, own=_own_settings(path, self.base, self.known))


def _is_of_some(path: str) -> bool:
    """Return whether a network or a data set, of a plug-in too, has the setting."""
    section, _, key = path.partition(".")
    if section not in KIND_OF:
        return False
    name = key.partition(".")[0]
    return any(
        key in one.settings or name in one.takes for one in members(KIND_OF[section]).values()
    )


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
    for text in faults_of(TrainSettings.of(fine)):
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
