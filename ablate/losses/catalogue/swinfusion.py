"""SwinFusion: SeAFusion's term in another mix."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("swinfusion")
def swinfusion() -> Published:
    """SeAFusion's gradient term beside intensity 20, gradient 20, SSIM 10 by gradients.

    Formula:
        mean| m_f - max(m_ir, m_vis) | with m = |gx| + |gy|.

    Source:
        Linfeng-Tang/SwinFusion at ceeec3f, models/loss_vif.py, fusion_loss_vif.
    """
    return Published(
        term={"components": "magnitude_l1", "levels": 1},
        mix=mix(
            gradient=20.0, intensity=20.0, ssim=10.0, ssim_to="by_gradient", ssim_padding="zeros"
        ),
    )
