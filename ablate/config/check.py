"""From a composed tree to a checked `StudyConfig`, or every fault of it at once."""

import re
from collections.abc import Mapping
from typing import Any, cast

from ablate.config.factors import read_factors
from ablate.config.faults import Faults, short
from ablate.config.overrides import TOP
from ablate.config.schema import Phase, Question, Space, StudyConfig
from ablate.config.settings import Context, Known, check_base, merged_names
from ablate.config.spaces import read_constraints, read_dimensions, usable_name
from ablate.errors import nearest

PHASE_KEYS = ("design", "seeds", "trials", "sampler", "pruner", "rungs", "preset", "options")
QUESTION_KEYS = ("asks", "compare", "primary", "smallest_effect", "expects")
EXPECTS = ("higher", "lower", "differs")
SEARCH = "search"
_PERCENT = re.compile(r"\d+(\.\d+)?\s*%")
_STUDY = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def check(
    tree: Mapping[str, Any],
    *,
    name: str,
    file: str,
    known: Known | None = None,
    faults: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
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

    Raises:
        ConfigError: All faults together.
    """
    found = Faults(file)
    found.lines += faults
    names = merged_names(known)
    if not _STUDY.fullmatch(name):
        found.add(
            "", f"{name!r} is no name of a study; use letters, digits, . _ - in the file name"
        )
    tree = _without_code(found, "", dict(tree))
    found.unknown_keys("", tree, TOP, "section")
    base = found.mapping("base", tree.get("base"))
    _lower_metrics(base)
    context = Context(found, base, names)
    check_base(context)
    space = _space(context, tree.get("space"))
    space_raw = tree.get("space")
    written = space_raw.get("dimensions") if isinstance(space_raw, dict) else None
    factors = read_factors(context, tree.get("factors"), space.dimensions, written or {})
    factor_names = tuple(found.mapping("factors", tree.get("factors")))
    metrics = _metrics(base)
    config = StudyConfig(
        name=name,
        title=found.text("title", tree.get("title"), default=name),
        file=file,
        questions=_questions(context, tree.get("questions"), factor_names),
        dimensions=space.dimensions,
        factors=factors,
        constraints=space.constraints,
        phases=_phases(found, tree.get("phases"), written or {}, names),
        base=base,
        objective=_objective(found, tree.get("objective"), metrics),
        seed=found.whole("seed", tree.get("seed"), default=0),
        executor=_executor(found, tree.get("executor"), names),
        store=_store(found, tree.get("store")),
        notes=notes,
    )
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


def _questions(context: Context, raw: Any, factors: tuple[str, ...]) -> dict[str, Question]:
    faults = context.faults
    questions: dict[str, Question] = {}
    for name, values in faults.mapping("questions", raw).items():
        at = f"questions.{name}"
        if not usable_name(faults, at, name):
            continue
        entry = faults.mapping(at, values)
        faults.unknown_keys(at, entry, QUESTION_KEYS, "setting of a question")
        compare = faults.text(f"{at}.compare", entry.get("compare"), needed=True)
        if compare and compare not in factors:
            text = f"no factor is called {compare!r}; {nearest(compare, factors)}"
            faults.add(f"{at}.compare", text)
        expects = entry.get("expects", "differs")
        if expects not in EXPECTS:
            text = f"must be one of {', '.join(EXPECTS)}, got {short(expects)}"
            faults.add(f"{at}.expects", text)
        primary = _primary(context, f"{at}.primary", entry.get("primary"))
        effects = faults.mapping(f"{at}.smallest_effect", entry.get("smallest_effect"))
        effects = {str(key).lower(): value for key, value in effects.items()}
        faults.unknown_keys(f"{at}.smallest_effect", effects, primary, "primary metric")
        for key, value in effects.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
            if not number and not (isinstance(value, str) and _PERCENT.fullmatch(value.strip())):
                text = f"must be a percentage such as 0.2% or a positive number, got {short(value)}"
                faults.add(f"{at}.smallest_effect.{key}", text)
        questions[name] = Question(
            id=name,
            asks=faults.text(f"{at}.asks", entry.get("asks"), needed=True),
            compare=compare,
            primary=primary,
            smallest_effect=effects,
            expects=expects,
        )
    return questions


def _primary(context: Context, at: str, raw: Any) -> tuple[str, ...]:
    faults, names, metrics = context.faults, context.known, _metrics(context.base)
    values = [raw] if isinstance(raw, str) else raw
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        faults.add(at, f"must be a list of metrics such as [qabf, vif], got {short(raw)}")
        return ()
    primary = tuple(value.lower() for value in values)
    for value in primary:
        if value in names["metrics"] and value not in metrics:
            faults.add(at, f"{value!r} is not measured; add it to base.metrics.names")
        else:
            faults.known(at, value, names["metrics"], "metric")
    return tuple(dict.fromkeys(primary))


def _phases(
    faults: Faults, raw: Any, dimensions: Mapping[str, Any], names: Known
) -> dict[str, Phase]:
    phases: dict[str, Phase] = {}
    entries = faults.mapping("phases", raw)
    if not entries:
        faults.add(
            "phases", "is missing; write e.g. phases: {compare: {design: one_factor, seeds: 3}}"
        )
    for name, values in entries.items():
        at = f"phases.{name}"
        if not usable_name(faults, at, name):
            continue
        entry = faults.mapping(at, values)
        faults.unknown_keys(at, entry, PHASE_KEYS, "setting of a phase")
        texts = {key: faults.text(f"{at}.{key}", entry.get(key)) or None for key in
                 ("sampler", "pruner", "preset")}  # fmt: skip
        design = faults.text(f"{at}.design", entry.get("design"), needed=True)
        if design:
            faults.known(f"{at}.design", design, names["designs"], "design")
        for key in ("sampler", "pruner"):
            if texts[key]:
                faults.known(f"{at}.{key}", cast(str, texts[key]), names.get(f"{key}s"), key)
        trials = entry.get("trials")
        if trials is not None:
            trials = faults.whole(f"{at}.trials", trials, default=0, low=1)
        if design == SEARCH and trials is None:
            faults.add(f"{at}.trials", "is missing; a search needs a number of trials")
        if design == SEARCH and not dimensions:
            faults.add(at, "a search needs dimensions; add a search space to the defaults")
        if design and design != SEARCH:
            for key in ("trials", "sampler", "pruner"):
                if entry.get(key) is not None:
                    faults.add(f"{at}.{key}", f"only a search has it, this is {design}; remove it")
        phases[name] = Phase(
            name=name,
            design=design,
            seeds=faults.whole(f"{at}.seeds", entry.get("seeds"), default=1, low=1),
            trials=trials,
            rungs=_rungs(faults, f"{at}.rungs", entry.get("rungs")),
            options=faults.mapping(f"{at}.options", entry.get("options")),
            sampler=texts["sampler"] or ("tpe" if design == SEARCH else None),
            pruner=texts["pruner"],
            preset=texts["preset"],
        )
    return phases


def _rungs(faults: Faults, at: str, raw: Any) -> tuple[int, ...]:
    if raw is None:
        return ()
    whole = isinstance(raw, list) and all(
        isinstance(v, int) and not isinstance(v, bool) and v > 0 for v in raw
    )
    if not whole or raw != sorted(set(raw)):
        faults.add(at, f"must be a growing list of steps such as [50, 100], got {short(raw)}")
        return ()
    return tuple(raw)


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


def _executor(faults: Faults, raw: Any, names: Known) -> dict[str, Any]:
    executor = faults.mapping("executor", raw)
    name = faults.text("executor.name", executor.get("name"), default="processes")
    faults.known("executor.name", name, names["executors"], "executor")
    if name in ("inline", "processes"):
        faults.unknown_keys("executor", executor, ("name", "slots"), f"setting of {name}")
    slots = faults.whole("executor.slots", executor.get("slots"), default=1, low=1)
    return {**executor, "name": name, "slots": slots}


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
