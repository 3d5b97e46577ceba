"""TarDAL: the L2 magnitude that its detail discriminator sees."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("tardal")
def tardal() -> Published:
    """Normalised Sobel, L2 magnitude, visible only, one level, replicate padding.

    Formula:
        mean| m_f - m_vis | with m = sqrt(gx^2 + gy^2 + 1e-6).

    Source:
        JinyuanLiu-CV/TarDAL at 6a9edd7, pipeline/fuse.py, gradient (with 1e-8 under the root).
    """
    return Published(
        term={
            "gain": "unit",
            "components": "magnitude_l2",
            "selection": "visible",
            "levels": 1,
            "padding": "replicate",
        },
        left_out="the discriminators, for which the L1 distance to the visible magnitude stands; "
        "two terms of kind adversarial add them (studies/tables/tardal_table.yaml)",
    )
