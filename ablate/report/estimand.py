"""What a question compares, and whether other choices of tuning points agree, in words."""

from collections.abc import Iterator, Sequence

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.estimand import Alternative, Estimand
from ablate.analysis.question import metric_label

MOST = 4  # contrasts of a line


def estimand_lines(question: AnsweredQuestion) -> tuple[str, ...]:
    """Return the estimand and its sensitivity lines; none for documents that lack it."""
    found = question.estimand
    if found is None:
        return ()
    if found.points == 1:
        return ("Compared is one training per value and block; no setting is tuned per value.",)
    return (
        f"Compared is {found.name}, in the mean over blocks.",
        *_own(found),
        *_joint(found, question),
        *_surface(found),
        *_by_points(found),
    )


def _own(found: Estimand) -> Iterator[str]:
    own = found.of("own")
    for metric in dict.fromkeys(one.metric for one in own):
        name = metric_label(metric)
        yield f"{name} at points that val {name} chooses: {_effects(own, metric)}."


def _joint(found: Estimand, question: AnsweredQuestion) -> Iterator[str]:
    joint = found.of("joint")
    if not joint:
        return
    words = {
        (one.contrast, metric): word
        for one in question.contrasts
        for metric, word in one.primary.items()
    }
    others = [one for one in joint if one.word != words.get((one.contrast, one.metric))]
    metrics = list(dict.fromkeys(one.metric for one in others))
    names = " and ".join(metric_label(metric) for metric in question.primary)
    if not others:
        yield f"Points chosen by {names} together: the same word for every contrast."
        return
    parts = [f"{metric_label(metric)} {_effects(others, metric)}" for metric in metrics]
    yield f"Points chosen by {names} together change {len(others)} words: {'; '.join(parts)}."


def _surface(found: Estimand) -> Iterator[str]:
    if found.no_surface:
        yield f"No fitted response surface: {found.no_surface}."
    at_optimum = found.of("surface")
    for metric in dict.fromkeys(one.metric for one in at_optimum):
        yield (
            f"{metric_label(metric)} between the optima of fitted response surfaces: "
            f"{_effects(at_optimum, metric)}."
        )


def _by_points(found: Estimand) -> Iterator[str]:
    if not found.by_points:
        return
    counts = [str(count) for count, _ in found.by_points[0].percents]
    if len(counts) < 2:
        return
    turning = [one for one in found.by_points if one.turns]
    tried = f"{', '.join(counts[:-1])} and {counts[-1]} points"
    if not turning:
        yield f"With {tried} the order of values is the same."
        return
    parts = [
        f"{one.contrast} in {metric_label(one.metric)} "
        f"{', '.join(f'{percent:+.1f}' for _, percent in one.percents)} %"
        for one in turning[:MOST]
    ]
    yield (
        f"The order of values changes with the number of points ({tried}): {'; '.join(parts)}"
        f"{_more(len(turning))}."
    )


def _effects(some: Sequence[Alternative], metric: str) -> str:
    """Return contrasts with their sizes and words, those of a metric."""
    mine = [one for one in some if one.metric == metric]
    return "; ".join(_effect(one) for one in mine[:MOST]) + _more(len(mine))


def _effect(one: Alternative) -> str:
    text = f"{one.contrast} {one.percent:+.1f} %"
    if one.low is not None and one.high is not None:
        text += f" ({one.low:+.1f} to {one.high:+.1f})"
    return f"{text}, {one.word}"


def _more(count: int) -> str:
    return f"; {count - MOST} more in verdict.json" if count > MOST else ""
