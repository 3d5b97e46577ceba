"""Two runs beside each other: settings that differ, and scores on the images they share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.analysis.question import metric_label
from ablate.metrics.catalogue import is_lower_better

ImageRow = Sequence[Any]  # (split, image, metric, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDifference:
    """Second run minus first run in one metric, over the images that both have a number for."""

    metric: str
    first: float
    second: float
    images: int
    better: int  # images on which the second run is better

    @property
    def difference(self) -> float:
        """Return the mean difference."""
        return self.second - self.first


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the flat settings that differ; one that a side lacks is None there."""
    first, second = dict(flat(one)), dict(flat(other))
    names = [*first, *(name for name in second if name not in first)]
    return {
        name: (first.get(name), second.get(name))
        for name in names
        if first.get(name) != second.get(name)
    }


def differences(
    one: Iterable[ImageRow], other: Iterable[ImageRow], *, split: str
) -> list[MetricDifference]:
    """Return one entry per metric, in the order of the first run's rows."""
    first, second = _values(one, split), _values(other, split)
    found = []
    for metric in first:
        images = sorted(set(first[metric]) & set(second.get(metric, {})))
        if not images:
            continue
        before = [first[metric][image] for image in images]
        after = [second[metric][image] for image in images]
        sign = -1 if is_lower_better(metric) else 1
        found.append(
            MetricDifference(
                metric=metric,
                first=sum(before) / len(images),
                second=sum(after) / len(images),
                images=len(images),
                better=sum(sign * (b - a) > 0 for a, b in zip(before, after, strict=True)),
            )
        )
    return found


def in_words(
    names: tuple[str, str],
    settings: Mapping[str, tuple[Any, Any]],
    scores: Sequence[MetricDifference],
    *,
    split: str,
) -> list[str]:
    """Return the lines that `ablate compare` prints."""
    lines = [f"A  {names[0]}", f"B  {names[1]}", ""]
    lines += [f"{name}: {a} -> {b}" for name, (a, b) in settings.items()]
    lines += [] if settings else ["no setting differs; only seed, split or crops do"]
    lines += ["", f"{split} images, B minus A:"]
    for one in scores:
        verdict = "equal" if one.difference == 0 else "better" if _is_better(one) else "worse"
        lines.append(
            f"  {metric_label(one.metric):5s} {one.first:.4f} -> {one.second:.4f} "
            f"({one.difference:+.4f}, {verdict}; better on {one.better} of {one.images} images)"
        )
    lines += [] if scores else [f"  no {split} image was scored in both"]
    return [*lines, "", "Two runs: this describes them and claims nothing about their arms."]


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of nested settings."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _is_better(one: MetricDifference) -> bool:
    return (one.difference > 0) != is_lower_better(one.metric)


def _values(rows: Iterable[ImageRow], split: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for part, image, metric, value in rows:
        if part == split and value is not None:
            found.setdefault(metric, {})[image] = float(value)
    return found
