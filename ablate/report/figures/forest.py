"""Effects with their intervals: one panel per contrast, rows are metrics."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ablate.metrics.catalogue import BETTER, LABELS
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, Section

COLOURS = {
    "supported": "#009E73", "contradicted": "#D55E00", "practically equivalent": "#0072B2",
    "non-inferior": "#0072B2",
}  # fmt: skip
PANELS_ABREAST = 3


@FIGURES.register("forest")
class Forest:
    """Effects in percent of the pilot mean, all blocks shown."""

    section: Section = "answers"
    number = 1
    title = "Effects and intervals"
    caption = (
        "Dots are mean differences over blocks in percent of the pilot mean, bars 95 % confidence "
        "intervals, small strokes single blocks, grey bands the smallest effects of interest. "
        "Hollow dots are undecided. Right is larger; for ↓ metrics left is better."
    )

    def applies(self, contents: Contents) -> str | None:
        """Return a reason when no question was answered by blocks with a pilot."""
        if not contents.answered:
            return "the study has no answer phase"
        return None if len(self.numbers(contents)) else "no effect has a base to be a percentage of"

    def numbers(self, contents: Contents) -> pd.DataFrame:
        """Return one row per question, contrast, metric: estimate, interval, blocks, in percent."""
        rows = []
        for question in contents.answered:
            for row in question["rows"]:
                if row["percent"] is None or not row["estimate"] or row["ci_low"] is None:
                    continue
                scale = row["percent"] / row["estimate"]
                smallest = row["smallest_effect"]
                rows.append(
                    {
                        "question": question["id"], "contrast": row["contrast"],
                        "metric": row["metric"], "role": row["role"], "verdict": row["verdict"],
                        "percent": row["percent"], "low": row["ci_low"] * scale,
                        "high": row["ci_high"] * scale,
                        "smallest": None if smallest is None else smallest * abs(scale),
                        "blocks": " ".join(
                            f"{value * scale:.6g}" for value in row["by_block"]
                        ),
                    }
                )  # fmt: skip
        return pd.DataFrame(rows)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panels of all questions, one axis for all panels of a question."""
        del contents
        panels = list(dict.fromkeys(zip(numbers["question"], numbers["contrast"], strict=True)))
        columns = min(PANELS_ABREAST, len(panels))
        rows = -(-len(panels) // columns)
        metrics = list(dict.fromkeys(numbers["metric"]))
        made, axes = theme.figure(
            rows=rows, columns=columns, height_in=rows * (0.65 + 0.19 * len(metrics))
        )
        for index, (axis, (question, contrast)) in enumerate(zip(axes, panels, strict=False)):
            part = numbers[(numbers["question"] == question) & (numbers["contrast"] == contrast)]
            for row in part.itertuples():
                _draw_row(axis, row, place=metrics.index(row.metric))
            axis.axvline(0, color="0.3", lw=0.6, zorder=0)
            axis.set(ylim=(len(metrics) - 0.5, -0.5), yticks=range(len(metrics)))
            axis.set_title(contrast if len(set(numbers["question"])) == 1
                           else f"{question}: {contrast}")  # fmt: skip
            names = [f"{LABELS[m]} {theme.ARROW[BETTER[m]]}" for m in metrics]
            axis.set_yticklabels(names if index % columns == 0 else [])
            axis.locator_params(axis="x", nbins=5)
            if index // columns == rows - 1 or index + columns >= len(panels):
                axis.set_xlabel("difference in % of the pilot mean")
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        return made


def _draw_row(axis: Any, row: Any, *, place: int) -> None:
    """Draw band, strokes, interval and dot of one metric."""
    if pd.notna(row.smallest):
        axis.fill_betweenx(
            [place - 0.4, place + 0.4], -row.smallest, row.smallest, color="0.88", lw=0
        )
    colour = COLOURS.get(row.verdict, "0.35")
    blocks = [float(value) for value in row.blocks.split()]
    axis.plot(blocks, [place + 0.28] * len(blocks), "|", color=colour, ms=4, mew=0.7, alpha=0.8)
    axis.plot([row.low, row.high], [place, place], color=colour, lw=1.4)
    is_decided = row.verdict in COLOURS
    axis.plot(row.percent, place, "o", color=colour, ms=4.5, mfc=colour if is_decided else "white")
