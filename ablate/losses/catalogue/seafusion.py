"""SeAFusion and its successors: the magnitude of Sobel."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("seafusion")
def seafusion() -> Published:
    """Sobel, L1 magnitude, larger of the two, one level, zero padding.

    Formula:
        mean| m_f - max(m_ir, m_vis) | with m = |gx| + |gy|.

    Source:
        Linfeng-Tang/SeAFusion at 5fd9c52, loss.py, Fusionloss: intensity to the maximum 1,
        gradient 10.
    """
    return Published(
        term={"components": "magnitude_l1", "levels": 1},
        mix=mix(gradient=10.0, intensity=1.0),
        left_out="the segmentation loss, which needs labels",
    )
