"""From a composed tree to a checked `StudyConfig`, or every fault of it at once."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from ablate.config.defaults import NEWEST
from ablate.config.demands import (
    check_answers,
    check_confirmations,
    check_interactions,
    check_percentages,
)
from ablate.config.executors import check_executor
from ablate.config.factors import read_factors
from ablate.config.faults import Faults, short
from ablate.config.locations import STUDY
from ablate.config.nuisance import read_nuisance
from ablate.config.overrides import TOP
from ablate.config.phases import read_phases
from ablate.config.questions import read_questions
from ablate.config.reading import LARGEST_WHOLE, LONGEST_TEXT
from ablate.config.references import read_references
from ablate.config.schema import Space, StudyConfig
from ablate.config.settings import FUSION, Context, check_base, merged_names, task_of
from ablate.config.sizes import check_sizes
from ablate.config.spaces import read_constraints, read_dimensions
from ablate.errors import nearest
from ablate.settings.setting import Known

_UNSEEN = re.compile(  # controls, marks that turn the direction of writing, halves of letters
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def check(
    tree: Mapping[str, Any],
    *,
    name: str,
    file: str,
    known: Known | None = None,
    faults: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    defaults: int = NEWEST,
) -> StudyConfig:
    """Return the study that a composed tree describes.

    Args:
        tree: What `compose` returned.
        name: Name of the study.
        file: The file as messages show it.
        known: Names by kind (designs, samplers, pruners, models, data, metrics, protocols,
            executors, losses.operator, ...); a kind that is absent falls back on the built-in
            names, and is not checked where there are none.
        faults: Faults found before, reported with the rest.
        notes: Lines to hand on to the user.
        defaults: Version of the packaged defaults.

    Raises:
        ConfigError: All faults together.
    """
    found = Faults(file)
    found.lines += faults
    names = merged_names(known)
    if not STUDY.fullmatch(name):
        found.add(
            "", f"{name!r} is no name of a study; use letters, digits, . _ - in the file name"
        )
    tree = _without_code(found, "", dict(tree))
    found.unknown_keys("", tree, TOP, "section")
    base = found.mapping("base", tree.get("base"))
    _settle_task(found, base, names)
    _lower_metrics(base)
    context = Context(found, base, names)
    _settle_limit(base)
    check_base(context)
    space = _space(context, tree.get("space"))
    space_raw = tree.get("space")
    written = space_raw.get("dimensions") if isinstance(space_raw, dict) else None
    written = written if isinstance(written, dict) else {}
    factors = read_factors(context, tree.get("factors"), space.dimensions, written)
    nuisance, held = read_nuisance(
        context, tree.get("nuisance"), dimensions=space.dimensions, factors=factors
    )
    factor_names = tuple(found.mapping("factors", tree.get("factors")))
    objectives = _objectives(found, tree.get("objective"), _metrics(base))
    config = StudyConfig(
        name=name,
        title=found.text("title", tree.get("title"), default=name),
        file=file,
        questions=read_questions(
            context, tree.get("questions"), factors=factors, written=factor_names
        ),
        dimensions=space.dimensions,
        factors=factors,
        constraints=space.constraints,
        phases=read_phases(
            found,
            tree.get("phases"),
            dimensions=written,
            factors=factors,
            names=names,
            defaults=defaults,
        ),
        base=base,
        objective=objectives[0],
        further_objectives=objectives[1:],
        seed=found.whole("seed", tree.get("seed"), default=0),
        executor=check_executor(found, tree.get("executor"), names),
        store=_store(found, tree.get("store")),
        nuisance=nuisance,
        held=held,
        references=read_references(context, tree.get("references")),
        notes=notes,
        defaults=defaults,
    )
    check_percentages(found, config)
    check_answers(found, config)
    check_interactions(found, config)
    check_confirmations(context, config)
    check_sizes(found, config)
    found.raise_any()
    return config


def check_space(tree: Mapping[str, Any], *, file: str, known: Known | None = None) -> Space:
    """Return the space that `compose_space` composed.

    Raises:
        ConfigError: All faults together.
    """
    faults = Faults(file)
    context = Context(faults, tree["base"], merged_names(known))
    space = _space(context, _without_code(faults, "", tree["space"]), prefix="")
    faults.raise_any()
    return space


def _without_code(faults: Faults, path: str, value: Any) -> Any:
    """Return the tree without names that frameworks run and without interpolations."""
    if isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            at = f"{path}.{key}" if path else str(key)
            if isinstance(key, str) and key.startswith("_"):
                faults.add(at, "YAML never names code; remove it and use a registered name")
            else:
                kept[key] = _without_code(faults, at, item)
        return kept
    if isinstance(value, list):
        return [_without_code(faults, path, item) for item in value]
    if isinstance(value, str) and ("${" in value or value == "???"):
        faults.add(path, f"{short(value)} refers to another value; write the value itself")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        faults.add(path, f"has {len(value)} characters, at most {LONGEST_TEXT}; shorten it")
    if isinstance(value, str) and _UNSEEN.search(value):
        faults.add(path, f"{short(value)} has characters that do not print; write it anew")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        faults.add(path, "a whole number beyond 2**63; write a smaller one")
        return 1
    return value


def _space(context: Context, raw: Any, *, prefix: str = "space") -> Space:
    faults = context.faults
    space = faults.mapping(prefix or "space", raw)
    dot = f"{prefix}." if prefix else ""
    faults.unknown_keys(prefix, space, ("title", "dimensions", "constraints"), "setting of a space")
    raw_dimensions = space.get("dimensions")
    dimensions = read_dimensions(context, f"{dot}dimensions", raw_dimensions)
    written = raw_dimensions if isinstance(raw_dimensions, dict) else {}
    return Space(
        title=faults.text(f"{dot}title", space.get("title")),
        dimensions=dimensions,
        constraints=read_constraints(
            context, f"{dot}constraints", space.get("constraints"), written
        ),
    )


def _objectives(faults: Faults, raw: Any, metrics: tuple[str, ...]) -> tuple[str, ...]:
    """Return the objectives; a list is one for trade-offs, its first picks winners."""
    if not isinstance(raw, list):
        return (_objective(faults, raw, metrics),)
    if not raw:
        faults.add("objective", "is an empty list; write e.g. [val/qabf, val/vif]")
        return ("val/qabf",)
    found = tuple(_objective(faults, one, metrics) for one in raw)
    if len(set(found)) < len(found):
        faults.add("objective", "names one twice; remove the second")
    return found


def _objective(faults: Faults, raw: Any, metrics: tuple[str, ...]) -> str:
    default = "val/qabf" if "qabf" in metrics or not metrics else f"val/{metrics[0]}"
    objective = faults.text("objective", raw, default=default).lower()
    split, _, metric = objective.partition("/")
    if split == "test":
        faults.add("objective", f"{objective!r} would tune on test images; use 'val/{metric}'")
    elif split != "val" or not metric:
        faults.add("objective", f"must be val/ and a metric such as 'val/qabf', got {objective!r}")
    elif metrics and metric not in metrics:
        text = f"{metric!r} is not in base.metrics.names; {nearest(metric, metrics)}"
        faults.add("objective", text)
    return objective


def _store(faults: Faults, raw: Any) -> dict[str, str | None]:
    store = faults.mapping("store", raw)
    faults.unknown_keys("store", store, ("optuna", "mlflow"), "store")
    return {
        key: faults.text(f"store.{key}", store.get(key)) or None for key in ("optuna", "mlflow")
    }


def _metrics(base: Mapping[str, Any]) -> tuple[str, ...]:
    section = base.get("metrics")
    names = section.get("names") if isinstance(section, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _lower_metrics(base: dict[str, Any]) -> None:
    section = base.get("metrics")
    if isinstance(section, dict) and isinstance(section.get("names"), list):
        names = [name.lower() if isinstance(name, str) else name for name in section["names"]]
        base["metrics"] = {**section, "names": names}


def _settle_task(faults: Faults, base: dict[str, Any], names: dict[str, Collection[str]]) -> None:
    """Drop a task that is the default one; of another one, take its metrics for those known.

    Raises:
        ConfigError: No task has that name; all else depends on it.
    """
    name = task_of(base)
    if name == FUSION:
        if base.get("task") == {"name": FUSION}:
            del base["task"]
        return
    faults.known("base.task.name", name, names["tasks"], "task")
    faults.raise_any()
    names["metrics"] = names.get(f"task.{name}.metrics", ())
    section = base.get("metrics")
    if isinstance(section, dict):
        base["metrics"] = {"names": list(names["metrics"]), **section}


def _settle_limit(base: dict[str, Any]) -> None:
    """Drop limits of the data that limit nothing: they are as good as absent."""
    data = base.get("data")
    limit = data.get("limit") if isinstance(data, dict) else None
    if isinstance(data, dict) and "limit" in data and (limit is None or isinstance(limit, dict)):
        kept = {split: count for split, count in (limit or {}).items() if count is not None}
        rest = {key: value for key, value in data.items() if key != "limit"}
        base["data"] = {**rest, "limit": kept} if kept else rest
