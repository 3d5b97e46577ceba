"""Evaluation protocols: named bundles of the conventions that move the numbers."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from ablate.errors import UnknownNameError, nearest
from ablate.identity import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The switches of one family of published evaluators.

    Args:
        name: How tables and commands call it.
        colour: What colour images are scored by: their luminance, or the mean over their bands (of
            the fused image; a source of one band is used for each). "bands_of_sources" takes the
            first band of the fused image where both sources have one.
        quantise: How [0, 1] floats become grey levels 0..255.
        mi_unit: "nats" or "bits" of the mutual information.
        mi_merges_white: Whether levels 254 and 255 share a bin of the joint histogram.
        mi_stretches: Whether each image is stretched to 0..255 before MI.
        en_offset: Added to each probability inside the logarithm of EN.
        qabf_padding: What the Sobel filter of Qabf sees beyond the frame.
        vif_noise: Variance of the visual noise of VIF, in squared grey levels.
        vif_of_constant_source: What the 0/0 of a constant source counts.
        ssim_window: Uniform 7x7 with sample covariances, or Gaussian 11x11 of sigma 1.5.
        ssim_padding: "none" takes whole windows only, "replicate" a window around every pixel.
        ssim_range: The L of SSIM's constants, in grey levels: 2 is what old scikit-image assumed
            of floats and gives the published 1.03, 255 is the range of the images.
        ms_ssim_range: The same for MS-SSIM.
        ssim_of_sources: Whether SSIM and MS-SSIM of the two sources are added or averaged.
        ag_divisor: AG is the sum over pixels, divided by all "pixels" or by the "intervals"
            (height - 1)(width - 1).
        psnr_peak: "fused" compares MSE to the squared maximum of the fused image, "255_of_unit"
            compares the MSE of levels in [0, 1] to 255 squared, "255_over_roots" compares 255 to
            the root of VIFB's RMSE.
        rmse_divisor: RMSE is the root of the mean over "pixels", or divided by their root again.
        sf_divisor: Each sum of squares of SF is divided by its "neighbours" or by all "pixels".
        sf_white: What white counts in SF.
        mse_white: What white counts in MSE.
        nabf_white: What white counts in Nabf, whose edge threshold is 2.
        nabf_floor: Weight in Nabf of pixels below that threshold.
        qcb_white: What white counts in Qcb before grey levels are stretched: it decides which way
            halves are rounded.
        qw_of: Qw is that of the "images", or of their "edges" alone.
        qc_clamps: What lies in [0, 1] in Qc: the "share" of a source in a window, as published, or
            the "quality" of the window where the share does not.
        te_marginals: Whether TE divides the joint distribution by its "own" marginal ones, or by
            the "exchanged" ones.
        source: Where the conventions are published.
    """

    name: str
    colour: Literal["luminance", "bands", "bands_of_sources"] = "luminance"
    quantise: Literal["round", "truncate"] = "round"
    mi_unit: Literal["nats", "bits"] = "nats"
    mi_merges_white: bool = False
    mi_stretches: bool = False
    en_offset: float = 0.0
    qabf_padding: Literal["zeros", "replicate"] = "zeros"
    vif_noise: float = 2.0
    vif_of_constant_source: float = 1.0
    ssim_window: Literal["uniform", "gaussian"] = "uniform"
    ssim_padding: Literal["none", "replicate"] = "none"
    ssim_range: float = 2.0
    ms_ssim_range: float = 255.0
    ssim_of_sources: Literal["sum", "mean"] = "sum"
    ag_divisor: Literal["pixels", "intervals"] = "pixels"
    psnr_peak: Literal["fused", "255_of_unit", "255_over_roots"] = "fused"
    rmse_divisor: Literal["pixels", "pixels_twice"] = "pixels"
    sf_divisor: Literal["neighbours", "pixels"] = "neighbours"
    sf_white: float = 255.0
    mse_white: float = 255.0
    nabf_white: float = 255.0
    nabf_floor: float = 0.001
    qcb_white: float = 255.0
    qw_of: Literal["images", "edges"] = "images"
    qc_clamps: Literal["share", "quality"] = "share"
    te_marginals: Literal["own", "exchanged"] = "own"
    source: str = ""


_OF_ZHANG: Final[dict[str, Any]] = {  # of MEFB, and of MFIFB as far as it can be known
    "colour": "bands_of_sources",
    "mi_stretches": True,
    "ssim_window": "gaussian",
    "ssim_range": 255.0,
    "ag_divisor": "intervals",
    "psnr_peak": "255_over_roots",
    "rmse_divisor": "pixels_twice",
    "sf_divisor": "pixels",
    "qcb_white": 1.0,
    "qw_of": "edges",
    "qc_clamps": "quality",
    "te_marginals": "exchanged",
}

