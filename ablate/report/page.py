"""Renders a report: one page, the same in Markdown, figures and tables."""

import base64
import hashlib
import io
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ablate.analysis.document import encode as to_bytes
from ablate.report import tables
from ablate.report.blocks import Report, Shown
from ablate.report.compact import compact
from ablate.report.contents import Contents
from ablate.report.dots import mark_unhealthy, take_dots
from ablate.report.drawable import drawable, frame
from ablate.report.figures import NotDrawn, ReportFigure, in_order
from ablate.report.sections import report
from ablate.stored import encode
from ablate.tables import markdown_text, to_html, to_markdown, write_csv

PICTURE_DPI, PDF_DPI = 200, 150
MANY_LINES, MANY_POINTS = 400, 2000  # in one axes: a picture instead of megabytes of paths


def render(contents: Contents, out: Path, *, is_linked: bool = False) -> Path:
    """Write the report and return the path of its page; the same contents give the same bytes.

    Args:
        contents: What the report is rendered from.
        out: Folder of the report.
        is_linked: The page links the figures and tables that lie beside it, instead of holding
            them: for a folder that is published as a whole. Without it, the page is one file that
            can be sent.
    """
    (out / "figures").mkdir(parents=True, exist_ok=True)
    tables.write(contents, out / "tables")
    with PdfPages(out / "figures.pdf", metadata={"CreationDate": None}) as pdf:
        figures = [_figure(name, figure, contents, out, pdf) for name, figure in in_order()]
    whole = report(contents, figures, is_linked=is_linked)
    if content := verdict(contents):
        (out / "verdict.json").write_bytes(content)
    path = out / "report.html"
    path.write_text(html(whole, is_linked=is_linked), encoding="utf-8")
    (out / "report.md").write_text(markdown(whole), encoding="utf-8")
    return path


def verdict(contents: Contents) -> bytes:
    """The content of verdict.json; empty where nothing was answered and nothing explored."""
    verdicts, explored = contents.verdicts, contents.explored
    if verdicts is None and explored is None:
        return b""
    known = encode(verdicts) if verdicts else {"study": contents.facts.study, "questions": []}
    return to_bytes({**known, "exploration": encode(explored) if explored else {}})


def html(whole: Report, *, is_linked: bool = False) -> str:
    """The report as one page; every text is escaped, and nothing but its own script may run."""
    style, script = (_beside(f"page.{end}") for end in ("css", "js"))
    template = _environment(is_html=True).get_template("page.html.j2")
    return template.render(
        report=whole,
        is_linked=is_linked,
        style=style,
        script=script,
        policy=policy(style, script, is_linked=is_linked),
    )


def policy(style: str, script: str, *, is_linked: bool) -> str:
    """The content security policy of a page: its own style and script by hash, pictures, no more.

    Args:
        style: Text of the style sheet.
        script: Text of the script.
        is_linked: Whether pictures lie beside the page.
    """
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    pictures = "'self' file: data:" if is_linked else "data:"
    return (
        f"default-src 'none'; img-src {pictures}; style-src 'sha256-{hashes[0]}'; "
        f"script-src 'sha256-{hashes[1]}'; base-uri 'none'; form-action 'none'"
    )


def _beside(name: str) -> Markup:
    """A file of the program that is put into the page as it is."""
    return Markup(resources.files("ablate.report").joinpath(name).read_text("utf-8"))  # noqa: S704


def markdown(whole: Report) -> str:
    """The report as Markdown, the same parts in the same order as the page."""
    text = _environment(is_html=False).get_template("report.md.j2").render(report=whole)
    return text.rstrip() + "\n"


def _environment(*, is_html: bool) -> Environment:
    """Where templates are found, and how texts and tables become markup there."""
    made = Environment(
        loader=PackageLoader("ablate.report", "."),
        autoescape=is_html,  # noqa: S701 -- Markdown has an escape of its own
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["html_table"] = lambda table: Markup(to_html(table))  # noqa: S704 -- escaped there
    made.filters["md_table"] = to_markdown
    made.filters["md"] = markdown_text
    return made


def _figure(name: str, figure: ReportFigure, contents: Contents, out: Path, pdf: PdfPages) -> Shown:
    shown = Shown(name=name, section=figure.section, title=figure.title, caption=figure.caption)
    numbers = figure.numbers(contents)
    if isinstance(numbers, NotDrawn):
        for end in ("csv", "svg", "png"):  # of an earlier rendering into the same folder
            (out / "figures" / f"{name}.{end}").unlink(missing_ok=True)
        return replace(shown, reason=numbers.reason)
    write_csv(numbers, out / "figures" / f"{name}.csv")
    safe = drawable(contents)
    drawn: Figure = figure.draw(safe, numbers if safe is contents else frame(numbers))
    mark_unhealthy(drawn, contents)
    lay_out(drawn)
    dots = take_dots(drawn, contents)
    for axis in drawn.axes:
        lines = axis.lines if len(axis.lines) > MANY_LINES else ()
        points = [one for one in axis.collections if np.size(one.get_offsets()) > 2 * MANY_POINTS]
        for artist in (*lines, *points):
            artist.set_rasterized(True)
    text = _saved(drawn, out / "figures" / name, pdf)
    width, height = (round(72 * inches, 1) for inches in drawn.get_size_inches())
    svg = base64.b64encode(text).decode()
    return replace(shown, svg=svg, dots=dots, width=width, height=height)


def _saved(drawn: Figure, path: Path, pdf: PdfPages) -> bytes:
    """Write a figure in three formats and return it as SVG.

    It is laid out once and drawn once per format; `savefig` does both twice.
    """
    small = _svg(drawn)
    path.with_suffix(".svg").write_bytes(small)
    drawn.set_dpi(PICTURE_DPI)
    agg, pages = FigureCanvasAgg(drawn), FigureCanvasPdf(drawn)
    agg.print_png(path.with_suffix(".png"), metadata={"Software": None})  # type: ignore[no-untyped-call]
    drawn.set_dpi(PDF_DPI)
    pages.print_pdf(pdf)  # type: ignore[no-untyped-call]
    return small


def as_svg(drawn: Figure) -> bytes:
    """A figure as compact SVG; its layout is fixed from here on."""
    lay_out(drawn)
    return _svg(drawn)


def lay_out(drawn: Figure) -> None:
    """Fix the layout of a figure."""
    canvas = FigureCanvasSVG(drawn)  # widths of texts are those of this format
    canvas.figure.draw_without_rendering()
    drawn.set_layout_engine("none")
    drawn.set_dpi(PICTURE_DPI)  # of what is a picture inside; other formats change it


def _svg(drawn: Figure) -> bytes:
    canvas, text = FigureCanvasSVG(drawn), io.BytesIO()
    canvas.print_svg(text, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return compact(text.getvalue().decode()).encode()
