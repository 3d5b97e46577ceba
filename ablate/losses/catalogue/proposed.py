"""The direction-aware multi-scale gradient loss: the baseline of every study."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("proposed")
def proposed() -> Published:
    """Sobel, axes apart, sign kept, larger absolute value per axis, three levels, zero padding.

    Formula:
        mean over s in (1, 1/2, 1/4) of mean|gx_f - tx| + mean|gy_f - ty|, where t is per pixel and
        axis the source gradient of larger absolute value; resized bilinearly from full size.

    Source:
        Yang et al. 2025, arXiv 2510.13067.
    """
    return Published(
        term={},
    )
