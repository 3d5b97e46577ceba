"""Somebody's code, read and never written: which state it is in, and copies of that state.

Under git the state is the commit and what differs from it, files that git does not know and does
not ignore among them; else the contents of all files. Nothing is written into the repository, its
folder `.git` included: git is asked for facts without taking locks, and copies are plain folders.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from ablate.errors import ConfigError, one_line
from ablate.identity import digest
from ablate.settings.command import AS_IS, CommandSettings
from ablate.training.tasks.command.process import interpreter
from ablate.writing import write_json

FOLDER: Final = "repository"  # in the folder of a study: copies of the code, as it was begun with
STATE: Final = "state.json"
DIFF: Final = "changes.diff"
NO_CODE: Final = (".git", "__pycache__", ".venv")
HASH_LETTERS: Final = 12
_GIT: Final = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_PACKAGES: Final = (
    "import json, importlib.metadata as m, platform; "
    "print(json.dumps([platform.python_version(), sorted({(d.metadata['Name'] or '').lower() + ' '"
    " + d.version for d in m.distributions()})]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Code that runs are made with.

    Args:
        settings: Where it lies, its variants, and the files beside it.
        project: The folder that paths of the study begin in.
    """

    settings: CommandSettings
    project: Path

    @property
    def path(self) -> Path:
        """Its folder."""
        return (self.project / Path(self.settings.repo).expanduser()).resolve()

    def check(self) -> None:
        """Raise ConfigError where there is no such folder, or no such patch or interpreter."""
        faults = []
        if not self.path.is_dir():
            faults.append(f"task.repo: {self.settings.repo}: no such folder")
        for name, one in self.settings.variants.items():
            if one.patch and not (self.project / one.patch).is_file():
                faults.append(f"task.variants.{name}.patch: {one.patch}: no such file")
        if shutil.which(interpreter(self.settings.python)) is None:
            faults.append(f"task.python: {self.settings.python}: no such interpreter")
        for name in self.settings.files:
            if not (self.path / name).exists():
                faults.append(f"task.files: the repository has no {name}")
        if faults:
            raise ConfigError(*faults)

    def state(self) -> dict[str, str]:
        """Return what numbers of runs depend on, as name -> value.

        Raises:
            ConfigError: The folder, a patch, a commit or the interpreter is not there.
        """
        self.check()
        return {"repository": self._code(), **self._variants(), **self._files(), **self._python()}

    def copy(self, into: Path) -> None:
        """Write the code as it is and every variant into a folder that is there, each by its name.

        Raises:
            ConfigError: A patch does not apply, or a commit is not there.
        """
        self.check()
        self._copy_as_is(into / folder_of(AS_IS))
        for name, one in self.settings.variants.items():
            target = into / folder_of(name)
            if one.ref:
                self._copy_commit(name, one.ref, target)
            else:
                shutil.copytree(into / folder_of(AS_IS), target, symlinks=True)
                self._patch(name, one.patch, target)

    def changes(self) -> bytes:
        """Return what differs from the commit, as a patch; empty without git."""
        if not self._is_git():
            return b""
        return self._git("diff", "--no-ext-diff", "--no-textconv", "--binary", "HEAD", "--", ".")

    def _code(self) -> str:
        if not self._is_git():
            return f"files {self._hash(self._every_file())}"
        commit = self._git("rev-parse", "HEAD").decode().strip()[:HASH_LETTERS]
        others = [one for one in self._listed("--others", "--exclude-standard") if one]
        changes = self.changes()
        if not changes and not others:
            return commit
        found = hashlib.sha256(changes + self._hash(others).encode()).hexdigest()[:HASH_LETTERS]
        return f"{commit} with changes {found}"

    def _variants(self) -> dict[str, str]:
        found = {}
        for name, one in self.settings.variants.items():
            if one.patch:
                content = (self.project / one.patch).read_bytes()
                found[f"patch {name}"] = hashlib.sha256(content).hexdigest()[:HASH_LETTERS]
            else:
                found[f"ref {name}"] = self._commit(name, one.ref)[:HASH_LETTERS]
        return found

    def _files(self) -> dict[str, str]:
        return {
            f"file {name}": self._hash(
                [Path(name)]
                if (self.path / name).is_file()
                else [one.relative_to(self.path) for one in sorted((self.path / name).rglob("*"))]
            )
            for name in self.settings.files
        }

    def _python(self) -> dict[str, str]:
        program = interpreter(self.settings.python)
        try:
            done = subprocess.run(  # noqa: S603 -- an interpreter of the user
                [program, "-c", _PACKAGES], capture_output=True, text=True, check=True, timeout=120
            )
            version, packages = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            why = one_line(str(error), longest=120)
            raise ConfigError(f"task.python: {program} does not list its packages: {why}") from None
        pairs = (one.split(" ", 1) for one in packages)
        return {"its python": version, **{f"its {name}": number for name, number in pairs if name}}

    def _is_git(self) -> bool:
        """Return whether git knows this folder; one inside a repository that ignores it is not."""
        try:
            self._git("rev-parse", "HEAD")
        except ConfigError:
            return False
        return bool(self._listed("--cached", "--others", "--exclude-standard"))

    def _listed(self, *which: str) -> list[Path]:
        return [
            Path(os.fsdecode(one))
            for one in self._git("ls-files", "-z", *which).split(b"\0")
            if one
        ]

    def _git(self, *words: str) -> bytes:
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        try:
            done = subprocess.run(  # noqa: S603 -- git
                [*_GIT, "-C", str(self.path), *words],
                capture_output=True,
                check=True,
                env=environment,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"") or str(error).encode()
            why = one_line(said.decode(errors="replace").strip(), longest=200)
            raise ConfigError(f"task.repo: {self.settings.repo}: git {words[0]}: {why}") from None
        return done.stdout

    def _commit(self, name: str, ref: str) -> str:
        try:
            return self._git("rev-parse", "--verify", f"{ref}^{{commit}}").decode().strip()
        except ConfigError:
            text = f"task.variants.{name}.ref: the repository has no commit, tag or branch {ref}"
            raise ConfigError(text) from None

    def _every_file(self) -> list[Path]:
        """Return the files of a folder without git; where data go is left out."""
        places = [
            self.path / folder
            for one in self.settings.data.values()
            for folder in (one.infrared, one.visible)
        ]
        found = []
        for folder, names, files in os.walk(self.path):
            names[:] = [
                name for name in names if name not in NO_CODE and Path(folder, name) not in places
            ]
            links = [name for name in names if Path(folder, name).is_symlink()]
            found += [Path(folder, name).relative_to(self.path) for name in (*files, *links)]
        return sorted(found)

    def _hash(self, files: list[Path]) -> str:
        found = hashlib.sha256()
        for name in files:
            path = self.path / name
            found.update(os.fsencode(name) + b"\0")
            if path.is_symlink():
                found.update(os.fsencode(path.readlink()))
            elif path.is_file():
                with path.open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
        return found.hexdigest()[:HASH_LETTERS]

    def _copy_as_is(self, target: Path) -> None:
        target.mkdir()
        files = (
            self._listed("--cached", "--others", "--exclude-standard")
            if self._is_git()
            else self._every_file()
        )
        for name in dict.fromkeys(files):
            source, copied = self.path / name, target / name
            if not source.exists() and not source.is_symlink():
                continue  # deleted, and not yet committed
            copied.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir() and not source.is_symlink():  # a submodule
                shutil.copytree(
                    source, copied, symlinks=True, ignore=shutil.ignore_patterns(".git")
                )
            else:
                shutil.copy2(source, copied, follow_symlinks=False)

    def _copy_commit(self, name: str, ref: str, target: Path) -> None:
        content = self._git("archive", "--format=tar", self._commit(name, ref))
        target.mkdir()
        with tarfile.open(fileobj=BytesIO(content)) as archive:
            archive.extractall(target, filter="tar")

    def _patch(self, name: str, patch: str, target: Path) -> None:
        """Apply a patch to a copy, which lies in no repository that git could find."""
        done = subprocess.run(  # noqa: S603 -- git
            [*_GIT, "apply", "--whitespace=nowarn", str((self.project / patch).resolve())],
            cwd=target,
            capture_output=True,
            check=False,
            env={
                **os.environ,
                "GIT_DIR": os.devnull,
                "GIT_CEILING_DIRECTORIES": str(target.parent),
            },
        )
        if done.returncode:
            why = one_line(done.stderr.decode(errors="replace").strip(), longest=300)
            raise ConfigError(f"task.variants.{name}.patch: {patch} does not apply: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A copy of a repository with its variants, and the state that it was made of."""

    folder: Path
    state: Mapping[str, str]

    def variant(self, name: str) -> Path:
        """Return the folder of a variant."""
        return self.folder / folder_of(name)


def folder_of(variant: str) -> str:
    """Return the folder of a variant: its name may be any text."""
    return variant if variant == AS_IS else f"variant-{digest(variant)}"


def keep(repository: Repository, study: Path) -> Kept:
    """Copy a repository into the folder of a study, unless that has this state of it already."""
    state = repository.state()
    target = study / FOLDER
    found = kept(study)
    if found is not None and found.state == state:
        return found
    fresh = Path(tempfile.mkdtemp(prefix=".repository-", dir=study))
    try:
        repository.copy(fresh)
        (fresh / DIFF).write_bytes(repository.changes())
        write_json(fresh / STATE, state)
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Kept(folder=target, state=state)


def kept(study: Path) -> Kept | None:
    """Return the copy in the folder of a study, None where there is none."""
    try:
        state = json.loads((study / FOLDER / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return Kept(folder=study / FOLDER, state=state)


@contextlib.contextmanager
def borrowed(repository: Repository) -> Iterator[Kept]:
    """Yield a copy that is gone afterwards, for a run outside of a store."""
    with tempfile.TemporaryDirectory(prefix="ablate-repository-") as place:
        repository.copy(Path(place))
        yield Kept(folder=Path(place), state={})
