"""MRFS: the plain maximum of signed gradients."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("mrfs")
def mrfs() -> Published:
    """Sobel, axes apart, the larger *signed* value with y upwards: the wrong target half the time.

    Formula:
        (mean|gx_f - max(gx_ir, gx_vis)| + mean|gy_f - max(gy_ir, gy_vis)|) / 2, y upwards; half of
        the family's value, which adds the axes.

    Source:
        HaoZhang1018/MRFS at aef3141, MFNet/utils/loss_utils.py, FusionLoss: intensity .5, gradient
        .2.
    """
    return Published(
        term={"selection": "signed_max", "y_axis": "up", "levels": 1},
        mix=mix(gradient=0.1, intensity=0.5),
        left_out="the brightened sources, which its network makes, and the colour term: terms: "
        "{colour: {kind: colour}}, where a network hands out colours",
    )
