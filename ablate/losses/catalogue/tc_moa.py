"""TC-MoA: the signed sum of both axes."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("tc_moa")
def tc_moa() -> Published:
    """Taps .2/1/.2, d/dx + d/dy with y upwards, larger absolute sum, one level, zero padding.

    Formula:
        mean| s_f - t | with s = gx - gy (rows downwards), t the source's s of larger |s|.

    Source:
        YangSun22/TC-MoA at 48e4a54, util/fusion_loss.py, MaxGradLoss; model/ViT_MAE.py,
        forward_loss_taskRGBT: 1.5 times gradient 3 over three equal channels, so 13.5 on Y; maximum
        1.5, SSIM 2: 9 : 1 : 1.33. Before 5c740b5 of 2025-02-12 it was 9, 1 and .5. No gradient term
        in the warm-up epochs: `warmup_steps`.
    """
    return Published(
        term={
            "operator": "taps",
            "components": "signed_sum",
            "y_axis": "up",
            "levels": 1,
        },
        mix=mix(gradient=13.5, intensity=1.5, ssim=2.0, ssim_padding="zeros"),
        left_out="the prompt loss: terms: {prompt: {kind: network, feature: NAME}}, where a "
        "network hands it out; the mean target of the warm-up: {kind: intensity, "
        "target: mean, until: STEP}",
    )
