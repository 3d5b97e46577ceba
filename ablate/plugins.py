"""Plug-ins of a user's own project: the Python files of its plugins/ folder, imported once.

They register members as the packaged ones do. Only files that lie there are imported; no YAML
file names them. A worker imports them before its first run.
"""

import importlib.util
import sys
import traceback
from pathlib import Path

from ablate.errors import ConfigError

FOLDER = "plugins"
PACKAGE = "ablate_plugins"


def load(project: Path | None = None) -> tuple[Path, ...]:
    """Import every plug-in file of a project that has not been imported, and return the files.

    Args:
        project: The user's folder; the current one if absent.

    Raises:
        ConfigError: Files that cannot be imported, with the line, all of them together.
    """
    folder = (project or Path.cwd()) / FOLDER
    files = tuple(path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py")
    faults = [fault for path in files if (fault := _import(path)) is not None]
    if faults:
        raise ConfigError(*faults)
    return files


def _import(path: Path) -> str | None:
    """Return what is wrong with a file, None when it is imported."""
    name = f"{PACKAGE}.{path.stem}"
    if name in sys.modules:
        return None
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file raises
        del sys.modules[name]
        return f"{FOLDER}/{path.name}{_line(error, path)}: {type(error).__name__}: {error}"
    return None


def _line(error: Exception, path: Path) -> str:
    """Return ":12" for the last line of the file that the error passed."""
    if isinstance(error, SyntaxError):
        return f":{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f":{numbers[-1]}" if numbers else ""
