"""One model of a table that people read, and its writers: HTML, Markdown, LaTeX, CSV, terminal.

A table holds texts; numbers are formatted by whoever makes it. Tables of numbers that programs
read are frames, which `write_csv` writes.
"""

import csv
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import spelled

if TYPE_CHECKING:
    import pandas as pd

NONE = "–"  # in the place of a number that does not exist
TRIGGERS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes what begins so for a formula
SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{''}",  # \textquotedbl is undefined in the default encoding
    "[": "{[}",  # behind the \\ of the row before it would begin an option
    "]": "{]}",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "–": "--",
    "—": "---",
    "×": r"$\times$",
    "−": "$-$",
    "…": r"\ldots{}",
    "†": r"$^\dagger$",
    "°": r"$^\circ$",
    "µ": r"$\mu$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "←": r"$\leftarrow$",
    "→": r"$\rightarrow$",
    "↔": r"$\leftrightarrow$",
    "⇒": r"$\Rightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "∞": r"$\infty$",
    "∈": r"$\in$",
    "√": r"$\surd$",
    "✓": r"\checkmark{}",
    "«": r"$\ll$",
    "»": r"$\gg$",
}
LATIN = 0x17F  # the last letter that every LaTeX of today knows without a package
BEYOND_OT1 = frozenset("þÞðÐđĐŋŊąĄęĘįĮųŲ")  # not in the default encoding
GREEK = {"LAMDA": "lambda", "FINAL SIGMA": "varsigma"}  # Unicode -> LaTeX, where they differ
LIKE_LATIN = {"ETA": "H", "CHI": "X", "RHO": "P"} | {
    name: name[0]
    for name in ("ALPHA", "BETA", "EPSILON", "ZETA", "IOTA", "KAPPA", "MU", "NU", "OMICRON", "TAU")
}
MARKUP = re.compile(r"([\\`*_\[\]|~$#!])")
AT_START = re.compile(r"^(\d*)([-+.)](?![^\s-])|[=>])")  # a list, a rule, a heading, a quotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link in a cell: its label, its address, and what it is where there is no address."""

    text: str
    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A text in a table, and how it stands out.

    Args:
        text: As people read it.
        is_bold: The best of its column, or a name that decides.
        is_underlined: The second of its column; terminals do not show it.
        is_aside: A row beside those that are compared: italic, on a terminal in brackets.
        links: Behind the text.
    """

    text: str = ""
    is_bold: bool = False
    is_underlined: bool = False
    is_aside: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and rows; every row has a cell per column.

    Args:
        columns: Heads.
        rows: From the top.
        rules: Places of rows that have a rule above them.
        groups: (Head, number of columns) above the heads, from the left; an empty head is none.
            They cover all columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    rules: tuple[int, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()

    @property
    def full_heads(self) -> tuple[str, ...]:
        """The heads with that of their group before them, for writers of one line of heads."""
        groups = [name for name, count in self.groups for _ in range(count)]
        if not groups:
            return self.columns
        return tuple(f"{a} {b}".strip() for a, b in zip(groups, self.columns, strict=True))


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell | str]],
    *,
    rules: Sequence[int] = (),
    groups: Sequence[tuple[str, int]] = (),
) -> Table:
    """A table of cells; plain texts become cells."""
    made = [tuple(c if isinstance(c, Cell) else Cell(text=c) for c in row) for row in rows]
    return Table(columns=tuple(columns), rows=tuple(made), rules=tuple(rules), groups=tuple(groups))


def of_frame(frame: "pd.DataFrame") -> Table:
    """A frame of texts as a table."""
    return table([str(name) for name in frame.columns], frame.astype(str).to_numpy().tolist())


def number(value: float | None, decimals: int = 4) -> str:
    """A number with so many decimals, a dash where it does not exist.

    Example:
        >>> number(0.25, 2), number(None)
        ('0.25', '–')
    """
    return NONE if value is None or math.isnan(value) else f"{value:.{decimals}f}"


def signed(value: float | None, decimals: int = 2) -> str:
    """A number with its sign, a dash where it does not exist."""
    return NONE if value is None or math.isnan(value) else f"{value:+.{decimals}f}"


def shortened(text: str, most: int) -> str:
    """A text of at most so many letters, its end left out where it is longer.

    Example:
        >>> shortened("one two", 20), shortened("one two three", 8)
        ('one two', 'one two…')
    """
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def markdown_text(text: object) -> str:
    r"""A text without anything that Markdown or a page would take for markup, on one line.

    Example:
        >>> print(markdown_text("- *a* <b>"))
        \- \*a\* &lt;b>
    """
    escaped = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;")
    return AT_START.sub(r"\1\\\2", MARKUP.sub(r"\\\1", escaped))


def to_html(made: Table) -> str:
    """The table as HTML, everything escaped; many links in a cell are given room."""
    from markupsafe import escape

    def linked(link: Link) -> str:
        if link.url:
            return f' <a href="{escape(link.url)}">{escape(link.text)}</a>'
        return f' <span title="{escape(link.title)}">{escape(link.text)}</span>'

    def shown(cell: Cell) -> str:
        text = str(escape(cell.text))
        text = f"<i>{text}</i>" if cell.is_aside else text
        text = f"<u>{text}</u>" if cell.is_underlined else text
        text = f"<b>{text}</b>" if cell.is_bold else text
        look = ' class="many"' if len(cell.links) > 3 else ""
        return f"<td{look}>{text}{''.join(map(linked, cell.links))}</td>"

    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in made.columns)
    above = "".join(
        f'<th scope="colgroup" colspan="{count}">{escape(name)}</th>' for name, count in made.groups
    )
    above = f"<tr>{above}</tr>" if above else ""
    starts = ['<tr class="ruled">' if at in made.rules else "<tr>" for at in range(len(made.rows))]
    body = "\n".join(
        f"{start}{''.join(map(shown, row))}</tr>"
        for start, row in zip(starts, made.rows, strict=True)
    )
    return (
        f'<div class="scroll"><table><thead>{above}<tr>{heads}</tr></thead>\n<tbody>{body}\n'
        "</tbody></table></div>"
    )


def to_markdown(
    made: Table,
    *,
    escape: Callable[[str], str] = markdown_text,
    is_aligned: bool = False,
) -> str:
    """The table as Markdown, lines joined by line ends.

    Args:
        made: The table.
        escape: Takes away what Markdown would take for markup.
        is_aligned: Whether all columns but the first are aligned at the right.
    """

    def shown(cell: Cell) -> str:
        text = escape(cell.text)
        text = f"*{text}*" if cell.is_aside else text
        text = f"<u>{text}</u>" if cell.is_underlined else text
        text = f"**{text}**" if cell.is_bold else text
        links = [
            f"[{escape(link.text)}]({link.url})"
            if link.url
            else escape(f"{link.text} ({link.title})" if link.title else link.text)
            for link in cell.links
        ]
        return " ".join([text, *links]).strip()

    rule = "---|" + ("--:|" if is_aligned else "---|") * (len(made.columns) - 1)
    lines = ["| " + " | ".join(map(escape, made.full_heads)) + " |", f"|{rule}"]
    lines += ["| " + " | ".join(map(shown, row)) + " |" for row in made.rows]
    return "\n".join(lines)


def to_latex(made: Table, *, comments: Sequence[str] = (), is_centred: bool = False) -> str:
    """The table as a tabular for the package booktabs: first column left, the others right.

    Whatever its texts hold, the file compiles; `comments` stand above it, a line each.
    `is_centred` centres all columns but the first.
    """

    def shown(cell: Cell) -> str:
        text = latex_text(cell.text)
        text = rf"\textit{{{text}}}" if cell.is_aside else text
        text = rf"\underline{{{text}}}" if cell.is_underlined else text
        return rf"\textbf{{{text}}}" if cell.is_bold else text

    lines = [f"% {' '.join(comment.split())}" for comment in comments if comment.split()]
    lines += [
        rf"\begin{{tabular}}{{l{('c' if is_centred else 'r') * (len(made.columns) - 1)}}}",
        r"\toprule",
        *_latex_groups(made),
        " & ".join(map(latex_text, made.columns)) + r" \\",
        r"\midrule",
    ]
    for place, row in enumerate(made.rows):
        lines += [r"\midrule"] if place in made.rules else []
        lines.append(" & ".join(map(shown, row)) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _latex_groups(made: Table) -> list[str]:
    """The heads of groups of columns with a rule under each."""
    cells, rules, at = [], [], 1
    for name, count in made.groups:
        cells.append(rf"\multicolumn{{{count}}}{{c}}{{{latex_text(name)}}}")
        rules += [rf"\cmidrule(lr){{{at}-{at + count - 1}}}"] if name else []
        at += count
    return [" & ".join(cells) + r" \\", " ".join(rules)] if cells else []


def latex_file(parts: Iterable[str]) -> str:
    r"""Several tabulars as one file to \input; needs booktabs."""
    texts = list(parts)
    needs = ["% needs: \\usepackage{booktabs}"]
    if any(r"\checkmark" in text for text in texts):
        needs[0] += "; with amssymb check marks look better"
        needs.append(r"\providecommand{\checkmark}{\ensuremath{\surd}}")
    return "\n".join([*needs, *texts])


def latex_text(text: str) -> str:
    r"""A text as LaTeX prints it; letters that are neither Latin nor Greek become a question mark.

    Example:
        >>> print(latex_text("50 % of a_b"), latex_text("λ"))
        50 \% of a\_b $\lambda$
    """
    return "".join(SPECIAL.get(letter) or _letter(letter) for letter in " ".join(text.split()))


def to_text(
    made: Table, *, width: int = 80, first: int = 20, column: int = 10, bold: str = ""
) -> str:
    """The table as a terminal shows it, in blocks of as many columns as fit.

    Args:
        made: The table.
        width: Of a line.
        first: Letters of the first column; longer texts are cut.
        column: Letters of every other column; more where a text of one needs them.
        bold: Sign behind bold cells, for which the other cells leave room.
    """

    def cut(text: str) -> str:
        return (text if len(text) <= first else text[: first - 2] + "..").ljust(first)

    def shown(cell: Cell) -> str:
        return f"({cell.text})" if cell.is_aside else cell.text

    lines = [list(made.full_heads)]
    lines += [
        [shown(row[0]), *(shown(c) + (bold if c.is_bold else " " * len(bold)) for c in row[1:])]
        for row in made.rows
    ]
    column = max([column, *(1 + len(text) for line in lines for text in line[1:])])
    first = min(first, max(width - column, width // 2))
    step = max(1, (width - first) // column)
    return "\n\n".join(
        "\n".join(
            (cut(line[0]) + "".join(text.rjust(column) for text in line[at : at + step])).rstrip()
            for line in lines
        )
        for at in range(1, len(made.columns), step)
    )


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV, floats in full; texts are made harmless to spreadsheets."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([harmless(value) for value in row] for row in rows)
    return stream.getvalue()


def write_csv(frame: "pd.DataFrame", path: Path) -> None:
    """Write a frame as CSV; texts are made harmless to spreadsheets."""
    import pandas as pd

    safe = frame.rename(columns=harmless)
    for place, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            column = safe.iloc[:, place]
            known = {value: harmless(value) for value in column.unique() if isinstance(value, str)}
            if any(value != text for value, text in known.items()):
                safe.isetitem(place, [known.get(one, one) for one in column])
    safe.to_csv(path, index=False, lineterminator="\n")


def harmless(value: Any) -> Any:
    """A value as a spreadsheet may hold it: a text that it would take for a formula is quoted.

    Control characters are spelled out, since CSV files are read in terminals too. Numbers, also
    those written as text, stay.

    Example:
        >>> harmless("=1+1"), harmless("-0.5"), harmless("signed"), harmless("@x")
        ("'=1+1", '-0.5', 'signed', "'@x")
    """
    if not isinstance(value, str):
        return value
    text = spelled(value.replace("\r", " "))  # a line of its own to some readers
    if not value.lstrip(" \n\t\r").startswith(TRIGGERS) and not value.startswith(TRIGGERS):
        return text
    try:
        float(value)
    except ValueError:
        return f"'{text}"
    return text


def _letter(letter: str) -> str:
    """A letter that is not special to LaTeX; Greek ones as formulas."""
    if not letter.isprintable():
        return ""
    if letter in BEYOND_OT1:
        bare = unicodedata.normalize("NFKD", letter)[0]
        return bare if bare.isascii() else "?"
    if ord(letter) <= LATIN:
        return letter
    kind, _, name = unicodedata.name(letter, "").partition(" LETTER ")
    name = name.partition(" WITH ")[0]
    known = GREEK.get(name, name.lower())
    if kind == "GREEK SMALL":
        return "o" if name == "OMICRON" else rf"$\{known}$"
    if kind == "GREEK CAPITAL":
        return LIKE_LATIN.get(name) or rf"$\{known.capitalize()}$"
    return "?"
