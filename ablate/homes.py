"""Paths as a user writes them."""

from pathlib import Path

from ablate.errors import ConfigError


def expanded(text: str | Path) -> Path:
    """Return a path with the home folder in the place of a leading ~.

    Raises:
        ConfigError: There is no such folder, as for a user without HOME and without a name.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"{text}: has no home folder to stand for ~; give the path from / on, or set HOME"
        ) from None
