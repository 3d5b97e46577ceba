from pathlib import Path

from ablate import config
from ablate.study import shown
from ablate.study.names import known
from ablate.study.plan import make
from benchmarks.simulated import study


def test_a_phase_shows_its_factors_and_a_search_its_dimensions() -> None:
    plan = make(config.load(Path("studies/quickstart.yaml"), (), known=known()))
    compare, search = shown.phases(plan)
    assert (compare.varied, compare.metrics[0]) == (["factor.variant"], "test/qabf")
    assert compare.has_seeds
    assert {"factor.levels", "factor.ratio", "factor.variant"} <= set(search.varied)
    assert search.metrics == ("val/qabf",)
    assert not search.has_seeds


def test_an_exploration_shows_the_settings_that_it_draws(tmp_path: Path) -> None:
    (explored,) = shown.phases(make(study(tmp_path, trials=8)))
    assert explored.varied == ["train.learning_rate", "loss.gradient_weight"]
