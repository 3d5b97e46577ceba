"""What a design can find in units of each metric, once a pilot has shown how seeds spread."""

import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

from ablate.design_names import BASELINE_ONLY, CONFIRM
from ablate.study.claims import Reach
from ablate.study.plan import Plan

FEWEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable:
    """The smallest difference in a metric that a phase finds for a question.

    The spread of a paired difference is taken as that of two independent runs, sqrt(2) times the
    spread over seeds of the pilot: what a shared seed and split remove is not known before.
    """

    question: str
    phase: str
    metric: str
    difference: float
    percent: float | None  # of the pilot mean
    pilot_runs: int


def spreads(plan: Plan, store: Path) -> dict[str, tuple[float, float, int]]:
    """Return metric -> mean, standard deviation and number of the finished pilot runs in a store.

    Empty with fewer than three: their spread would say too little.
    """
    config = plan.config
    pilots = {phase.name for phase in config.phases.values() if phase.design == BASELINE_ONLY}
    of_metric: dict[str, list[float]] = {}
    for trial in plan.trials:
        for run in trial.runs if trial.phase in pilots else ():
            path = store / config.name / "runs" / run.run_id / "result.json"
            try:
                result = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue  # not run yet, or being written
            for metric in config.base["metrics"]["names"]:
                value = result["metrics"].get(f"test/{metric}")
                if result.get("state") == "finished" and value is not None:
                    of_metric.setdefault(metric, []).append(float(value))
    return {
        metric: (statistics.fmean(values), statistics.stdev(values), len(values))
        for metric, values in of_metric.items()
        if len(values) >= FEWEST
    }


def detectable(plan: Plan, store: Path, reaches: list[Reach]) -> list[Detectable]:
    """Return what each question can find in each of its primary metrics; empty without a pilot."""
    config, found = plan.config, []
    known = spreads(plan, store)
    for reach in reaches:
        phase = config.phases[reach.phase]
        name = reach.question
        if phase.design == CONFIRM:
            name = str(phase.options.get("question", next(iter(config.questions))))
        for metric in config.questions[name].primary:
            if metric in known:
                mean, spread, runs = known[metric]
                difference = reach.effect * math.sqrt(2) * spread
                found.append(
                    Detectable(
                        question=reach.question,
                        phase=reach.phase,
                        metric=metric,
                        difference=difference,
                        percent=100 * difference / abs(mean) if mean else None,
                        pilot_runs=runs,
                    )
                )
    return found
