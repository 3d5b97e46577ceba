"""How near a design comes to effects that are known, and how often its interval holds.

Run: python -m benchmarks.design [--repeats STUDIES] [--out FOLDER]
"""

import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import optuna
import yaml
from scipy.stats import qmc

from ablate import config
from ablate.stats.crossed import crossed_t
from ablate.study.names import known
from ablate.study.plan import Plan, make
from benchmarks.results import content, measure, options, show, write

ABOUT = (
    "Scores of three values of a factor on simulated surfaces over learning rate and loss weight, "
    "with noise of seeds and splits; the effects of the two values on the baseline are known. "
    "Paired: blocked, 33 blocks x 1 tuning point x 3 values, 99 trials, as ablate answers (values "
    "of a block share point, seed and split; the t interval over blocks). Sobol: 100 trials over "
    "everything, means by value. TPE: 200 trials, means by value and best of each value."
)
VALUES = ("signed", "sign_free", "magnitude")
SETTINGS = (
    {"loss.components": "axis_wise", "loss.sign": "kept"},
    {"loss.components": "axis_wise", "loss.sign": "free"},
    {"loss.components": "magnitude_l1"},
)
RATES, WEIGHTS = (1e-4, 1e-2), (1.0, 100.0)
STUDIES, SEARCHED = 1000, 20
PLANS = 20  # draws of tuning points, taken in turns
BLOCKS, POINTS = 33, 1
SOBOL, TPE = 100, 200
SEED_SD, BLOCK_SD, VAL_SD, REACH = 0.006, 0.01, 0.003, 0.06
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Surface:
    """A bowl over two settings in [0, 1], the same for all values but for the effects."""

    effects: Floats  # of the second and third value
    centre: Floats
    bends: Floats
    twist: float

    def at(self, value: int, place: Floats) -> float:
        """Return the score of a value at a place, without noise."""
        away = place - self.centre
        bowl = float(self.bends @ away**2 + self.twist * away[0] * away[1])
        return float((0.0, *self.effects)[value]) - REACH * bowl


def surface(random: np.random.Generator) -> Surface:
    """Return a random surface; effects are about as large as the noise of a seed."""
    return Surface(
        random.normal(0, 0.01, 2),
        random.uniform(0.2, 0.8, 2),
        random.uniform(0.5, 2.0, 2),
        random.uniform(-0.5, 0.5),
    )


def planned(folder: Path, *, seed: int) -> Plan:
    """Return the plan of a study whose answer phase is the paired design."""
    file = folder / "paired.yaml"
    whole = {
        "title": "Paired",
        "space": {
            "dimensions": {
                "variant": {
                    "type": "bundle",
                    "choices": dict(zip(VALUES, SETTINGS, strict=True)),
                    "baseline": VALUES[0],
                }
            }
        },
        "factors": {"variant": {"values": list(VALUES), "baseline": VALUES[0]}},
        "phases": {
            "answer": {"design": "blocked", "options": {"blocks": BLOCKS, "points": POINTS}}
        },
        "base": {"data": {"name": "synthetic"}, "model": {"name": "probe"}},
    }
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return make(config.load(file, (f"seed={seed}",), known=known()))


def paired(plan: Plan, truth: Surface, random: np.random.Generator) -> Floats:
    """Return test scores by block and value of the points that were best on val."""
    values = {value: at for at, value in enumerate(VALUES)}
    of_block = random.normal(0, BLOCK_SD, BLOCKS)
    best: dict[tuple[int, int], tuple[float, float]] = {}
    for trial in plan.trials:
        (run,) = trial.runs
        assert run.block is not None
        block, value = run.block - 1, values[str(run.factors["variant"])]
        place = np.array(
            [
                _share(float(str(run.nuisance["learning_rate"])), RATES),
                _share(float(str(run.nuisance["gradient_weight"])), WEIGHTS),
            ]
        )
        score = truth.at(value, place) + of_block[block] + random.normal(0, SEED_SD)
        val, test = score + random.normal(0, VAL_SD), score + random.normal(0, VAL_SD)
        best[block, value] = max(best.get((block, value), (-math.inf, 0.0)), (val, test))
    return np.array([[best[block, value][1] for value in range(3)] for block in range(BLOCKS)])


