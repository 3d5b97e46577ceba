"""The text of a repository: its Python files as trees, its settings files, the page about it."""

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from ablate.errors import DataError
from ablate.settings.command import SUFFIXES
from ablate.settings.python_places import PythonPlace, parse, places, statements

MOST_FILES: Final = 3000  # of code and settings
LARGEST: Final = 2**20  # bytes of one of them
PASSED_OVER: Final = ("node_modules", "site-packages", "build", "dist", "venv", "env", "wandb")


@dataclass(frozen=True, kw_only=True)
class Python:
    """A Python file.

    Args:
        path: From the folder of the repository.
        text: What it holds.
        tree: That as a tree.
    """

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def places(self) -> list[PythonPlace]:
        """Where values can be put."""
        return places(self.tree)

    @cached_property
    def is_script(self) -> bool:
        """Whether running it does something: `if __name__ ...`, or a loop of the module itself."""
        return any(
            isinstance(one, ast.For | ast.While | ast.With)
            or (isinstance(one, ast.If) and "__name__" in ast.dump(one.test))
            for one in self.tree.body
        )

    def calls(self) -> Iterator[str]:
        """Yield the last name of everything that is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                name = node.func
                if isinstance(name, ast.Attribute):
                    yield name.attr
                elif isinstance(name, ast.Name):
                    yield name.id


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository as it was read.

    Args:
        root: Its folder.
        python: Path -> Python file.
        settings: Path -> text of YAML, JSON, INI and TOML files.
        about: The README at its top, "" for none.
        remarks: What could not be read, a line each.
    """

    root: Path
    python: Mapping[str, Python]
    settings: Mapping[str, str]
    about: str = ""
    remarks: Sequence[str] = field(default_factory=list)

    def reached(self, path: str) -> dict[str, Python]:
        """Return a Python file and those of the repository that it imports, however far."""
        found: dict[str, Python] = {}
        todo = [path]
        folder = str(PurePosixPath(path).parent)
        while todo:
            at = todo.pop()
            if at not in found and at in self.python:
                found[at] = self.python[at]
                todo += self._imported(self.python[at], folder)
        return found

    def _imported(self, file: Python, folder: str) -> Iterator[str]:
        here = PurePosixPath(file.path).parent
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Import):
                names = [(0, one.name) for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                module = f"{node.module}." if node.module else ""
                names = [(node.level, f"{module}{one.name}") for one in node.names]
                names += [(node.level, node.module)] if node.module else []
            else:
                continue
            for level, name in names:
                roots = [here, *here.parents][level - 1 : level] if level else []
                for root in roots or (PurePosixPath(folder), PurePosixPath(), here):
                    yield from self._modules(root, name)

    def _modules(self, root: PurePosixPath, name: str) -> Iterator[str]:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            at = root.joinpath(*parts[:count])
            for path in (f"{at}.py", str(at / "__init__.py")):
                if path in self.python:
                    yield path


def read(root: Path) -> Repository:
    """Return what a folder holds; links are not followed, and nothing is run.

    Raises:
        DataError: There is no such folder, no Python in it, or far too many files.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; name that of a repository")
    python, settings, remarks = {}, {}, []
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        try:
            if path.stat().st_size > LARGEST:
                remarks.append(f"{name}: more than {LARGEST // 2**20} MiB; left out")
                continue
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            remarks.append(f"{name}: cannot be read ({type(error).__name__}); left out")
            continue
        if path.suffix != ".py":
            settings[name] = text
            continue
        try:
            python[name] = Python(path=name, text=text, tree=parse(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            remarks.append(f"{name}:{line}: is not Python 3; left out")
    if not python:
        why = f" that can be read ({remarks[0]})" if remarks else ""
        raise DataError(f"{root}: holds no Python{why}; name the folder of the code")
    return Repository(
        root=root, python=python, settings=settings, about=_about(root), remarks=remarks
    )


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(
            one for one in inner if one not in PASSED_OVER and not one.startswith((".", "__py"))
        )
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in (".py", *SUFFIXES) and path.is_file() and not path.is_symlink():
                found.append(path)
        if len(found) > MOST_FILES:
            raise DataError(
                f"{root}: more than {MOST_FILES} files of code and settings; name the folder of "
                "the training alone"
            )
    return found


def _about(root: Path) -> str:
    for name in ("README.md", "readme.md", "Readme.md", "README.rst", "README.txt", "README"):
        path = root / name
        if path.is_file() and path.stat().st_size <= LARGEST:
            return path.read_text("utf-8", "replace")
    return ""


def functions(
    file: Python,
) -> Iterator[
    tuple[tuple[str, ...], ast.FunctionDef | ast.AsyncFunctionDef | None, list[ast.stmt]]
]:
    """Yield scope, function and statements of a module and of all that is defined in it.

    A class has no function of its own: None, as for the module.
    """

    def inner(
        scope: tuple[str, ...], body: Sequence[ast.stmt]
    ) -> Iterator[
        tuple[tuple[str, ...], ast.FunctionDef | ast.AsyncFunctionDef | None, list[ast.stmt]]
    ]:
        for one in statements(body):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                at = (*scope, one.name)
                function = None if isinstance(one, ast.ClassDef) else one
                yield at, function, list(statements(one.body))
                yield from inner(at, one.body)

    yield (), None, list(statements(file.tree.body))
    yield from inner((), file.tree.body)
