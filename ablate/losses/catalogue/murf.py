"""MURF: the Laplacian of larger absolute value."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("murf")
def murf() -> Published:
    """Four-neighbour Laplacian, sign kept, larger absolute value, one level, zero padding.

    Formula:
        mean| l_f - t |, t the source's Laplacian of larger absolute value.

    Source:
        hanna-xu/MURF, RGB-IR/fine_registration_and_fusion/f2m_model.py, max_gradient_loss, and
        utils.py, gradient: gradient 10, 1 - SSIM.
    """
    return Published(
        term={"operator": "laplacian", "components": "scalar", "levels": 1},
        mix=mix(gradient=10.0, intensity=0.0, ssim=1.0),
        left_out="the target's exponent .7 and the registration",
    )
