r"""Tables of LaTeX: tabular and its kin, with \textbf, \underline, \multicolumn and \multirow."""

import re
from dataclasses import dataclass
from typing import Final

from ablate.auditing.grid import Cell, Grid, squared
from ablate.errors import DataError

KINDS: Final = "tabular*|tabularx|tabulary|tabular|longtable|tblr|array"
_BEGIN = re.compile(r"\\begin\s*\{(" + KINDS.replace("*", r"\*") + r")\}")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_RULE = re.compile(
    r"\s*\\(?:(hline|toprule|midrule|bottomrule|Xhline|specialrule|hdashline)\*?"
    r"|cmidrule|cline|addlinespace|rowcolor|noalign|arrayrulecolor|rule|centering|endhead|endfirsthead)"
    r"(?:\([^)]*\))?(?:\[[^\]]*\])*(?:\{[^{}]*\})*"
)
_SYMBOLS: Final = {
    "pm": "±", "uparrow": "↑", "downarrow": "↓", "checkmark": "✓", "times": "×", "cmark": "✓",
    "xmark": "✗", "Uparrow": "↑", "Downarrow": "↓", "nearrow": "↑", "searrow": "↓", "dag": "†",
    "dagger": "†", "ddagger": "‡", "textendash": "–", "textemdash": "—", "lambda": "λ",
    "alpha": "α", "beta": "β", "gamma": "γ", "mathcal": "", "quad": " ", "qquad": " ",
    "backslash": "/",
}  # fmt: skip
_DING: Final = {"51": "✓", "52": "✓", "55": "✗", "56": "✗"}
MOST_BRACES: Final = 100
BOLD: Final = {"textbf", "mathbf", "boldsymbol", "bm", "pmb"}
BOLD_ON: Final = {"bf", "bfseries", "boldmath"}
UNDERLINE: Final = {"underline", "uline", "ul"}
DROPPED: Final = {  # with what stands in their braces
    "cite", "citep", "citet", "ref", "label", "cellcolor", "color", "vspace", "hspace", "footnote",
    "rowcolor", "cref", "footnotemark", "tablefootnote", "rule",
}  # fmt: skip
SECOND: Final = {"textcolor", "colorbox", "href", "resizebox", "scalebox", "raisebox", "rotatebox"}


def read_latex(text: str, *, where: str) -> list[Grid]:
    """Return the tables of a LaTeX file.

    Raises:
        DataError: A table, brace or environment is not closed, or rows are of several widths.
    """
    bare = _COMMENT.sub(lambda found: " " * len(found[0]), text)
    grids, at = [], 0
    while found := _BEGIN.search(bare, at):
        source = _Source(text=bare, where=where)
        start = _after_arguments(source, found.end(), found[1])
        end = _end(source, found, start)
        rows, rules = _rows(source, start, end)
        if rows:
            grids.append(
                squared(rows, where=where, line=source.place(found.start())[0], rules=rules)
            )
        at = end
    return grids


