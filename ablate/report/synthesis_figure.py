"""The forest of a synthesis: cells with their intervals, and the diamond of all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon

from ablate.analysis.synthesis import Synthesized
from ablate.report import theme
from ablate.report.drawable import escaped
from ablate.report.synthesis_tables import Group, cell_names
from ablate.report.values import metric_of

TITLE: Final = "Cells, and all of them together"
CAPTION: Final = (
    "Effects in percent of the tuned baseline; right is better. Dots and bars are cells with 95 % "
    "intervals, hollow where a cell is left out; diamonds the mean effect over cells with its 95 % "
    "interval, the line through one where a further cell would lie, as far as the panel goes; grey "
    "bands the effects too small to matter. Colours are those of the words."
)
COLOURS: Final[Mapping[str, str]] = {
    "gain": "#009E73",
    "leaning to gain": "#009E73",
    "loss": "#D55E00",
    "leaning to loss": "#D55E00",
    "does not generalise": "#CC79A7",
}
ROW_IN, AROUND_IN = 0.135, 0.62  # height of a row; of heading, title and axis of a part
HALF: Final = 0.34  # of the height of a diamond, in rows
CELL: Final = "0.45"
LONGEST: Final = 30  # letters of a row's name


def forest(groups: Sequence[Group]) -> Figure:
    """Draw a part per question and a panel per metric, all cells and all diamonds."""
    heights = [ROW_IN * _rows(group) + AROUND_IN for group in groups]
    made, parts = theme.stacked(heights, foot_in=0.3)
    for part, group in zip(parts, groups, strict=True):
        axes = part.subplots(1, len(group.metrics), squeeze=False).flat
        for at, (axis, metric) in enumerate(zip(axes, group.metrics, strict=True)):
            _panel(axis, group, metric, is_named=at == 0)
        theme.heading(part, escaped(f"{group.id}, {group.trained}"))
    theme.legend_below(made, _handles(groups))
    return made


def _rows(group: Group) -> int:
    """The rows of a panel: one per contrast and one per cell."""
    return sum(1 + max(len(one.cells) for one in some) for some in group.by_contrast.values())


def _panel(axis: Axes, group: Group, metric: str, *, is_named: bool) -> None:
    names: list[str] = []
    bold: list[bool] = []
    low, high = 0.0, 0.0
    for contrast, some in group.by_contrast.items():
        one = next((found for found in some if found.metric == metric), None)
        place = len(names)
        labels = cell_names(some[0].cells)
        names += [contrast, *(f"  {label}" for label in labels)]
        bold += [True, *(False for _ in labels)]
        if one is None:
            continue
        ends = _draw(axis, one, place=place)
        low, high = min(low, *ends), max(high, *ends)
    room = 0.04 * (high - low or 1.0)
    axis.set(xlim=(low - room, high + room), ylim=(len(names) - 0.4, -0.6))
    axis.axvline(0, color=theme.GREY, lw=0.6, zorder=0)
    axis.set_title(f"{metric_of(metric)}, %")
    axis.set_yticks(range(len(names)), [_shortened(name) if is_named else "" for name in names])
    axis.tick_params(axis="y", length=0)
    for label, is_bold in zip(axis.get_yticklabels(), bold, strict=True):
        label.set(fontweight="bold" if is_bold else "normal", fontsize=7 if is_bold else 6.5)
    axis.locator_params(axis="x", nbins=6)


def _draw(axis: Axes, one: Synthesized, *, place: int) -> list[float]:
    """Draw the cells of a contrast below its diamond; return what the axis must hold."""
    ends: list[float] = []
    bottom = place + len(one.cells) + 0.5
    axis.fill_betweenx(
        [place - 0.5, bottom], -one.smallest, one.smallest, color=theme.BAND, lw=0, zorder=-1
    )
    for row, cell in enumerate(one.cells, start=place + 1):
        interval = cell.interval or (cell.effect, cell.effect)
        axis.plot(interval, [row, row], color=CELL, lw=1.0)
        is_out = bool(cell.left_out)
        axis.plot(cell.effect, row, "o", ms=3, color=CELL, mfc="white" if is_out else CELL)
        ends += [cell.effect] if is_out else [*interval]
    if (found := one.found) is not None:
        colour = COLOURS.get(one.word, theme.GREY)
        axis.plot([found.next_low, found.next_high], [place, place], color=colour, lw=0.6)
        points = [
            (found.low, place),
            (found.mean, place - HALF),
            (found.high, place),
            (found.mean, place + HALF),
        ]
        face = "white" if one.word.startswith(("leaning", "open")) else colour
        axis.add_patch(Polygon(points, closed=True, ec=colour, fc=face, lw=0.9, zorder=3))
        ends += [found.low, found.high]
    return ends or [0.0]


def _shortened(name: str) -> str:
    return escaped(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")


def _handles(groups: Sequence[Group]) -> list[Any]:
    words = {one.word for group in groups for some in group.by_contrast.values() for one in some}
    handles: list[Any] = [
        theme.mark(
            word,
            marker="D",
            ms=5,
            color=COLOURS.get(word, theme.GREY),
            mfc="white" if word.startswith(("leaning", "open")) else COLOURS.get(word, theme.GREY),
        )
        for word in (*COLOURS, "open")
        if word in words
    ]
    return [
        *handles,
        theme.mark("a cell", marker="o", ls="-", lw=1.0, ms=3, color=CELL),
        Patch(color=theme.BAND, label="too small to matter"),
    ]
