"""Paths as a user writes them, and users whom the system does not know."""

import getpass
import os
import pwd
from pathlib import Path

from ablate.errors import ConfigError

NOWHERE = "/nonexistent"  # no folder that somebody else could fill


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


def user_name(uid: int) -> str:
    """Return the name of a user, its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def set_absent() -> None:
    """Set HOME and LOGNAME where the system knows neither, since libraries ask for them."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = NOWHERE
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = str(os.getuid())
