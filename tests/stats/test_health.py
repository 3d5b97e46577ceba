"""Health of fused images: every state on a case of its own, and what must not be called ill."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ablate.stats.health import STATES, Health, examine, state_of_metrics
from ablate.training.spec import RunResult

SIDE = 96


def sources(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return an infrared and a visible image with structure of several sizes."""
    random = np.random.default_rng(seed)

    def image() -> np.ndarray:
        coarse = np.kron(random.normal(size=(6, 6)), np.ones((16, 16)))
        fine = np.kron(random.normal(size=(24, 24)), np.ones((4, 4)))
        return np.clip(110 + 40 * coarse + 12 * fine, 0, 255).astype(np.uint8)

    return image(), image()


def state(fused: np.ndarray, seed: int = 0) -> str:
    infrared, visible = sources(seed)
    return examine([(infrared, visible, fused.astype(np.uint8))]).state


def looked_at(infrared: np.ndarray, visible: np.ndarray, fused: np.ndarray) -> Health:
    one, other, last = (image.astype(np.uint8) for image in (infrared, visible, fused))
    return examine([(one, other, last)])


@given(seed=st.integers(0, 50), share=st.floats(0.2, 0.8).filter(lambda x: abs(x - 0.5) > 0.05))
def test_a_mix_of_the_sources_is_healthy(seed: int, share: float) -> None:
    infrared, visible = (image.astype(float) for image in sources(seed))
    assert state(share * infrared + (1 - share) * visible, seed) == "healthy"
    assert state((infrared + visible) / 2 + 3 * np.sin(infrared / 9), seed) == "healthy"
    assert state(np.maximum(infrared, visible), seed) == "healthy"


def test_every_state_has_its_case() -> None:
    infrared, visible = (image.astype(float) for image in sources())
    mean = 0.55 * infrared + 0.45 * visible
    half = np.where(np.arange(SIDE)[:, None] < 48, 20, 200) + np.zeros((SIDE, SIDE))
    found = {
        "healthy": state(mean),
        "constant": state(np.full((SIDE, SIDE), 93)),
        "half_constant": state(half),
        "saturated": state(np.clip((mean - 110) * 40 + 110, 0, 255)),
        "negative": state(255 - mean),
        "part_negative": state(np.where(np.arange(SIDE)[:, None] < 30, 230 - mean, mean)),
        "copy": state(visible),
        "untrained": state(np.round((infrared + visible) / 2)),
    }
    assert found == {name: name for name in found}
    assert set(STATES) == {*found, "not_finite"}


def test_a_frame_around_a_flat_image_is_still_constant_and_faint_texture_is_not() -> None:
    framed = np.full((SIDE, SIDE), 93.0)
    framed[0] = framed[-1] = 99
    assert state(framed) == "constant"
    infrared, visible = (image.astype(float) for image in sources())
    assert state(93 + (infrared + visible - 220) / 10) == "healthy"


def test_all_but_a_copy_is_one_and_a_fusion_near_a_source_is_none() -> None:
    """Trainings on RoadScene-mini ended 2.6 grey levels from the infrared, and counted as fused."""
    infrared, visible = (image.astype(float) for image in sources())
    noise = np.random.default_rng(1).normal(0, 2, infrared.shape)
    assert state(0.97 * infrared + 3 + noise) == "copy"
    part = visible.copy()
    part[20:44, 20:44] = np.maximum(infrared, visible)[20:44, 20:44]
    assert state(part) == "healthy"


