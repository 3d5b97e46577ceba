"""The comparisons that a question may register, by the names that reports show."""

import itertools
import math
from collections.abc import Mapping, Sequence

from ablate.analysis.question import Contrast, label_of
from ablate.config.schema import Expects
from ablate.config.schema import Trend as Spacing
from ablate.designs.full_factorial import cell
from ablate.errors import ConfigError, nearest
from ablate.published import CrossedFactor, Value
from ablate.stats import contrasts as weights

INTERACTION = "interaction "  # how the names of contrasts of contrasts begin
LINEAR, QUADRATIC = "linear in ", "quadratic in "  # those of trends


def against_baseline(values: Sequence[Value], *, baseline: Value) -> tuple[Contrast, ...]:
    """Return each value against the baseline.

    Raises:
        ConfigError: The baseline is not one of the values.

    Example:
        >>> [contrast.name for contrast in against_baseline([1, 2, 3], baseline=2)]
        ['1 vs 2', '3 vs 2']
    """
    return tuple(
        between(values, value=value, baseline=baseline)
        for value in values
        if _index(values, value) != _index(values, baseline)
    )


def sequence(values: Sequence[Value]) -> tuple[Contrast, ...]:
    """Return each value against the one before it.

    Example:
        >>> [contrast.name for contrast in sequence([1, 2, 3])]
        ['2 vs 1', '3 vs 2']
    """
    pairs = zip(values[1:], values, strict=False)
    return tuple(between(values, value=value, baseline=before) for value, before in pairs)


def but_for(contrasts: Sequence[Contrast], *, known: Sequence[Contrast]) -> list[Contrast]:
    """Return the contrasts that are not known yet, in either direction.

    Example:
        >>> known = against_baseline([1, 2, 3], baseline=3)
        >>> [contrast.name for contrast in but_for(sequence([1, 2, 3]), known=known)]
        ['2 vs 1']
    """
    known_weights = {tuple(sign * w for w in one.weights) for one in known for sign in (1, -1)}
    return [contrast for contrast in contrasts if contrast.weights not in known_weights]


def between(values: Sequence[Value], *, value: Value, baseline: Value) -> Contrast:
    """Return one value against another.

    Raises:
        ConfigError: One of them is not one of the values of the factor.
    """
    row = weights.against(
        count=len(values), value=_index(values, value), baseline=_index(values, baseline)
    )
    name = f"{label_of(value)} vs {label_of(baseline)}"
    return Contrast(name=name, weights=tuple(row.tolist()))


def trends(
    values: Sequence[Value], *, factor: str, spacing: Spacing = "linear"
) -> tuple[Contrast, Contrast]:
    """Return the linear and the quadratic trend of an ordered factor.

    Both are scaled as differences: the mean of the values with positive weight minus that of the
    values with negative weight. The quadratic one is positive where the ends score above the
    middle, and always expects no more than a difference.

    Args:
        values: Numbers, three or more different ones.
        factor: Name of the factor.
        spacing: "log2" for factors that multiply, such as a scale ratio.

    Raises:
        ConfigError: A value is not a number, or has no logarithm.
        DataError: Fewer than three different values.
    """
    places = []
    for value in values:
        if isinstance(value, str | bool) or (spacing == "log2" and value <= 0):
            raise ConfigError(
                f"factors.{factor}: {value!r} has no place on a {spacing} axis; remove "
                "`ordered`, or use numbers"
            )
        places.append(math.log2(value) if spacing == "log2" else float(value))
    axis = f"log2 {factor}" if spacing == "log2" else factor
    return (
        Contrast(name=f"{LINEAR}{axis}", weights=tuple(weights.linear(places).tolist())),
        Contrast(
            name=f"{QUADRATIC}{axis}",
            weights=tuple(weights.quadratic(places).tolist()),
            expects="differs",
        ),
    )


def named(
    values: Sequence[Value],
    sums: Mapping[str, Mapping[Value, float]],
    *,
    expects: Mapping[str, Expects] | None = None,
) -> tuple[Contrast, ...]:
    """Return contrasts written as sums over values.

    Args:
        values: The values of the factor.
        sums: Name to value to weight, for example {"sign": {"signed": 1, "sign_free": -1}}.
        expects: Name to hypothesis, where it is not that of the question.

    Raises:
        ConfigError: A sum names an unknown value, or its weights do not sum to 0.
    """
    found = []
    for name, terms in sums.items():
        row = [0.0] * len(values)
        for value, weight in terms.items():
            row[_index(values, value)] += weight
        if abs(sum(row)) > 1e-9 or not any(row):
            raise ConfigError(f"contrasts.{name}: the weights sum to {sum(row):g}, not 0 over some")
        found.append(Contrast(name=name, weights=tuple(row), expects=(expects or {}).get(name)))
    return tuple(found)


