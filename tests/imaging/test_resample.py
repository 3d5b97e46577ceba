import numpy as np
import pytest
import torch
from torch import Tensor

from ablate.errors import ConfigError
from ablate.imaging.resample import RESAMPLERS, pyramid, resize


def picture(height: int = 24, width: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(1, 1, height, width, generator=generator, dtype=torch.float64)


def weights(side: int, new: int, *, is_smoothing: bool) -> np.ndarray:
    """Rows of a triangle filter at half-pixel centres; widened by the scale when smoothing."""
    scale = side / new
    reach = max(scale, 1.0) if is_smoothing else 1.0
    matrix = np.zeros((new, side))
    for row in range(new):
        centre = (row + 0.5) * scale - 0.5
        if not is_smoothing:
            centre = max(centre, 0.0)
        for column in range(-2, side + 2):
            weight = max(0.0, 1 - abs(column - centre) / reach)
            if is_smoothing and not 0 <= column < side:
                continue  # the window is cut at the border and normalised again
            matrix[row, min(max(column, 0), side - 1)] += weight
    return matrix / matrix.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("method", ["bilinear", "antialias"])
@pytest.mark.parametrize("side", [(12, 16), (6, 8), (7, 23), (17, 11)])
def test_bilinear_equals_a_triangle_filter(method: str, side: tuple[int, int]) -> None:
    image = picture()
    rows, columns = (
        weights(old, new, is_smoothing=method == "antialias")
        for old, new in zip(image.shape[-2:], side, strict=True)
    )
    expected = rows @ image[0, 0].numpy() @ columns.T
    np.testing.assert_allclose(resize(image, side, method=method)[0, 0], expected, atol=1e-12)


def test_area_is_the_mean_of_the_covered_pixels() -> None:
    blocks = picture().numpy()[0, 0].reshape(6, 4, 8, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(resize(picture(), (6, 8), method="area")[0, 0], blocks, atol=1e-12)


def test_bilinear_at_a_half_is_area_and_at_a_quarter_is_not() -> None:
    half = [resize(picture(), (12, 16), method=method) for method in ("bilinear", "area")]
    torch.testing.assert_close(*half)
    quarter = [resize(picture(), (6, 8), method=method) for method in ("bilinear", "area")]
    assert float((quarter[0] - quarter[1]).abs().max()) > 0.05


def test_bilinear_without_antialias_reaches_a_quarter_of_the_pixels_at_a_quarter() -> None:
    for method, share in (("bilinear", 0.25), ("area", 1.0)):
        image = picture(64, 64).requires_grad_()
        resize(image, (16, 16), method=method).sum().backward()
        assert image.grad is not None
        assert float((image.grad != 0).double().mean()) == share


@pytest.mark.parametrize("method", RESAMPLERS)
def test_a_constant_stays_and_full_size_is_the_image_itself(method: str) -> None:
    constant = torch.full((1, 1, 21, 17), 0.3, dtype=torch.float64)
    small = resize(constant, (9, 5), method=method)
    torch.testing.assert_close(small, torch.full_like(small, 0.3))
    assert resize(constant, (21, 17), method=method) is constant


def test_an_unknown_method_is_told_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match="'cubic' is not one of antialias, area, bilinear, gaussian, strided"
    ):
        resize(picture(), (4, 4), method="cubic")


@pytest.mark.parametrize("side", [(12, 16), (6, 8), (7, 23)])
def test_gaussian_equals_scikit_image(side: tuple[int, int]) -> None:
    from skimage.transform import resize as theirs

    image = picture()
    expected = theirs(image[0, 0].numpy(), side, order=1, mode="edge", anti_aliasing=True)
    ours = resize(image, side, method="gaussian")[0, 0].numpy()
    inner = (slice(1, -1), slice(1, -1))  # they sample past the edge, torch clamps to it
    np.testing.assert_allclose(ours[inner], expected[inner], atol=1e-12)
    assert np.abs(ours - resize(image, side, method="bilinear")[0, 0].numpy()).max() > 0.05


def test_strided_takes_every_nth_pixel_from_the_first() -> None:
    torch.testing.assert_close(
        resize(picture(), (6, 8), method="strided"), picture()[..., ::4, ::4], rtol=0, atol=0
    )
    assert not torch.equal(resize(picture(), (6, 8), method="strided"), picture()[..., 1::4, 1::4])


@pytest.mark.parametrize("method", RESAMPLERS)
def test_a_recursive_pyramid_resizes_the_level_before(method: str) -> None:
    image, sides = picture(), [(24, 32), (15, 20), (9, 12)]
    direct = list(pyramid(image, sides, method=method))
    chained = list(pyramid(image, sides, method=method, is_recursive=True))
    assert direct[0] is chained[0] is image
    torch.testing.assert_close(direct[1], chained[1])
    torch.testing.assert_close(chained[2], resize(chained[1], (9, 12), method=method))
    assert float((direct[2] - chained[2]).abs().max()) > 1e-3
