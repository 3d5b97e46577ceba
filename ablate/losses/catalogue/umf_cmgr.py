"""UMF-CMGR: the absolute Laplacian."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("umf_cmgr")
def umf_cmgr() -> Published:
    """Normalised eight-neighbour Laplacian, sign dropped, larger of the two, reflect padding.

    Formula:
        mean| |l_f| - max(|l_ir|, |l_vis|) |.

    Source:
        wdhudiekou/UMF-CMGR at 17a7af5, loss/fusion_loss.py, JointGrad and FusionLoss: gradient 5,
        intensity
        20, MS-SSIM 1.
    """
    return Published(
        term={
            "operator": "laplacian8",
            "gain": "unit",
            "components": "scalar",
            "sign": "free",
            "levels": 1,
            "padding": "reflect",
        },
        mix=mix(gradient=5.0, intensity=20.0, ssim=1.0, kind="mean"),
        left_out="saliency maps instead of the mean, MS-SSIM instead of SSIM",
    )
