"""Contents of a simulated study with every phase: pilot, exploration, hunt, blocked answer.

Scores are base x (1 + effects + block + tuning + noise), so that an effect of 0.02 is 2 % of the
pilot mean. Nothing is trained; the answers are those of the analysis.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.answers import answer
from ablate.analysis.published import read_facts
from ablate.report.contents import Contents

BASES = {"en": 6.8, "mi": 2.5, "sd": 34.0, "scd": 1.75, "vif": 0.58, "qabf": 0.65}
BUDGET = {
    "seconds_per_step": 0.05,
    "steps": 40.0,
    "parameters": 65536.0,
    "seconds": 2.5,
    "peak_memory_mib": 306.0,
}
NUISANCE = [
    {"name": "learning_rate", "low": 0.002, "high": 0.2, "is_log": True},
    {"name": "gradient_weight", "low": 1.0, "high": 100.0, "is_log": True},
]
EFFECTS: dict[Any, float] = {
    "sign_free": -0.02,
    "magnitude": -0.05,
    ("scd", "magnitude"): 0.03,
    "signed_sum": -0.01,
    0.35: -0.03,
    0.71: 0.004,
}
STEPS = (10, 20, 30, 40)


def asked(**changes: Any) -> dict[str, Any]:
    """Return a question as `answered_contents` takes it: values in design order."""
    return {
        "id": "variant",
        "asks": "Which half of the idea carries the gain?",
        "factor": "variant",
        "values": ["signed", "sign_free", "magnitude", "signed_sum"],
        "baseline": "signed",
        "ordered": False,
        "primary": ["qabf", "vif"],
        "secondary": ["mi", "scd"],
        "guardrails": ["en", "sd"],
        "smallest_effect": {"qabf": "0.5%", "vif": "0.5%", "en": "0.5%", "sd": "1%"},
        "expects": "differs",
        "contrasts": ["baseline"],
        "trend": None,
        "images": "random",
        "agrees_with": None,
        **changes,
    }


VARIANT = asked(
    contrasts=[
        ["split", [["sign_free", 1.0], ["magnitude", -1.0]]],
        ["sign", [["signed", 1.0], ["sign_free", -1.0]]],
        ["both", [["signed", 1.0], ["magnitude", -1.0]]],
        ["axes", [["signed", 1.0], ["signed_sum", -1.0]]],
    ]
)
RATIO = asked(
    id="ratio",
    asks="Does the scale ratio matter?",
    factor="ratio",
    values=[0.35, 0.5, 0.71],
    baseline=0.5,
    ordered=True,
    trend="log2",
)


def answered_contents(**options: Any) -> Contents:
    """Return a study as a report reads it, see `answered_study`."""
    return answered_study(**options)[1]


def answered_study(
    *,
    questions: Sequence[Mapping[str, Any]] = (VARIANT, RATIO),
    effects: Mapping[Any, float] | None = None,
    metrics: Sequence[str] = tuple(BASES),
    selecting: Sequence[str] | None = None,
    blocks: int = 8,
    points: int = 2,
    images: int = 6,
    pilot: int = 6,
    explored: int = 32,
    hunted: int = 12,
    failed: int = 0,
    left: float | None = None,
    seed: int = 0,
    **facts: Any,
) -> tuple[dict[str, Any], Contents]:
    """Return facts.json of a study as it would have been published, and its contents.

    Args:
        questions: As from `asked`; `values` are those of the factor.
        effects: Share of the base, by value or by (metric, value); `EFFECTS` if absent.
        metrics: All that were scored; the last one is the objective.
        selecting: Those with val scores, all if absent; the objective alone is three times quicker.
        blocks: Of the answer phase.
        points: Tuning points per value and block.
        images: Test images; half as many val images.
        pilot: Runs of the baseline; 0 leaves the phase out.
        explored: Sobol trials, val scores only; 0 leaves the phase out.
        hunted: Adaptive trials, val scores only; 0 leaves the phase out.
        failed: So many of the first answer runs ran out of memory.
        left: Share of every effect that is left at twice the steps; None trains once.
        seed: Of all that is random.
        facts: Replace published facts.
    """
    study = _Study(
        effects=EFFECTS if effects is None else effects,
        metrics=metrics,
        images=images,
        questions=questions,
        seed=seed,
        selecting=metrics if selecting is None else selecting,
    )
    phases: dict[str, dict[str, Any]] = {}
    if pilot:
        phases["pilot"] = _phase("baseline_only", seeds=pilot)
        for repeat in range(pilot):
            study.run("pilot", study.base, seed=repeat)
    if explored:
        phases["explore"] = _phase("sobol")
        for trial in range(explored):
            study.run(
                "explore",
                study.drawn(trial),
                trial=trial,
                dummy=study.random.random(),
                tuning=study.tuning(),
                is_scored=False,
            )
    if hunted:
        phases["hunt"] = _phase("search")
        for trial in range(hunted):
            study.run(
                "hunt",
                study.drawn(trial),
                trial=explored + trial,
                tuning=study.tuning(near=trial / hunted),
                is_scored=False,
            )
    phases["answer"] = _phase("blocked", preset="quick", claims=True, points=points, blocks=blocks)
    arms = {study.arm_of(settings): settings for _, settings in study.values()}
    blocked: list[tuple[int, int, dict[str, float], Any]] = []
    for block in range(1, blocks + 1):
        shift = study.random.normal(0, 0.01, len(metrics))
        for point in range(1, points + 1):
            tuning = study.tuning()
            for settings in arms.values():
                study.run(
                    "answer",
                    settings,
                    seed=1000 + block,
                    block=block,
                    point=point,
                    tuning=tuning,
                    shift=shift,
                    is_lost=study.lost < failed,
                )
            blocked.append((block, point, tuning, shift))
    if left is not None:
        study.effects = {key: left * share for key, share in study.effects.items()}
        study.suffix, study.rise = " · 2x steps", 0.1
        phases["answer_2x"] = {
            **_phase("at_budget", preset="quick", points=points, blocks=blocks),
            "of": "answer",
            "times": 2.0,
            "steps": 80,
            "arms": {_hash(arm): _hash(arm + study.suffix) for arm in arms},
        }
        for block, point, tuning, shift in blocked:
            for settings in arms.values():
                study.run(
                    "answer_2x",
                    settings,
                    seed=1000 + block,
                    block=block,
                    point=point,
                    tuning=tuning,
                    shift=shift,
                )
    known = {
        "study": "simulated",
        "title": "A simulated study",
        "baseline_arm": study.arm_of(study.base),
        "asks": [raw["asks"] for raw in questions],
        "primary": [metric for raw in questions for metric in raw["primary"]],
        "data_label": "generated pairs",
        "data_name": "synthetic",
        "data_hash": "d",
        "counts": {"train": 8, "val": images // 2, "test": images},
        "design_hash": "h",
        "protocol": "cddfuse-py",
        "protocol_hash": "p",
        "metrics": list(metrics),
        "budget": "40 steps, batch 4, crop 128, probe, fp32, cpu",
        "arms": list(
            dict.fromkeys(
                row["arm"] for row in study.runs if row["phase"] not in ("hunt", "answer_2x")
            )
        ),
        "phases": phases,
        "confirmations": [],
        "nuisance": NUISANCE,
        "held": [],
        "questions": [
            {
                **{key: value for key, value in raw.items() if key != "values"},
                "arms": [
                    [value, _hash(study.arm_of(settings))] for value, settings in study.values(raw)
                ],
            }
            for raw in questions
        ],
        "objective": f"val/{metrics[-1]}",
        "planned": len(study.runs),
        "infeasible": 0,
        "duplicates": 0,
        "revision": "r",
        "versions": {"torch": "2"},
        "python": "3.11",
        "machine": "x",
        "threads": 1,
        "device": "cpu",
        "tracking_uri": "sqlite:///x",
        "settings": {
            "model": {"name": "probe"},
            "train": {"learning_rate": 0.02, "steps": 40},
            "loss": {"gradient_weight": 10.0},
            "data": {"name": "synthetic"},
        },
        **facts,
    }
    runs = pd.DataFrame(study.runs)
    scores = pd.DataFrame(study.scores, columns=["run_id", "split", "image", "metric", "value"])
    read = read_facts(known)
    contents = Contents(
        facts=read,
        runs=runs,
        images=scores,
        curves=pd.DataFrame(study.curves, columns=["run_id", "key", "step", "value"]),
        trivial_baselines=pd.DataFrame(
            [
                ("rule", rule, "test", f"test{i:03d}", metric, BASES.get(metric, 1.0) * share)
                for rule, share in (("mean", 0.8), ("max", 0.9))
                for i in range(images)
                for metric in metrics
            ],
            columns=["kind", "name", "split", "image", "metric", "value"],
        ),
        gallery={},
        verdicts=answer(read, runs, scores, generated_by="ablate 0"),
    )
    return known, contents


def _phase(design: str, **options: Any) -> dict[str, Any]:
    empty = {"seeds": 1, "preset": None, "claims": False, "points": None, "blocks": None}
    return {"design": design, **empty, **options}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Study:
    """Rows of the published tables, run by run."""

    def __init__(
        self,
        *,
        effects: Mapping[Any, float],
        metrics: Sequence[str],
        images: int,
        questions: Sequence[Mapping[str, Any]],
        seed: int,
        selecting: Sequence[str],
    ) -> None:
        self.random = np.random.default_rng(seed)
        self.effects, self.metrics, self.questions = effects, metrics, questions
        self.base = {raw["factor"]: raw["baseline"] for raw in questions}
        self.of_image = {
            split: self.random.normal(0, 0.05, (count, len(metrics)))
            for split, count in (("val", max(1, images // 2)), ("test", images))
        }
        self.runs: list[dict[str, Any]] = []
        self.scores: list[tuple[Any, ...]] = []
        self.curves: list[tuple[Any, ...]] = []
        self.lost = 0
        self.suffix, self.rise = "", 0.0  # of arms, and of all scores, at another budget
        self.kept = {"val": frozenset(selecting), "test": frozenset(metrics)}

    def values(self, raw: Mapping[str, Any] | None = None) -> list[tuple[Any, dict[str, Any]]]:
        """Return (value, settings) of one question, or of all."""
        some = self.questions if raw is None else [raw]
        return [(v, {**self.base, one["factor"]: v}) for one in some for v in one["values"]]

    def arm_of(self, settings: Mapping[str, Any]) -> str:
        return " · ".join(
            v if isinstance(v, str) else f"{name} {v:.4g}" for name, v in settings.items()
        )

    def drawn(self, trial: int) -> dict[str, Any]:
        """Return settings of an exploration: names in turn, numbers anywhere in their range."""
        found: dict[str, Any] = {}
        for raw in self.questions:
            values = raw["values"]
            found[raw["factor"]] = (
                round(float(self.random.uniform(min(values), max(values))), 4)
                if raw["ordered"]
                else values[trial % len(values)]
            )
        return found

    def tuning(self, *, near: float = 0.0) -> dict[str, float]:
        """Return nuisance settings anywhere in their ranges, or the nearer to the best place."""
        found = {}
        for entry in NUISANCE:
            low, high = float(entry["low"]), float(entry["high"])  # type: ignore[arg-type]
            share = self.random.random() * (1 - near) + 0.5 * near
            found[str(entry["name"])] = low * (high / low) ** share
        return found

    def run(
        self,
        phase: str,
        settings: Mapping[str, Any],
        *,
        trial: int | None = None,
        seed: int = 0,
        block: int | None = None,
        point: int | None = None,
        dummy: float | None = None,
        tuning: Mapping[str, float] | None = None,
        shift: Any = 0.0,
        is_scored: bool = True,
        is_lost: bool = False,
    ) -> None:
        """Add one run: its row, its scores per image, its curves."""
        arm, number = self.arm_of(settings) + self.suffix, len(self.runs)
        run_id = _hash(f"{arm}{phase}{number}")
        row: dict[str, Any] = {
            "run_id": run_id,
            "arm_id": _hash(arm),
            "arm": arm,
            "recipe_id": _hash(f"{arm}{tuning}"),
            "phase": phase,
            "trial": number if trial is None else trial,
            "seed": seed,
            "block": block,
            "point": point,
            "split_seed": block,
            "dummy": dummy,
            "state": "failed" if is_lost else "finished",
            "reason": "oom" if is_lost else "",
            **{f"factor.{name}": str(value) for name, value in settings.items()},
            **{f"nuisance.{name}": value for name, value in (tuning or {}).items()},
        }
        self.runs.append(row)
        if is_lost:
            self.lost += 1
            return
        row |= {f"facts.{name}": value for name, value in BUDGET.items()}
        row["facts.seconds_per_step"] *= 1 + 0.1 * (len(arm) % 7) + self.random.uniform(0, 0.05)
        level = self._level(settings, tuning or {}) + shift + self.rise
        for split, of_image in self.of_image.items():
            if split == "test" and not is_scored:
                continue
            noise = self.random.normal(0, 0.006, of_image.shape) + self.random.normal(0, 0.004)
            bases = np.array([BASES.get(metric, 1.0) for metric in self.metrics])
            scores = bases * (1 + level + of_image + noise)
            for k, metric in enumerate(self.metrics):
                if metric not in self.kept[split]:
                    continue
                row[f"{split}/{metric}"] = float(scores[:, k].mean())
                self.scores += [
                    (run_id, split, f"{split}{i:03d}", metric, float(scores[i, k]))
                    for i in range(len(scores))
                ]
                self.curves.append((run_id, f"{split}/{metric}", 40, row[f"{split}/{metric}"]))
        height = 1.0 + self.random.uniform(0, 0.2)
        for key, share in (
            ("loss", 1.0),
            ("intensity", 0.3),
            ("gradient", 0.1),
            ("gradient/level1", 0.1),
        ):
            self.curves += [
                (run_id, f"train/{key}", step, share * height * (0.2 + 2 / step))
                for step in (1, *STEPS)
            ]
        for key, share in (("grad_share", 0.4), ("frame_share", 0.1), ("level1_frame_share", 0.1)):
            self.curves += [
                (run_id, f"train/gradient/{key}", step, share * height) for step in STEPS
            ]

    def _level(self, settings: Mapping[str, Any], tuning: Mapping[str, float]) -> Any:
        """Return the shift of every metric by settings and tuning, as a share of the base."""
        found = np.zeros(len(self.metrics))
        for raw in self.questions:
            value = settings[raw["factor"]]
            for k, metric in enumerate(self.metrics):
                found[k] += self._effect(metric, value, raw)
        for entry in NUISANCE:
            if entry["name"] in tuning:
                low, high = float(entry["low"]), float(entry["high"])  # type: ignore[arg-type]
                place = np.log(tuning[str(entry["name"])] / low) / np.log(high / low)
                found -= 0.1 * (place - 0.5) ** 2
        return found

    def _effect(self, metric: str, value: Any, raw: Mapping[str, Any]) -> float:
        """Return the effect of a value; between two numbers it goes straight."""

        def named(one: Any) -> float:
            return self.effects.get((metric, one), self.effects.get(one, 0.0))

        if value in raw["values"] or not raw["ordered"]:
            return named(value)
        known = sorted(raw["values"])
        return float(np.interp(value, known, [named(one) for one in known]))
