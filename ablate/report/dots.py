"""The run behind each dot of a figure: a page lays a link with a tooltip over it.

A figure hands over its runs by `behind`; the page asks a laid-out figure for their places.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from ablate.analysis.table import run_rows
from ablate.report.contents import Contents
from ablate.report.values import run_link

MOST = 600  # of a figure; more would make a page heavy
POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A dot of a figure.

    Args:
        x: Place from the left in points.
        y: Place from the top in points.
        run_id: Of the run.
        text: What the run is.
        url: Its page in MLflow; empty where no server is known.
    """

    x: float
    y: float
    run_id: str
    text: str
    url: str = ""


def behind(points: PathCollection, run_ids: Iterable[str]) -> None:
    """Say which runs stand behind points, in their order."""
    points.set_urls([str(one) for one in run_ids])


def take_dots(drawn: Figure, contents: Contents) -> tuple[Dot, ...]:
    """Return the dots of a laid-out figure and take the runs off it: files hold none of them."""
    places: list[tuple[str, float, float]] = []
    for points in drawn.findobj(PathCollection):
        run_ids = points.get_urls()
        if not run_ids or run_ids[0] is None:
            continue
        points.set_urls([None])
        pixels = points.get_offset_transform().transform(np.asarray(points.get_offsets()))
        for run_id, (x, y) in zip(run_ids, pixels * POINTS_PER_INCH / drawn.dpi, strict=True):
            places.append((str(run_id), float(x), float(y)))
    if not 0 < len(places) <= MOST:
        return ()
    texts = {
        run.run_id: f"{run.arm} · {run.phase} {run.place} · run {run.run_id}"
        for run in run_rows(contents.runs)
    }
    height = drawn.get_figheight() * POINTS_PER_INCH
    return tuple(
        Dot(
            x=round(x, 1),
            y=round(height - y, 1),
            run_id=run_id,
            text=texts[run_id],
            url=run_link(contents, run_id, "").url,
        )
        for run_id, x, y in places
        if run_id in texts
    )
