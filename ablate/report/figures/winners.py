"""The winners at the same pixels, for the first page: one image, and the same crop enlarged."""

import pandas as pd
from matplotlib.figure import Figure

from ablate.report import pictures
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.figures.fused_grid import FusedGrid, grid

MOST = 6  # thumbnails


@FIGURES.register("winners")
class Winners:
    """The first image that the rule chose, of both sources and the first values."""

    section: Section = "first"
    number = 3
    title = "The same pixels"
    caption = "Below each: the framed window, where both sources show the most detail."

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return the image, why it was chosen, and the window of the closer look."""
        found = FusedGrid().numbers(contents)
        if isinstance(found, NotDrawn):
            return found
        return found.head(1) if len(found) else NotDrawn("no image has a picture of every value")

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return two rows of thumbnails."""
        return grid(contents, numbers, pictures.columns(contents)[:MOST])