def interaction(
    *,
    name: str,
    first: Mapping[Value, float],
    second: Mapping[Value, float],
    is_registered: bool = False,
) -> tuple[tuple[str, ...], Contrast]:
    """Return the cells of two factors and the contrast of contrasts over them.

    Args:
        name: What reports call it.
        first: Value of the first factor to its weight, sum 0.
        second: The same of the second factor.
        is_registered: Whether it was registered; else it is exploratory.
    """
    cells = tuple(cell(a, b) for a in first for b in second)
    row = weights.interaction(list(first.values()), list(second.values()))
    contrast = Contrast(name=name, weights=tuple(row.tolist()), is_exploratory=not is_registered)
    return cells, contrast


def interactions(crossed: Sequence[CrossedFactor], *, is_registered: bool) -> tuple[Contrast, ...]:
    """Contrasts of contrasts of two factors, over all their combinations.

    One per pair of values that are not the baseline: what the value of the first factor adds to
    its baseline, at the value of the second, minus the same at the baseline of the second.

    Args:
        crossed: Both factors.
        is_registered: Whether the file asked; else they are exploratory.

    Example:
        >>> two = [CrossedFactor(factor=f, values=(0, 1), baseline=0) for f in ("a", "b")]
        >>> [(c.name, c.weights) for c in interactions(two, is_registered=True)]
        [('interaction a (1 vs 0) x b (1 vs 0)', (1.0, -1.0, -1.0, 1.0))]
    """
    first, second = crossed
    all_cells = cells_in_order(crossed)
    found = []
    for a, b in itertools.product(
        *([value for value in one.values if value != one.baseline] for one in crossed)
    ):
        name = INTERACTION + " x ".join(
            f"{one.factor} ({label_of(value)} vs {label_of(one.baseline)})"
            for one, value in ((first, a), (second, b))
        )
        cells, contrast = interaction(
            name=name,
            first={first.baseline: -1, a: 1},
            second={second.baseline: -1, b: 1},
            is_registered=is_registered,
        )
        weights = dict(zip(cells, contrast.weights, strict=True))
        found.append(
            Contrast(
                name=name,
                weights=tuple(weights.get(one, 0.0) for one in all_cells),
                is_exploratory=contrast.is_exploratory,
                expects="differs",
            )
        )
    return tuple(found)


def cells_in_order(crossed: Sequence[CrossedFactor]) -> list[str]:
    """Return the combinations of two factors, the second changing fastest."""
    first, second = crossed
    return [cell(a, b) for a, b in itertools.product(first.values, second.values)]


def registered_contrasts(
    values: Sequence[Value],
    *,
    baseline: Value,
    factor: str,
    written: Sequence[str | tuple[str, Sequence[tuple[Value, float]]]],
    trend: Spacing | None = None,
    crossed: Sequence[CrossedFactor] = (),
    is_registered: bool = True,
) -> tuple[Contrast, ...]:
    """The comparisons that a question registers, in their order.

    Args:
        values: Of the factor.
        baseline: One of them.
        factor: Its name.
        written: "baseline" and "sequence", or sums over values by name.
        trend: Axis of the trend, where one is asked for.
        crossed: The two factors of an interaction, which has no other contrasts.
        is_registered: Whether the interaction was asked for; else it is exploratory.
    """
    if crossed:
        return interactions(crossed, is_registered=is_registered)
    found: list[Contrast] = []
    if "baseline" in written:
        found += against_baseline(values, baseline=baseline)
    if "sequence" in written:
        found += but_for(sequence(values), known=found)
    found += named(values, {one[0]: dict(one[1]) for one in written if not isinstance(one, str)})
    if trend:
        found += trends(values, factor=factor, spacing=trend)
    return tuple(found)


def _index(values: Sequence[Value], value: Value) -> int:
    if value not in values:
        names = [label_of(known) for known in values]
        raise ConfigError(
            f"contrasts: {value!r} is not one of the values compared; "
            f"{nearest(label_of(value), names)}"
        )
    return list(values).index(value)
