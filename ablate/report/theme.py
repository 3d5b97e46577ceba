"""One look for all figures: widths of a two-column paper, 8 pt, colours by fixed names."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from ablate.analysis.question import metric_label

ARROW = {"higher": "↑", "lower": "↓"}
NARROW_IN, WIDE_IN = 3.4, 7.1
STYLE = {
    "signed": ("#0072B2", "o"),
    "magnitude": ("#D55E00", "s"),
    "sign_free": ("#009E73", "^"),
    "signed_sum": ("#E69F00", "v"),
    "single_scale": ("#CC79A7", "D"),
    "baseline": ("#0072B2", "o"),
}
METRIC_COLOURS = {
    "qabf": "#0072B2",
    "vif": "#D55E00",
    "mi": "#009E73",
    "scd": "#CC79A7",
    "en": "#E69F00",
    "sd": "#000000",
}
# The colours of Okabe and Ito 2008, and a grey; yellow last, for it is weak on white.
SPARE = (
    ("#CC79A7", "D"),
    ("#56B4E9", "P"),
    ("#000000", "*"),
    ("#999999", "h"),
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#E69F00", "v"),
    ("#F0E442", "X"),
)
SECOND_MARKERS = "pd<>8H"
TRIALS = {  # whether a sampler that saw scores suggested them -> name and colour
    False: ("designed trial", STYLE["signed"][0]),
    True: ("adaptive trial", STYLE["magnitude"][0]),
}
PLACES = 6  # of a share of the figure
GREY, FAINT, BAND = "0.35", "0.6", "0.88"
SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "ablate",
    "svg.fonttype": "none",
    "figure.dpi": 150,
    "font.family": "DejaVu Sans",
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


def style(arm: str, order: Sequence[str]) -> tuple[str, str]:
    """Return (colour, marker) of an arm or value: by its name, else by its place in the design.

    Names without a colour of their own take those that no named one beside them has.
    """
    if arm in STYLE:
        return STYLE[arm]
    taken = {STYLE[name] for name in order if name in STYLE}
    free = [pair for pair in SPARE if pair not in taken]
    others = [name for name in order if name not in STYLE]
    looks = [*free, *((colour, marker) for marker in SECOND_MARKERS for colour, _ in free)]
    return looks[others.index(arm) % len(looks)] if arm in others else looks[0]


def metric_colour(metric: str, order: Sequence[str]) -> str:
    """Return the colour of a metric: by its name, else by its place among the unnamed."""
    if metric in METRIC_COLOURS:
        return METRIC_COLOURS[metric]
    others = [name for name in order if name not in METRIC_COLOURS]
    return SPARE[others.index(metric) % len(SPARE)][0] if metric in others else GREY


def scored(objective: str) -> str:
    """Return how an axis names "split/metric".

    Example:
        >>> scored("val/qabf")
        'val Qabf'
    """
    split, _, metric = objective.partition("/")
    return f"{split} {metric_label(metric)}"


def figure(
    *,
    rows: int,
    columns: int,
    height_in: float,
    width_in: float = WIDE_IN,
    height_ratios: Sequence[float] | None = None,
) -> tuple[Figure, list[Axes]]:
    """Return a figure and its axes, without any global state but the settings."""
    made = _empty(width_in, height_in)
    axes = made.subplots(rows, columns, squeeze=False, height_ratios=height_ratios)
    return made, list(axes.flat)


def stacked(heights_in: Sequence[float], *, foot_in: float = 0.0) -> tuple[Figure, list[SubFigure]]:
    """Return a wide figure and its parts from the top, as for a part per question.

    Args:
        heights_in: Of the parts.
        foot_in: Room below them for a legend of the whole figure.
    """
    made = _empty(WIDE_IN, sum(heights_in) + foot_in)
    parts = made.subfigures(len(heights_in), 1, height_ratios=list(heights_in), squeeze=False)
    return made, list(parts.flat)


def heading(part: SubFigure, text: str) -> None:
    """Write the name of a part above it, at the left."""
    part.suptitle(text, x=0.005, ha="left", fontsize=8, fontweight="bold")


def legend_below(where: Figure | SubFigure, handles: Sequence[Artist]) -> None:
    """Put a legend below the axes, on one line or in as many columns as its longest label lets."""
    if handles:
        widths_pt = [3.9 * len(str(handle.get_label())) + 34 for handle in handles]
        width_pt = where.bbox.width / where.dpi * 72
        columns = len(handles)
        if sum(widths_pt) > width_pt:
            columns = max(1, min(columns, int(width_pt / max(widths_pt))))
        where.legend(
            handles=list(handles),
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            handletextpad=0.5,
            columnspacing=1.2,
            borderaxespad=0.2,
        )


def mark(label: str, **options: Any) -> Line2D:
    """Return a handle for a legend."""
    return Line2D([], [], label=label, **{"ls": "", **options})


def wrapped(text: str, width: int, *, lines: int = 2) -> str:
    r"""Return a long name on a few lines, its end left out where they are too few.

    Example:
        >>> wrapped("a_long_name vs another", 12)
        'a_long_name\nvs another'
        >>> wrapped("one_two_three_four_five", 9)
        'one_two_\nthree_fo…'
    """
    found: list[str] = []
    for word in textwrap.wrap(text, width, break_long_words=False) or [""]:
        pieces = textwrap.wrap(word.replace("_", "_ "), width) if len(word) > width else [word]
        found += [piece.replace("_ ", "_") for piece in pieces]
    if len(found) > lines:
        kept, rest = found[: lines - 1], text
        for piece in kept:
            rest = rest.partition(piece)[2].lstrip()
        found = [*kept, f"{rest[: width - 1]}…"]
    return "\n".join(found)


def columns_of(panels: int, *, most: int = 4) -> int:
    """Return how many panels stand abreast: four as 2 x 2, else the fewest rows, well filled.

    Example:
        >>> [columns_of(count) for count in (1, 3, 4, 5, 6, 7, 8, 9, 10)]
        [1, 3, 2, 3, 3, 4, 4, 3, 4]
    """
    if panels <= 3:
        return max(1, min(panels, most))
    if panels == 4:
        return 2
    return min(range(min(3, most), most + 1), key=lambda some: (-(-panels // some) * some, -some))


def log_axis(axis: Axes, low: float, high: float, *, most: int = 4) -> None:
    """Make the x axis logarithmic from `low` to `high`, with at most `most` plain numbers."""
    ranged(axis, "x", low=low, high=high, is_log=True, most=most)


def ranged(
    axis: Axes, which: Literal["x", "y"], *, low: float, high: float, is_log: bool, most: int = 4
) -> None:
    """Let an axis show a range, a logarithmic one with at most `most` plain numbers."""
    one = axis.xaxis if which == "x" else axis.yaxis
    limit = axis.set_xlim if which == "x" else axis.set_ylim
    if not is_log:
        edge = 0.03 * (high - low)
        limit(low - edge, high + edge)
        axis.locator_params(axis=which, nbins=5)
        return
    factor = (high / low) ** 0.03
    (axis.set_xscale if which == "x" else axis.set_yscale)("log")
    limit(low / factor, high * factor)
    one.set_minor_locator(NullLocator())
    ticks = log_ticks(low, high, most=most)
    one.set_ticks(ticks, [f"{tick:g}" for tick in ticks])


def log_ticks(low: float, high: float, *, most: int = 4) -> list[float]:
    """Return round numbers in a range, the roundest that are two or more.

    Example:
        >>> log_ticks(0.002, 0.2), log_ticks(0.25, 0.84)
        ([0.01, 0.1], [0.3, 0.5, 0.8])
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for digits in ((1,), (1, 3), (1, 2, 5), (2, 3, 5, 8), tuple(range(1, 10))):
        every = [float(f"{digit}e{decade}") for decade in decades for digit in digits]
        found = [number for number in every if low <= number <= high]
        if len(found) >= 2:
            break
    step = max(1, -(-len(found) // most))
    return found[::step] or [low, high]


def _empty(width_in: float, height_in: float) -> Figure:
    for name, value in SETTINGS.items():
        rcParams[name] = value  # type: ignore[index]  # the keys are a closed Literal there
    return Figure(figsize=(width_in, height_in), layout=_Rounded())


class _Rounded(ConstrainedLayoutEngine):
    """The constrained layout with its result rounded, so that the same figure has the same bytes.

    Its solver orders variables by their place in memory, and the last bits change with them.
    """

    def execute(self, fig: Figure) -> Any:
        """Lay out the figure and round the places of its parts and axes."""
        grids = super().execute(fig)
        for part in fig.findobj(SubFigure):
            box = part.bbox_relative
            box.p0, box.p1 = np.round(box.p0, PLACES), np.round(box.p1, PLACES)
        for axis in fig.findobj(Axes):
            axis.set_position(np.round(axis.get_position().bounds, PLACES))
            axis.set_in_layout(True)  # which setting a place has switched off
        return grids
