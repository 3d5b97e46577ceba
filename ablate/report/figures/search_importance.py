"""What a search's scores hang on: share of their variance per dimension, with a band."""

from dataclasses import asdict

import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis.search_importance import FEWEST, RESAMPLED, shares
from ablate.analysis.searched import searched_dimensions, searched_trials
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.searched import NO_SCORE, NO_SEARCH

COLUMNS = ["objective", "dimension", "share", "low", "high", "trials", "scored"]


@FIGURES.register("search_importance")
class SearchImportance:
    """Bars of shares with their range over resampled trials; a panel per objective."""

    section: Section = "search"
    number = 2
    title = "Importance in the search"
    caption = (
        "Exploratory, no claim. Bars: share of the variance of the scores that a dimension "
        "explains alone (Optuna's fANOVA over all trials with a score). Whiskers: smallest and "
        f"largest share in {RESAMPLED} resamplings of the trials; where they reach from near 0 to "
        "near 1 there are too few trials to say. Numbers behind a name: trials in which it was "
        "active, where not in all. A search crowds where scores were good: shares describe that "
        "region. What moves more than chance takes 16 designed trials, see Exploration."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per objective and dimension, the largest share first."""
        facts, rows = contents.facts, []
        some = searched_trials(facts, contents.runs)
        if some.empty:
            return NotDrawn(NO_SEARCH)
        for objective in facts.objectives or (facts.objective,):
            trials = searched_trials(facts, contents.runs, objective=objective)
            scored = int(trials["score"].notna().sum())
            found = shares(trials, searched_dimensions(facts, trials)) if scored >= FEWEST else ()
            rows += [{"objective": objective, "scored": scored, **asdict(share)} for share in found]
        if not rows:
            has_scores = some["score"].notna().any()
            return NotDrawn("all trials have the same score" if has_scores else NO_SCORE)
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a panel per objective, dimensions from the top."""
        objectives = list(dict.fromkeys(numbers["objective"]))
        count = int(numbers.groupby("objective").size().max())
        columns = min(2, len(objectives))
        rows = -(-len(objectives) // columns)
        made, axes = theme.figure(
            rows=rows, columns=columns, height_in=rows * (0.65 + 0.2 * count) + 0.1
        )
        for axis, objective in zip(axes, objectives, strict=False):
            part = numbers[numbers["objective"] == objective].to_dict("records")
            for place, row in enumerate(part):
                axis.barh(
                    place, row["share"], height=0.6, color=theme.STYLE["signed"][0], lw=0, alpha=0.6
                )
                axis.plot([row["low"], row["high"]], [place] * 2, color="0", lw=1.1)
            axis.set(ylim=(len(part) - 0.4, -0.6), yticks=range(len(part)), xlim=(0, 1.02))
            axis.set_yticklabels([_named(row) for row in part])
            axis.set_xlabel(
                f"share of the variance of {theme.scored(objective)}, {part[0]['scored']} trials"
            )
            axis.tick_params(axis="y", length=0)
        for axis in axes[len(objectives) :]:
            axis.set_axis_off()
        return made


def _named(row: dict[str, object]) -> str:
    name = theme.wrapped(str(row["dimension"]), 22, lines=1)
    return name if row["trials"] == row["scored"] else f"{name} ({row['trials']})"
