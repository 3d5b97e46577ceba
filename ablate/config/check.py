"""From a composed tree to a checked `StudyConfig`, or all errors of it at once."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from ablate.config.demands import check_demands
from ablate.config.dimensions import read_constraints, read_dimensions
from ablate.config.entries import Parts, joined, read
from ablate.config.errors import Errors, short
from ablate.config.locations import STUDY
from ablate.config.named_sources import in_names_of_sources
from ablate.config.nuisance import read_nuisance
from ablate.config.over_terms import written_out
from ablate.config.overrides import TOP
from ablate.config.phases import read_phases
from ablate.config.questions import read_factors, read_questions
from ablate.config.reading import LARGEST_WHOLE, LONGEST_TEXT
from ablate.config.schema import Space, StudyConfig
from ablate.config.settings import FUSION, PAIRED, Context, check_base, merged_names, task_of
from ablate.config.study_file import (
    HeadEntry,
    SpaceEntry,
    StoreEntry,
    StudyEntry,
    read_executor,
    read_references,
)
from ablate.config.test_sets import take_tests
from ablate.errors import nearest
from ablate.settings.setting import NEWEST, Known

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
        tree: The result of `compose`.
        name: Name of the study.
        file: The file as messages show it.
        known: Names by kind (designs, samplers, pruners, models, data, metrics, protocols,
            executors, losses.operator, ...); a kind that is absent falls back on the built-in
            names, and is not checked where there are none.
        faults: Errors found before, reported with the rest.
        notes: Lines to hand on to the user.
        defaults: Version of the packaged defaults.

    Raises:
        ConfigError: All errors together.
    """
    errors = Errors(file)
    errors.lines += faults
    names = merged_names(known)
    if not STUDY.fullmatch(name):
        text = f"{name!r} cannot name a study; use letters, digits, . _ - in the file name"
        errors.add("", text)
    tree = _without_code(errors, "", dict(tree))
    errors.unknown_keys("", tree, TOP, StudyEntry.what)
    base = errors.mapping("base", tree.get("base"))
    _settle_task(errors, base, names)
    _lower_metrics(base)
    _settle_limit(base)
    tests = take_tests(errors, base, names)
    base, tree, names = in_names_of_sources(base, tree, names)
    context = Context(errors, base, names)
    check_base(context)
    parts = Parts(settings=context, defaults=defaults, tests=tuple(tests))
    tree = written_out(tree, base, errors)
    head = read(
        HeadEntry, {key: tree[key] for key in HeadEntry.model_fields if key in tree}, "", parts
    )
    space = _space(parts, "space", tree.get("space"))
    parts.dimensions = space.dimensions
    factors = tree.get("factors")
    parts.compared = tuple(factors) if isinstance(factors, dict) else ()
    parts.factors = read_factors(parts, factors)
    nuisance, held = read_nuisance(parts, tree.get("nuisance"))
    objectives = _objectives(errors, head, _metrics(base))
    config = StudyConfig(
        name=name,
        title=head.title or name,
        file=file,
        questions=read_questions(parts, tree.get("questions")),
        dimensions=space.dimensions,
        factors=dict(parts.factors),
        constraints=space.constraints,
        phases=read_phases(parts, tree.get("phases"), is_asked=bool(tree.get("questions"))),
        base=base,
        objective=objectives[0],
        further_objectives=objectives[1:],
        seed=head.seed or 0,
        executor=read_executor(parts, tree.get("executor")),
        store={key: getattr(head.store, key, None) for key in StoreEntry.model_fields},
        nuisance=nuisance,
        held=held,
        references=read_references(parts, tree.get("references")),
        tests={name: one for name, one in tests.items() if one is not None},
        notes=notes,
        keep_best=head.keep.best,
        defaults=defaults,
    )
    check_demands(parts, config)
    errors.raise_any()
    return config


def check_space(tree: Mapping[str, Any], *, file: str, known: Known | None = None) -> Space:
    """Return the space that `compose_space` composed.

    Raises:
        ConfigError: All errors together.
    """
    errors = Errors(file)
    context = Context(errors, tree["base"], merged_names(known), is_alone=True)
    parts = Parts(settings=context)
    space = _space(parts, "", _without_code(errors, "", tree["space"]))
    errors.raise_any()
    return space


