"""The phases of a study: a model for each design with its options, and one for a search."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import Field

from ablate.config.entries import (
    Count,
    Entry,
    Flag,
    Parts,
    Positive,
    Problem,
    Said,
    Scalar,
    Text,
    name_error,
    read,
)
from ablate.config.errors import short
from ablate.config.schema import EVEN, OBRIEN_FLEMING, Phase, Spending
from ablate.design_names import AT_BUDGET, BLOCKED, CONFIRM, LEAVE_ONE_OUT, SEARCH
from ablate.errors import nearest

CLAIMING = (BLOCKED, CONFIRM)  # designs with replicates that a claim can rest on

# T nuisance points per value and block, R blocks
PRESETS: Final[Mapping[str, Mapping[str, int]]] = {
    "smoke": {"points": 2, "blocks": 3},
    "quick": {"points": 4, "blocks": 8},
    "full": {"points": 4, "blocks": 16},
    "deep": {"points": 8, "blocks": 16},
}
DEFAULT_PRESET: Final = "quick"
NEVER_CLAIM: Final = ("smoke",)
BLOCKS_TO_CONFIRM: Final = 8
REDRAWS_SINCE: Final = 2  # version of the packaged defaults: before it no block was redrawn
OBRIEN_FLEMING_SINCE: Final = 3  # before it looks were further studies, and shared alpha evenly
FUTILITY: Final = 0.25  # chance below which going on is futile
LEAVES_OUT_SINCE: Final = 3  # before it leave_one_out began at the other value of every factor
MOST_TIMES: Final = 1000  # the steps of the answer
BASELINE: Final = "baseline"  # the arm that every confirmation has

Values = dict[str, Any] | None
Recipe = dict[str, Scalar] | None  # nuisance -> frozen value


class _Options(Entry):
    what: ClassVar[str] = "option of this design"
    design: ClassVar[str] = "this design"

    @classmethod
    def misplaced(cls, key: str, value: Any, at: str) -> str | None:
        """Say it where a design has no options at all."""
        del key, value, at
        return None if cls.model_fields else f"no such option; {cls.design} has none, remove it"


class NoOptions(_Options):
    """The design has no options."""


Over = Annotated[Literal["loss.terms"], Said()] | None


class BestOptions(_Options):
    """The values that another design starts from or leads to."""

    best: Values = Field(
        default=None,
        description="Factor -> its best value. By default leave_one_out begins at the baseline, "
        "and add_one_in leads to the other value.",
    )
    over: Over = Field(
        default=None, description="loss.terms: every term of the loss is a factor by its weight."
    )
    keep: Text | None = Field(
        default=None,
        description="Beside over: the term that add_one_in begins with; the first by default.",
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from _best_errors("best", self.best, parts)


class PathOptions(BestOptions):
    """A way from the baseline to the best values, one factor after the other."""

    best: dict[str, Any] = Field(
        description="Factor -> its best value.",
        json_schema_extra={"needed": "a path needs the values that it leads to"},
    )
    order: Annotated[list[Text], Field(min_length=1), Said("a list of factors")] = Field(
        default_factory=list,
        description="In which order the factors change; by default as the file has them.",
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        if len(set(self.order)) < len(self.order):
            yield "order", f"must be a list of factors, each once, got {short(self.order)}"
        for name in self.order:
            yield from _factor_errors("order", name, parts)


class FractionalOptions(_Options):
    """A fraction of all combinations."""

    generators: Annotated[list[Text], Said("a list such as [d = a * b * c]")] = Field(
        description="Which factor follows from which, such as d = a * b * c."
    )


class BlockedOptions(_Options):
    """Every value at the same points of the nuisance, in every block."""

    points: Positive = Field(
        default=4,
        description="Nuisance points per value and block, a power of two; from the preset.",
    )
    blocks: Positive = Field(default=8, description="Blocks, each with a seed; from the preset.")
    arms: Annotated[Literal["one_factor", "leave_one_out", "full_factorial"], Said()] = Field(
        default="one_factor",
        description="Values of one factor at a time; the baseline and each component off; or all "
        "combinations.",
    )
    over: Over = Field(
        default=None, description="loss.terms: every term of the loss is a factor by its weight."
    )
    redraws: Count = Field(
        default=0,
        description="Spare blocks for those with a failed run; by default one per four blocks.",
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        if self.points & (self.points - 1):
            low = 1 << (self.points.bit_length() - 1)
            text = f"must be a power of two, got {self.points}; use {low} or {2 * low}"
            yield "points", text


class Arm(Entry):
    """An arm that is confirmed with a frozen recipe."""

    what: ClassVar[str] = "part of an arm"
    values: Values = Field(None, description="Factor -> value.")
    nuisance: Recipe = Field(None, description="Nuisance -> its tuned value.")

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from _best_errors("values", self.values, parts)


class ConfirmOptions(_Options):
    """What a confirmation trains anew: winners of a phase, or named arms."""

    blocks: Positive = Field(BLOCKS_TO_CONFIRM, description="Blocks, each with a seed.")
    of: Text = Field("", description="The phase whose winners are confirmed.")
    winners: Positive = Field(1, description="How many winners of that phase.")
    arms: dict[str, Arm] = Field({}, description="Name -> arm with its frozen recipe.")
    baseline: Recipe = Field(None, description="Nuisance -> tuned value of the baseline.")
    question: Text = Field(
        "", description="The question whose metrics and smallest effects it takes."
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        given = self.model_fields_set
        if ("of" in given or not self.has("of")) == ("arms" in given or not self.has("arms")):
            text = "needs either of: PHASE, whose winners are confirmed, or arms: {...} with their"
            yield "", f"{text} frozen recipes"
        if "arms" in given and not self.arms:
            text = "must name at least one arm such as mine: {values: {...}, nuisance: {...}}"
            yield "arms", text
        if BASELINE in self.arms:
            yield f"arms.{BASELINE}", "is always an arm; give its nuisance under options.baseline"
        if given >= {"arms", "winners"}:
            yield "winners", "belongs to `of`; arms are named; remove it"


DESIGN: Any = Field(description="A design, or search.")


class PhaseEntry(Entry):
    """One stage of a study."""

    what: ClassVar[str] = "setting of a phase"
    design: Text = DESIGN
    seeds: Positive | None = Field(None, description="Runs per row; 1 by default.")
    rungs: Annotated[list[Positive], Said("a growing list of steps such as [50, 100]")] | None = (
        Field(None, description="Steps at which the pruner decides.")
    )
    claims: Flag | None = Field(
        None,
        description="Whether its verdicts may be claims: by default those of blocked and confirm, "
        "but not with the preset smoke.",
    )

    @classmethod
    def misplaced(cls, key: str, value: Any, at: str) -> str | None:
        """Name the designs that have the key, or the place of an option."""
        if key in ANY_OPTION:
            return f"is an option of a design; write {at}.options.{key}"
        text = ELSEWHERE.get(key)
        return text and (f"{text}; remove it" if value is not None else "")

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        if self.rungs and self.rungs != sorted(set(self.rungs)):
            text = f"must be a growing list of steps such as [50, 100], got {short(self.rungs)}"
            yield "rungs", text
        if self.claims and self.has("design") and self.design not in CLAIMING:
            names = " or ".join(CLAIMING)
            text = f"{self.design!r} is not a design that claims; use {names}, or remove it"
            yield "claims", text


class SearchEntry(PhaseEntry):
    """A search over the dimensions of the space."""

    design: Literal["search"] = DESIGN
    trials: Positive = Field(
        description="How many.", json_schema_extra={"needed": "a search needs a number of trials"}
    )
    sampler: Text | None = Field(None, description="tpe by default.")
    pruner: Text | None = Field(None, description="None by default.")
    options: dict[str, Any] | None = Field(
        None,
        description="sampler and pruner: options of each; lag: how many trials may be open at a "
        "time, by default a quarter of those before, from 4 to 16.",
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        if not parts.written:
            yield "", "a search needs dimensions; add a search space to the defaults"
        for key, name in (("sampler", self.sampler), ("pruner", self.pruner)):
            known = parts.known.get(f"{key}s")
            if name and known is not None and name not in known:
                yield key, f"no {key} is called {short(name)}; {nearest(name, known)}"


class SobolEntry(PhaseEntry):
    """Evenly spread points over the factors and the nuisance."""

    design: Literal["sobol"] = DESIGN
    trials: Positive = Field(
        description="How many points.",
        json_schema_extra={"needed": "sobol needs a number of trials"},
    )
    options: NoOptions = Field(default_factory=NoOptions, description="It has none.")


class _ReplicatedEntry(PhaseEntry):
    seeds: (
        Annotated[
            int,
            Field(ge=1, le=1),
            Said("1 (a block has one seed; raise options.blocks instead)"),
        ]
        | None
    ) = Field(None, description="A block has one seed.")
    looks: Positive | None = Field(
        None, description="How often its verdicts are read, all declared in advance; 1 by default."
    )


class BlockedEntry(_ReplicatedEntry):
    """The answer to the questions: blocks in which every value meets the same nuisance."""

    design: Literal["blocked"] = DESIGN
    preset: Annotated[Literal["smoke", "quick", "full", "deep"], Said()] | None = Field(
        None,
        description=", ".join(
            f"{name}: {sizes['points']} points x {sizes['blocks']} blocks"
            for name, sizes in PRESETS.items()
        )
        + f"; {DEFAULT_PRESET} by default.",
    )
    options: BlockedOptions = Field(
        default_factory=BlockedOptions, description="Instead of the preset's."
    )
    budgets: (
        Annotated[
            Annotated[
                list[Annotated[int | float, Field(gt=0, le=MOST_TIMES)]], Field(min_length=1)
            ],
            Said(
                "a list of multiples of train.steps such as [1, 2], each once, above 0 and at most "
                f"{MOST_TIMES}"
            ),
        ]
        | None
    ) = Field(
        None,
        description="Multiples of train.steps at which the same blocks are trained. The first is 1 "
        "and decides; whether its effects hold at the others is reported with it.",
    )
    spending: Annotated[Spending, Said()] | None = Field(
        None,
        description="obrien_fleming: looks are taken while it runs, after even shares of its "
        "blocks, and a question that is decided is stopped. even: looks share alpha evenly and are "
        "further studies, STUDY@2. obrien_fleming by default.",
    )
    futility: Annotated[float, Field(ge=0, lt=1), Said("a chance from 0 to below 1")] | None = (
        Field(
            None,
            description="A look closes a contrast whose chance to become significant at the "
            f"smallest effect is below this; 0 is never. {FUTILITY:g} by default.",
        )
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        if (self.looks or 1) == 1:
            for key in ("spending", "futility"):
                if getattr(self, key) is not None:
                    yield key, "belongs to looks; write looks: 4, or remove it"
        elif self.spending == EVEN and self.futility is not None:
            yield "futility", "belongs to spending: obrien_fleming; remove it"
        if self.claims and self.preset in NEVER_CLAIM:
            larger = ", ".join(name for name in PRESETS if name not in NEVER_CLAIM)
            text = f"preset {self.preset} may never claim; use {larger}, or claims: false"
            yield "claims", text
        budgets = self.budgets or [1]
        if len({f"{value:g}" for value in budgets}) < len(budgets):
            yield "budgets", f"names one twice, got {short(budgets)}; each once"
        elif budgets[0] != 1:
            text = f"the first decides and is train.steps itself, so 1, got {short(budgets)}"
            yield "budgets", f"{text}; change train.steps instead"


class ConfirmEntry(_ReplicatedEntry):
    """New blocks for winners or named arms with frozen recipes."""

    design: Literal["confirm"] = DESIGN
    options: ConfirmOptions = Field(description="Which arms.")


class SimpleEntry(PhaseEntry):
    """A design without options."""

    design: Literal["one_factor", "full_factorial", "baseline_only"] = DESIGN
    options: NoOptions = Field(default_factory=NoOptions, description="It has none.")


class BestEntry(PhaseEntry):
    """One factor at a time, from the best values or towards them."""

    design: Literal["leave_one_out", "add_one_in"] = DESIGN
    options: BestOptions = Field(default_factory=BestOptions, description="Which values are best.")


class PathEntry(PhaseEntry):
    """A way from the baseline to the best values."""

    design: Literal["path"] = DESIGN
    options: PathOptions = Field(description="Which values are best.")


class FractionalEntry(PhaseEntry):
    """A fraction of all combinations."""

    design: Literal["fractional_factorial"] = DESIGN
    options: FractionalOptions = Field(description="Which fraction.")


class PlugInEntry(PhaseEntry):
    """A design of a plug-in."""

    options: dict[str, Any] | None = Field(None, description="Parameters of the design.")

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        known = parts.known.get(f"designs.{self.design}")
        for key in self.options or {}:
            if known is not None and key not in known:
                tail = nearest(str(key), known) if known else "it has none, remove it"
                yield f"options.{key}", f"no such option of {self.design}; {tail}"


class UnknownEntry(PhaseEntry):
    """A phase whose design is missing or wrong: the keys of every design, by their types."""

    trials: Positive | None = None
    sampler: Text | None = None
    pruner: Text | None = None
    preset: Text | None = None
    looks: Positive | None = None
    spending: Text | None = None
    futility: float | None = None
    budgets: list[Any] | None = None
    options: dict[str, Any] | None = None


AnyPhase = (
    SearchEntry
    | SobolEntry
    | BlockedEntry
    | ConfirmEntry
    | SimpleEntry
    | BestEntry
    | PathEntry
    | FractionalEntry
    | PlugInEntry
    | UnknownEntry
)
PHASES: Final[Mapping[str, type[AnyPhase]]] = {
    design: model
    for model in get_args(AnyPhase)
    for design in get_args(model.model_fields["design"].annotation)
}
ANY_OPTION: Final = {
    option
    for options in (BlockedOptions, ConfirmOptions, PathOptions, FractionalOptions)
    for option in options.model_fields
}
ELSEWHERE: Final = {
    "trials": "only a search has it, and sobol",
    "sampler": "only a search has it",
    "pruner": "only a search has it",
    "preset": "only blocked has presets",
    "budgets": "only blocks are trained at several budgets",
    "looks": "only blocked and confirm claim anything, so only they have looks",
    "spending": "only blocked spends alpha over its looks",
    "futility": "only blocked may stop at a look",
}


def read_phases(parts: Parts, raw: Any, *, is_asked: bool = True) -> dict[str, Phase]:
    """Return the phases; one with errors has defaults in their place.

    A confirmation of a study that asks nothing describes, unless it says that it claims.
    """
    errors, phases = parts.errors, dict[str, Phase]()
    entries = errors.mapping("phases", raw)
    if not entries:
        text = "is missing; write e.g. phases: {compare: {design: one_factor, seeds: 3}}"
        errors.add("phases", text)
    for name, values in entries.items():
        at = f"phases.{name}"
        if problem := name_error(name):
            errors.add(at, problem)
            continue
        entry = read(_model(parts, at, values), values, at, parts)
        phase = _phase(name, entry, values)
        if not is_asked and phase.design == CONFIRM and entry.claims is None:
            phase = replace(phase, claims=False)
        phase = _with_spending(phase, entry, defaults=parts.defaults)
        if parts.defaults >= REDRAWS_SINCE:
            phase = _with_redraws(phase)
        if parts.defaults < LEAVES_OUT_SINCE:
            phase = _from_the_other_end(phase, parts)
        phases[name] = phase
        for again in _at_budgets(phases[name]):
            if again.name in entries:
                text = f"is the name of what {at}.budgets adds; give this phase another one"
                errors.add(f"phases.{again.name}", text)
            phases[again.name] = again
    return phases


def _model(parts: Parts, at: str, values: Any) -> type[AnyPhase]:
    """Return the model of the design that an entry names."""
    design = values.get("design") if isinstance(values, Mapping) else None
    if not isinstance(design, str) or not design.strip():
        return UnknownEntry
    known = parts.known["designs"]
    if design not in known:
        tail = nearest(design, known)
        parts.errors.add(f"{at}.design", f"no design is called {short(design)}; {tail}")
        return PHASES.get(design, UnknownEntry)
    return PHASES.get(design, PlugInEntry)


def _phase(name: str, entry: AnyPhase, raw: Any) -> Phase:
    options = raw.get("options") if isinstance(raw, Mapping) and entry.has("options") else None
    options = dict(options) if isinstance(options, Mapping) else {}
    preset = getattr(entry, "preset", None)
    given: Mapping[str, Any] = {}
    if isinstance(entry, BlockedEntry):
        is_whole = {"points", "blocks"} <= options.keys()
        preset = preset or (None if is_whole else DEFAULT_PRESET)
        given = PRESETS.get(preset or "", {})
    elif isinstance(entry, ConfirmEntry):
        given = {"blocks": BLOCKS_TO_CONFIRM}
    claims = entry.claims
    if claims is None:
        claims = entry.design in CLAIMING and preset not in NEVER_CLAIM
    sampler = getattr(entry, "sampler", None)
    budgets = getattr(entry, "budgets", None) or ()
    return Phase(
        name=name,
        design=entry.design or "",
        seeds=entry.seeds or 1,
        trials=getattr(entry, "trials", None),
        rungs=tuple(entry.rungs or ()) if entry.has("rungs") else (),
        options={**given, **options},
        sampler=sampler or ("tpe" if entry.design == SEARCH else None),
        pruner=getattr(entry, "pruner", None),
        preset=preset,
        looks=getattr(entry, "looks", None) or 1,
        budgets=tuple(map(float, budgets)) if len(budgets) > 1 and entry.has("budgets") else (),
        claims=claims,
    )


def _with_redraws(phase: Phase) -> Phase:
    """Return a blocked phase with a spare block per four blocks, unless it says how many."""
    blocks = phase.options.get("blocks")
    if phase.design != BLOCKED or "redraws" in phase.options or not isinstance(blocks, int):
        return phase
    return replace(phase, options={**phase.options, "redraws": -(-blocks // 4)})


def _with_spending(phase: Phase, entry: AnyPhase, *, defaults: int) -> Phase:
    """Return a blocked phase that has looks with its rule of spending and its bound of futility."""
    if not isinstance(entry, BlockedEntry) or phase.looks == 1:
        return phase
    usual: Spending = OBRIEN_FLEMING if defaults >= OBRIEN_FLEMING_SINCE else EVEN
    spending = entry.spending if entry.has("spending") and entry.spending else usual
    if spending == EVEN:
        return phase
    bound = entry.futility if entry.has("futility") else None
    return replace(phase, spending=spending, futility=FUTILITY if bound is None else bound)


def _from_the_other_end(phase: Phase, parts: Parts) -> Phase:
    """Return a leave_one_out of before, whose full method had the other value of every factor."""
    free = [factor for factor in parts.factors.values() if not factor.tied_to]
    is_plain = phase.design == LEAVE_ONE_OUT and phase.options.get("best") is None
    if not is_plain or any(len(factor.values) != 2 for factor in free):
        return phase
    best = {factor.name: factor.others[0] for factor in free}
    return replace(phase, options={**phase.options, "best": best})


def _at_budgets(phase: Phase) -> list[Phase]:
    """Return a phase per further budget: the blocks of an answer, trained for other steps.

    As they are a phase and arms of their own, their runs decide nothing that the answer decides.
    """
    return [
        replace(
            phase,
            name=f"{phase.name}_{times:g}x",
            design=AT_BUDGET,
            claims=False,
            looks=1,
            spending=EVEN,
            futility=0.0,
            budgets=(),
            of=phase.name,
            times=times,
            rungs=tuple(dict.fromkeys(max(1, round(times * rung)) for rung in phase.rungs)),
        )
        for times in phase.budgets[1:]
    ]


def _best_errors(at: str, values: Values, parts: Parts) -> Iterator[Problem]:
    """Yield what is wrong with values of factors by name."""
    for name, value in (values or {}).items():
        found = list(_factor_errors(f"{at}.{name}", name, parts))
        yield from found
        factor = parts.factors.get(name)
        if not found and factor is not None and value not in factor.values:
            known = ", ".join(str(one) for one in factor.values)
            text = f"{short(value)} is not one of the values {known}; name one of them"
            yield f"{at}.{name}", text


def _factor_errors(at: str, name: str, parts: Parts) -> Iterator[Problem]:
    """Yield that a factor is not there, or that it follows another one."""
    factor = parts.factors.get(name)
    if name not in parts.compared:
        yield at, f"no factor is called {short(name)}; {nearest(str(name), parts.compared)}"
    elif factor is not None and factor.tied_to:
        yield at, f"{name!r} follows {factor.tied_to!r}; name that one"
