"""The table as LaTeX, for the package booktabs."""

from typing import Final

from ablate.metrics import BETTER, LABELS
from ablate.metrics.copies import sentence
from ablate.scoring.table import Line, Table
from ablate.scoring.terminal import number

DAGGER: Final = r"$^\dagger$"
_ESCAPES: Final = str.maketrans(
    {
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
    }
)


def latex(table: Table, *, comment: str) -> str:
    """Return a tabular: directions as arrows, the best method of each metric bold.

    Trivial baselines are italic; a dagger marks metrics in which a copy beats every method.

    Args:
        table: Means and ranks.
        comment: One line to stand above: protocol, hash, number of images.
    """
    has_ranks = any(line.mean_rank is not None for line in table.lines)
    arrows = {"higher": r"$\uparrow$", "lower": r"$\downarrow$"}
    heads = [
        f"{LABELS[name]} {arrows[BETTER[name]]}{DAGGER if name in table.gamed else ''}"
        for name in table.names
    ]
    heads += ["mean rank"] if has_ranks else []
    methods = [_row(table, line) for line in table.lines if not line.is_trivial]
    trivial = [_row(table, line) for line in table.lines if line.is_trivial]
    body = [*methods, *([r"\midrule", *trivial] if trivial else [])]
    return "\n".join(
        [
            f"% {comment}",
            *([f"% dagger: {sentence(table.gamed, others='method')}"] if table.gamed else []),
            rf"\begin{{tabular}}{{l{'r' * len(heads)}}}",
            r"\toprule",
            " & ".join(["method", *heads]) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _row(table: Table, line: Line) -> str:
    name = line.method.translate(_ESCAPES)
    cells = [line.cells[metric] for metric in table.names]
    texts = ["--" if c.mean is None else _bold(number(c.mean), c.is_best) for c in cells]
    lowest = min((other.mean_rank for other in table.lines if other.mean_rank), default=None)
    if lowest is not None:
        rank = line.mean_rank
        texts.append("--" if rank is None else _bold(f"{rank:.2f}", rank == lowest))
    return " & ".join([rf"\textit{{{name}}}" if line.is_trivial else name, *texts]) + r" \\"


def _bold(text: str, is_best: bool) -> str:
    return rf"\textbf{{{text}}}" if is_best else text
