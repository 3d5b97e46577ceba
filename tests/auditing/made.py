"""Printed tables by rule, clean or with one fault; nothing of the program is used to make them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

HIGHER = {  # head -> metric, the best score of a clean table, decimals
    "EN": ("en", 7.4, 2),
    "SD": ("sd", 55.0, 1),
    "SCD": ("scd", 1.85, 3),
    "VIF": ("vif", 1.3, 3),
    "$Q^{AB/F}$": ("qabf", 0.93, 3),
    "SSIM": ("ssim", 0.98, 3),
    "AG": ("ag", 6.5, 2),
    "PSNR": ("psnr", 66.0, 1),
}
LOWER = {"Nabf": ("nabf", 0.01, 4), "MSE": ("mse", 12.0, 2), "CE": ("ce", 0.3, 3)}
WITH_NOISE = ("EN", "SD", "SCD", "VIF", "$Q^{AB/F}$")
WITH_COPIES = ("EN", "SD", "VIF", "$Q^{AB/F}$")  # where a copy can be beaten
BEYOND = 0.16  # of the best: more than any noise of the register
OUTSIDE = {"en": 8.4, "sd": -3.0, "scd": 2.7, "vif": -0.4, "qabf": -0.1, "ssim": -2.3, "ag": -1.0,
           "psnr": -9.0, "nabf": 1.4, "mse": -4.0, "ce": -2.0}  # fmt: skip
NAMES = ("w/o gradient", "w/o SSIM", "w/o intensity", "plain U-Net", "max rule", "one level")
KINDS = ("direction", "range", "bold", "underlined", "copy", "noise")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A table: texts of its cells, what is bold and underlined, and the fault that was put in."""

    heads: tuple[str, ...]
    arrows: tuple[str, ...]
    rows: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    bold: frozenset[tuple[int, int]]
    underlined: frozenset[tuple[int, int]]
    fault: tuple[str, str, str] | None = None  # kind, row, head
    data: str = ""
    lines: dict[str, int] = field(default_factory=dict)


def clean(seed: int, *, heads: Sequence[str] = (), data: str = "") -> Made:
    """Return a table whose marks are right and whose rows differ by more than any noise."""
    drawn = random.Random(seed)
    every = {**HIGHER, **LOWER}
    chosen = tuple(heads) or tuple(drawn.sample(sorted(every), drawn.randint(3, 6)))
    count = drawn.randint(3, 5)
    rows = (*drawn.sample(NAMES, count - 1), "Ours")
    columns, marks = [], []
    for head in chosen:
        _, best, decimals = every[head]
        sign = -1 if head in HIGHER else 1
        step = 0.05 if data and head == "EN" else BEYOND  # EN can hardly differ by so much
        ranks = [*drawn.sample(range(1, count), count - 1), 0]
        columns.append([f"{best * (1 + sign * step) ** rank:.{decimals}f}" for rank in ranks])
        marks.append((ranks.index(0), ranks.index(1)))
    return Made(
        heads=chosen,
        arrows=tuple(drawn.choice(("", "↑" if head in HIGHER else "↓")) for head in chosen),
        rows=rows,
        texts=tuple(zip(*columns, strict=True)),
        bold=frozenset((best, at) for at, (best, _) in enumerate(marks)),
        underlined=frozenset((second, at) for at, (_, second) in enumerate(marks)),
        data=data,
    )


