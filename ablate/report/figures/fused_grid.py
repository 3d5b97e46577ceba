"""Fused test images of every arm beside their sources, chosen by rule."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from ablate.analysis.table import designed
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, Section


@FIGURES.register("fused_grid")
class FusedGrid:
    """A grid of pictures."""

    section: Section = "qualitative"
    number = 12
    title = "Fused images"
    caption = (
        "Rows by rule: among the logged images those with the largest, the median and the smallest "
        "spread of Qabf between arms (first seed)."
    )

    def applies(self, contents: Contents) -> str | None:
        """Return a reason when no pictures were logged."""
        arms = [arm for arm in contents.facts["arms"] if arm in contents.gallery]
        if not arms or "infrared" not in contents.gallery:
            return "no pictures were logged (train.gallery=0, or no run has finished)"
        return None

    def numbers(self, contents: Contents) -> pd.DataFrame:
        """Return the chosen images and their spread of Qabf between arms."""
        runs = designed(contents.runs, contents.facts["phases"])
        firsts = runs[runs["seed"] == runs["seed"].min()][["run_id", "arm"]]
        part = contents.images.query("metric == 'qabf' and split == 'test'").merge(firsts)
        part = part[part["image"].isin(list(contents.gallery["infrared"]))]
        spread = part.groupby("image")["value"].agg(lambda v: v.max() - v.min())
        ordered = spread.sort_values(kind="stable")
        if ordered.empty:
            return pd.DataFrame({"image": sorted(contents.gallery["infrared"])[:3], "spread": None})
        picks = dict.fromkeys([len(ordered) - 1, len(ordered) // 2, 0])
        return ordered.iloc[list(picks)].rename("spread").reset_index()

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return one row per image, one column per source and arm."""
        arms = [arm for arm in contents.facts["arms"] if arm in contents.gallery][:5]
        columns = ["infrared", "visible", *arms]
        made, axes = theme.figure(
            rows=len(numbers), columns=len(columns), height_in=1.0 * len(numbers) + 0.3
        )
        for row, image in enumerate(numbers["image"]):
            for column, name in enumerate(columns):
                axis = axes[row * len(columns) + column]
                axis.set(xticks=[], yticks=[])
                path = contents.gallery[name].get(image)
                if path is not None:
                    axis.imshow(np.asarray(Image.open(path)), cmap="gray", vmin=0, vmax=255)
                for side in axis.spines.values():
                    side.set_visible(False)
                if row == 0:
                    axis.set_title(name)
                if column == 0:
                    axis.set_ylabel(image, fontsize=6)
        return made
