"""`ablate plan`: what a study would run, and how long it would take."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Limit, Overrides, Store, Study, limited
from ablate.cli.saying import echo, say

if TYPE_CHECKING:
    from ablate.config.schema import Phase
    from ablate.models.size import Size
    from ablate.study.cost import Cost, Fit, Pace
    from ablate.study.forecast import Figures, Forecast, Source
    from ablate.study.plan import Plan
    from ablate.study.planned import ConfirmPlan, SearchPlan

SHOWN = 12
BUSY = 0.8  # of a core, while trainings were measured
_BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s*(h|m|min|d)")
_HOURS = {"h": 1.0, "m": 1 / 60, "min": 1 / 60, "d": 24.0}


def plan(
    study: Study,
    overrides: Overrides = None,
    *,
    as_json: Json = False,
    store: Store = DEFAULT_STORE,
    limit: Limit = None,
    fit: Annotated[
        str | None,
        typer.Option(
            "--fit", metavar="HOURS", help="Name the largest answer design in a budget: 6h, 90min."
        ),
    ] = None,
    seconds_per_step: Annotated[
        float | None,
        typer.Option(
            "--seconds-per-step",
            min=1e-6,
            metavar="NUMBER",
            help="Pace; without it, that of alike runs in the store.",
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            "--noise",
            metavar="SOURCE",
            help="What differences can be found, by the noise of an earlier answer: STUDY@STORE, "
            "or the folder of a published report; without it, by this study's pilot.",
        ),
    ] = None,
    measures: Annotated[
        bool,
        typer.Option(
            "--time",
            help="Measure some steps and a scoring of each kind of training here, for the hours; "
            "kept for later plans in the user's cache folder.",
        ),
    ] = False,
) -> None:
    """Print arms, seeds, cost, what differences can be found, and first trials of a study.

    Hours come from --time, from the study's own finished runs, from figures that --time measured
    here before, or from alike runs in the store. Nothing is written but what --time keeps.

    Examples:
        ablate plan q4_variant data=msrs train.steps=2000
        ablate plan q4_variant_answer data=msrs data.root=/data/MSRS --time executor.slots=8
        ablate plan q4_variant_answer --fit 6h --seconds-per-step 0.09
        ablate plan q4_variant_answer --noise q2_levels@ablate-store
    """
    from ablate.cli import prospects
    from ablate.cli.arguments import load
    from ablate.study.cost import Pace, cost, pace_of
    from ablate.study.forecast import forecast
    from ablate.study.plan import make

    hours = _hours(fit) if fit is not None else None
    made = make(load(study, limited(overrides, limit)))
    spread = prospects.known(made, store=Path(store), source=noise)
    finds = prospects.prospects(made, spread.noise)
    figures, source, is_kept = _figures(made, Path(store), measures=measures)
    found = forecast(made, figures, source=source)
    pace = _pace(figures) or pace_of(Path(store), made.config)
    if seconds_per_step is not None:
        found, pace = None, Pace(seconds_per_step=seconds_per_step)
    spent = cost(made, pace)
    if found is not None:
        spent = replace(spent, hours=found.wall_h)
    chosen = _fitted(made, pace, hours) if hours is not None else None
    if as_json:
        facts = _facts(made, spent, chosen)
        facts["noise"] = spread.source if finds else None
        facts["prospects"] = [asdict(one) for one in finds]
        facts["time"] = asdict(found) if found is not None else None
        echo(json.dumps(facts, indent=2))
        return
    _print_design(made)
    typed = shlex.join([study, *(overrides or [])])
    for line in prospects.lines(made, finds, spread.source, study=typed):
        say(line)
    for line in _cost_lines(made, spent, pace, found):
        say(line)
    for one in spent.budgets:
        taken = "" if one.hours is None else f", {one.hours:.1f} h"
        say(f"  budget {one.times:g}x ({one.phase}): {one.runs} runs, {one.steps:,} steps{taken}")
    if chosen is not None:
        at = f"phases.{chosen.phase}.options"
        say(
            f"fits {fit}: {at}.points={chosen.points} {at}.blocks={chosen.blocks} "
            f"({chosen.hours:.1f} h)"
        )
    kept = "only the figures of --time were kept, in the user's cache folder"
    end = kept if is_kept else "nothing was written"
    say(f"design hash {made.design_hash} (this very list of runs); {end}")


def _print_design(made: "Plan") -> None:
    """Print what is asked, and the phases with their first trials."""
    say(f"{made.config.name}: {made.config.title}")
    if size := _size(made):
        say(size.in_words())
    if line := _data_line(made.config.base.get("data")):
        say(line)
    for question in made.config.questions.values():
        say(f"  asks: {question.asks}")
    for phase in made.config.phases.values():
        _print_phase(made, phase)
    for search in made.searches:
        seeds = f" x {search.phase.seeds} seeds" if search.phase.seeds > 1 else ""
        say(
            f"phase {search.phase.name}: {search.trials} trials{seeds} by "
            f"{search.phase.sampler or 'tpe'} over {', '.join(made.config.dimensions)}; "
            f"{_seen(search)}"
        )
    if made.searches:
        from ablate.study.inactive import never_active

        for line in never_active(made.config):
            say(f"  {line}")
    for confirmation in made.confirmations:
        _print_confirmation(made, confirmation)


def _seen(search: "SearchPlan") -> str:
    """Return what a suggestion may know of, in words."""
    if search.lag:
        return f"trial k is suggested from the results of trials 0 to k-{search.lag}"
    return (
        "4 may train in parallel, later a quarter of the trials so far, at most "
        f"{search.lag_at(1000)}"
    )


def _size(made: "Plan") -> "Size | None":
    """Return the size of the base network; None where there is none, or a plug-in's."""
    from ablate.models.size import size_of

    network = made.config.base.get("model")
    return None if network is None else size_of(network)


