import itertools
import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ablate import losses
from ablate.config.defaults import trial_defaults
from ablate.imaging.gradients import OPERATORS
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.padding import PADDINGS
from ablate.imaging.resample import RESAMPLERS
from ablate.losses.components import COMPONENTS
from ablate.losses.penalty import PENALTIES
from ablate.losses.selection import SELECTIONS
from ablate.losses.settings import defaults
from ablate.settings.loss import loss_settings
from ablate.settings.setting import NOTHING, absent_of

positive = st.floats(0.01, 100)
NAMES = {name: of for name, of in losses.names().items() if name not in ("preset", "mix")}
AXES = tuple(name for name in OPERATORS)
WHOLE = tuple(name for name in NAMES["components"] if name != "scalar")


def named(setting: str) -> st.SearchStrategy[str]:
    return st.sampled_from(WHOLE if setting == "components" else NAMES[setting])


some_settings = st.fixed_dictionaries(
    {"ties": named("ties")},  # left out it is "exact" in the canonical form, "tolerant" when built
    optional={
        **{
            name: named(name)
            for name in NAMES
            if name not in ("scales", "weights", "operator", "ties")
        },
        "target_exponent": st.sampled_from([0.7, 1, 1.0]),
        "operator": st.sampled_from(AXES),
        "levels": st.just(3),
        "ratio": st.floats(0.5, 0.84),
        "scales": st.sampled_from(["powers", [1, 0.5, 0.25], [1.0, 0.6, 0.5], [0.9, 0.5, 0.3]]),
        "weights": st.sampled_from(["equal", "geometric", [1, 2, 0], [3, 0, 0]])
        | st.lists(positive, min_size=3, max_size=3),
        "weight_growth": st.sampled_from([0.5, 1, 2.0]),
        "gate_slope": st.sampled_from([1.0, 8.0]),
        "knee": st.sampled_from([0.05, 0.5]),
        "warmup_steps": st.sampled_from([0, 5]),
        "gradient_weight": st.sampled_from([0, 1, 10.0]),
        "intensity_weight": st.sampled_from([0.5, 1]),
    },
)
laplacian_settings = st.fixed_dictionaries(
    {
        "operator": st.sampled_from(tuple(LAPLACIANS)),
        "components": st.just("scalar"),
        "ties": named("ties"),
    },
    optional={
        name: named(name) for name in ("gain", "sign", "selection", "y_axis", "norm", "compared")
    },
)


def values_of(chosen: dict[str, Any], *, grey_levels: int = 0) -> list[float]:
    """Return the loss in the first and in a late step, calibrated on other images."""
    values = torch.rand(5, 1, 1, 32, 32, generator=torch.Generator().manual_seed(3)).double()
    if grey_levels:  # of the sources; the fused image is no whole grey level
        sources = torch.tensor([0, 1, 3, 4])
        values[sources] = (values[sources] * (grey_levels - 1)).round() / (grey_levels - 1)
    pair = dict(zip(("infrared", "visible", "fused"), values, strict=False))
    loss = losses.build(chosen)
    loss.calibrate(infrared=values[3], visible=values[4])
    found = []
    for step in (1, 1000):
        loss.at_step(step)
        found.append(float(loss(**pair)))
    return found


