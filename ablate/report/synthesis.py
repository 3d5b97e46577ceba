"""The page of a synthesis, by the parts and templates of a report."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ablate.analysis.synthesis import SynthesizedStudies
from ablate.report.anchors import anchor
from ablate.report.blocks import Block, Bullets, Part, Report, Shown, Tabled, Text
from ablate.report.page import as_svg, html, markdown
from ablate.report.synthesis_figure import CAPTION, TITLE, forest
from ablate.report.synthesis_tables import (
    LEGEND,
    Group,
    cell_names,
    cells_table,
    common,
    contrasts_table,
    frame,
    groups_of,
    limits,
)
from ablate.tables import write_csv

NAME: Final = "synthesis"


def write(found: SynthesizedStudies, out: Path) -> Path:
    """Write synthesis.html, .md, .csv and the figure; return the path of the page."""
    (out / "figures").mkdir(parents=True, exist_ok=True)
    groups = groups_of(found)
    svg = as_svg(forest(groups))
    (out / "figures" / f"{NAME}.svg").write_bytes(svg)
    figure = Shown(
        name=NAME,
        section=NAME,
        title=TITLE,
        caption=CAPTION,
        svg=base64.b64encode(svg).decode(),
    )
    whole = page(found, groups, figure)
    write_csv(frame(found), out / f"{NAME}.csv")
    (out / f"{NAME}.md").write_text(markdown(whole), encoding="utf-8")
    path = out / f"{NAME}.html"
    path.write_text(html(whole), encoding="utf-8")
    return path


def page(found: SynthesizedStudies, groups: Sequence[Group], figure: Shown) -> Report:
    """A part per question, then the figure, then what was not synthesized."""
    parts = [
        Part(
            anchor=anchor(f"{group.id}-{group.trained}", at),
            heading=f"{group.id} ({group.trained})",
            blocks=tuple(_blocks(group)),
        )
        for at, group in enumerate(groups, start=1)
    ]
    parts.append(Part(anchor="forest", heading="Figure", blocks=(figure,)))
    if found.remarks:
        rest = Bullets(texts=found.remarks)
        parts.append(Part(anchor="rest", heading="Not synthesized", blocks=(rest,)))
    studies = {cell.where for one in found.contrasts for cell in one.cells}
    return Report(
        title=f"Synthesis over {len(studies)} studies",
        banner=(Text(text=LEGEND),),
        parts=tuple(parts),
    )


def _blocks(group: Group) -> Iterator[Block]:
    yield Text(text=group.asks, look="strong")
    names = "; ".join(cell_names(group.cells))
    shared = f". All of them: {common(group.cells)}" if common(group.cells) else ""
    yield Text(text=f"Cells: {names}{shared}.", look="small")
    yield Tabled(table=contrasts_table(group), look="judged")
    if texts := tuple(limits(group)):
        yield Bullets(texts=texts)
    cells = cells_table(group)
    yield Tabled(table=cells, look="judged", folded=f"The cells ({len(cells.rows)} rows)")
