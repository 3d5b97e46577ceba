"""Fingerprints of this program's code, each for a use of its own.

| function | covers | used for |
|---|---|---|
| `numeric_code` | files that results depend on, by their meaning | the environment of a run |
| `numeric_hash` | the same files, by their bytes | cached timings; stores of earlier versions |
| `program_hash` | the whole package as installed | the origin that a report states |
| `git_revision` | the commit of the package | the origin that a report and MLflow state |
"""

import ast
import functools
import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

PACKAGE = Path(__file__).resolve().parent
NUMERIC_FOLDERS: Final = (
    "data",
    "imaging",
    "losses",
    "metrics",
    "models",
    "settings",
    "training",
)
NUMERIC_FILES: Final = ("identity.py",)  # derives the seeds
HASH_LETTERS: Final = 12


def numeric_code() -> dict[str, str]:
    """Return file -> hash of its meaning, for the parts of this package that results depend on."""
    files = [*_numeric_files(), *(PACKAGE / name for name in NUMERIC_FILES)]
    return {path.relative_to(PACKAGE).as_posix(): meaning(path) for path in sorted(files)}


@functools.cache
def numeric_code_at_start() -> Mapping[str, str]:
    """Return `numeric_code` as it was at the first call of this process: the code that it runs."""
    return numeric_code()


@functools.cache
def numeric_hash() -> str:
    """Return the hash of the bytes of the code that results depend on."""
    found = hashlib.sha256()
    for path in _numeric_files():
        found.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
        found.update(path.read_bytes())
    return found.hexdigest()[:HASH_LETTERS]


def program_hash() -> str:
    """Return the hash of the whole package as it is installed, uncommitted changes included."""
    found = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in {".py", ".yaml", ".j2"}:
            found.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:HASH_LETTERS]


@functools.cache
def git_revision() -> str:
    """Return the git revision of the package, "+dirty" where it was changed, or "unknown"."""
    alone = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
    git = ["git", "-C", str(PACKAGE), *alone]
    try:
        if subprocess.run(  # noqa: S603 -- git, with a path of ours
            [*git, "ls-files", "--error-unmatch", str(PACKAGE / "__init__.py")],
            capture_output=True,
            check=False,
        ).returncode:
            return "unknown"
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, check=True)  # noqa: S603 -- git
        changed = subprocess.run(  # noqa: S603 -- git
            [*git, "status", "--porcelain", "--", str(PACKAGE)], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.decode().strip() + ("+dirty" if changed.stdout.strip() else "")


def meaning(path: Path) -> str:
    """Return the hash of a Python file without comments, docstrings and formatting."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_LETTERS]
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=[ast.Expr(value=ast.Constant(value=str())), *rest])
                | ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest])
                | ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest])
            ):
                node.body = rest
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:HASH_LETTERS]


def _numeric_files() -> Iterator[Path]:
    for part in NUMERIC_FOLDERS:
        yield from sorted((PACKAGE / part).rglob("*.py"))
