"""What the MLflow UI shows of a study first: its phases, its pictures, its headline."""

from ablate.config.schema import Phase
from ablate.data.items import Examples
from ablate.data.pairs import PairSet
from ablate.design_names import BASELINE_ONLY, SEARCHES
from ablate.study.plan import Plan
from ablate.study.questions import shown_first
from ablate.study.trials import Trials
from ablate.tracking.views import Shown

PICTURES = 3  # fused images of a split in the grid


def phases(plan: Plan) -> list[Shown]:
    """Return what each phase varies, and what its trials are sorted by."""
    config = plan.config
    first = shown_first(config)
    set_in: dict[str, dict[str, None]] = {name: {} for name in config.phases}
    for trial in plan.trials:
        names = [f"factor.{name}" for name in trial.factors]
        if trial.block is None:  # an exploration: the settings themselves
            names += [path for name in trial.nuisance if (path := config.varied[name].path)]
        set_in[trial.phase].update(dict.fromkeys(names))
    searched = [f"factor.{name}" for name in config.dimensions]
    return [
        Shown(
            name=name,
            metrics=config.objectives if _sees_val_alone(phase) else first,
            varied=list(set_in[name]) or searched,
            has_seeds=phase.seeds > 1 and phase.design != BASELINE_ONLY,
            has_blocks="blocks" in phase.options or phase.of is not None,
        )
        for name, phase in config.phases.items()
    ]


def _sees_val_alone(phase: Phase) -> bool:
    return phase.design in SEARCHES


def pictures(plan: Plan, examples: Examples) -> list[str]:
    """Return the names under which trainings record the first fused images of a split."""
    most = min(int(plan.config.base["train"].get("gallery", 0)), PICTURES)
    if not isinstance(examples, PairSet):
        return []
    searches = any(_sees_val_alone(phase) for phase in plan.config.phases.values())
    designs = any(not _sees_val_alone(phase) for phase in plan.config.phases.values())
    splits = [*(["test"] if designs else []), *(["val"] if searches else [])]
    return [f"fused/{stem}" for split in splits for stem in examples.stems(split)[:most]]


def headline(trials: Trials, *, objective: str, counts: dict[str, int]) -> tuple[str, float | None]:
    """Return what ran and which trial is best on the objective, and its value there."""
    ended = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    sign = 1 if trials.directions[0] == "maximize" else -1
    scored = [
        (sign * one.value, -number)
        for number, one in trials.finished.items()
        if one.is_feasible and one.value is not None
    ]
    if not scored:
        return f"runs: {ended}", None
    best, number = max(scored)
    trial = trials.known[-number]
    text = f"best {objective} {sign * best:.4g}: t{trial.number:03d} {trial.name}; runs: {ended}"
    return text, sign * best
