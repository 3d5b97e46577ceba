"""Plug-ins of a user's own project: the Python files of its plugins/ folder, imported once.

They register members as the packaged ones do. Only files that lie there are imported; no YAML
file names them. A worker imports them before its first run.
"""

import importlib.util
import sys
import traceback
from pathlib import Path

from ablate.errors import AblateError, ConfigError

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
        at, line = f"{FOLDER}/{path.name}", line_of(error, path)
        said = str(error) if isinstance(error, AblateError) else f"{type(error).__name__}: {error}"
        return f"{at}:{line}: {said}" if line else f"{at}: {said}"
    return None


def line_of(error: BaseException, path: Path) -> int | None:
    """Return the last line of a file that an error passed, None where it passed none."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno for frame in frames if frame.filename == str(path)]
    return numbers[-1] if numbers else None


def place_of(error: BaseException, project: Path | None = None) -> str:
    """Return "plugins/my.py:12" for an error that passed a plug-in, "" for any other."""
    for path in sorted(((project or Path.cwd()) / FOLDER).glob("*.py")):
        if (line := line_of(error, path)) and not isinstance(error, SyntaxError):
            return f"{FOLDER}/{path.name}:{line}"
    return ""
