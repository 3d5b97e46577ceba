"""MURF: the Laplacian of larger absolute value."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("murf")
def murf() -> Published:
    """Four-neighbour Laplacian, sign kept, larger absolute value to the power .7, zero padding.

    Formula:
        mean| l_f - sign(l) |l|^.7 |, l the source's Laplacian of larger absolute value, of
        equal ones that of the infrared.

    Source:
        hanna-xu/MURF at 79b270a, RGB-IR/fine_registration_and_fusion/f2m_model.py,
        max_gradient_loss, and utils.py, gradient: gradient 10, 1 - SSIM.
    """
    return Published(
        term={
            "operator": "laplacian",
            "components": "scalar",
            "tied_target": "infrared",
            "target_exponent": 0.7,
            "levels": 1,
        },
        mix=mix(gradient=10.0, intensity=0.0, ssim=1.0, ssim_padding="valid"),
        left_out="the registration, a network of its own",
    )
