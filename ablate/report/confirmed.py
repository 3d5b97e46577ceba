"""What a report says of a confirmation that no question asks for: described, not tested."""

from ablate.analysis.confirmation import BASELINE, ConfirmedArm, described, recipe_in_words
from ablate.analysis.question import metric_label
from ablate.report.contents import Contents
from ablate.tables import NONE, Table, shortened, table

MOST_METRICS = 4  # of the table
LONGEST = 120  # letters of settings in a sentence


def in_words(contents: Contents) -> list[str]:
    """A sentence for the best frozen arm of each confirmation, in the metric that leads."""
    found = described(contents.facts, contents.runs)
    texts = []
    for phase in dict.fromkeys(one.phase for one in found):
        mine = [one for one in found if one.phase == phase]
        metric = next(
            name for name in contents.facts.leading if any(one.metric == name for one in mine)
        )
        arms = [one for one in mine if one.metric == metric and one.arm.name != BASELINE]
        base = next(
            (one for one in mine if one.metric == metric and one.arm.name == BASELINE), None
        )
        texts += [_sentence(arms[0], base)] if arms else []
    return texts


def confirmed_table(contents: Contents) -> Table:
    """A row per frozen arm: what it is, its blocks, and per metric mean and difference."""
    found = described(contents.facts, contents.runs)
    metrics = [name for name in contents.facts.leading if any(one.metric == name for one in found)][
        :MOST_METRICS
    ]
    rows = []
    for phase, name in dict.fromkeys((one.phase, one.arm.name) for one in found):
        mine = {one.metric: one for one in found if (one.phase, one.arm.name) == (phase, name)}
        first = next(iter(mine.values()))
        cells = []
        for metric in metrics:
            one = mine.get(metric)
            cells += [_mean(one), _difference(one)] if one else [NONE, NONE]
        about = [phase, name, recipe_in_words(first.arm), first.arm.source, str(first.blocks)]
        rows.append([*about, *cells])
    heads = [head for metric in metrics for head in (metric_label(metric), "minus baseline")]
    return table(("phase", "arm", "settings", "from", "n", *heads), rows)


def _sentence(one: ConfirmedArm, base: ConfirmedArm | None) -> str:
    subject = f"The best of {one.of}" if one.of else one.arm.name.capitalize()
    seeds = f"{one.blocks} fresh seed{'' if one.blocks == 1 else 's'}"
    settings = shortened(recipe_in_words(one.arm), LONGEST)
    text = (
        f"{subject} ({settings}), trained anew on {seeds}, has test {metric_label(one.metric)} "
        f"{_mean(one)}"
    )
    if base is not None and one.difference is not None:
        text += f"; the baseline has {_mean(base)}, a difference of {_difference(one)}"
    return f"{text}."


def _mean(one: ConfirmedArm) -> str:
    return f"{one.mean:.4f}" + ("" if one.sd is None else f" ± {one.sd:.4f}")


def _difference(one: ConfirmedArm) -> str:
    if one.difference is None:
        return NONE
    spread = "" if one.difference_sd is None else f" ± {one.difference_sd:.4f}"
    return f"{one.difference:+.4f}{spread}"
