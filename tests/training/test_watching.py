from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ablate.data.pairs import Pair
from ablate.settings.sources import INFRARED_VISIBLE, Sources
from ablate.training.watching import LINE_PX, look, middle, moments


class Heard:
    def __init__(self) -> None:
        self.images: list[tuple[str, Path, int]] = []

    def image(self, name: str, path: Path, *, step: int) -> None:
        self.images.append((name, path, step))


def pair_of(height: int, width: int) -> Pair:
    random = np.random.default_rng(0)
    infrared, visible = random.integers(0, 256, (2, height, width), dtype=np.uint8)
    return Pair(stem="00001N", infrared=infrared, visible=visible)


@given(steps=st.integers(1, 10_000))
def test_a_run_is_looked_at_before_it_starts_and_at_its_end_and_rarely(steps: int) -> None:
    found = moments(steps)
    assert {0, steps} <= found
    assert len(found) <= 5
    assert max(found) == steps


@given(height=st.integers(3, 40), width=st.integers(3, 40), side=st.integers(3, 40))
def test_the_middle_is_at_most_the_crop_and_inside(height: int, width: int, side: int) -> None:
    pair = pair_of(height, width)
    part = middle(pair, side=side)
    assert part.infrared.shape == part.visible.shape == (min(height, side), min(width, side))
    top = max(0, (height - side) // 2)
    assert part.visible[0, 0] == pair.visible[top, max(0, (width - side) // 2)]


def test_two_strips_are_recorded_with_three_tiles_each(tmp_path: Path) -> None:
    heard, pair = Heard(), pair_of(20, 24)
    fused = torch.from_numpy(pair.visible)[None, None].float() / 255
    look(heard, pair, fused, step=50, folder=tmp_path)  # type: ignore[arg-type]
    assert [(name, step) for name, _, step in heard.images] == [
        ("progress/00001N", 50),
        ("gradients/00001N", 50),
    ]
    strips = [np.asarray(Image.open(path)) for _, path, _ in heard.images]
    assert {strip.shape for strip in strips} == {(20 + LINE_PX, 3 * 24 + 2 * 2)}
    shown, gradients = (strip[LINE_PX:] for strip in strips)
    assert np.array_equal(shown[:, :24], pair.infrared)
    assert np.array_equal(shown[:, -24:], pair.visible)
    assert np.array_equal(gradients[:, -24:], gradients[:, 26:50])  # fused = visible
    assert gradients[:, :50].max() == 255


def test_images_without_any_edge_have_black_gradients(tmp_path: Path) -> None:
    flat = np.full((9, 9), 80, np.uint8)
    heard = Heard()
    fused = torch.full((1, 1, 9, 9), 0.5)
    pair = Pair(stem="a", infrared=flat, visible=flat)
    look(heard, pair, fused, step=0, folder=tmp_path)  # type: ignore[arg-type]
    gradients = np.asarray(Image.open(heard.images[1][1]))[LINE_PX:]
    assert gradients[:, :9].max() == 0


def test_the_words_above_the_tiles_are_the_names_of_the_sources(tmp_path: Path) -> None:
    pair = pair_of(64, 64)
    fused = torch.full((1, 1, 64, 64), 0.5)
    words = []
    for number, names in enumerate((INFRARED_VISIBLE, Sources("MRI", "visible"))):
        heard, folder = Heard(), tmp_path / str(number)
        look(heard, pair, fused, step=0, folder=folder, sources=names)  # type: ignore[arg-type]
        words.append([np.asarray(Image.open(path))[:LINE_PX] for _, path, _ in heard.images])
    for before, after in zip(*words, strict=True):
        assert not np.array_equal(before[:, :64], after[:, :64])
        assert np.array_equal(before[:, 64:], after[:, 64:])
        assert (before[:, 64:66] == 255).all()  # no word reaches into the next tile
