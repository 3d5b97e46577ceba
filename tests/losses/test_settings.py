import itertools
import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate import losses
from ablate.imaging.gradients import OPERATORS, PADDINGS
from ablate.imaging.resample import RESAMPLERS
from ablate.losses.components import COMPONENTS
from ablate.losses.penalty import PENALTIES
from ablate.losses.selection import SELECTIONS

positive = st.floats(0.01, 100)
some_settings = st.fixed_dictionaries(
    {},
    optional={
        "components": st.sampled_from(losses.names()["components"]),
        "sign": st.sampled_from(losses.names()["sign"]),
        "resampler": st.sampled_from(losses.names()["resampler"]),
        "padding": st.sampled_from(losses.names()["padding"]),
        "intensity": st.sampled_from(losses.names()["intensity"]),
        "ratio": st.floats(0.5, 0.84),
        "weights": st.sampled_from(["equal", "geometric"]) | st.lists(positive, min_size=3, max_size=3),
        "weight_growth": st.sampled_from([0.5, 1, 2.0]),
        "gradient_weight": st.sampled_from([0, 1, 10.0]),
        "intensity_weight": st.sampled_from([0.5, 1]),
    },
)  # fmt: skip


def value_of(chosen: dict[str, Any]) -> float:
    values = torch.rand(3, 1, 1, 32, 32, generator=torch.Generator().manual_seed(3)).double()
    pair = dict(zip(("infrared", "visible", "fused"), values, strict=True))
    return float(losses.build(chosen)(**pair))


def test_neither_the_package_nor_its_settings_import_torch() -> None:
    code = (
        "import sys; from ablate import losses; losses.names(); losses.canonical({}); "
        "losses.check({}, 64); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_names_are_those_that_are_registered() -> None:
    names = losses.names()
    for setting, registered in {
        "operator": OPERATORS, "components": COMPONENTS, "selection": SELECTIONS,
        "penalty": PENALTIES, "resampler": RESAMPLERS, "padding": PADDINGS,
    }.items():  # fmt: skip
        assert sorted(names[setting]) == sorted(registered)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(chosen=some_settings)
def test_the_canonical_form_is_stable_valid_and_means_the_same(chosen: dict[str, Any]) -> None:
    kept = losses.canonical(chosen)
    assert losses.canonical(kept) == kept
    assert losses.check(kept, 64) == []
    assert value_of(kept) == pytest.approx(value_of(chosen), rel=1e-10)  # shares are rounded


@settings(deadline=None, derandomize=True, max_examples=60)
@given(weights=st.lists(positive, min_size=1, max_size=5), factor=positive)
def test_weights_that_differ_by_a_factor_are_one_arm(weights: list[float], factor: float) -> None:
    level = {"levels": len(weights)}
    kept = losses.canonical({**level, "weights": weights})
    assert losses.canonical(kept) == kept
    scaled = losses.canonical({**level, "weights": [factor * weight for weight in weights]})
    if isinstance(kept.get("weights"), list):
        assert scaled["weights"] == pytest.approx(kept["weights"], abs=1e-9)


def test_listed_weights_are_written_as_equal_or_as_shares() -> None:
    assert losses.canonical({"weights": [2, 2, 2]}) == losses.canonical({})
    assert losses.canonical({"weights": (2, 1, 1)})["weights"] == [0.5, 0.25, 0.25]
    published = [0.5, 0.309, 0.191]
    assert losses.canonical({"weights": published})["weights"] == published
    assert losses.canonical({"weights": [1, 2]})["weights"] == [1, 2]  # two for three: refused


def test_every_setting_that_stays_has_an_effect() -> None:
    others = {
        "sign": "free", "ratio": 0.7, "resampler": "antialias", "padding": "replicate",
        "weight_growth": 2.0, "gradient_weight": 3.0, "intensity": "mean",
        "intensity_weight": 2.0, "ssim_weight": 1.0, "levels": 2,
    }  # fmt: skip
    starts: list[dict[str, Any]] = [
        {"components": component, "levels": levels, "weights": weights, "gradient_weight": weight}
        for component, levels, weights, weight in itertools.product(
            losses.names()["components"], (1, 3), ("equal", [1, 2, 3]), (0, 5.0)
        )
        if levels == 3 or weights == "equal"
    ] + [{"weights": "geometric", "weight_growth": 3.0}]
    for start, (name, other) in itertools.product(starts, others.items()):
        changed = {**start, name: other}
        if losses.check(changed, 64):
            continue
        same_arm = losses.canonical(changed) == losses.canonical(start)
        assert same_arm == (value_of(changed) == value_of(start)), (start, name)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"gradient_weight": float("nan")}, "finite number"),
        ({"ssim_weight": float("inf")}, "finite number"),
        ({"ratio": float("nan")}, "(0, 1)"),
        ({"weights": [float("nan"), 1, 1]}, "finite numbers"),
        ({"weights": 3}, "needs equal, geometric"),
        ({"weights": "gemetric"}, "did you mean 'geometric'"),
        ({"weight_growth": 1e300}, "at most 1000"),
        ({"gradient_weight": 0, "intensity_weight": 0}, "nothing would be trained"),
        ({"ratio": 0.1}, "has 1 px"),
    ],
)
def test_each_fault_is_told_once(changes: dict[str, Any], text: str) -> None:
    faults = losses.check(changes, 64)
    assert len(faults) == 1
    assert text in faults[0]


def test_several_faults_are_told_together() -> None:
    assert len(losses.check({"sgin": "free", "padding": "wrap", "ssim_weight": -1}, 64)) == 3


def test_a_level_is_refused_exactly_below_eight_pixels() -> None:
    assert losses.check({"levels": 4}, 60) == []  # 7.5 rounds to 8
    assert losses.check({"levels": 4}, 59) != []
    assert losses.check({"levels": 8, "gradient_weight": 0}, 59) == []
