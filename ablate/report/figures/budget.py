"""Where the budget went: runs, steps and hours per phase, as a table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

STATES = ("finished", "pruned", "failed")
HEADS = ("phase", "design", "planned", *STATES, "steps", "hours", "share")
PLACES = (0.0, 0.2, 0.44, 0.55, 0.645, 0.73, 0.83, 0.92, 1.0)  # right ends, left ones for text
WORDS = 2


@FIGURES.register("budget")
class Budget:
    """A row per phase, and their sum."""

    section: Section = "answers"
    number = 14
    title = "Budget"
    caption = (
        "Runs as planned and as they ended; steps and hours are those that ended runs reported, "
        "hours summed over workers, share of the hours. Suggestions that were infeasible or "
        "repeated an arm were planned and never run."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per phase in the order of the study, and the sum."""
        runs, phases = contents.runs, contents.facts.phases
        if runs.empty:
            return NotDrawn("no run has ended")
        rows: list[dict[str, Any]] = []
        for name, phase in phases.items():
            mine = runs[runs["phase"] == name]
            counts = mine["state"].value_counts()
            rows.append(
                {
                    "phase": name,
                    "design": phase.design,
                    "planned": phase.planned,
                    **{state: int(counts.get(state, 0)) for state in STATES},
                    "steps": _sum(mine, "facts.steps"),
                    "hours": _sum(mine, "facts.seconds") / 3600,
                }
            )
        table = pd.DataFrame(rows)
        hours = table["hours"].sum()
        table["share"] = 100 * table["hours"] / hours if hours else 0.0
        names = [name for name in table.columns[WORDS:] if name != "planned"]
        total = {"phase": "sum", "design": "", **table[names].sum()}
        total["planned"] = contents.facts.planned
        whole = pd.concat([table, pd.DataFrame([total])], ignore_index=True)
        return whole.astype(dict.fromkeys((*STATES, "steps"), int))

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the table with rules above, below and before the sum."""
        del contents
        height = 0.19
        made, (axis,) = theme.figure(rows=1, columns=1, height_in=height * (len(numbers) + 1.8))
        lines = [HEADS, *(_cells(row) for row in numbers.to_dict("records"))]
        axis.set(xlim=(0, 1), ylim=(len(lines) - 0.4, -0.6))
        axis.set_axis_off()
        for place, line in enumerate(lines):
            weight = "bold" if place == 0 else "normal"
            for column, (at, text) in enumerate(zip(PLACES, line, strict=True)):
                axis.text(
                    at,
                    place,
                    text,
                    ha="left" if column < WORDS else "right",
                    va="center",
                    fontweight=weight,
                )
        for level, width in (
            (-0.55, 1.0),
            (0.5, 0.6),
            (len(lines) - 1.5, 0.6),
            (len(lines) - 0.45, 1.0),
        ):
            axis.plot([0, 1], [level, level], color="0", lw=width, clip_on=False)
        return made


def _sum(runs: pd.DataFrame, column: str) -> float:
    return float(runs[column].sum()) if column in runs else 0.0


def _cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return a row as text; a number that nobody knows is a dash."""
    planned = "–" if pd.isna(row["planned"]) else f"{int(row['planned']):,}"
    hours = row["hours"]
    return (
        theme.wrapped(str(row["phase"]), 22, lines=1),
        str(row["design"]),
        planned,
        *(f"{int(row[state]):,}" for state in STATES),
        f"{int(row['steps']):,}",
        f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}",
        f"{row['share']:.0f} %",
    )
