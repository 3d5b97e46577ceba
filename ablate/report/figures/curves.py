"""Training loss over steps: median and spread over the runs of an arm or value."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ablate.analysis.question import label_of
from ablate.analysis.table import designed
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

KEYS = {"train/loss": "training loss", "train/gradient": "gradient term, unweighted"}
CHOSEN = ("facts.chosen_step", "facts.chosen_epoch")  # where training keeps its best weights
MOST_RUNS = 12  # of a group that are drawn one by one
MOST_ARMS = 8  # that one panel tells apart
COLUMNS = ["group", "arm", "key", "step", "median", "low", "high", "runs"]


@FIGURES.register("curves")
class Curves:
    """Learning curves; two panels for the designed arms and for each question."""

    section: Section = "health"
    number = 8
    title = "Learning curves"
    caption = (
        "Lines: median over the runs of an arm, or over the points that won in the blocks of a "
        "value; bands: their 10th to 90th percentile; thin lines: single runs, where a group has "
        "12 or fewer. Triangles at the foot: the step whose weights were kept, where it is not the "
        "last. Values of different arms are different losses: read the shape, never the height."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per group, arm, key and step: median, 10th and 90th percentile, runs."""
        if not (contents.curves["key"] == "train/loss").any():
            return NotDrawn("no loss was recorded")
        long = _long(contents)
        if long.empty:
            return NotDrawn("no designed run has finished")
        by = long.groupby(["group", "arm", "key", "step"], sort=False)["value"]
        table = pd.DataFrame(
            {
                "median": by.median(),
                "low": by.quantile(0.1),
                "high": by.quantile(0.9),
                "runs": by.count(),
            }
        )
        return table.reset_index()[COLUMNS]

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return loss and gradient term beside each other, logarithmic, a row per group."""
        names = list(dict.fromkeys(numbers["group"]))
        keys = [key for key in KEYS if (numbers["key"] == key).any()]
        long, made_of = _long(contents), _groups(contents)
        made, parts = theme.stacked([2.3] * len(names))
        for part, name in zip(parts, names, strict=True):
            table, runs = numbers[numbers["group"] == name], long[long["group"] == name]
            order = list(dict.fromkeys(made_of.loc[made_of["group"] == name, "arm"]))
            shown = [arm for arm in order if arm in set(table["arm"])]
            for axis, key in zip(
                part.subplots(1, len(keys), squeeze=False).flat, keys, strict=True
            ):
                for arm in shown:
                    mine = table[(table["arm"] == arm) & (table["key"] == key)]
                    single = runs[(runs["arm"] == arm) & (runs["key"] == key)]
                    _draw(axis, mine, single, theme.style(arm, order)[0])
                axis.set(title=KEYS[key], xlabel="step", yscale="log")
                ticks = theme.log_ticks(*axis.get_ylim())
                axis.yaxis.set_minor_locator(NullLocator())
                axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
            theme.legend_below(
                part,
                [
                    theme.mark(
                        theme.wrapped(arm, 30, lines=1),
                        ls="-",
                        lw=1.5,
                        color=theme.style(arm, order)[0],
                    )
                    for arm in shown
                ],
            )
            if len(names) > 1:
                theme.heading(part, name)
        return made


def _groups(contents: Contents) -> pd.DataFrame:
    """Return run_id, group, arm and chosen step of what is drawn.

    A group is a question with its winners, and the arms of designed phases; of more arms than can
    be told apart the first are drawn.
    """
    chosen = next((column for column in CHOSEN if column in contents.runs), None)
    runs = contents.runs[contents.runs["state"] == "finished"]
    runs = runs.assign(chosen=runs[chosen] if chosen else float("nan"))
    some = designed(runs, contents.facts)
    arms = [arm for arm in contents.facts.arms if arm in set(some["arm"])][:MOST_ARMS]
    some = some[some["arm"].isin(arms)]
    places = some["arm"].map(arms.index)
    some = some.assign(group="designed arms").loc[places.sort_values(kind="stable").index]
    found = [some[["run_id", "group", "arm", "chosen"]]]
    for question in contents.answered:
        labels = [label_of(value) for value in question.values][:MOST_ARMS]
        rows: list[dict[str, Any]] = [
            {"run_id": winner.run_id, "group": question.id, "arm": label_of(winner.value)}
            for winner in question.winners
        ]
        won = pd.DataFrame(rows, columns=["run_id", "group", "arm"])
        won = won[won["arm"].isin(labels)].merge(runs[["run_id", "chosen"]], on="run_id")
        places = won["arm"].map(labels.index).sort_values(kind="stable")
        found.append(won.loc[places.index])
    return pd.concat(found, ignore_index=True)


def _long(contents: Contents) -> pd.DataFrame:
    """Return one row per drawn run, key and step, groups and arms in their order."""
    some = contents.curves[contents.curves["key"].isin(KEYS)]
    some = some.drop_duplicates(["run_id", "key", "step"], keep="last")
    return _groups(contents).merge(some, on="run_id")


def _draw(axis: Axes, middle: pd.DataFrame, runs: pd.DataFrame, colour: str) -> None:
    if runs["run_id"].nunique() <= MOST_RUNS:
        for _, run in runs.groupby("run_id", sort=False):
            axis.plot(run["step"], run["value"], color=colour, lw=0.4, alpha=0.35)
    axis.fill_between(
        middle["step"].astype(float),
        middle["low"].astype(float),
        middle["high"].astype(float),
        color=colour,
        alpha=0.15,
        lw=0,
    )
    axis.plot(middle["step"], middle["median"], color=colour, lw=1.5)
    steps = runs.drop_duplicates("run_id")["chosen"].dropna()
    axis.plot(
        steps,
        [0.02] * len(steps),
        "^",
        color=colour,
        ms=3,
        mew=0,
        transform=axis.get_xaxis_transform(),
    )
