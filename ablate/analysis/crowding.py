"""Winners at one end of what their blocks offered: better points may lie beyond.

The range guard (`guards`) asks for winners in the outer 5 % of a range, where a few points per
block rarely lie. Ranks see more: of T points one is the lowest, and wins by chance in 1 of T.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from ablate.analysis.facts import Facts, Selected
from ablate.analysis.question import RegisteredQuestion, label_of
from ablate.published import NuisanceRange, Value
from ablate.stats.multiplicity import holm
from ablate.stats.range_edge import chance_of

ENDS: Final = ("lowest", "highest")


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How often a value won at one end of what its blocks offered."""

    nuisance: NuisanceRange
    end: str
    value: Value
    won: int
    blocks: int
    chance: float  # of one win there

    @property
    def p(self) -> float:
        return chance_of(self.won, self.blocks, share=self.chance)


def crowded_ends(question: RegisteredQuestion, selected: Selected, facts: Facts) -> tuple[str, ...]:
    """Return a caveat per nuisance setting and end where winners crowd by more than chance.

    One family over values, settings and ends, corrected by Holm at the level of the question.
    """
    found = [
        end
        for nuisance in facts.nuisance
        if nuisance.name in selected.winners and nuisance.name in selected.offered
        for end in _ends(nuisance, question, selected)
    ]
    corrected = holm([end.p for end in found])
    sure = [end for end, p in zip(found, corrected, strict=True) if p < question.alpha]
    return tuple(
        _sentence([one for one in sure if (one.nuisance, one.end) == key], points=facts.points)
        for key in dict.fromkeys((one.nuisance, one.end) for one in sure)
    )


def _ends(
    nuisance: NuisanceRange, question: RegisteredQuestion, selected: Selected
) -> Iterator[_End]:
    points = _settings(selected.offered, nuisance, question).groupby(level=["value", "block"])
    winners = _settings(selected.winners, nuisance, question).dropna()
    offered = pd.DataFrame({"lowest": points.min(), "highest": points.max(), "size": points.size()})
    table = offered.reindex(winners.index).assign(winner=winners)
    for at, value in enumerate(question.values):
        of_value = table[table.index.get_level_values("value") == at]
        sizes = of_value["size"]
        if of_value.empty or sizes.isna().any() or (sizes < 2).any():
            continue
        for end in ENDS:
            yield _End(
                nuisance=nuisance,
                end=end,
                value=value,
                blocks=len(of_value),
                won=int((of_value["winner"] == of_value[end]).sum()),
                chance=float((1 / sizes).mean()),
            )


def _settings(
    table: pd.DataFrame, nuisance: NuisanceRange, question: RegisteredQuestion
) -> "pd.Series[float]":
    """Return the setting of every point by the place of its value in the question, and block."""
    place = {value: at for at, value in enumerate(question.values)}
    placed = table.assign(value=table["value"].map(place)).dropna(subset=["value"])
    return placed.set_index(["value", "block"])[nuisance.name]


def _sentence(several: list[_End], *, points: int) -> str:
    first = several[0]
    nuisance, is_low = first.nuisance, first.end == ENDS[0]
    counts = ", ".join(
        f"{one.won} of {one.blocks} blocks for {label_of(one.value)}" for one in several
    )
    beyond = f"below {nuisance.low:g}" if is_low else f"above {nuisance.high:g}"
    return (
        f"the {first.end} {nuisance.name} of a block's {points} points won in {counts} (by chance "
        f"{first.chance * first.blocks:.2g}): better ones may lie {beyond}, and the difference "
        f"holds for {nuisance.name} from {nuisance.low:g} to {nuisance.high:g} only"
    )
