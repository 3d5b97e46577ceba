"""EMMA: each sensed image against its source."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("emma")
def emma() -> Published:
    """Normalised Sobel, axes apart, sign kept, one reference, one level, replicate padding.

    Formula:
        mean over both axes of |g_f - g_ref|; half of the family's value, which adds the axes.

    Source:
        Zhaozixiang1228/MMIF-EMMA at 9983ca2, utils.py, loss_fusion: intensity 1, gradient 1.
    """
    return Published(
        term={
            "gain": "unit",
            "selection": "visible",
            "levels": 1,
            "padding": "replicate",
        },
        left_out="the learned sensing models, networks of their own: here the visible image is "
        "the only reference",
    )
