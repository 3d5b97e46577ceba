"""The two ends of an ablation: the baseline, and the best that it is to be compared with."""

from collections.abc import Mapping
from typing import Any

from ablate.config.schema import Factor
from ablate.designs.contract import free
from ablate.errors import ConfigError


def best_values(
    factors: Mapping[str, Factor], best: Mapping[str, Any] | None, *, where: str
) -> dict[str, Any]:
    """Return the best value of every free factor whose best is not its baseline.

    Args:
        factors: The factors of the study.
        best: Factor -> value; a factor that is not named stays at its baseline. None means the
            other value of every factor, which needs two values each.
        where: Path of the option, for messages.

    Raises:
        ConfigError: None was given and a factor has more than two values, or nothing changes.
    """
    if best is None:
        many = [name for name in free(factors) if len(factors[name].values) != 2]
        if many:
            raise ConfigError(
                f"{where}: is missing; {many[0]!r} has {len(factors[many[0]].values)} values, so "
                f"say which one is best, for example best: {{{many[0]}: "
                f"{factors[many[0]].values[-1]}}}"
            )
        return {
            name: next(v for v in factors[name].values if v != factors[name].baseline)
            for name in free(factors)
        }
    changed = {
        name: best[name]
        for name in free(factors)
        if name in best and best[name] != factors[name].baseline
    }
    if not changed:
        raise ConfigError(f"{where}: changes nothing from the baseline; name another value")
    return changed
