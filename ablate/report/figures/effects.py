"""Mean score per value: raw, adjusted for all other settings, and as a search saw it."""

from dataclasses import asdict

import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis.question import label_of, metric_label
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

COLUMNS = [
    "response",
    "question",
    "factor",
    "value",
    "trials",
    "raw",
    "adjusted",
    "low",
    "high",
    "searched_trials",
    "searched",
]


@FIGURES.register("effects")
class Effects:
    """A row of panels per question, a panel per response, values from the top."""

    section: Section = "exploration"
    number = 4
    title = "Means of every value, raw and adjusted"
    caption = (
        "Exploratory, no claim. Rings: raw mean val score of the non-adaptive trials of a value; "
        "of a range, those nearest to it. Filled: the model's mean over the same other settings "
        "for every value, with a 95 % band. Where both differ, the other settings were unequal. "
        "Crosses: raw mean of the adaptive trials, which favour what scored well early; they enter "
        "nothing else."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per response, question and value."""
        rows = [
            {"response": one.response, **asdict(row), "value": label_of(row.value)}
            for one in contents.responses
            for row in one.effects
        ]
        if not rows:
            return NotDrawn(contents.why_unexplored)
        numbers = ["raw", "adjusted", "low", "high", "searched"]  # those of no search are none
        return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(numbers, float))

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panels; values in design order, in the colours of the answers."""
        questions = list(dict.fromkeys(numbers["question"]))
        responses = list(dict.fromkeys(numbers["response"]))[:3]
        counts = [numbers.loc[numbers["question"] == q, "value"].nunique() for q in questions]
        made, parts = theme.stacked([0.55 + 0.24 * count for count in counts], foot_in=0.2)
        for part, question in zip(parts, questions, strict=True):
            table = numbers[numbers["question"] == question]
            order = list(dict.fromkeys(table["value"]))
            axes = part.subplots(1, len(responses), squeeze=False, sharey=True)
            for axis, response in zip(axes.flat, responses, strict=True):
                some = table[table["response"] == response].set_index("value")
                for place, value in enumerate(order):
                    row = some.loc[value]
                    colour, marker = theme.style(value, order)
                    axis.plot([row["low"], row["high"]], [place] * 2, color=colour, lw=1.4)
                    axis.plot(row["adjusted"], place, marker, color=colour, ms=4.5, mew=0)
                    axis.plot(row["raw"], place - 0.24, "o", mfc="none", mec=colour, ms=4, mew=0.9)
                    axis.plot(row["searched"], place + 0.24, "x", color=theme.FAINT, ms=4)
                axis.set(ylim=(len(order) - 0.45, -0.6), yticks=range(len(order)))
                axis.set_yticklabels([theme.wrapped(value, 22, lines=1) for value in order])
                axis.set_xlabel(f"val {metric_label(response.partition('/')[2])}")
                axis.locator_params(axis="x", nbins=5)
                axis.tick_params(axis="y", length=0)
            if len(questions) > 1:
                theme.heading(part, question)
        theme.legend_below(
            made,
            [
                theme.mark("adjusted, with its 95 % band", marker="o", ms=4.5, ls="-", color="0"),
                theme.mark("raw mean", marker="o", ms=4, mfc="none", mec="0"),
                theme.mark("raw mean of a search", marker="x", ms=4, color=theme.FAINT),
            ],
        )
        return made
