"""Renders a report: one self-contained page, the same in Markdown, figures and tables."""

import base64
import io
from pathlib import Path

from jinja2 import Environment, PackageLoader
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from ablate.analysis.document import encode
from ablate.report import spreadsheet, tables
from ablate.report.contents import Contents
from ablate.report.drawable import drawable, frame
from ablate.report.figures import ReportFigure, in_order
from ablate.report.markdown import markdown
from ablate.report.sections import Shown, report

PICTURE_DPI = 200
MANY_LINES = 400


def render(contents: Contents, out: Path) -> Path:
    """Write the report and return the path of its page; the same contents give the same bytes."""
    (out / "figures").mkdir(parents=True, exist_ok=True)
    tables.write(contents, out / "tables")
    with PdfPages(out / "figures.pdf", metadata={"CreationDate": None}) as pdf:
        figures = [_figure(name, figure, contents, out, pdf) for name, figure in in_order()]
    whole = report(contents, figures)
    environment = Environment(
        loader=PackageLoader("ablate.report", "."), autoescape=True, trim_blocks=True
    )
    if contents.verdicts is not None or contents.explored:
        verdicts = contents.verdicts or {"study": whole.facts["study"], "questions": []}
        both = {**verdicts, "exploration": contents.explored}
        (out / "verdict.json").write_bytes(encode(both))
    path = out / "report.html"
    page = environment.get_template("page.html.j2").render(report=whole, facts=whole.facts)
    path.write_text(page, encoding="utf-8")
    (out / "report.md").write_text(markdown(whole), encoding="utf-8")
    return path


def _figure(name: str, figure: ReportFigure, contents: Contents, out: Path, pdf: PdfPages) -> Shown:
    shown = {"name": name, "section": figure.section, "title": figure.title,
             "caption": figure.caption}  # fmt: skip
    reason = figure.applies(contents)
    if reason:
        for end in ("csv", "svg", "png"):  # of an earlier rendering into the same folder
            (out / "figures" / f"{name}.{end}").unlink(missing_ok=True)
        return Shown(**shown, reason=reason)
    numbers = figure.numbers(contents)
    spreadsheet.write(numbers, out / "figures" / f"{name}.csv")
    safe = drawable(contents)
    drawn: Figure = figure.draw(safe, numbers if safe is contents else frame(numbers))
    for axis in drawn.axes:
        if len(axis.lines) > MANY_LINES:  # one picture instead of megabytes of paths
            for line in axis.lines:
                line.set_rasterized(True)
    text = io.BytesIO()
    drawn.savefig(text, format="svg", dpi=PICTURE_DPI, metadata={"Date": None})
    drawn.set_layout_engine("none")  # it is laid out now; anew per format costs most of the time
    (out / "figures" / f"{name}.svg").write_bytes(text.getvalue())
    drawn.savefig(out / "figures" / f"{name}.png", dpi=PICTURE_DPI, metadata={"Software": None})
    pdf.savefig(drawn)  # type: ignore[no-untyped-call]
    return Shown(**shown, svg=base64.b64encode(text.getvalue()).decode())
