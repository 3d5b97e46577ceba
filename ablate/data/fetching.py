"""Fetches a data set into a folder beside, checks it, and renames it into place."""

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from ablate.data import single_files
from ablate.data.git_files import Clone, blob_id
from ablate.data.sources import MOST_BYTES, FileSource, GitSource
from ablate.errors import BusyError, ConfigError, FetchError, one_line

Step = Callable[[int, int], None]
RECORD = "ablate-source.json"  # in a fetched set: address, commit, and a hash of every file
ROOM = 2.5  # free bytes over those of the images: they lie there twice before the rename


def fetch(
    source: GitSource | FileSource,
    to: Path,
    *,
    mirror: str | None = None,
    commit: str | None = None,
    step: Step = lambda done, total: None,
) -> Path:
    """Return the folder of a data set, fetched whole; a killed call goes on where it was.

    Args:
        source: Where it comes from.
        to: Folder of data sets; the set becomes a folder in it.
        mirror: Address of a copy.
        commit: Another commit of a git repository.
        step: Called with how many files of how many are there.

    A set that is there already, as it came, is returned as it is.

    Raises:
        ConfigError: The address or the commit is not valid.
        FetchError: There is no room, no answer, no git, other files came than expected, or the
            folder is there and not as it came.
        BusyError: Another call fetches the same set to the same place.
    """
    target = to / source.folder
    _check_words(source, mirror=mirror, commit=commit)
    if target.exists():
        _check_whole(target)
        for left in _working_folders(target):  # of a call that was killed after the rename
            shutil.rmtree(left, ignore_errors=True)
        return target
    _check_room(source, to)
    to.mkdir(parents=True, exist_ok=True)
    work = next(_working_folders(target), None) or _new_working_folder(target)
    try:
        with FileLock(work / "lock", timeout=0):
            _fetch_into(source, work, mirror=mirror, commit=commit, step=step)
            (work / "images").replace(target)
            shutil.rmtree(work)
    except FetchError:
        if not any(path.is_file() for path in work.rglob("*") if path != work / "lock"):
            shutil.rmtree(work, ignore_errors=True)  # nothing to go on with
        raise
    except Timeout:
        raise BusyError(f"{work}: another ablate data fetch works there; wait for it") from None
    return target


def _working_folders(target: Path) -> Iterator[Path]:
    """The folders of calls that were killed: the user's own, which nobody else can have written."""
    for found in sorted(target.parent.glob(f".{target.name}.fetching-*")):
        about = found.lstat()
        is_own = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()
        if is_own and not about.st_mode & 0o077:
            yield found


def _new_working_folder(target: Path) -> Path:
    """A new folder beside the target with a name that nobody can foresee, of mode 700."""
    return Path(tempfile.mkdtemp(prefix=f".{target.name}.fetching-", dir=target.parent))


def _fetch_into(
    source: GitSource | FileSource,
    work: Path,
    *,
    mirror: str | None,
    commit: str | None,
    step: Step,
) -> None:
    """Make the folder `images` in the work folder: all files of the set and its record."""
    images, half = work / "images", work / "half"
    if images.exists():  # it was whole when it got this name
        return
    url = str(Path(mirror).absolute()) if mirror and Path(mirror).exists() else mirror or source.url
    record: dict[str, object] = {"url": url}
    if isinstance(source, GitSource):
        try:
            clone = Clone(work / "git", url)
        except FileNotFoundError:
            raise FetchError("git: not installed; install it and type the command again") from None
        record["commit"] = found = clone.commit(commit or source.commit)
        files = clone.images(found, tuple(source.counts))
        _check_counts(files, source, url)
        clone.fetch(tuple(files.values()), step=step)
        sizes = clone.sizes(files)
        if large := [name for name, size in sizes.items() if size > MOST_BYTES]:
            shutil.rmtree(work / "git")
            raise FetchError(
                f"{url}: {one_line(large[0])} has {sizes[large[0]]:,} bytes, more than "
                f"{MOST_BYTES:,}; name another copy with --mirror URL"
            )
        shutil.rmtree(half, ignore_errors=True)
        clone.write(files, half)
        record["files"] = files
    else:
        single_files.fetch(source.files, url=url, folder=half, step=step)
        files = {name: _sha256(half / name) for name in source.files}
        if files != dict(source.files):
            raise FetchError(f"{half}: files have changed since they came; remove this folder")
        _check_counts(files, source, url)
        record["files"] = files
    with (half / RECORD).open("w", encoding="utf-8") as file:
        json.dump(record, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.sync()
    half.replace(images)


def _check_whole(folder: Path) -> None:
    """Raise FetchError unless a folder has all files of its record, as they came."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files, hashed = dict(record["files"]), _blob if "commit" in record else _sha256
    except (OSError, ValueError, KeyError, TypeError):
        raise FetchError(
            f"{folder}: exists and was not fetched by ablate; remove it or name another --to"
        ) from None
    other = [
        name
        for name, value in files.items()
        if not (folder / name).is_file() or hashed(folder / name) != value
    ]
    if other:
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        raise FetchError(
            f"{folder}: {other[0]}{more} changed or gone since it was fetched; remove the folder "
            "and type the command again"
        )


def _check_counts(files: Mapping[str, str], source: GitSource | FileSource, url: str) -> None:
    found = dict.fromkeys(source.counts, 0)
    for path in files:
        found[path.rpartition("/")[0]] = found.get(path.rpartition("/")[0], 0) + 1
    if found != dict(source.counts):
        have, wanted = (
            ", ".join(f"{name} {count}" for name, count in sorted(some.items()))
            for some in (found, source.counts)
        )
        raise FetchError(f"{url}: has {have}, expected {wanted}; name a copy with --mirror URL")


def _check_room(source: GitSource | FileSource, to: Path) -> None:
    there = next(path for path in (to.absolute(), *to.absolute().parents) if path.exists())
    needed, free = source.megabytes * ROOM, shutil.disk_usage(there).free / 10**6
    if free < needed:
        raise FetchError(
            f"{to}: {free:.0f} MB are free, fetching {source.folder} takes {needed:.0f}; free "
            "space or name another --to"
        )


def _check_words(source: GitSource | FileSource, *, mirror: str | None, commit: str | None) -> None:
    """Raise ConfigError for an address or a commit that git would take for something else."""
    if mirror is not None and (mirror.startswith("-") or "::" in mirror):
        raise ConfigError(f"--mirror: {mirror!r} is not an address; give a URL or a path")
    if commit is not None and isinstance(source, FileSource):
        raise ConfigError(f"--commit: {source.folder} is not fetched by git; leave it out")
    if commit is not None and not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
        raise ConfigError(f"--commit: {commit!r} is not a commit; give all 40 hex digits of its id")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blob(path: Path) -> str:
    return blob_id(path.read_bytes())
