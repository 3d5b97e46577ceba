"""Fused test images of every value beside their sources, chosen by rule, with a closer look."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ablate.report import pictures, theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

FRAME = "#E69F00"


@FIGURES.register("fused_grid")
class FusedGrid:
    """Two rows per image: the whole of it, and the window in which both sources show the most."""

    section: Section = "qualitative"
    number = 12
    title = "Fused images"
    caption = (
        "Test images by rule: those with the largest gain, the median and the largest loss of the "
        "first registered contrast in the first primary metric (the number on the left), in the "
        "block or seed whose contrast is the median; then images that were asked for. Below each: "
        "the framed window, where both sources show the most detail. Fused images carry the "
        "colour of their sources."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return the chosen images, why, their gain, and the window of the closer look."""
        if reason := pictures.missing(contents):
            return NotDrawn(reason)
        rows: list[dict[str, Any]] = []
        for entry in pictures.chosen(contents):
            window = pictures.window_of(contents, entry.image)
            if window is not None:
                top, left = window
                rows.append(
                    {
                        **asdict(entry),
                        "top_px": top.start,
                        "left_px": left.start,
                        "side_px": top.stop - top.start,
                    }
                )
        return pd.DataFrame(rows)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return two rows per image, one column per source and value."""
        return grid(contents, numbers, pictures.columns(contents))


def grid(contents: Contents, numbers: pd.DataFrame, columns: Sequence[tuple[str, str]]) -> Figure:
    """Return two rows per image, one column per (label, name in the gallery)."""
    wide = theme.WIDE_IN / (len(columns) + 0.35)
    first = pictures.read(contents, columns[0][1], numbers["image"].iloc[0])
    tall = 0.75 if first is None else first.shape[0] / first.shape[1]
    height = len(numbers) * wide * (tall + 1.0) + 0.35
    made, axes = theme.figure(
        rows=2 * len(numbers),
        columns=len(columns),
        height_in=height,
        height_ratios=[tall, 1.0] * len(numbers),
    )
    for row, entry in enumerate(numbers.to_dict("records")):
        top, left, side = (int(entry[name]) for name in ("top_px", "left_px", "side_px"))
        read = [pictures.shown(contents, name, entry["image"]) for _, name in columns]
        shapes = [one.shape[:2] for one in read[pictures.BESIDE :] if one is not None]
        for column, (label, _) in enumerate(columns):
            whole = axes[2 * row * len(columns) + column]
            window = axes[(2 * row + 1) * len(columns) + column]
            picture = read[column]
            if picture is not None:
                whole.imshow(picture, cmap="gray", vmin=0, vmax=255)
            if picture is not None and picture.shape[:2] == shapes[0]:  # else another part of it
                whole.add_patch(
                    Rectangle((left - 0.5, top - 0.5), side, side, fill=False, ec=FRAME, lw=0.9)
                )
                window.imshow(
                    picture[top : top + side, left : left + side],
                    cmap="gray",
                    vmin=0,
                    vmax=255,
                    interpolation="nearest",
                )
            _bare(whole)
            _bare(window, colour=FRAME)
            if row == 0:
                whole.set_title(theme.wrapped(label, 16))
            if column == 0:
                whole.set_ylabel(_words(entry), fontsize=6)
    return made


def _bare(axis: Axes, *, colour: str | None = None) -> None:
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set_visible(colour is not None)
        if colour is not None:
            side.set(color=colour, lw=0.9)


def _words(entry: dict[Any, Any]) -> str:
    """Return the name of an image, why it is shown, and its gain."""
    gain = "" if pd.isna(entry["gain"]) else f"{entry['gain']:+.3g}"
    why = " ".join(part for part in (str(entry["why"]), gain) if part)
    return f"{theme.wrapped(str(entry['image']), 18, lines=1)}\n{why}".strip()
