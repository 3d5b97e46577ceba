"""Text-IF: absolute gradients, axes apart."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("text_if")
def text_if() -> Published:
    """Sobel, axes apart, sign dropped, larger per axis, one level, replicate padding.

    Formula:
        mean| |gx_f| - max(|gx_ir|, |gx_vis|) | + the same for y.

    Source:
        XunpengYi/Text-IF, scripts/losses.py, GradientMaxLoss; fusion_loss: gradient 10, maximum 4,
        1 - SSIM to either source.
    """
    return Published(
        term={"sign": "free", "levels": 1, "padding": "replicate"},
        mix=mix(gradient=10.0, intensity=4.0, ssim=2.0),
        left_out="the colour and consistency terms",
    )