PROTOCOLS: Final[dict[str, Protocol]] = {
    entry.name: entry
    for entry in (
        Protocol(
            name="cddfuse-py",
            source="Zhao et al. 2023, Zhaozixiang1228/MMIF-CDDFuse, utils/Evaluator.py (float64 "
            "input; SSIM by scikit-image before 0.16, data_range 2); MS-SSIM Wang et al. 2003 and "
            "Nabf Shreyamsha Kumar 2013 are not in that file",
        ),
        Protocol(
            name="ssim-range-2",
            ssim_range=2.0,
            source="cddfuse-py by another name: its SSIM says the range",
        ),
        Protocol(
            name="ssim-range-255",
            ssim_range=255.0,
            source="cddfuse-py with scikit-image's structural_similarity(..., data_range=255)",
        ),
        Protocol(
            name="vifb",
            colour="bands",
            mi_stretches=True,
            ssim_window="gaussian",
            ssim_range=255.0,
            ag_divisor="intervals",
            psnr_peak="255_over_roots",
            rmse_divisor="pixels_twice",
            sf_divisor="pixels",
            source="Zhang et al. 2020, xingchenzhang/VIFB metrics/*.m. Its SF takes the bands of a "
            "colour image for one wide image",
        ),
        Protocol(
            name="mefb",
            **_OF_ZHANG,
            source="Zhang 2021, xingchenzhang/MEFB metrics/*.m: CE, EN, fmi_edge (its FMI), NMI, "
            "PSNR, NCIE, TE, AG, EI, Qabf, Qp, SD, SF, Qc, Qw, Qy, mef_ssim, Qcb, Qcv and viff "
            "(its VIF)",
        ),
        Protocol(
            name="mfifb",
            **_OF_ZHANG,
            source="Zhang 2020, xingchenzhang/MFIFB, which publishes images, but neither code nor "
            "values per image: its 20 metrics by the code of MEFB, which has all but SSIM, and of "
            "VIFB, which has SSIM; all three are by one author",
        ),
        Protocol(
            name="tang-py",
            mi_unit="bits",
            en_offset=1e-7,
            ssim_window="gaussian",
            ssim_range=1.0,
            ms_ssim_range=1.0,
            ag_divisor="intervals",
            psnr_peak="255_of_unit",
            mse_white=1.0,
            nabf_floor=0.0,
            source="Tang et al., the Metric_Python family: Metric.py, ssim.py (grey levels 0..255 "
            "are multiplied by 255 before SSIM with data_range 255: an effective range of 1), "
            "Nabf.py",
        ),
        Protocol(
            name="tang-matlab-2022",
            mi_unit="bits",
            mi_merges_white=True,
            ssim_window="gaussian",
            ssim_padding="replicate",
            ssim_range=255.0,
            ssim_of_sources="mean",
            ag_divisor="intervals",
            psnr_peak="255_of_unit",
            sf_white=1.0,
            mse_white=1.0,
            nabf_white=1.0,
            source="Linfeng-Tang/Image-Fusion at 53f5542, General Evaluation Metric/Evaluation. "
            "SSIM is MATLAB's ssim averaged over the sources, as its commented lines say, MS-SSIM "
            "that of Wang et al. 2003 (the file calls the multi-exposure variants of both); SD and "
            "VIF are the real-valued ones, not what saturating 8-bit arithmetic makes of them",
        ),
    )
}

_ADDED: Final = {  # switches that hashes of before them lack, with what was done then
    "colour": "luminance",
    "mi_stretches": False,
    "rmse_divisor": "pixels",
    "sf_divisor": "neighbours",
    "qcb_white": 255.0,
    "qw_of": "images",
    "qc_clamps": "share",
    "te_marginals": "own",
}


def protocol(name: str) -> Protocol:
    """Return the protocol called `name`.

    Raises:
        UnknownNameError: No such protocol; the text offers the nearest one.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise UnknownNameError(
            f"metrics.protocol: no protocol is called {name!r}; {nearest(name, PROTOCOLS)}"
        ) from None


def protocol_hash(name: str, *, dtype: str = "float64") -> str:
    """Return the hash of every switch and the floating-point type.

    Tables of different hashes must not be merged or ranked together.

    Args:
        name: A registered protocol.
        dtype: "float64" for reported values, "float32" for monitoring.
    """
    switches = asdict(protocol(name))
    del switches["name"], switches["source"]
    for later, default in _ADDED.items():
        if switches[later] == default:
            del switches[later]
    return digest({**switches, "dtype": dtype, "grey_levels": 256})