@dataclass(frozen=True, slots=True)
class _Source:
    text: str
    where: str

    def place(self, at: int) -> tuple[int, int]:
        """Return line and column of a position, both from 1."""
        before = self.text[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def fault(self, at: int, what: str) -> DataError:
        line, column = self.place(at)
        return DataError(f"{self.where}:{line}:{column}: {what}")


def _after_arguments(source: _Source, at: int, kind: str) -> int:
    """Return where the rows begin: behind width, position and columns."""
    braces = 2 if kind in ("tabular*", "tabularx", "tabulary") else 1
    text = source.text
    while braces or text[at : at + 1] == "[":
        at += len(text[at:]) - len(text[at:].lstrip())
        if text[at : at + 1] == "[":
            at = text.find("]", at) + 1
        elif text[at : at + 1] == "{":
            at, braces = _closed(source, at) + 1, braces - 1
        else:
            raise source.fault(at, f"the columns of this {kind} are missing: write {{lcc}}")
    return at


def _closed(source: _Source, at: int) -> int:
    """Return where a brace that opens here closes."""
    depth = 0
    place = at
    while place < len(source.text):
        letter = source.text[place]
        if letter == "\\":
            place += 1
        elif letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    raise source.fault(at, "this { is never closed; add the }")


def _end(source: _Source, begin: re.Match[str], start: int) -> int:
    """Return where the environment ends, those inside it left aside."""
    depth = 1
    for found in re.finditer(r"\\(begin|end)\s*\{([^{}]*)\}", source.text[start:]):
        depth += 1 if found[1] == "begin" else -1
        if depth == 0:
            if found[2] != begin[1]:
                at = start + found.start()
                raise source.fault(at, f"ends {found[2]}, but {begin[1]} is open; close that first")
            return start + found.start()
    raise source.fault(begin.start(), f"this {begin[1]} is never ended; add \\end{{{begin[1]}}}")


def _rows(source: _Source, start: int, end: int) -> tuple[list[list[Cell]], frozenset[int]]:
    """Return the cells of each row, and the rows that stand behind a rule."""
    text = source.text
    rows: list[list[Cell]] = []
    rules: set[int] = set()
    cells: list[tuple[int, int]] = []
    at = begun = start
    inner = 0
    while at < end:
        if text.startswith("\\\\", at) and not inner:
            cells.append((begun, at))
            _take(source, cells, rows, rules)
            at += 2
            at += len(re.match(r"\*?\s*(?:\[[^\]\n]*\])?", text[at:])[0])  # type: ignore[index]
            cells, begun = [], at
            continue
        if found := re.compile(r"\\(begin|end)\s*\{[^{}]*\}").match(text, at):
            inner += 1 if found[1] == "begin" else -1
            at = found.end()
        elif text[at] == "\\":
            at += 2
        elif text[at] == "{":
            at = _closed(source, at) + 1
        elif text[at] == "}":
            raise source.fault(at, "this } closes nothing; remove it")
        elif text[at] == "&" and not inner:
            cells.append((begun, at))
            at += 1
            begun = at
        else:
            at += 1
    cells.append((begun, end))
    _take(source, cells, rows, rules)
    return rows, frozenset(rules)


def _take(
    source: _Source, cells: list[tuple[int, int]], rows: list[list[Cell]], rules: set[int]
) -> None:
    """Add a row; what stands before its first cell may be rules."""
    begin, stop = cells[0]
    while found := _RULE.match(source.text, begin, stop):
        if found[1]:
            rules.add(len(rows))
        begin = found.end()
    cells = [(begin, stop), *cells[1:]]
    if len(cells) == 1 and not source.text[begin:stop].strip():
        return
    rows.append([_cell(source, *place) for place in cells])


def _cell(source: _Source, start: int, end: int) -> Cell:
    raw = source.text[start:end]
    at = start + len(raw) - len(raw.lstrip())
    line, column = source.place(at)
    if raw.count("{") > MOST_BRACES:
        raise source.fault(at, f"a cell of more than {MOST_BRACES} braces is not read; shorten it")
    found = printed(raw)
    return Cell(
        text=found.text,
        line=line,
        column=column,
        is_bold=found.is_bold,
        is_underlined=found.is_underlined,
        span=found.span,
        rows=found.rows,
    )


@dataclass(slots=True)
class Printed:
    """What is printed of a piece of LaTeX; bold and underlined are said of its digits."""

    text: str = ""
    is_bold: bool = False
    is_underlined: bool = False
    span: int = 1
    rows: int = 1


def printed(raw: str) -> Printed:
    r"""Return the text of a cell without markup.

    Example:
        >>> found = printed(r"\textbf{0.72} $\pm$ 0.01")
        >>> found.text, found.is_bold
        ('0.72 ± 0.01', True)
    """
    found = Printed()
    _print(raw, found, is_bold=False, is_underlined=False)
    found.text = " ".join(found.text.replace("--", "–").split())
    return found


def _print(raw: str, found: Printed, *, is_bold: bool, is_underlined: bool) -> None:
    at = 0
    while at < len(raw):
        letter = raw[at]
        if letter == "\\":
            at, is_bold = _command(raw, at, found, is_bold=is_bold, is_underlined=is_underlined)
            continue
        if letter == "{":
            inner, at = _group(raw, at)
            _print(inner, found, is_bold=is_bold, is_underlined=is_underlined)
            continue
        if letter.isdigit():
            found.is_bold |= is_bold
            found.is_underlined |= is_underlined
        found.text += " " if letter in "~\n\t" else "" if letter in "$^_}" else letter
        at += 1


def _command(
    raw: str, at: int, found: Printed, *, is_bold: bool, is_underlined: bool
) -> tuple[int, bool]:
    """Print one command; return where it ends, and whether bold stays on."""
    name = re.compile(r"\\([A-Za-z]+\*?|.|$)", re.DOTALL).match(raw, at)[1]  # type: ignore[index]
    at += 1 + len(name)
    if not name.rstrip("*").isalpha():
        found.text += {",": "", ";": " ", "!": "", " ": " ", "\\": " "}.get(name, name)
        return at, is_bold
    name = name.rstrip("*")
    if name in BOLD_ON:
        return at, True
    if name in _SYMBOLS:
        found.text += _SYMBOLS[name]
        return at, is_bold
    arguments, at = _arguments(raw, at)
    if name in ("begin", "end") or name in DROPPED or not arguments:
        return at, is_bold
    if name == "ding":
        found.text += _DING.get(arguments[0], "")
        return at, is_bold
    if name == "multicolumn" and len(arguments) > 2:
        found.span = int(arguments[0]) if arguments[0].strip().isdigit() else 1
        arguments = arguments[2:]
    elif name == "multirow" and len(arguments) > 2:
        count = arguments[0].strip().lstrip("-")
        found.rows = int(count) if count.isdigit() else 1
        arguments = arguments[2:]
    elif name in SECOND and len(arguments) > 1:
        arguments = arguments[-1:]
    for one in arguments:
        _print(
            one,
            found,
            is_bold=is_bold or name in BOLD,
            is_underlined=is_underlined or name in UNDERLINE,
        )
    return at, is_bold


def _arguments(raw: str, at: int) -> tuple[list[str], int]:
    """Return what stands in the braces behind a command, optional arguments left out."""
    found: list[str] = []
    while True:
        ahead = at if found else at + len(raw[at:]) - len(raw[at:].lstrip())
        if raw[ahead : ahead + 1] == "{":
            inner, at = _group(raw, ahead)
            found.append(inner)
        elif raw[at : at + 1] == "[" and "]" in raw[at:]:
            at = raw.index("]", at) + 1
        else:
            return found, at


def _group(raw: str, at: int) -> tuple[str, int]:
    """Return what stands in a pair of braces, and where it ends; an open one ends with the text."""
    depth, place = 0, at
    while place < len(raw):
        if raw[place] == "\\":
            place += 1
        elif raw[place] == "{":
            depth += 1
        elif raw[place] == "}":
            depth -= 1
            if depth == 0:
                return raw[at + 1 : place], place + 1
        place += 1
    return raw[at + 1 :], len(raw)
