import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d
from torch import Tensor

from ablate.errors import ConfigError, ShapeError
from ablate.imaging.gradients import OPERATORS, sobel

KERNEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
ACROSS = {  # taps written out, and what a ramp of slope 1 answers
    "sobel": (KERNEL, 8),
    "taps": (np.array([[-0.2, 0, 0.2], [-1, 0, 1], [-0.2, 0, 0.2]]), 2.8),
    "scharr": (np.array([[-3.0, 0, 3], [-10, 0, 10], [-3, 0, 3]]), 32),
    "prewitt": (np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]]), 6),
    "central": (np.array([[0.0, 0, 0], [-1, 0, 1], [0, 0, 0]]), 2),
    "forward": (np.array([[0.0, 0, 0], [0, -1, 1], [0, 0, 0]]), 1),
}
FRAMES = {"zeros": "constant", "replicate": "edge", "reflect": "reflect"}


def picture(seed: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 1, height, width, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", OPERATORS)
@settings(deadline=None, derandomize=True, max_examples=15)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(2, 12),
    width=st.integers(2, 12),
    padding=st.sampled_from(["zeros", "replicate", "reflect"]),
)
def test_every_operator_equals_a_dense_correlation_up_to_the_frame(
    name: str, seed: int, height: int, width: int, padding: str
) -> None:
    image, (kernel, _) = picture(seed, height, width), ACROSS[name]
    framed = np.pad(image[0, 0].numpy(), 1, mode=FRAMES[padding])  # type: ignore[call-overload]
    grad_x, grad_y = (g[0, 0].numpy() for g in OPERATORS.get(name)(image, padding=padding))
    np.testing.assert_allclose(grad_x, correlate2d(framed, kernel, mode="valid"), atol=1e-13)
    np.testing.assert_allclose(grad_y, correlate2d(framed, kernel.T, mode="valid"), atol=1e-13)


@pytest.mark.parametrize("name", OPERATORS)
def test_valid_is_the_interior_of_every_padding(name: str) -> None:
    image, operator = picture(3, 9, 11), OPERATORS.get(name)
    inner = operator(image, padding="valid")
    for padding in FRAMES:
        for small, whole in zip(inner, operator(image, padding=padding), strict=True):
            torch.testing.assert_close(small, whole[..., 1:-1, 1:-1], rtol=0, atol=0)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_ramp_answers_the_gain_that_the_docstring_names(name: str) -> None:
    operator, ramp = OPERATORS.get(name), torch.arange(6.0).double().expand(1, 1, 6, 6)
    raw = operator(ramp)[0][0, 0, 2, 2]
    assert float(raw) == pytest.approx(ACROSS[name][1])
    if name != "forward":  # is of unit gain already
        assert float(operator(ramp, gain="unit")[0][0, 0, 2, 2]) == pytest.approx(1)
        assert float(raw) != pytest.approx(1)


@pytest.mark.parametrize(("name", "theirs"), [("sobel", "sobel"), ("central", "diff")])
def test_unit_gain_is_kornias_normalisation(name: str, theirs: str) -> None:
    from kornia.filters import spatial_gradient

    image = picture(4, 9, 11)
    expected = spatial_gradient(image, mode=theirs, normalized=True)[:, 0]
    for axis, ours in enumerate(OPERATORS.get(name)(image, padding="replicate", gain="unit")):
        torch.testing.assert_close(ours, expected[:, axis : axis + 1])


@pytest.mark.parametrize("name", OPERATORS)
def test_mirroring_flips_the_sign_of_the_horizontal_response_only(name: str) -> None:
    image, operator = picture(1, 9, 11), OPERATORS.get(name)
    (grad_x, grad_y), (mirrored_x, mirrored_y) = operator(image), operator(image.flip(-1))
    if name == "forward":  # the last column looks at the frame, on the other side once mirrored
        grad_x, mirrored_x = grad_x[..., :-1], mirrored_x[..., :-1]
    torch.testing.assert_close(mirrored_x, -grad_x.flip(-1))
    torch.testing.assert_close(mirrored_y, grad_y.flip(-1))
    assert float(grad_x.abs().max()) > 0.1


@pytest.mark.parametrize("name", OPERATORS)
def test_transposing_swaps_the_axes(name: str) -> None:
    image, operator = picture(2, 9, 11), OPERATORS.get(name)
    (grad_x, grad_y), (turned_x, turned_y) = operator(image), operator(image.transpose(-1, -2))
    torch.testing.assert_close(turned_x, grad_y.transpose(-1, -2))
    torch.testing.assert_close(turned_y, grad_x.transpose(-1, -2))


def test_a_ramp_to_the_right_answers_plus_eight_and_one_downwards_too() -> None:
    ramp = torch.arange(6.0).expand(1, 1, 6, 6)
    for axis, image in enumerate((ramp, ramp.transpose(-1, -2))):
        response = sobel(image)
        assert (response[axis][..., 1:-1, 1:-1] == 8).all()
        assert (response[1 - axis][..., 1:-1, 1:-1] == 0).all()


def test_a_constant_answers_only_in_the_frame_of_zeros() -> None:
    image = torch.full((1, 1, 7, 7), 0.75)
    for response in sobel(image):
        assert float(response[..., 1:-1, 1:-1].abs().max()) == 0
        assert float(response.abs().max()) == 3
    assert all(float(response.abs().max()) == 0 for response in sobel(image, padding="replicate"))


def test_type_and_shape_of_the_image_are_kept() -> None:
    for dtype in (torch.float32, torch.float64):
        image = torch.rand(2, 3, 5, 4, dtype=dtype)
        assert all((g.dtype, g.shape) == (dtype, image.shape) for g in sobel(image))


def test_a_wrong_padding_and_a_wrong_shape_are_told() -> None:
    with pytest.raises(ConfigError, match=r"'wrap' is not one of zeros, replicate, reflect"):
        sobel(torch.rand(1, 1, 5, 5), padding="wrap")
    with pytest.raises(ShapeError, match=r"got \(5, 5\)"):
        sobel(torch.rand(5, 5))
    with pytest.raises(ShapeError, match="too small for padding 'valid'"):
        sobel(torch.rand(1, 1, 2, 5), padding="valid")
