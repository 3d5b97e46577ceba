"""The charts of a view of the MLflow UI, in the UI's own words.

The UI adds a chart for each metric that has none, in the section of the metric's name; sections
that are named here and folded keep those out of sight.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ablate.tracking.pictures import key_of
from ablate.tracking.runs import metric_name

Card = Mapping[str, Any]
OURS: Final = {"Pictures": (1, 480), "Study": (2, 420)}  # cards in a row, their height in pixels
FOLDED: Final = (
    "final/test",
    "final/val",
    "val",
    "train",
    "train/gradient",
    "best/val",
    "facts",
    "Model metrics",
    "System metrics",
)
SEVERAL: Final = "FIRST_20_RUNS"  # what is drawn of a long list
MOST_DRAWN: Final = 2  # primary metrics with a bar chart


def of_trials(metrics: Sequence[str], *, varied: Sequence[str]) -> list[Card]:
    """Return a bar per trial, and what is varied against the first metric."""
    names = [metric_name(f"final/{name}") for name in metrics[:MOST_DRAWN]]
    bars: list[Card] = [
        {"type": "BAR", "metricKey": name, "displayName": f"{metric}, by trial"}
        for name, metric in zip(names, metrics, strict=False)
    ]
    if names and varied:
        bars.append(
            {
                "type": "PARALLEL",
                "displayName": f"what is varied against {metrics[0]}",
                "selectedParams": list(varied),
                "selectedMetrics": names[:1],
                "showAllRuns": True,
            }
        )
    return [*bars, *_curve(metrics)]


def of_trainings(objective: str, *, pictures: Sequence[str]) -> list[Card]:
    """Return the fused images of every training side by side, and the curves of the objective."""
    grid = {
        "metricSectionId": "ablate-Pictures",
        "type": "IMAGE",
        "displayName": "fused images",
        "imageKeys": [key_of(name) for name in pictures],
        "step": 0,
        "showRunParams": False,
    }
    return [*([grid] if pictures else []), *_curve([objective, "train/loss"])]


def _curve(metrics: Sequence[str]) -> list[Card]:
    curves = [name for name in metrics if name.startswith(("val/", "train/"))]
    return [
        {
            "type": "LINE",
            "metricKey": metric_name(name),
            "selectedMetricKeys": [metric_name(name)],
            "displayName": f"{name} while training",
            "xAxisKey": "step",
        }
        for name in curves[:MOST_DRAWN]
    ]


def state(cards: Sequence[Card]) -> dict[str, Any]:
    """Return that part of a view's state which draws these cards, all others folded."""
    used = {card.get("metricSectionId", "ablate-Study") for card in cards}
    opened = [name for name in OURS if f"ablate-{name}" in used]
    return {
        "compareRunCharts": [
            {
                "uuid": f"ablate-{at}",
                "runsCountToCompare": 20,
                "metricSectionId": "ablate-Study",
                "deleted": False,
                "isGenerated": False,
                **card,
            }
            for at, card in enumerate(cards)
        ],
        "compareRunSections": [
            *(
                _section(name, display=True, columns=OURS[name][0], cardHeight=OURS[name][1])
                for name in opened
            ),
            *(_section(name, display=False) for name in FOLDED),
        ],
        "isAccordionReordered": True,
        "runsHiddenMode": SEVERAL,
    }


def _section(name: str, **more: Any) -> Card:
    return {
        "uuid": f"ablate-{name}",
        "name": name,
        "isReordered": True,
        "deleted": False,
        "isGenerated": False,
        **more,
    }
