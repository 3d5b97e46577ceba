"""Any text as an expression: it has a value at any values of its names, or is a ConfigError."""

from collections.abc import Callable
from typing import Any

from ablate.config.expressions import MissingNameError, parse
from ablate.errors import ConfigError

VALUES: tuple[Any, ...] = (2, 0, -1.5, 1e308, float("inf"), True, None, "sobel", "", [1, "a"], [])


def check(content: bytes) -> None:
    """Assert that the text is computed or refused, whatever its names stand for."""
    text = content.decode("utf-8", "surrogateescape")
    try:
        expression = parse(text)
    except ConfigError:
        return
    assert all(not part.startswith("_") for name in expression.names for part in name.split("."))
    for value in VALUES:
        try:
            result = expression.evaluate(_constant(value))
        except ConfigError:
            continue
        assert result is None or isinstance(result, (bool, int, float, str, list)), result
    try:
        expression.evaluate(_missing)
    except (ConfigError, MissingNameError):
        return


def _constant(value: Any) -> Callable[[str], Any]:
    return lambda name: value


def _missing(name: str) -> Any:
    raise MissingNameError(name)
