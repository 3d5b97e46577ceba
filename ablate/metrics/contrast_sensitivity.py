"""How the eye weighs spatial frequencies: filters of the whole image in the Fourier domain."""

import torch
from torch import Tensor


def frequencies(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return frequency down and across in [-1, 1), 1 = Nyquist, broadcastable to the image."""
    down = torch.fft.fftfreq(height, dtype=torch.float64, device=device) * 2
    across = torch.fft.fftfreq(width, dtype=torch.float64, device=device) * 2
    return down[:, None], across[None]


def filtered(plane: Tensor, response: Tensor) -> Tensor:
    """Return images [batch, height, width] whose spectrum is multiplied by a real response."""
    found: Tensor = torch.fft.ifft2(torch.fft.fft2(plane) * response).real
    return found
