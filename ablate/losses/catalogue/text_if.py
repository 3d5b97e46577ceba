"""Text-IF: absolute gradients, axes apart."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("text_if")
def text_if() -> Published:
    """Sobel, axes apart, sign dropped, larger per axis, one level, replicate padding.

    Formula:
        mean| |gx_f| - max(|gx_ir|, |gx_vis|) | + the same for y.

    Source:
        XunpengYi/Text-IF at 92d5cbe, scripts/losses.py, L_Grad_position; fusion_prompt_loss: the
        mix is that of the tasks low_light and ir_low_contrast, gradient 10, maximum 8, 1 - SSIM to
        either source; ir_noise has maximum 6, over_exposure gradient 2, maximum 4 and no SSIM.
    """
    return Published(
        term={"sign": "free", "levels": 1, "padding": "replicate"},
        mix=mix(gradient=10.0, intensity=8.0, ssim=2.0),
        left_out="the colour term, 0 where chroma is carried over; its SSIM is ssim_weight: 0 "
        "and, to either source, terms: {a: {kind: ssim, to: visible, window_px: 48, "
        "padding: valid}, ...}",
    )