def _without_code(errors: Errors, path: str, value: Any) -> Any:
    """Return the tree without names that frameworks run and without interpolations."""
    if isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            at = f"{path}.{key}" if path else str(key)
            if isinstance(key, str) and key.startswith("_"):
                errors.add(at, "YAML never names code; remove it and use a registered name")
            else:
                kept[key] = _without_code(errors, at, item)
        return kept
    if isinstance(value, list):
        return [_without_code(errors, path, item) for item in value]
    if isinstance(value, str) and ("${" in value or value == "???"):
        errors.add(path, f"{short(value)} refers to another value; write the value itself")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        errors.add(path, f"has {len(value)} characters, at most {LONGEST_TEXT}; shorten it")
    if isinstance(value, str) and _UNSEEN.search(value):
        errors.add(path, f"{short(value)} has characters that do not print; write it anew")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        errors.add(path, "a whole number beyond 2**63; write a smaller one")
        return 1
    return value


def _space(parts: Parts, at: str, raw: Any) -> Space:
    errors = parts.errors
    space = errors.mapping(at or "space", raw)
    errors.unknown_keys(at, space, SpaceEntry.model_fields, SpaceEntry.what)
    dimensions = space.get("dimensions")
    parts.written = dimensions if isinstance(dimensions, dict) else {}
    title = space.get("title")
    if title is not None and not (isinstance(title, str) and title.strip()):
        errors.add(joined(at, "title"), f"must be a text, got {short(title)}")
        title = None
    return Space(
        title=title or "",
        dimensions=read_dimensions(parts, joined(at, "dimensions"), dimensions),
        constraints=read_constraints(parts, joined(at, "constraints"), space.get("constraints")),
    )


def _objectives(errors: Errors, head: HeadEntry, metrics: tuple[str, ...]) -> tuple[str, ...]:
    """Return the objectives; a list is one for trade-offs, its first picks winners."""
    default = "val/qabf" if "qabf" in metrics or not metrics else f"val/{metrics[0]}"
    raw = head.objective or default
    found = tuple(one.lower() for one in (raw if isinstance(raw, list) else [raw]))
    for objective in found:
        split, _, metric = objective.partition("/")
        if split == "test":
            text = f"{objective!r} would tune on test images; use 'val/{metric}'"
            errors.add("objective", text)
        elif split != "val" or not metric:
            text = f"must be val/ and a metric such as 'val/qabf', got {objective!r}"
            errors.add("objective", text)
        elif metrics and metric not in metrics:
            text = f"{metric!r} is not in base.metrics.names; {nearest(metric, metrics)}"
            errors.add("objective", text)
    if len(set(found)) < len(found):
        errors.add("objective", "names one twice; remove the second")
    return found


def _metrics(base: Mapping[str, Any]) -> tuple[str, ...]:
    section = base.get("metrics")
    names = section.get("names") if isinstance(section, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _lower_metrics(base: dict[str, Any]) -> None:
    section = base.get("metrics")
    if isinstance(section, dict) and isinstance(section.get("names"), list):
        names = [name.lower() if isinstance(name, str) else name for name in section["names"]]
        base["metrics"] = {**section, "names": names}


def _settle_task(errors: Errors, base: dict[str, Any], names: dict[str, Collection[str]]) -> None:
    """Drop a task that is the default one; of another one, take its metrics for those known.

    Raises:
        ConfigError: No task has that name; all else depends on it.
    """
    name = task_of(base)
    if name == FUSION:
        if base.get("task") == {"name": FUSION}:
            del base["task"]
        return
    errors.known("base.task.name", name, names["tasks"], "task")
    errors.raise_any()
    if name in PAIRED:
        return  # it is scored by the metrics of fusion
    names["metrics"] = names.get(f"task.{name}.metrics", ())
    section = base.get("metrics")
    if isinstance(section, dict):
        base["metrics"] = {"names": list(names["metrics"]), **section}


def _settle_limit(base: dict[str, Any]) -> None:
    """Drop limits of the data that limit nothing: a study without them is the same."""
    data = base.get("data")
    limit = data.get("limit") if isinstance(data, dict) else None
    if isinstance(data, dict) and "limit" in data and (limit is None or isinstance(limit, dict)):
        kept = {split: count for split, count in (limit or {}).items() if count is not None}
        rest = {key: value for key, value in data.items() if key != "limit"}
        base["data"] = {**rest, "limit": kept} if kept else rest