def _data_line(settings: Mapping[str, Any] | None) -> str | None:
    """Return what lies in the data folder of this machine; None where the pairs are generated."""
    if settings is None or settings["name"] == "synthetic":
        return None
    from ablate.cli.arguments import check_root
    from ablate.data import make
    from ablate.data.pairs import SPLITS
    from ablate.errors import DataError

    try:
        pairs = make(settings).limited(settings.get("limit") or {})
    except DataError as error:
        check_root(settings)
        return f"{str(error).splitlines()[0]} (needed by `ablate run`, not by this plan)"
    manifest = pairs.manifest
    used = ", ".join(f"{manifest.counts.get(split, 0)} {split}" for split in SPLITS)
    scenes = manifest.group_counts().get("test", 0) if manifest.groups else 0
    of = f" of {_counted(scenes, 'scene')}" if scenes else ""
    faults = f"; {_counted(len(pairs.problems), 'fault')}, see `ablate data verify`"
    return f"data: {manifest.label}, {used} pairs{of}{faults if pairs.problems else ''}"


def _print_phase(made: "Plan", phase: "Phase") -> None:
    from ablate.study.remarks import remarks

    trials = [trial for trial in made.trials if trial.phase == phase.name]
    if not trials:
        return
    arms = len({(trial.arm_id, trial.change) for trial in trials})
    if "blocks" in phase.options:
        points, blocks = phase.options.get("points", 1), phase.options["blocks"]
        counts = ((arms, "arm"), (points, "point"), (blocks, "block"))
        factors = " x ".join(_counted(count, word) for count, word in counts)
        size = f"{factors} = {_counted(len(trials), 'run')}"
    else:
        word = "arm" if trials[0].point is None else "point"
        size = f"{_counted(len(trials), word)} x {_counted(phase.seeds, 'seed')}"
    preset = f", {phase.preset}" if phase.preset else ""
    say(f"phase {phase.name} ({phase.design}{preset}): {size}")
    for line in remarks(made, phase):
        say(f"  {line}")
    if phase.of is not None:
        return  # the trials of the answer once more
    for trial in trials[:SHOWN]:
        name = trial.name if trial.point is None else trial.runs[0].name
        say(f"  t{trial.number:03d} {trial.arm_id}  {name}")
    if len(trials) > SHOWN:
        say(f"  ... and {len(trials) - SHOWN} more")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


def _print_confirmation(made: "Plan", confirmation: "ConfirmPlan") -> None:
    from ablate.study.remarks import remarks

    phase, winners = confirmation.phase, confirmation.winners
    arms = f"baseline and {winners} winner{'s' if winners > 1 else ''} of {confirmation.of}"
    say(
        f"phase {phase.name} (confirm): {arms} x {phase.options['blocks']} blocks = "
        f"{confirmation.runs} runs"
    )
    for line in remarks(made, phase):
        say(f"  {line}")


def _figures(
    made: "Plan", store: Path, *, measures: bool
) -> tuple[dict[str, "Figures"], "Source", bool]:
    """Return figures of time, where they are from, and whether they were kept just now."""
    from ablate.study.forecast import keep, known_figures

    if not measures:
        return *known_figures(made, store), False
    from ablate.cli.progress import Counter
    from ablate.study.timing import measure

    with Counter("measuring trainings") as counter:
        figures = measure(made, tick=counter.step)
    device = str(made.config.base["train"]["device"])
    return figures, "measured", keep(figures, device=device)


def _pace(figures: Mapping[str, "Figures"]) -> "Pace | None":
    """Return the pace of the baseline, or of the first kind that is known."""
    from ablate.study.cost import Pace

    first = next(iter(figures.values()), None)
    if first is None:
        return None
    return Pace(seconds_per_step=first.step_s, seconds_beside=first.beside_s, runs=1)


