"""Signed gradients of the sources and of every fused image, and where each misses the stronger."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ablate.report import pictures, theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

ROWS = ("Gx", "Gy", "error")
SHARE = 99.0  # percentile of the strongest responses that the colours reach


@FIGURES.register("gradient_maps")
class GradientMaps:
    """Three rows of maps of one window; columns as in the grid of fused images."""

    section: Section = "qualitative"
    number = 13
    title = "Gradient maps"
    caption = (
        "The framed window of the first image. Gx and Gy: Sobel responses with their sign, blue "
        "negative, red positive. Error: |Gx| + |Gy| of the fused image minus the larger one of the "
        "two sources, blue where an edge was lost, red where one was added; below the first source "
        "stands that larger one itself, on a grey scale. One scale per row."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per value and map: mean and mean absolute response in the window."""
        if reason := pictures.missing(contents):
            return NotDrawn(reason)
        maps = _maps(contents)
        if not maps:
            return NotDrawn("no published image has all sources and values")
        return pd.DataFrame(
            [
                {
                    "image": image,
                    "column": label,
                    "map": row,
                    "mean": float(found.mean()),
                    "mean_absolute": float(np.abs(found).mean()),
                }
                for image, label, row, found in maps
            ]
        )

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return three rows of maps, each with a scale of its own."""
        del numbers
        maps, sources = list(_maps(contents)), contents.facts.sources
        labels = list(dict.fromkeys(label for _, label, _, _ in maps))
        wide = theme.WIDE_IN / (len(labels) + 0.9)
        made, axes = theme.figure(
            rows=len(ROWS), columns=len(labels), height_in=len(ROWS) * wide + 0.35
        )
        for axis in axes:
            axis.set_axis_off()
        for row, name in enumerate(ROWS):
            mine = {label: found for _, label, kind, found in maps if kind == name}
            fused = [found for label, found in mine.items() if label not in sources]
            scaled = fused if name == "error" else list(mine.values())
            reach = float(np.percentile(np.abs(np.stack(scaled)), SHARE)) or 1.0
            drawn = None
            for column, label in enumerate(labels):
                axis = axes[row * len(labels) + column]
                if row == 0:
                    axis.set_title(theme.wrapped(label, 16))
                if label not in mine:
                    continue
                axis.set_axis_on()
                axis.set(xticks=[], yticks=[])
                if name == "error" and label in sources:
                    axis.imshow(mine[label], cmap="gray_r", vmin=0, interpolation="nearest")
                    axis.set_xlabel("larger source", fontsize=6)
                else:
                    drawn = axis.imshow(
                        mine[label], cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest"
                    )
                if column == 0:
                    axis.set_ylabel(name)
            if drawn is not None:
                bar = made.colorbar(
                    drawn, ax=axes[row * len(labels) : (row + 1) * len(labels)], pad=0.01, aspect=12
                )
                bar.ax.tick_params(labelsize=6)
        return made


def _maps(contents: Contents) -> list[tuple[str, str, str, Any]]:
    """Return (image, column, map, values in the window) of the first image that is whole."""
    columns, sources = pictures.columns(contents), contents.facts.sources
    for entry in pictures.chosen(contents):
        image = entry.image
        window = pictures.window_of(contents, image)
        read = {label: pictures.read(contents, name, image) for label, name in columns}
        whole = {label: picture for label, picture in read.items() if picture is not None}
        if window is None or len(whole) < len(columns):
            continue
        if len({picture.shape for picture in whole.values()}) > 1:
            continue  # a study of an earlier version: sources whole, fused images cropped
        larger = np.maximum(*(pictures.strength(whole[name]) for name in sources))
        found: list[tuple[str, str, str, Any]] = []
        for label, picture in whole.items():
            across, down = pictures.gradients(picture)
            found += [(image, label, "Gx", across[window]), (image, label, "Gy", down[window])]
            if label not in sources:
                error = pictures.strength(picture) - larger
                found.append((image, label, "error", error[window]))
        return [*found, (image, sources[0], "error", larger[window])]
    return []
