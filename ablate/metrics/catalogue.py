"""Names, labels and directions of the packaged metrics, readable without torch.

The metric classes are the source; a test holds this table equal to them.
"""

from typing import Final, Literal

from ablate.errors import UnknownNameError, nearest

Direction = Literal["higher", "lower"]

LABELS: Final[dict[str, str]] = {
    "en": "EN",
    "mi": "MI",
    "sd": "SD",
    "scd": "SCD",
    "vif": "VIF",
    "qabf": "Qabf",
    "sf": "SF",
    "ag": "AG",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "cc": "CC",
    "mse": "MSE",
    "psnr": "PSNR",
    "nabf": "Nabf",
}
BETTER: Final[dict[str, Direction]] = {
    "en": "higher",
    "mi": "higher",
    "sd": "higher",
    "scd": "higher",
    "vif": "higher",
    "qabf": "higher",
    "sf": "higher",
    "ag": "higher",
    "ssim": "higher",
    "ms_ssim": "higher",
    "cc": "higher",
    "mse": "lower",
    "psnr": "higher",
    "nabf": "lower",
}
NAMES: Final = ("en", "mi", "sd", "scd", "vif", "qabf")  # the six of every report
ALL_NAMES: Final[tuple[str, ...]] = tuple(LABELS)


def canonical_name(name: str) -> str:
    """Return the lower-case name of a packaged metric; any case is accepted, and "-" for "_".

    Raises:
        UnknownNameError: No packaged metric has this name.

    Example:
        >>> canonical_name("Qabf"), canonical_name("MS-SSIM")
        ('qabf', 'ms_ssim')
    """
    lower = name.lower().replace("-", "_")
    if lower not in LABELS:
        raise UnknownNameError(
            f"metrics.names: no metric is called {name!r}; {nearest(lower, LABELS)}"
        )
    return lower