def _cost_lines(
    made: "Plan", spent: "Cost", pace: "Pace | None", found: "Forecast | None"
) -> list[str]:
    parts = [f"{count} runs x {steps} steps" for steps, count in sorted(spent.lengths.items())]
    line = f"cost: {' + '.join(parts)} = {spent.steps:,} steps"
    if found is not None:
        return [line, *_time_lines(found)]
    if spent.hours is None or pace is None:
        return [f"{line}, hours unknown: --time measures them here (or give --seconds-per-step)"]
    slots = int(made.config.executor.get("slots", 1))
    source = f"the pace of {pace.runs} earlier runs" if pace.runs else "the pace given"
    return [f"{line}, {spent.hours:.1f} h on {slots} slot{'s' if slots > 1 else ''} at {source}"]


def _time_lines(found: "Forecast") -> list[str]:
    """Return hours of the machine and on the wall, what they go into, and how they are known."""
    parts = {"steps": found.steps_h, "scoring": found.scoring_h, "baselines": found.baselines_h}
    parts["start-up and records in MLflow"] = found.around_h
    parts["data, pictures and weights"] = max(0.0, found.machine_h - sum(parts.values()))
    shares = ", ".join(
        f"{name} {hours / found.machine_h:.0%}"
        for name, hours in parts.items()
        if found.machine_h and hours / found.machine_h >= 0.005
    )
    if found.source == "runs":  # what they took beside their steps is not told apart
        rest = 1 - found.steps_h / found.machine_h if found.machine_h else 0.0
        shares = f"steps {1 - rest:.0%}, scoring and all else {rest:.0%}"
    known = {
        "measured": "measured here just now",
        "cache": "measured here before by --time",
        "runs": "from the study's own finished runs",
    }[found.source]
    workers = _counted(found.workers, "worker")
    lines = [
        f"time: {_hours_of(found.machine_h)} of machine time, {_hours_of(found.wall_h)} with "
        f"{workers} ({shares})",
        f"  {known}, {found.known_kinds} of {_counted(found.kinds, 'kind')} of training; "
        "searches and confirmations at the baseline's cost, nothing pruned",
    ]
    if len(found.phases_h) > 1:
        each = (f"{name} {_hours_of(hours)}" for name, hours in found.phases_h.items())
        lines.append(f"  by phase: {', '.join(each)}")
    if found.cpu_share < BUSY:
        lines.append(
            f"  the machine was busy: {found.cpu_share:.0%} of a core; alone it may take "
            f"{_hours_of(found.machine_h * found.cpu_share)}"
        )
    return lines


def _hours_of(hours: float) -> str:
    """Return hours, and below a tenth of one the minutes or seconds."""
    from ablate.numbers import duration

    return f"{hours:.1f} h" if hours >= 0.1 else duration(hours * 3600)


def _facts(made: "Plan", spent: "Cost", chosen: "Fit | None") -> dict[str, Any]:
    from ablate.study.claims import reaches

    config = made.config
    searches = [
        {"phase": s.phase.name, "sampler": s.phase.sampler, "trials": s.trials, "lag": s.lag_at(0)}
        for s in made.searches
    ]
    return {
        "study": config.name,
        "runs": made.runs,
        "design_hash": made.design_hash,
        "steps": spent.steps,
        "hours": spent.hours,
        "duplicates": made.duplicates,
        "spare_runs": sum(len(trial.runs) for trial in made.spares),
        "network": asdict(size) if (size := _size(made)) else None,
        "infeasible": made.infeasible,
        "trials": made.rows(),
        "searches": searches,
        "confirmations": [
            {"phase": c.phase.name, "of": c.of, "winners": c.winners, "runs": c.runs}
            for c in made.confirmations
        ],
        "budgets": [asdict(one) for one in spent.budgets],
        "claims": {phase.name: phase.claims for phase in config.phases.values()},
        "detectable": [asdict(reach) for reach in reaches(config)],
        **({"fit": asdict(chosen)} if chosen is not None else {}),
    }


def _fitted(made: "Plan", pace: "Pace | None", hours: float) -> "Fit":
    from ablate.errors import ConfigError
    from ablate.study.cost import SIZES, fit

    if pace is None:
        raise ConfigError(
            "--fit: no alike run in the store says how long a step takes; add --time, or give "
            "--seconds-per-step"
        )
    chosen = fit(made, pace, hours=hours)
    if chosen is None:
        points, blocks = SIZES[-1]
        raise ConfigError(
            f"--fit: not even {points} points x {blocks} blocks take {hours:g} h; raise the budget "
            "or executor.slots, or lower train.steps"
        )
    return chosen


def _hours(text: str) -> float:
    from ablate.errors import ConfigError

    match = _BUDGET.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"--fit: {text!r} is not a budget; write for example 6h or 90min")
    return float(match.group(1)) * _HOURS[match.group(2)]
