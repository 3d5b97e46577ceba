"""One look for all figures: widths of a two-column paper, 8 pt, colours by fixed names."""

from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ARROW = {"higher": "↑", "lower": "↓"}
NARROW_IN, WIDE_IN = 3.4, 7.1
STYLE = {
    "signed": ("#0072B2", "o"), "magnitude": ("#D55E00", "s"), "sign_free": ("#009E73", "^"),
    "signed_sum": ("#E69F00", "v"), "baseline": ("#0072B2", "o"),
}  # fmt: skip
SPARE = (
    ("#CC79A7", "D"), ("#56B4E9", "P"), ("#F0E442", "X"), ("#000000", "*"), ("#999999", "h"),
)  # fmt: skip
SETTINGS: dict[str, Any] = {
    "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "legend.fontsize": 7,
    "xtick.labelsize": 7, "ytick.labelsize": 7, "axes.spines.top": False,
    "axes.spines.right": False, "svg.hashsalt": "ablate", "svg.fonttype": "path",
    "figure.dpi": 150, "font.family": "DejaVu Sans",
}  # fmt: skip


def style(arm: str, order: list[str]) -> tuple[str, str]:
    """Return (colour, marker) of an arm: by its name, else by its place in the design."""
    if arm in STYLE:
        return STYLE[arm]
    others = [name for name in order if name not in STYLE]
    place = others.index(arm) if arm in others else 0
    return SPARE[place % len(SPARE)]


def figure(*, rows: int, columns: int, height_in: float) -> tuple[Figure, list[Axes]]:
    """Return a wide figure and its axes, without any global state but the settings."""
    for name, value in SETTINGS.items():
        rcParams[name] = value  # type: ignore[index]  # the keys are a closed Literal there
    made = Figure(figsize=(WIDE_IN, height_in), layout="constrained")
    axes = made.subplots(rows, columns, squeeze=False)
    return made, list(axes.flat)