def test_neither_the_package_nor_its_settings_import_torch() -> None:
    code = (
        "import sys; from ablate import losses; losses.names(); losses.canonical({}); "
        "losses.check({}, 64); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_names_are_those_that_are_registered() -> None:
    names = losses.names()
    for setting, registered in {
        "operator": (*OPERATORS, *LAPLACIANS),
        "components": tuple(COMPONENTS),
        "selection": tuple(SELECTIONS),
        "penalty": tuple(PENALTIES),
        "resampler": tuple(RESAMPLERS),
        "padding": tuple(PADDINGS),
    }.items():
        assert sorted(names[setting]) == sorted(registered)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(chosen=some_settings | laplacian_settings)
def test_the_canonical_form_is_stable_valid_and_means_the_same(chosen: dict[str, Any]) -> None:
    assume(not losses.check(chosen, 64))
    kept = losses.canonical(chosen)
    assert losses.canonical(kept) == kept
    assert losses.check(kept, 64) == []
    assert values_of(kept) == pytest.approx(values_of(chosen), rel=1e-10)  # shares are rounded


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


OTHERS: dict[str, Any] = {
    "gain": "unit",
    "y_axis": "up",
    "sign": "free",
    "gate_slope": 9.0,
    "selected": "once",
    "compared": "low_pass",
    "ties": "tolerant",
    "tied_target": "infrared",
    "target_exponent": 0.7,
    "knee": 0.7,
    "ratio": 0.7,
    "resampler": "antialias",
    "resampled_from": "finer_level",
    "weight_growth": 2.0,
    "padding": "replicate",
    "norm": "grad",
    "warmup_steps": 4,
    "gradient_weight": 3.0,
    "intensity": "mean",
    "intensity_weight": 2.0,
    "ssim_weight": 1.0,
    "levels": 2,
    "selection": "joint_max",
    "penalty": "huber",
    "operator": "central",
    "scales": [1, 0.6, 0.5],
}
STARTS: list[dict[str, Any]] = [
    {"components": component, "levels": levels, "weights": weights, "gradient_weight": weight}
    for component, levels, weights, weight in itertools.product(
        WHOLE, (1, 3), ("equal", [1, 2, 3]), (0, 5.0)
    )
    if levels == 3 or weights == "equal"
] + [
    {"weights": "geometric", "weight_growth": 3.0},
    *({"selection": name} for name in NAMES["selection"]),
    *({"selection": name, "sign": "free"} for name in NAMES["selection"]),
    *({"penalty": name, "norm": norm} for name in NAMES["penalty"] for norm in NAMES["norm"]),
    {"operator": "forward"},
    {"operator": "laplacian", "components": "scalar", "selection": "soft"},
    {"operator": "laplacian", "components": "scalar"},
    {"levels": 1, "lambda_policy": "norm_matched", "sign": "free"},
    {"levels": 1, "scales": [0.5]},
    {"levels": 2, "scales": [0.9, 0.5]},
    {"levels": 2},
    {"lambda_policy": "norm_matched", "penalty": "l2"},
    {"components": "magnitude_l2", "norm": "value"},
]


TIED = ("ties", "tied_target")


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_every_setting_that_stays_has_an_effect(start: dict[str, Any]) -> None:
    start = {"ties": "exact", **start}
    before = {grey_levels: values_of(start, grey_levels=grey_levels) for grey_levels in (0, 8)}
    for name, other in OTHERS.items():
        changed = {**start, name: other}
        if losses.check(changed, 64):
            continue
        if name in (*TIED, "selected", "compared") and start.get("components") == "image_mean":
            continue  # one choice per image, and here all levels and rules choose alike
        grey_levels = 8 if name in TIED else 0  # random floats have no ties
        same_arm = losses.canonical(changed) == losses.canonical(start)
        after = values_of(changed, grey_levels=grey_levels)
        same_value = after == pytest.approx(before[grey_levels], rel=1e-9)
        assert same_arm == same_value, name


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"scales": [1, 0.5, 0.25]}, {}),
        ({"scales": [1, 0.5], "levels": 2}, {"levels": 2, "ratio": 0.5}),
        ({"weights": [1, 1, 0]}, {"levels": 2}),
        ({"weights": [1, 0, 0], "ratio": 0.7}, {"levels": 1}),
        ({"lambda_policy": "tuned"}, {}),
        ({"lambda_policy": "norm_matched"}, {}),
        ({"penalty": "l2", "knee": 0.3}, {"penalty": "l2"}),
        ({"sign": "free", "selection": "signed_max"}, {"sign": "free"}),
        ({"operator": "laplacian", "selection": "joint_max"}, {"operator": "laplacian"}),
        ({"operator": "laplacian", "components": "scalar"}, {"operator": "laplacian"}),
        ({"selection": "visible", "selected": "once"}, {"selection": "visible"}),
        ({"preset": "proposed"}, {}),
        ({"preset": "seafusion"}, {"components": "magnitude_l1", "levels": 1}),
        ({"mix": "own"}, {}),
    ],
)
def test_two_spellings_of_one_loss_are_one_arm(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert losses.canonical(left) == losses.canonical(right)


@pytest.mark.parametrize(
    "changes",
    [
        {"scales": [1, 0.5, 0.3]},
        {"scales": [0.9, 0.5, 0.25]},
        {"weights": [0, 1, 1]},
        {"norm": "grad"},
        {"selection": "joint_max"},
        {"operator": "laplacian8"},
        {"y_axis": "up", "selection": "signed_max"},
        {"warmup_steps": 1},
    ],
)
def test_what_differs_is_another_arm(changes: dict[str, Any]) -> None:
    assert losses.canonical(changes) != losses.canonical({})
    assert values_of(changes) != pytest.approx(values_of({}), rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"gradient_weight": float("nan")}, "finite number"),
        ({"ssim_weight": float("inf")}, "finite number"),
        ({"ratio": float("nan")}, "finite number"),
        ({"weights": [float("nan"), 1, 1]}, "one number per level"),
        ({"weights": 3}, "must be equal, geometric or"),
        ({"weights": "gemetric"}, "did you mean 'geometric'"),
        ({"weight_growth": 1e300}, "at most 1000"),
        ({"gradient_weight": 0, "intensity_weight": 0}, "nothing would be trained"),
        ({"ratio": 0.1}, "has 1 px"),
        ({"ratio": 0.995}, "at most 0.99"),
        ({"weight_growth": 1e6}, "at most 1000"),
        ({"warmup_steps": 10**9 + 1}, "from 0 to 1000000000"),
        ({"scales": [1, 0.5]}, "has 2 numbers for 3 levels"),
        ({"scales": [1, 0.25, 0.5]}, "must fall"),
        ({"scales": [2, 1, 0.5]}, "in (0, 1] of full size"),
        ({"scales": "power"}, "did you mean 'powers'"),
        ({"scales": 0.5}, "must be powers or"),
        ({"scales": [1, 0.5, 0.1]}, "has 6 px"),
        ({"knee": 0}, "above 0"),
        ({"gate_slope": -1.0}, "above 0"),
        ({"target_exponent": 0}, "above 0"),
        ({"ties": "tolerent"}, "did you mean 'tolerant'"),
        ({"compared": "lowpass"}, "did you mean 'low_pass'"),
        ({"warmup_steps": 2.0}, "whole number"),
        ({"warmup_steps": 3, "intensity_weight": 0}, "nothing would be trained"),
        ({"operator": "laplacian", "components": "magnitude_l1"}, "write components: scalar"),
        ({"components": "scalar"}, "is for a Laplacian"),
        ({"norm": "gradd"}, "did you mean 'grad'"),
        ({"preset": "seafuson"}, "did you mean 'seafusion'"),
        ({"preset": "seafusion", "levels": 2}, "which fixes it at 1"),
        ({"preset": "seafusion", "mix": "published", "intensity_weight": 3}, "fixes it at 1.0"),
        ({"preset": "emma", "mix": "published"}, "has no mix"),
        ({"mix": "published"}, "name one with loss.preset"),
        ({"mix": "theirs"}, "is unknown"),
        ({"operator": ["sobel"]}, "must be a name"),
        ({"selection": "mean", "norm": "grad"}, "selection: mean costs nothing"),
        ({"selection": "mean", "lambda_policy": "norm_matched"}, "costs nothing"),
        ({"levels": 2.0}, "whole number"),
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


