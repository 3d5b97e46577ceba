"""Folders of a git repository without its history and without its other folders."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ablate.data.decode import SUFFIXES
from ablate.data.sources import MOST_BYTES
from ablate.errors import FetchError, one_line

Step = Callable[[int, int], None]
BATCH: Final = 64  # files asked for at once: what a kill can lose
_KEPT: Final = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_PROXY_SSL_CAINFO")  # whom it trusts
_ALONE: Final = (  # no program but git runs, whatever a configuration names
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.askPass=",
    "core.sshCommand=ssh",
    "core.gitProxy=",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    "fetch.fsckObjects=true",
)
_LAZY: Final = ("-c", "fetch.negotiationAlgorithm=noop")  # as git itself fetches missing blobs


class Clone:
    """A bare repository that holds one commit and, after `fetch`, the blobs of some folders.

    Everything in it is named by its own hash, so that a killed `fetch` goes on where it was.

    Args:
        folder: Where it is kept; made when absent.
        url: Address of the repository, or a path.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("config", "config.worktree"):  # only ours is read
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "hooks", ignore_errors=True)
        for lock in folder.glob("**/*.lock"):  # of a git that was killed; nobody else works here
            lock.unlink(missing_ok=True)
        self._git("init", "--quiet", "--template=", "--bare", ".")
        for name, value in (
            ("url", url),
            ("promisor", "true"),
            ("partialclonefilter", "blob:none"),
        ):
            self._git("config", f"remote.origin.{name}", value)

    def commit(self, wanted: str | None) -> str:
        """Return the id of a commit after its tree was fetched; None is the default branch.

        Raises:
            FetchError: The address does not answer, or has no such commit.
        """
        if wanted is not None and self._has(wanted):
            return wanted
        self._fetch("--depth", "1", "origin", wanted or "HEAD", wanted=wanted)
        return self._git("rev-parse", "--verify", "FETCH_HEAD^{commit}").decode().strip()

    def images(self, commit: str, folders: Sequence[str]) -> dict[str, str]:
        """Return path -> blob id of the image files of some folders, by path.

        Raises:
            FetchError: The commit has none of these folders.
        """
        listed = self._git("ls-tree", "-r", "-z", commit, "--", *(f"{name}/" for name in folders))
        found: dict[str, str] = {}
        for entry in filter(None, listed.split(b"\0")):
            about, _, path = entry.partition(b"\t")
            mode, kind, blob = about.decode().split()
            name = os.fsdecode(path)
            if not is_below(name):
                raise FetchError(
                    f"{self._url}: has a file that would lie elsewhere ({one_line(name)}); name "
                    "another copy with --mirror URL"
                )
            if kind == "blob" and mode != "120000" and _is_image(name):
                found[name] = blob
        return dict(sorted(found.items()))

    def fetch(self, blobs: Sequence[str], *, step: Step) -> None:
        """Fetch the blobs that are missing, some at a time.

        Raises:
            FetchError: The address does not answer.
        """
        missing = self._missing(blobs)
        done = len(blobs) - len(missing)
        step(done, len(blobs))
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            self._fetch("--stdin", "origin", given="".join(f"{blob}\n" for blob in some))
            done += len(some)
            step(done, len(blobs))

    def write(self, files: Mapping[str, str], folder: Path) -> None:
        """Write blobs as files below a folder, each checked against its id.

        Raises:
            FetchError: A blob is missing or damaged.
        """
        for some in _batches(list(files), self.sizes(files)):
            asked = "".join(f"{files[name]}\n" for name in some)
            rest = self._git("cat-file", "--batch", given=asked)
            for name in some:  # of each blob: "ID blob SIZE", its bytes, a line's end
                head, _, rest = rest.partition(b"\n")
                size = int(head.split()[2]) if head.count(b" ") == 2 else 0
                content, rest = rest[:size], rest[size + 1 :]
                if blob_id(content) != files[name]:
                    raise FetchError(f"{self._folder}: {name} is damaged; remove this folder")
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def sizes(self, files: Mapping[str, str]) -> dict[str, int]:
        """Return path -> bytes of files whose blobs have been fetched; nothing is unpacked.

        Raises:
            FetchError: A blob is missing.
        """
        asked = "".join(f"{blob}\n" for blob in files.values())
        words = ("cat-file", "--batch-check=%(objectsize)", "--buffer")
        sizes = self._git(*words, given=asked).decode().splitlines()
        if missing := [name for name, size in zip(files, sizes, strict=True) if not size.isdigit()]:
            raise FetchError(f"{self._folder}: {missing[0]} is missing; remove this folder")
        return {name: int(size) for name, size in zip(files, sizes, strict=True)}

    def _missing(self, blobs: Sequence[str]) -> list[str]:
        """Return the blobs that are not there; asking for one by one would fetch it."""
        packed = self._git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        there = set(packed.decode().split())
        return [blob for blob in dict.fromkeys(blobs) if blob not in there]

    def _has(self, commit: str) -> bool:
        packed = self._git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        return commit in packed.decode().split()

    def _fetch(self, *words: str, given: str = "", wanted: str | None = None) -> None:
        done = self._run(
            *_LAZY,
            "fetch",
            "--quiet",
            "--no-tags",
            "--recurse-submodules=no",
            "--filter=blob:none",
            *(("--no-write-fetch-head",) if given else ()),
            *words,
            given=given,
        )
        if done.returncode == 0:
            return
        said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
        if any("No space left" in line for line in said):
            raise FetchError(f"{self._folder}: the disk is full; free space, then type it again")
        why = next((line for line in said if line.startswith(("fatal:", "error:"))), said[-1])
        why = why.rpartition("': ")[2]  # git repeats the address
        if wanted and any("not our ref" in line or "remote ref" in line for line in said):
            raise FetchError(f"{self._url}: has no commit {wanted}; name a copy with --mirror URL")
        raise FetchError(
            f"{self._url}: does not answer ({one_line(why, longest=120)}); "
            "check the network and type the same command again, or name a copy with --mirror URL"
        )

    def _git(self, *words: str, given: str = "") -> bytes:
        done = self._run(*words, given=given)
        if done.returncode:
            why = one_line(done.stderr.decode(errors="replace").strip(), longest=160)
            raise FetchError(f"{self._folder}: git {words[0]} failed ({why}); remove this folder")
        return done.stdout

    def _run(self, *words: str, given: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 -- git, whose words are ours and a checked address
            [  # noqa: S607 -- the user's git
                "git",
                "-C",
                str(self._folder),
                *(word for setting in _ALONE for word in ("-c", setting)),
                *words,
            ],
            input=given.encode(),
            capture_output=True,
            env=_environment(),
            check=False,
        )


def _environment() -> dict[str, str]:
    """Return the environment of git: no questions, no configuration of others, English."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GIT_", "SSH_ASKPASS")) or key in _KEPT
    }
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_DIR": ".",
        "LC_ALL": "C",
    }


def _batches(names: Sequence[str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield names, some at a time: few enough to be held in memory."""
    some: list[str] = []
    for name in names:
        if len(some) == BATCH or (some and sum(sizes[one] for one in [*some, name]) > MOST_BYTES):
            yield some
            some = []
        some.append(name)
    if some:
        yield some


def is_below(name: str) -> bool:
    """Whether a path, taken relative to a folder, lies in it."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and not {"..", "."} & set(name.split("/"))


def _is_image(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def blob_id(content: bytes) -> str:
    """Return the id that git gives a file of these contents."""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()
