"""The hash of a design: all that is fixed before anything runs."""

from collections.abc import Sequence

from ablate.config.schema import StudyConfig
from ablate.design_names import CONFIRM
from ablate.identity import JsonValue, digest
from ablate.study.planned import PlannedTrial, SearchPlan
from ablate.study.recipes import canonical, identity_of


def design_hash(
    config: StudyConfig,
    trials: Sequence[PlannedTrial],
    searches: Sequence[SearchPlan],
    spares: Sequence[PlannedTrial] = (),
) -> str:
    """Return the hash of the table and of all that is fixed beside it.

    What a study does not use leaves no trace in it, so that a study keeps its hash when the
    program learns something new.
    """
    return digest(
        {
            "study": config.name,
            "objective": config.objective,
            **({"further_objectives": further} if (further := config.further_objectives) else {}),
            "seed": config.seed,
            "trials": _table(trials),
            "searches": [
                [
                    search.phase.name,
                    search.trials,
                    search.phase.seeds,
                    search.lag,
                    str(search.phase.sampler),
                    str(search.phase.pruner),
                    list(search.phase.rungs or ()),
                    *([dict(search.phase.options)] if search.phase.options else []),
                    repr(sorted(config.dimensions.items())),
                    repr(config.constraints),
                    identity_of(canonical(config.base)),
                ]
                for search in searches
            ],
            **({"spares": _table(spares)} if spares else {}),
            "questions": repr(sorted(config.questions.items())),
            **_interactions(config),
            **_pre_registered(config),
        }
    )


def _table(trials: Sequence[PlannedTrial]) -> JsonValue:
    return [[trial.phase, trial.arm_id, [run.run_id for run in trial.runs]] for trial in trials]


def _interactions(config: StudyConfig) -> dict[str, JsonValue]:
    """Return the second factors of questions that have one; nothing for studies without."""
    crossed: dict[str, JsonValue] = {
        name: question.crossed_with
        for name, question in config.questions.items()
        if question.crossed_with
    }
    return {"crossed": crossed} if crossed else {}


def _pre_registered(config: StudyConfig) -> dict[str, JsonValue]:
    """Return what an answer design fixes beside its table; nothing for studies without one."""
    answers = {
        phase.name: phase.claims for phase in config.phases.values() if "blocks" in phase.options
    }
    if not answers:
        return {}
    ranges = repr(sorted(config.nuisance.items()))
    confirmed: dict[str, JsonValue] = {
        phase.name: repr(sorted(phase.options.items()))
        for phase in config.phases.values()
        if phase.design == CONFIRM
    }
    looks: dict[str, JsonValue] = {
        phase.name: phase.looks for phase in config.phases.values() if phase.looks > 1
    }
    return {
        **({"looks": looks} if looks else {}),
        "claims": answers,
        "nuisance": ranges,
        "factors": repr(config.factors),
        **({"confirmations": confirmed} if confirmed else {}),
    }
