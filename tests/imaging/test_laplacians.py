import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from torch import Tensor

from ablate.imaging.laplacians import LAPLACIANS

KERNELS = {
    "laplacian": (np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]), 8),
    "laplacian8": (np.array([[1.0, 1, 1], [1, -8, 1], [1, 1, 1]]), 16),
}
MODES = {"zeros": "constant", "replicate": "nearest", "reflect": "mirror"}


def picture() -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.rand(1, 1, 9, 12, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", LAPLACIANS)
@pytest.mark.parametrize("padding", MODES)
def test_every_laplacian_equals_a_dense_convolution(name: str, padding: str) -> None:
    kernel, absolute_sum = KERNELS[name]
    expected = convolve(picture()[0, 0].numpy(), kernel, mode=MODES[padding])
    (raw,) = LAPLACIANS.get(name)(picture(), padding=padding)
    (unit,) = LAPLACIANS.get(name)(picture(), padding=padding, gain="unit")
    np.testing.assert_allclose(raw[0, 0], expected, atol=1e-13)
    torch.testing.assert_close(unit * absolute_sum, raw)


def test_the_eight_neighbour_form_is_kornias_and_the_other_is_not() -> None:
    from kornia.filters import laplacian as theirs

    expected = theirs(picture(), 3)
    options = {"padding": "reflect", "gain": "unit"}
    torch.testing.assert_close(LAPLACIANS.get("laplacian8")(picture(), **options)[0], expected)
    four = LAPLACIANS.get("laplacian")(picture(), **options)[0]
    assert float((four - expected).abs().max()) > 0.05


@pytest.mark.parametrize("name", LAPLACIANS)
def test_a_plane_answers_nothing_and_mirroring_keeps_the_sign(name: str) -> None:
    operator, steps = LAPLACIANS.get(name), torch.arange(12.0).double()
    plane = (3 * steps + steps[:9, None]).expand(1, 1, 9, 12)
    assert float(operator(plane, padding="valid")[0].abs().max()) < 1e-12
    (here,), (there,) = operator(picture()), operator(picture().flip(-1))
    torch.testing.assert_close(there, here.flip(-1))
    assert float(here.abs().max()) > 0.1