def test_an_object_in_negative_is_seen_though_the_image_correlates_with_both_sources() -> None:
    """A warm person ended black in trainings that correlations call healthy."""
    person = np.s_[38:62, 40:48]
    ramps = np.linspace(0, 90, SIDE), np.linspace(0, 90, SIDE)[:, None]
    infrared, visible = (
        60 + (image.astype(float) - 110) / 4 + ramp
        for image, ramp in zip(sources(), ramps, strict=True)
    )
    infrared[person], visible[person] = 220, 110
    fused = 0.5 * infrared + 0.5 * visible
    fused[person] = 5

    def examined() -> Health:
        return looked_at(infrared, visible, fused)

    found = examined()
    assert min(found.correlation_visible, found.scd) > 0  # no negative as a whole
    assert found.state == "part_negative"
    fused[person] = 200
    right = examined()
    assert right.reversed < 0.02
    assert right.state == "healthy"


@given(seed=st.integers(0, 20), data=st.data())
def test_no_mix_of_the_sources_has_an_edge_against_both(seed: int, data: st.DataObject) -> None:
    infrared, visible = (image.astype(float) for image in sources(seed))
    share = data.draw(st.floats(0, 1))
    fused = share * infrared + (1 - share) * visible

    def reversed_of(image: np.ndarray) -> float:
        return looked_at(infrared, visible, image).reversed

    assert reversed_of(fused) < 0.005  # rounding
    assert reversed_of(0.5 * fused + 40) < 0.03
    assert reversed_of(255 - fused) > 0.5


def test_what_was_recorded_as_healthy_is_judged_by_todays_rules() -> None:
    infrared, visible = sources()
    numbers = examine([(infrared, visible, visible)]).to_json()
    for recorded, known in (("healthy", "copy"), ("negative", "negative"), ("copy", "copy")):
        result = RunResult(
            run_id="r", state="finished", facts={"health": {**numbers, "state": recorded}}
        )
        assert result.known_health == known
    few = RunResult(run_id="r", state="finished", facts={"health": {"state": "healthy"}})
    assert few.known_health == "healthy"


def test_a_copy_is_no_fault_where_both_sources_are_one_image() -> None:
    infrared, _ = sources()
    assert examine([(infrared, infrared, infrared)]).state == "healthy"


def test_flat_sources_excuse_flat_images() -> None:
    two = np.zeros((SIDE, SIDE), np.uint8)
    two[48:] = 255
    other = two.T.copy()
    assert examine([(two, other, np.maximum(two, other))]).state == "healthy"


def test_the_numbers_survive_json_and_nan_is_left_out() -> None:
    infrared, visible = sources()
    health = examine([(infrared, visible, np.full_like(infrared, 7))])
    plain = health.to_json()
    assert "correlation_visible" not in plain
    assert Health.from_json(plain).state == plain["state"] == "constant"
    with pytest.raises(ValueError, match="no image"):
        examine([])


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"en": 6.4, "sd": 45.0, "scd": 1.6}, "healthy"),
        ({"en": 0.05}, "constant"),
        ({"sd": 0.3, "en": 0.2}, "constant"),
        ({"en": 1.0, "sd": 47.5, "scd": 0.3}, "half_constant"),
        ({"en": 6.3, "sd": 40.0, "scd": -0.82}, "negative"),
        ({}, "healthy"),
    ],
)
def test_recorded_metrics_tell_the_state_as_far_as_they_can(
    values: dict[str, float], state: str
) -> None:
    assert state_of_metrics(values) == state


def test_real_fused_images_are_healthy_and_their_negatives_are_not(shared: Path) -> None:
    folder = shared / "golden" / "RoadScene50"

    def read(part: str, name: str) -> np.ndarray:
        return np.asarray(Image.open(folder / part / name).convert("L"))

    triples = [
        (read("ir", path.name), read("vi", path.name), read("cddfuse-retrained", path.name))
        for path in sorted((folder / "cddfuse-retrained").glob("*.png"))
    ]
    assert examine(triples).state == "healthy"
    assert examine([(ir, vi, 255 - fused) for ir, vi, fused in triples]).state == "negative"
    assert examine([(ir, vi, ir) for ir, vi, _ in triples]).state == "copy"
    assert examine([(ir, vi, np.maximum(ir, vi)) for ir, vi, _ in triples]).state == "healthy"
