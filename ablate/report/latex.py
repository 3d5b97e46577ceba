"""Tables for the package booktabs; whatever text they hold, the file compiles."""

from collections.abc import Iterable

import pandas as pd

from ablate.report.grid import Grid

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
    '"': r"\textquotedbl{}",
    "[": "{[}",
    "]": "{]}",  # behind a row's end they would be an option
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "–": "--",
    "×": r"$\times$",
    "−": "$-$",
    "…": r"\ldots{}",
    "λ": r"$\lambda$",
    "γ": r"$\gamma$",
}
LATIN = 0x17F  # the last letter that every LaTeX of today knows without a package


def escape(text: str) -> str:
    r"""Return a text as LaTeX prints it; letters beyond Latin become a question mark.

    Example:
        >>> print(escape("50 % of a_b"))
        50 \% of a\_b
    """
    return "".join(SPECIAL.get(letter, _known(letter)) for letter in " ".join(text.split()))


def tabular(table: Grid, *, comment: str = "") -> str:
    """Return a grid as a tabular, bold where its cells are; first column left, others right."""
    frame = pd.DataFrame(
        [[_cell(cell.text, cell.is_bold) for cell in row] for row in table.rows],
        columns=[escape(name) for name in table.columns],
    )
    layout = "l" + "r" * (len(table.columns) - 1)
    text = frame.style.hide(axis="index").to_latex(hrules=True, column_format=layout)
    line = " ".join(comment.split())
    return f"% {line}\n{text}" if line else str(text)


def document(parts: Iterable[str]) -> str:
    """Return several tabulars as one file to input; needs booktabs."""
    return "\n".join(["% needs: \\usepackage{booktabs}", *parts])


def _cell(text: str, is_bold: bool) -> str:
    escaped = escape(text)
    return rf"\textbf{{{escaped}}}" if is_bold else escaped


def _known(letter: str) -> str:
    if not letter.isprintable():
        return ""
    return letter if ord(letter) <= LATIN else "?"
