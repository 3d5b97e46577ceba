"""What the page of a run says in MLflow: why it exists, its partners, where it is reported."""

from collections.abc import Mapping
from urllib.parse import quote

from ablate.config.schema import Question, StudyConfig
from ablate.design_names import (
    AT_BUDGET,
    BASELINE_ONLY,
    BLOCKED,
    CONFIRM,
    ONE_FACTOR,
    SEARCH,
    SOBOL,
)
from ablate.study.plan import Plan
from ablate.tables import markdown_text
from ablate.tracking.runs import EXPERIMENT
from ablate.training.spec import RunSpec

MOST_NAMED = 8
PARENT = "trial-parent"  # the kind of a run that has several runs below it


def of_study(config: StudyConfig) -> str:
    """Return the note of the study run and of its experiment, in Markdown."""
    lines = [f"**{markdown_text(config.title)}**", ""]
    lines += [f"- `{one.id}`: {markdown_text(one.asks)}" for one in config.questions.values()]
    lines += ["", "| phase | design |", "|---|---|"]
    lines += [
        f"| {phase.name} | {_design(phase.design, phase.sampler)} |"
        for phase in config.phases.values()
    ]
    return "\n".join(lines)


class Notes:
    """Writes the note of every run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        config = plan.config
        self._asked = {  # (phase, question) -> value -> arm
            (phase.name, question.id): plan.arms_of(question, times=phase.times)
            for phase in config.phases.values()
            for question in config.questions.values()
        }
        self._names = {trial.arm_id: trial.name for trial in plan.trials}

    def of_run(self, spec: RunSpec, kind: str) -> str:
        """Return the note of a run, or of the parent of several, in Markdown."""
        questions = self._questions(spec)
        parts = [f"**Why** {self._why(spec, kind)}"]
        parts += [line for line in (self._partners(spec, kind, questions),) if line]
        parts.append(f"**In the report** {self._place(spec, questions)}")
        parts += [f"**Asks** {markdown_text(question.asks)}" for question in questions]
        return "\n\n".join(parts)

    def _questions(self, spec: RunSpec) -> list[Question]:
        if self._plan.config.phases[spec.phase].design in (SEARCH, SOBOL):
            return []
        return [
            question
            for question in self._plan.config.questions.values()
            if spec.arm_id in self._asked[spec.phase, question.id].values()
        ]

    def _why(self, spec: RunSpec, kind: str) -> str:
        config, phase = self._plan.config, self._plan.config.phases[spec.phase]
        start = f"Phase `{spec.phase}`, {_design(phase.design, phase.sampler)}"
        if spec.block is None:
            several = f"; {phase.seeds} seeds" if phase.seeds > 1 else ""
            return f"{start}{several}{', mean and sd of the seeds' if kind == PARENT else ''}."
        if kind == PARENT:
            return (
                f"{start}: block {spec.block}. Of the tuning points below, the one that is best on "
                f"{config.objective} counts; it is tagged `ablate.winner`."
            )
        return (
            f"{start}: block {spec.block}, point {spec.point}. All values of a block share its "
            "tuning points, seed and split of train and val."
        )

    def _partners(self, spec: RunSpec, kind: str, questions: list[Question]) -> str:
        """Return the arms that this one is compared with, and a link that lists their runs."""
        arms = {
            arm: self._names.get(arm, arm)
            for question in questions
            for arm in self._asked[spec.phase, question.id].values()
            if arm != spec.arm_id
        }
        if not arms:
            return ""
        names = [_code(name) for name in list(arms.values())[:MOST_NAMED]]
        more = f" and {len(arms) - MOST_NAMED} more" if len(arms) > MOST_NAMED else ""
        tags = {"ablate.phase": spec.phase}
        if spec.block is not None:
            tags["ablate.block"] = str(spec.block)
        if kind != PARENT and spec.point is not None:
            tags["ablate.point"] = str(spec.point)
        elif kind == PARENT:
            tags["ablate.kind"] = "trial" if spec.block is None else "block"
        else:
            tags["ablate.seed"] = str(spec.seed)
        return f"**Paired with** {', '.join(names)}{more}: {_listed(tags)}"

    def _place(self, spec: RunSpec, questions: list[Question]) -> str:
        phase = self._plan.config.phases[spec.phase]
        if phase.design in (SEARCH, SOBOL):
            return "Exploration: it suggests, and claims nothing."
        rows = [
            f"`{question.id}` ({', '.join(map(markdown_text, contrasts))})"
            if (contrasts := self._contrasts(question, spec))
            else f"`{question.id}`"
            for question in questions
        ]
        if phase.design == AT_BUDGET and rows:
            return f"Says whether these hold at {phase.times:g} times the steps: {'; '.join(rows)}."
        if spec.block is not None and phase.design != CONFIRM and rows:
            return f"Answers: {'; '.join(rows)}."
        if phase.design == BASELINE_ONLY:
            return "none of its own: what percentages refer to, and how far seeds spread."
        return f"{'; '.join(rows) or 'Runs'}, in tables and figures."

    def _contrasts(self, question: Question, spec: RunSpec) -> list[str]:
        """Return the registered contrasts that the arm of a run has a weight in."""
        if not isinstance(question.contrasts, Mapping):
            return []
        arms = self._asked[spec.phase, question.id]
        values = [value for value, arm in arms.items() if arm == spec.arm_id]
        return [
            name
            for name, weights in question.contrasts.items()
            if any(weights.get(value) for value in values)
        ]


def _design(design: str, sampler: str | None) -> str:
    words = {
        BASELINE_ONLY: "the baseline alone",
        ONE_FACTOR: "one value changed at a time",
        SEARCH: f"a search by {sampler or 'the default sampler'}",
        SOBOL: "points spread over the whole space",
        BLOCKED: "an answer: every value in every block, tuned alike",
        AT_BUDGET: "the blocks of the answer, trained for another number of steps",
        CONFIRM: "a confirmation of frozen winners on fresh seeds",
    }
    return words.get(design, design.replace("_", " "))


def _code(name: str) -> str:
    """Return a name as Markdown's code; a backquote, which would end it, becomes an apostrophe."""
    return "`" + name.replace("`", "'") + "`"


def _listed(tags: Mapping[str, str]) -> str:
    """Return a link to the runs that have all of these tags."""
    wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    return f"[their runs](#/experiments/{EXPERIMENT}/runs?searchFilter={quote(wanted, safe='')})"