def spread(truth: Surface, random: np.random.Generator) -> Floats:
    """Return the effects that means by value of a Sobol exploration show."""
    points = qmc.Sobol(3, rng=random).random_base2(SOBOL.bit_length())[:SOBOL]
    values = (3 * points[:, 0]).astype(int)
    scores = np.array(
        [_noisy(truth, v, p[1:], random) for v, p in zip(values, points, strict=True)]
    )
    return _by_value(values, scores)


def searched(truth: Surface, random: np.random.Generator, *, seed: int) -> tuple[Floats, Floats]:
    """Return the effects that means by value, and best of each value, of a TPE search show."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        storage=optuna.storages.InMemoryStorage(),
    )

    def objective(trial: optuna.Trial) -> float:
        value = VALUES.index(trial.suggest_categorical("variant", VALUES))
        place = np.array([trial.suggest_float("rate", 0, 1), trial.suggest_float("weight", 0, 1)])
        return _noisy(truth, value, place, random)

    study.optimize(objective, n_trials=TPE)
    values = np.array([VALUES.index(trial.params["variant"]) for trial in study.trials])
    scores = np.array([trial.value for trial in study.trials], dtype=float)
    top = np.array([scores[values == value].max() for value in range(3)])
    return _by_value(values, scores), top[1:] - top[0]


def _noisy(truth: Surface, value: int, place: Floats, random: np.random.Generator) -> float:
    """Return the score of a trial with a seed and a split of its own."""
    noise = random.normal(0, math.hypot(SEED_SD, BLOCK_SD, VAL_SD))
    return truth.at(value, place) + float(noise)


def _by_value(values: npt.NDArray[np.int64], scores: Floats) -> Floats:
    means: Floats = np.array([scores[values == value].mean() for value in range(3)])
    differences: Floats = means[1:] - means[0]
    return differences


def _share(value: float, ends: tuple[float, float]) -> float:
    return math.log(value / ends[0]) / math.log(ends[1] / ends[0])


def main() -> None:
    """Simulate and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    random = np.random.default_rng(0)
    errors: dict[str, list[Floats]] = {"paired": [], "sobol": [], "tpe": [], "best": []}
    held: list[bool] = []
    with tempfile.TemporaryDirectory() as name:
        plans = [planned(Path(name), seed=seed) for seed in range(PLANS)]
        for number in range(given.repeats or STUDIES):
            truth = surface(random)
            scores = paired(plans[number % PLANS], truth, random)
            both = (scores[:, 1:] - scores[:, :1]).T[:, :, None]
            t = crossed_t(both, images="fixed")
            held += list((t.low <= truth.effects) & (truth.effects <= t.high))
            errors["paired"].append(t.estimate - truth.effects)
            errors["sobol"].append(spread(truth, random) - truth.effects)
            if number < SEARCHED:
                means, top = searched(truth, random, seed=number)
                errors["tpe"].append(means - truth.effects)
                errors["best"].append(top - truth.effects)
    rmse = {name: float(np.sqrt(np.mean(np.square(some)))) for name, some in errors.items()}
    coverage = 100 * float(np.mean(held))
    found = content(
        "design",
        about=ABOUT,
        load_before=load,
        clock="none: errors are counted",
        sides="simulated",
        measures=[
            measure(
                "error of an effect (RMSE), paired over Sobol 100",
                unit="",
                values=[rmse["paired"] / rmse["sobol"]],
                at_most=0.7,
            ),
            measure(
                "error of an effect, paired over TPE 200 (means by value)",
                unit="",
                values=[rmse["paired"] / rmse["tpe"]],
                at_most=0.4,
            ),
            measure(
                "error of an effect, paired over TPE 200 (best of each value)",
                unit="",
                values=[rmse["paired"] / rmse["best"]],
            ),
            *(
                measure(f"error of an effect, {name}", unit="", values=[value])
                for name, value in rmse.items()
            ),
            measure("95 % intervals that hold the truth", unit="%", values=[coverage], at_least=93),
            measure("the same, from above", unit="%", values=[coverage], at_most=97),
        ],
        notes=[
            f"{len(held) // 2} studies, {min(len(held) // 2, SEARCHED)} of them searched; "
            f"standard deviations: seed {SEED_SD}, block {BLOCK_SD}, split {VAL_SD}; "
            "effects 0.01"
        ],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