def test_warm_up_must_end_before_the_training() -> None:
    assert losses.check({"warmup_steps": 99}, 64, steps=100) == []
    assert "all of the 100" in losses.check({"warmup_steps": 100}, 64, steps=100)[0]
    assert losses.check({"warmup_steps": 100, "gradient_weight": 0}, 64, steps=100) == []


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    name=st.sampled_from(sorted(losses.canonical({}))),
    value=st.none()
    | st.integers(-3, 3)
    | st.text(max_size=3)
    | st.lists(st.integers(), max_size=3),
)
def test_no_value_makes_the_canonical_form_or_the_check_fail(name: str, value: object) -> None:
    losses.canonical({name: value})
    assert losses.check({name: value}, 64) == [] or losses.check({name: value}, 64)[0].startswith(
        "loss"
    )


def test_a_penalty_registered_elsewhere_is_known_at_once() -> None:
    @PENALTIES.register("root")
    def root(difference: torch.Tensor, *, knee: float) -> torch.Tensor:
        return (difference.abs() + knee).sqrt()

    try:
        assert "root" in losses.names()["penalty"]
        assert losses.check({"penalty": "root"}, 64) == []
        assert losses.canonical({"penalty": "root"})["knee"] == 0.1
        assert values_of({"penalty": "root"}) != pytest.approx(values_of({}), rel=1e-6)
    finally:
        PENALTIES._members.pop("root")
    assert "root" not in losses.names()["penalty"]


def test_the_defaults_of_a_training_are_those_of_the_family() -> None:
    """A recorded section without a setting means what a new study does not say, but for ties."""
    written = trial_defaults()["loss"]
    assert {**defaults(), **written} == {**defaults(), "ties": "tolerant"}
    unwritten = set(loss_settings()) - set(written)
    assert unwritten - {"preset", "mix"} == set(absent_of(loss_settings())) - {"ties"}


OF_THE_FIRST_VERSION = {
    *("operator", "gain", "y_axis", "components", "sign", "selection", "gate_slope", "selected"),
    *("penalty", "knee", "levels", "scales", "ratio", "resampler", "resampled_from", "weights"),
    *("weight_growth", "padding", "norm", "lambda_policy", "warmup_steps", "gradient_weight"),
    *("intensity", "intensity_weight", "ssim_weight"),
}


def test_a_setting_that_came_later_says_what_its_absence_means() -> None:
    """Without it, every arm of every recorded study would have another name."""
    later = {name: one for name, one in loss_settings().items() if one.group}
    without = {name for name, one in later.items() if one.absent is NOTHING}
    assert without == OF_THE_FIRST_VERSION
