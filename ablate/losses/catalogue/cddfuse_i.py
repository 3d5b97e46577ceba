"""CDDFuse, phase I: reconstruction of the visible image."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("cddfuse_i")
def cddfuse_i() -> Published:
    """Normalised Sobel, axes apart, sign kept, visible only, one level, replicate padding.

    Formula:
        mean over both axes of |g_f - g_vis|; half of the family's value, which adds the axes.

    Source:
        Zhaozixiang1228/MMIF-CDDFuse at fd8da1f, train.py, Gradient_loss: kornia's SpatialGradient,
        weight 5.
    """
    return Published(
        term={
            "gain": "unit",
            "selection": "visible",
            "levels": 1,
            "padding": "replicate",
        },
        left_out="phase I reconstructs each source apart, so it has no fused image and no mix",
    )
