"""CDDFuse, phase II: the fusion phase."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("cddfuse_ii")
def cddfuse_ii() -> Published:
    """SeAFusion's gradient term, intensity 1, gradient 10.

    Formula:
        mean| m_f - max(m_ir, m_vis) | with m = |gx| + |gy|.

    Source:
        Zhaozixiang1228/MMIF-CDDFuse at fd8da1f, utils/loss.py, Fusionloss.
    """
    return Published(
        term={"components": "magnitude_l1", "levels": 1},
        mix=mix(gradient=10.0, intensity=1.0),
        left_out="the decomposition loss, which a network has to hand out features for: terms: "
        "{decomposition: {kind: correlation, weight: 2}}",
    )
