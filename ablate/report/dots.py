"""The run behind each dot of a figure: a page lays a link with a tooltip over it.

A figure hands over its runs by `behind`; the page asks a laid-out figure for their places.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from ablate.analysis.health import is_unhealthy
from ablate.analysis.table import run_rows
from ablate.report import theme
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


def mark_unhealthy(drawn: Figure, contents: Contents) -> None:
    """Draw the dots of runs that ended unhealthy as crosses, with an entry of the legend.

    A negative, a copy or a flat image may score well, so its dot must not pass for a fusion.

    Args:
        drawn: Not yet laid out, with the runs behind its dots.
        contents: Whose runs they are.
    """
    runs = contents.runs
    ill = set(runs.loc[is_unhealthy(runs), "run_id"])
    are_marked = False
    for points in drawn.findobj(PathCollection) if ill else ():
        run_ids = points.get_urls()
        crossed = [run_id in ill for run_id in run_ids]
        if not any(crossed):
            continue
        whole, cross = points.get_paths()[0], _cross()
        points.set_paths([cross if is_crossed else whole for is_crossed in crossed])
        are_marked = True
    if are_marked:
        marker = {"marker": "X", "ms": 5, "color": theme.GREY, "mew": 0}
        drawn.legend(
            handles=[theme.mark("training ended unhealthy", **marker)],
            loc="outside upper right",
            frameon=False,
            handletextpad=0.3,
            borderaxespad=0.2,
        )


def _cross() -> Path:
    """Return a filled cross, somewhat larger than a dot of the same size."""
    marker = MarkerStyle("X")
    whole = marker.get_path().transformed(marker.get_transform())
    return whole.transformed(Affine2D().scale(1.5))


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
