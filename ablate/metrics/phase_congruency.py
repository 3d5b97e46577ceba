"""Phase congruency: where the Fourier components of an image are in step, whatever the contrast."""

import functools
import math
from typing import Final, NamedTuple

import torch
from torch import Tensor

_SCALES, _ORIENTATIONS = 4, 6
_SHORTEST, _GROWTH = 3.0, 2.1  # wavelength in pixels of the finest filter, factor to the next
_BANDWIDTH: Final = 0.55  # deviation of a log-Gabor filter over its centre frequency
_ANGLE: Final = math.pi / _ORIENTATIONS / 1.2  # deviation of the angular Gaussian
_CUT_OFF, _SHARPNESS = 0.45, 15  # of the Butterworth filter that clears the corners
_DEVIATIONS, _OVERESTIMATE = 2.0, 1.7  # of the noise; of its estimate, empirical
_LEAST_WIDTH, _SLOPE = 0.5, 10.0  # below this spread of frequencies a response is penalised
_EPS: Final = 1e-4


class Congruency(NamedTuple):
    """Maps of an image, [batch, height, width].

    Args:
        whole: Phase congruency over all orientations, in [0, 1).
        edges: Larger moment of the congruency by orientation: how much of an edge a pixel is.
        corners: Smaller moment.
    """

    whole: Tensor
    edges: Tensor
    corners: Tensor


class _Filters(NamedTuple):
    """Filters in the Fourier domain, and what unit white noise makes of them.

    Args:
        radial: By scale, [scales, height, width].
        angular: By orientation, [orientations, height, width].
        energy: Sum of squares of the finest filter, by orientation.
        noise: Squared sum over the scales of the even filters, by orientation.
    """

    radial: Tensor
    angular: Tensor
    energy: Tensor
    noise: Tensor


def phase_congruency(plane: Tensor) -> Congruency:
    """Return the phase congruency of grey levels, float64 [batch, height, width].

    NaN in the moments where an image has no response at all, as a constant one.

    Source:
        Kovesi 1999 and 2003, phasecong2.m, with the noise estimated per orientation and the whole
        map as in zhengliu6699/imageFusionMetrics myphasecong3.m.
    """
    height, width = plane.shape[-2:]
    filters = _filters(height, width, plane.device)
    spectrum = torch.fft.fft2(plane)
    energy_sum, amplitude_sum = torch.zeros_like(plane), torch.zeros_like(plane)
    across, down, mixed = (torch.zeros_like(plane) for _ in range(3))
    for orientation in range(_ORIENTATIONS):
        energy, amplitude = _of_orientation(spectrum, filters, orientation)
        energy_sum += energy
        amplitude_sum += amplitude
        angle = orientation * math.pi / _ORIENTATIONS
        congruency = energy / amplitude
        across += (congruency * math.cos(angle)).square()
        down += (congruency * math.sin(angle)).square()
        mixed += congruency.square() * (math.cos(angle) * math.sin(angle))
    across, down, mixed = (
        across / (_ORIENTATIONS / 2),
        down / (_ORIENTATIONS / 2),
        mixed / _ORIENTATIONS,
    )
    apart = torch.hypot(mixed, across - down) + _EPS
    return Congruency(
        whole=energy_sum / (amplitude_sum + _EPS),
        edges=(across + down + apart) / 2,
        corners=(across + down - apart) / 2,
    )


def _of_orientation(spectrum: Tensor, filters: _Filters, orientation: int) -> tuple[Tensor, Tensor]:
    """Return the weighted energy above the noise, and the amplitudes added up over the scales."""
    responses = torch.fft.ifft2(
        spectrum[:, None] * (filters.radial * filters.angular[orientation])
    )  # [batch, scales, height, width], real where even, imaginary where odd
    amplitudes = responses.abs()
    amplitude = amplitudes.sum(1)
    total = responses.sum(1)
    mean = (total / (total.abs() + _EPS)).conj()[:, None]
    turned = responses * mean  # real: in step with the mean phase
    energy = (turned.real - turned.imag.abs()).sum(1)
    power = _median(amplitudes[:, 0].square()) / math.log(2) / filters.energy[orientation]
    rayleigh = (power * filters.noise[orientation]).sqrt()
    threshold = rayleigh * (math.sqrt(math.pi / 2) + _DEVIATIONS * math.sqrt(2 - math.pi / 2))
    energy = (energy - threshold[:, None, None] / _OVERESTIMATE).clamp_min(0)
    spread = amplitude / (amplitudes.amax(1) + _EPS) / _SCALES
    return energy * torch.sigmoid((spread - _LEAST_WIDTH) * _SLOPE), amplitude


def _median(values: Tensor) -> Tensor:
    """Return the median, of an even number of values the mean of the two in the middle."""
    flat = values.flatten(1)
    count = flat.shape[1]
    lower, upper = (flat.kthvalue(rank).values for rank in ((count + 1) // 2, count // 2 + 1))
    return (lower + upper) / 2


@functools.lru_cache(maxsize=2)
def _filters(height: int, width: int, device: torch.device) -> _Filters:
    down, across = _steps(height, device)[:, None], _steps(width, device)[None]
    radius = torch.hypot(across, down)
    radius[height // 2, width // 2] = 1
    radius = torch.fft.ifftshift(radius)
    angle = torch.fft.ifftshift(torch.atan2(-down.expand_as(radius), across.expand_as(radius)))
    low = _low_pass(height, width, device)
    radial = torch.stack(
        [
            torch.exp(
                -(torch.log(radius * (_SHORTEST * _GROWTH**scale)) ** 2)
                / (2 * math.log(_BANDWIDTH) ** 2)
            )
            for scale in range(_SCALES)
        ]
    )
    radial = radial * low
    radial[:, 0, 0] = 0
    wanted = torch.arange(_ORIENTATIONS, dtype=torch.float64, device=device)[:, None, None]
    wanted = wanted * math.pi / _ORIENTATIONS
    distance = torch.atan2(torch.sin(angle - wanted), torch.cos(angle - wanted))
    angular = torch.exp(-distance.square() / (2 * _ANGLE**2))
    energy = (radial[0] * angular).square().sum((-2, -1))
    even = torch.fft.ifft2(radial.sum(0) * angular).real
    return _Filters(radial, angular, energy, even.square().sum((-2, -1)) * (height * width))


def _steps(count: int, device: torch.device) -> Tensor:
    """Return frequencies in cycles per pixel, 0 in the middle; to .5 on both sides if odd."""
    whole = torch.arange(count, dtype=torch.float64, device=device) - count // 2
    return whole / (count - 1 if count % 2 else count)


def _low_pass(height: int, width: int, device: torch.device) -> Tensor:
    """Return a Butterworth filter, shifted as in the source: of an odd side, one step too far."""
    down, across = (
        (torch.arange(count, dtype=torch.float64, device=device) - count // 2) / count
        for count in (height, width)
    )
    radius = torch.hypot(across[None], down[:, None])
    shifted: Tensor = torch.fft.fftshift(1 / (1 + (radius / _CUT_OFF) ** (2 * _SHARPNESS)))
    return shifted