def doctored(seed: int) -> Made:
    """Return a clean table in which one fault was put; its kind goes round with the seed."""
    drawn = random.Random(1000 + seed)
    kind = KINDS[seed % len(KINDS)]
    if kind == "copy":
        # scores above those of the copies, but for the row that the fault lowers
        made = clean(seed, heads=("$Q^{AB/F}$", "SSIM"), data="MSRS-mini")
        made = _set(made, {(row, 0): f"{0.93 - 0.04 * rank:.3f}" for rank, row in _ranked(made, 0)})
        row = [row for rank, row in _ranked(made, 0)][-1]
        return _found(_set(made, {(row, 0): f"{drawn.uniform(0.3, 0.64):.3f}"}), kind, row, 0)
    heads = drawn.sample(WITH_NOISE, 3) if kind == "noise" else ()
    made = clean(seed, heads=heads)
    at = drawn.randrange(len(made.heads))
    ranked = [row for _, row in _ranked(made, at)]
    if kind == "direction":
        wrong = "↓" if made.heads[at] in HIGHER else "↑"
        arrows = (*made.arrows[:at], wrong, *made.arrows[at + 1 :])
        return replace(made, arrows=arrows, fault=(kind, "", made.heads[at]))
    if kind == "range":
        metric, _, decimals = {**HIGHER, **LOWER}[made.heads[at]]
        row, value = ranked[-1], OUTSIDE[metric]
        is_best = (value > 0) == (made.heads[at] in HIGHER) if metric != "nabf" else False
        if made.heads[at] in LOWER and metric != "nabf":
            is_best = True
        row = ranked[0] if is_best else row
        return _found(_set(made, {(row, at): f"{value:.{decimals}f}"}), kind, row, at)
    if kind == "bold":
        row = drawn.choice(ranked[1:])
        kept = frozenset(one for one in made.bold if one[1] != at)
        return _found(replace(made, bold=kept | {(row, at)}), kind, row, at)
    if kind == "underlined" and len(ranked) > 2:
        row = drawn.choice(ranked[2:])
        kept = frozenset(one for one in made.underlined if one[1] != at)
        return _found(replace(made, underlined=kept | {(row, at)}), kind, row, at)
    best = float(made.texts[ranked[0]][at])
    decimals = {**HIGHER, **LOWER}[made.heads[at]][2]
    text = f"{best * (1 - 0.0015):.{decimals}f}"
    text = text if float(text) != best else f"{best - 10**-decimals:.{decimals}f}"
    return _found(_set(made, {(ranked[1], at): text}), "noise", ranked[1], at)


def _ranked(made: Made, at: int) -> list[tuple[int, int]]:
    """Return rank and row of a column, the best first."""
    sign = -1 if made.heads[at] in HIGHER else 1
    order = sorted(range(len(made.rows)), key=lambda row: sign * float(made.texts[row][at]))
    return list(enumerate(order))


def _set(made: Made, texts: dict[tuple[int, int], str]) -> Made:
    found = [list(row) for row in made.texts]
    for (row, at), text in texts.items():
        found[row][at] = text
    return replace(made, texts=tuple(map(tuple, found)))


def _found(made: Made, kind: str, row: int, at: int) -> Made:
    return replace(made, fault=(kind, made.rows[row], made.heads[at]))


def markdown(made: Made) -> str:
    lines = ["# Results", "", _bars(["Method", *map(str.__add__, made.heads, made.arrows)])]
    lines.append(_bars(["---"] * (len(made.heads) + 1)))
    lines += [_bars([name, *_marked(made, at)]) for at, name in enumerate(made.rows)]
    return "\n".join([*lines, "", "That was it."])


def plain(made: Made) -> str:
    heads = [head + arrow for head, arrow in zip(made.heads, made.arrows, strict=True)]
    lines = [["method", *heads], *([n, *_marked(made, at)] for at, n in enumerate(made.rows))]
    return "\n".join(",".join(line) for line in lines) + "\n"


def latex(made: Made) -> str:
    arrows = {"": "", "↑": r" $\uparrow$", "↓": r"$\downarrow$"}
    heads = [head + arrows[arrow] for head, arrow in zip(made.heads, made.arrows, strict=True)]
    lines = [
        r"\begin{table}[t] % a comment & \\",
        r"\centering\resizebox{\linewidth}{!}{",
        rf"\begin{{tabular}}{{l|*{{{len(heads)}}}{{c}}}}",
        r"\toprule",
        rf"\multirow{{2}}{{*}}{{Method}} & \multicolumn{{{len(heads)}}}{{c}}{{Metrics}} \\",
        rf"\cmidrule(lr){{2-{len(heads) + 1}}}",
        " & " + " & ".join(heads) + r" \\ \midrule",
    ]
    for row, name in enumerate(made.rows):
        cells = []
        for at, text in enumerate(made.texts[row]):
            cell = rf"\underline{{{text}}}" if (row, at) in made.underlined else text
            cells.append(rf"\textbf{{{cell}}}" if (row, at) in made.bold else cell)
        lines.append(f"{name} & {' & '.join(cells)} " + r"\\[2pt]")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}}", r"\end{table}", ""])


def _marked(made: Made, row: int) -> list[str]:
    cells = []
    for at, text in enumerate(made.texts[row]):
        cell = f"<u>{text}</u>" if (row, at) in made.underlined else text
        cells.append(f"**{cell}**" if (row, at) in made.bold else cell)
    return cells


def _bars(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


WRITERS = {".md": markdown, ".csv": plain, ".tex": latex}
