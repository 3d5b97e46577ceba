"""Read and check the phases of a study: designs with their options, and searches."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from ablate.config.defaults import NEWEST
from ablate.config.faults import Faults, short
from ablate.config.options import OPTIONS, check_options
from ablate.config.schema import Factor, Phase
from ablate.config.spaces import usable_name
from ablate.design_names import AT_BUDGET, BLOCKED, CONFIRM, SEARCH, SEARCHES
from ablate.settings.setting import Known

ANY_OPTION = tuple(key for options in OPTIONS.values() for key in options)
KEYS = (
    "design",
    "seeds",
    "trials",
    "sampler",
    "pruner",
    "rungs",
    "preset",
    "options",
    "claims",
    "looks",
    "budgets",
)
CLAIMING = (BLOCKED, CONFIRM)  # designs with replicates that a claim can rest on
COUNTED = SEARCHES  # designs that need a number of trials

# T nuisance points per value and block, R blocks
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    BLOCKED: {
        "smoke": {"points": 2, "blocks": 3},
        "quick": {"points": 4, "blocks": 8},
        "full": {"points": 4, "blocks": 16},
        "deep": {"points": 8, "blocks": 16},
    }
}
REDRAWS_SINCE = 2  # version of the packaged defaults: before it no block was redrawn
DEFAULTS: dict[str, dict[str, Any]] = {CONFIRM: {"blocks": 8}}
NEVER_CLAIM = ("smoke",)
MOST_TIMES = 1000  # the steps of the answer
DEFAULT_PRESET = {BLOCKED: "quick"}


def read_phases(
    faults: Faults,
    raw: Any,
    *,
    dimensions: Mapping[str, Any],
    factors: Mapping[str, Factor],
    names: Known,
    defaults: int = NEWEST,
) -> dict[str, Phase]:
    """Return the phases.

    Args:
        faults: Where faults go.
        raw: The section of the file.
        dimensions: All dimensions of the file, faulty ones included.
        factors: The factors that could be read.
        names: Names by kind; "designs.<name>" may name the options of a plug-in.
        defaults: Version of the packaged defaults.
    """
    phases: dict[str, Phase] = {}
    entries = faults.mapping("phases", raw)
    if not entries:
        faults.add(
            "phases", "is missing; write e.g. phases: {compare: {design: one_factor, seeds: 3}}"
        )
    for name, values in entries.items():
        at = f"phases.{name}"
        if usable_name(faults, at, name):
            entry = faults.mapping(at, values)
            for key in (key for key in entry if key in ANY_OPTION):
                faults.add(f"{at}.{key}", f"is an option of a design; write {at}.options.{key}")
            faults.unknown_keys(at, entry, (*KEYS, *ANY_OPTION), "setting of a phase")
            phases[name] = _phase(
                faults, name, entry, dimensions=dimensions, factors=factors, names=names
            )
            if defaults >= REDRAWS_SINCE:
                phases[name] = _with_redraws(phases[name])
            for again in _at_budgets(phases[name]):
                if again.name in entries:
                    faults.add(
                        f"phases.{again.name}",
                        f"is the name of what {at}.budgets adds; give this phase another one",
                    )
                phases[again.name] = again
    return phases


def _at_budgets(phase: Phase) -> list[Phase]:
    """Return a phase per further budget: the blocks of an answer, trained for other steps.

    Being a phase and arms of their own, their runs take part in nothing that the answer decides.
    """
    return [
        replace(
            phase,
            name=f"{phase.name}_{times:g}x",
            design=AT_BUDGET,
            claims=False,
            looks=1,
            budgets=(),
            of=phase.name,
            times=times,
            rungs=tuple(dict.fromkeys(max(1, round(times * rung)) for rung in phase.rungs)),
        )
        for times in phase.budgets[1:]
    ]


def _phase(
    faults: Faults,
    name: str,
    entry: Mapping[str, Any],
    *,
    dimensions: Mapping[str, Any],
    factors: Mapping[str, Factor],
    names: Known,
) -> Phase:
    at = f"phases.{name}"
    texts = {
        key: faults.text(f"{at}.{key}", entry.get(key)) or None
        for key in ("sampler", "pruner", "preset")
    }
    design = faults.text(f"{at}.design", entry.get("design"), needed=True)
    if design:
        faults.known(f"{at}.design", design, names["designs"], "design")
    for key in ("sampler", "pruner"):
        if texts[key]:
            faults.known(f"{at}.{key}", cast(str, texts[key]), names.get(f"{key}s"), key)
    trials = entry.get("trials")
    if trials is not None:
        trials = faults.whole(f"{at}.trials", trials, default=0, low=1)
    if design in COUNTED and trials is None:
        what = "a search" if design == SEARCH else design
        faults.add(f"{at}.trials", f"is missing; {what} needs a number of trials")
    if design and design not in COUNTED and trials is not None:
        faults.add(f"{at}.trials", f"only a search has it, this is {design}; remove it")
    if design == SEARCH and not dimensions:
        faults.add(at, "a search needs dimensions; add a search space to the defaults")
    if design and design != SEARCH:
        for key in ("sampler", "pruner"):
            if entry.get(key) is not None:
                faults.add(f"{at}.{key}", f"only a search has it, this is {design}; remove it")
    preset = _preset(faults, at, design, texts["preset"], entry)
    options = faults.mapping(f"{at}.options", entry.get("options"))
    if design != SEARCH:
        check_options(faults, f"{at}.options", design, options, factors=factors, names=names)
    given = PRESETS.get(design, {}).get(preset or "", DEFAULTS.get(design, {}))
    seeds = faults.whole(f"{at}.seeds", entry.get("seeds"), default=1, low=1)
    if design in CLAIMING and seeds > 1:
        faults.add(f"{at}.seeds", "a block has one seed; raise options.blocks instead")
    return Phase(
        name=name,
        design=design,
        seeds=seeds,
        trials=trials,
        rungs=_rungs(faults, f"{at}.rungs", entry.get("rungs")),
        options={**given, **options},
        sampler=texts["sampler"] or ("tpe" if design == SEARCH else None),
        pruner=texts["pruner"],
        preset=preset,
        looks=_looks(faults, f"{at}.looks", design, entry.get("looks")),
        budgets=_budgets(faults, f"{at}.budgets", design, entry.get("budgets")),
        claims=_claims(faults, f"{at}.claims", design, preset, entry.get("claims")),
    )


def _with_redraws(phase: Phase) -> Phase:
    """Return a blocked phase with a spare block per four blocks, unless it says how many."""
    blocks = phase.options.get("blocks")
    if phase.design != BLOCKED or "redraws" in phase.options or not isinstance(blocks, int):
        return phase
    return replace(phase, options={**phase.options, "redraws": -(-blocks // 4)})


def _preset(
    faults: Faults, at: str, design: str, preset: str | None, entry: Mapping[str, Any]
) -> str | None:
    """Return the preset, the default one where a design that has presets names none."""
    known = PRESETS.get(design, {})
    if preset is None:
        options = entry.get("options")
        is_whole = isinstance(options, dict) and {"points", "blocks"} <= set(options)
        return None if is_whole else DEFAULT_PRESET.get(design)
    if design and not known:
        faults.add(f"{at}.preset", f"{design!r} has no presets; remove it")
    elif known:
        faults.known(f"{at}.preset", preset, known, "preset")
    return preset


def _claims(faults: Faults, at: str, design: str, preset: str | None, raw: Any) -> bool:
    """Return whether verdicts of the phase may be claims: those of blocks, smoke excepted."""
    may = design in CLAIMING and preset not in NEVER_CLAIM
    if raw is None:
        return may
    claims = faults.flag(at, raw)
    if claims and design not in CLAIMING:
        names = " or ".join(CLAIMING)
        faults.add(at, f"{design!r} is no design that claims; use {names}, or remove it")
    elif claims and not may:
        larger = ", ".join(name for name in PRESETS[BLOCKED] if name not in NEVER_CLAIM)
        faults.add(at, f"preset {preset} may never claim; use {larger}, or claims: false")
    return claims


def _looks(faults: Faults, at: str, design: str, raw: Any) -> int:
    """Return the declared number of looks, 1 by default."""
    looks = faults.whole(at, raw, default=1, low=1)
    if raw is not None and design and design not in CLAIMING:
        faults.add(at, f"{design!r} claims nothing, so it has no looks; remove it")
    return looks


def _budgets(faults: Faults, at: str, design: str, raw: Any) -> tuple[float, ...]:
    """Return the budgets, none where train.steps is the only one."""
    if raw is None:
        return ()
    if design and design != BLOCKED:
        faults.add(at, f"only blocks are trained at several budgets, this is {design}; remove it")
        return ()
    is_list = isinstance(raw, list | tuple) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and 0 < v <= MOST_TIMES for v in raw
    )
    if not is_list or not raw or len({f"{v:g}" for v in raw}) < len(raw):
        faults.add(
            at,
            f"must be a list of multiples of train.steps such as [1, 2], each once, above 0 and at "
            f"most {MOST_TIMES}, got {short(raw)}",
        )
        return ()
    if raw[0] != 1:
        faults.add(
            at,
            f"the first decides and is train.steps itself, so 1, got {short(raw)}; change "
            "train.steps instead",
        )
        return ()
    return tuple(float(v) for v in raw) if len(raw) > 1 else ()


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
