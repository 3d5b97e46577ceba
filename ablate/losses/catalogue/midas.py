"""Depth estimation after MiDaS: the gradient of the residual at four strides."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("midas")
def midas() -> Published:
    """Forward differences, axes apart, sign kept, visible only, four strided levels.

    Formula:
        mean over n in (1, 2, 4, 8) of mean|dx r_n| + mean|dy r_n|, r_n = (f - vis)[::n, ::n]; a
        quarter of upstream's value, which adds the levels.

    Source:
        EPFL-VILAB/omnidata at f69ff3a, omnidata_tools/torch/losses/midas_loss.py,
        GradientMatchingTerm.
    """
    return Published(
        term={
            "operator": "forward",
            "selection": "visible",
            "levels": 4,
            "resampler": "strided",
            "padding": "replicate",
        },
        left_out="the mask of valid depths and the scale- and shift-invariant term, which fused "
        "images have no use for",
    )
