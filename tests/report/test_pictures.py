"""The grid of fused images and the gradient maps: what is chosen, and what the maps mean."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.report import pictures
from ablate.report.contents import Contents
from ablate.report.figures import NotDrawn
from ablate.report.figures.fused_grid import FusedGrid
from ablate.report.figures.gradient_maps import GradientMaps
from ablate.report.source import NO_PICTURES
from tests.report.drawable import numbers_of

Make = Callable[..., Contents]


@pytest.fixture
def ruled(contents: Make) -> Contents:
    """Return contents whose gallery was chosen by a rule; values have names of their own."""
    return contents(
        questions=[
            {
                "id": "variant",
                "asks": "?",
                "factor": "variant",
                "baseline": "old",
                "primary": ["qabf"],
                "arms": [["new", "id-magnitude"], ["old", "id-signed"]],
            }
        ],
        gallery={
            "question": "variant",
            "metric": "qabf",
            "images": [
                {"image": "p2", "why": "largest gain", "gain": 0.25},
                {"image": "p0", "why": "median", "gain": 0.1},
            ],
        },
    )


def test_the_closer_look_is_where_both_sources_show_something() -> None:
    infrared, visible = np.full((40, 60), 90.0), np.full((40, 60), 120.0)
    infrared[2:12:2, 3:13] = 255  # the infrared alone: more detail than anywhere else
    infrared[24, 43:49] = visible[22:30:2, 41:49] = 200
    top, left = pictures.detailed([infrared, visible])
    assert top.stop - top.start == left.stop - left.start == 10
    assert top.start <= 24 < top.stop
    assert left.start <= 45 < left.stop
    assert (top, left) == pictures.detailed([visible, infrared])


def test_equal_pictures_and_small_ones_have_a_window_too() -> None:
    assert pictures.detailed([np.zeros((5, 7))] * 2) == (slice(0, 5), slice(0, 5))


def test_the_window_is_that_of_the_sources_whatever_was_fused(ruled: Contents) -> None:
    window = pictures.window_of(ruled, "p0")
    for path in ruled.gallery["signed"].values():
        Image.new("L", (30, 20), 7).save(path)
    assert pictures.window_of(ruled, "p0") == window is not None


def test_what_has_colour_is_shown_in_it_and_measured_in_grey(
    ruled: Contents, tmp_path: Path
) -> None:
    red = np.zeros((20, 30, 3), dtype=np.uint8)
    red[..., 0] = 200
    Image.fromarray(red).save(tmp_path / "red.png")
    given = replace(ruled, coloured={"signed": {"p0": tmp_path / "red.png"}})
    found = pictures.shown(given, "signed", "p0")
    assert found is not None
    assert np.array_equal(found, red)
    grey, before = (pictures.read(some, "signed", "p0") for some in (given, ruled))
    assert grey is not None
    assert before is not None
    assert np.array_equal(grey, before)
    assert pictures.window_of(given, "p0") == pictures.window_of(ruled, "p0")
    drawn = FusedGrid().draw(given, numbers_of(FusedGrid(), given))
    assert [
        np.ndim(np.asarray(image.get_array())) for axis in drawn.axes for image in axis.images
    ].count(3) == 2


def test_gradients_keep_their_sign() -> None:
    ramp = np.tile(np.arange(8.0), (6, 1))
    across, down = pictures.gradients(ramp)
    assert across[3, 3] == 8.0
    assert np.allclose(down, 0)
    assert np.allclose(pictures.gradients(ramp[:, ::-1])[0][3, 4], -8.0)
    assert np.allclose(pictures.gradients(ramp.T)[1][3, 3], 8.0)


def test_images_are_those_of_the_rule_then_those_asked_for(ruled: Contents) -> None:
    table = numbers_of(FusedGrid(), replace(ruled, wanted=("p1", "p2")))
    assert table["image"].tolist() == ["p2", "p0", "p1"]
    assert table["why"].tolist() == ["largest gain", "median", "asked for"]
    assert table["gain"].tolist()[:2] == [0.25, 0.1]


def test_columns_are_the_sources_and_the_values_in_design_order(ruled: Contents) -> None:
    assert [label for label, _ in pictures.columns(ruled)] == [
        "infrared",
        "visible",
        "new",
        "old",
    ]


def test_without_a_rule_the_first_images_of_every_arm_are_shown(contents: Make) -> None:
    given = contents()
    assert numbers_of(FusedGrid(), given)["image"].tolist() == ["p0", "p1", "p2"]
    assert [label for label, _ in pictures.columns(given)][2:] == ["signed", "magnitude"]


def test_arms_of_a_confirmation_have_their_names_in_it(contents: Make) -> None:
    recipes = [["baseline", "r-signed"], ["winner 1", "r-magnitude"]]
    given = contents(
        confirmations=[{"phase": "confirm", "of": "hunt", "recipes": recipes}],
        gallery={"runs": {"id-signed": "signed0", "id-magnitude": "magnitude0"}},
    )
    runs = given.runs.assign(recipe_id="r-" + given.runs["arm"])
    searched = replace(given, runs=runs.assign(phase="hunt"))
    assert [label for label, _ in pictures.columns(searched)][2:] == ["signed", "magnitude"]
    confirmed = replace(given, runs=runs.assign(phase="confirm"))
    assert [label for label, _ in pictures.columns(confirmed)][2:] == ["baseline", "winner 1"]


def test_the_error_is_against_the_larger_source(ruled: Contents) -> None:
    table = numbers_of(GradientMaps(), ruled)
    assert set(table["map"]) == {"Gx", "Gy", "error"}
    assert set(table["image"]) == {"p2"}
    window = pictures.window_of(ruled, "p2")
    read = {
        name: pictures.strength(np.asarray(pictures.read(ruled, name, "p2")))[window]
        for name in ("infrared", "visible", "magnitude")
    }
    expected = read["magnitude"] - np.maximum(read["infrared"], read["visible"])
    found = table.query("column == 'new' and map == 'error'")["mean"]
    assert found.item() == pytest.approx(expected.mean())


def test_a_fused_image_like_the_larger_source_has_no_error(ruled: Contents) -> None:
    for image in ruled.gallery["infrared"]:
        flat = ruled.gallery["visible"][image]
        size = Image.open(flat).size
        Image.new("L", size, 90).save(flat)
        Image.open(ruled.gallery["infrared"][image]).save(ruled.gallery["magnitude"][image])
    table = numbers_of(GradientMaps(), ruled)
    assert table.query("column == 'new' and map == 'error'")["mean_absolute"].item() == 0
    assert table.query("column == 'old' and map == 'error'")["mean_absolute"].item() > 0


def test_pictures_that_were_left_out_say_so(ruled: Contents) -> None:
    bare = replace(ruled, gallery={}, no_pictures=NO_PICTURES)
    for figure in (FusedGrid(), GradientMaps()):
        assert figure.numbers(bare) == NotDrawn(NO_PICTURES)
        assert not isinstance(figure.numbers(ruled), NotDrawn)


def test_an_image_that_one_value_lacks_is_drawn_without_it(ruled: Contents, tmp_path: Path) -> None:
    gallery = {name: dict(files) for name, files in ruled.gallery.items()}
    del gallery["magnitude"]["p2"]
    given = replace(ruled, gallery=gallery)
    numbers = numbers_of(FusedGrid(), given)
    assert numbers["image"].tolist() == ["p2", "p0"]
    FusedGrid().draw(given, numbers).savefig(tmp_path / "grid.png")
    assert set(numbers_of(GradientMaps(), given)["image"]) == {"p0"}
