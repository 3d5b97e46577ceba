"""Distance in the frequency domain: amplitudes of the Fourier transform, phases, or both."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencySettings:
    """What of the spectra is compared."""

    part: str = field(
        "name",
        "amplitude",
        choices=("amplitude", "phase", "angle", "complex"),
        meaning="amplitude: |F|; phase: half of 1 - cosine of the difference of phases; angle: the "
        "absolute difference of the angles; complex: real and imaginary parts.",
    )
    scaled: str = field(
        "name",
        "ortho",
        choices=("ortho", "raw"),
        meaning="ortho: transforms that keep the energy; raw: the sums as they are.",
    )
    target: str = field(
        "name",
        "max",
        choices=("max", "mean", "infrared", "visible"),
        meaning="max: per frequency the source of larger amplitude; mean: of the sources' spectra.",
    )


@TERMS.register("frequency", settings=FrequencySettings, gives="scalar")
def frequency(images: Images, settings: FrequencySettings) -> Tensor:
    """Return the mean difference of the spectra of the fused image and of the target.

    Source:
        models/fourier_loss.py of supersupercong/TEA-Net at c48cf18 (raw; three parts).
    """
    norm = "ortho" if settings.scaled == "ortho" else "backward"
    every = (images.infrared, images.visible, images.fused)
    spectra: list[Tensor] = [torch.fft.rfft2(image, norm=norm) for image in every]
    hot, lit, fused = spectra
    target: Tensor = {
        "max": lambda: torch.where(hot.abs() > lit.abs(), hot, lit),
        "mean": lambda: (hot + lit) / 2,
        "infrared": lambda: hot,
        "visible": lambda: lit,
    }[settings.target]()
    if settings.part == "amplitude":
        return (fused.abs() - target.abs()).abs().mean()
    if settings.part == "angle":
        return (fused.angle() - target.angle()).abs().mean()
    if settings.part == "complex":
        return torch.view_as_real(fused - target).abs().mean()
    alike = (fused * target.conj()).real / (fused.abs() * target.abs() + 1e-12)
    return (1 - alike).mean() / 2
