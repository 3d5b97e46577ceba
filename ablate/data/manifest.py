"""What a data set is made of, and the hash that says whether it is still the same."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.data.problems import Problem
from ablate.errors import DataError, one_line
from ablate.identity import digest

LARGEST_BYTES = 64_000_000
LONGEST_NAME = 400
SPLITS = ("train", "val", "test")
_KEYS = {"label", "hash", "counts", "splits", "files"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Files (or generator settings), splits and groups of a data set.

    `files` maps a name to a content hash; paths of the machine are not in it.
    """

    label: str  # what reports call it, for example "MSRS-mini"
    files: Mapping[str, str]
    splits: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, str] = field(default_factory=dict)  # by stem; empty: each image is its own

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of pairs per split."""
        return {split: len(stems) for split, stems in self.splits.items()}

    @property
    def hash(self) -> str:
        """Return the hash of all contents, splits and groups."""
        return digest(
            {
                "files": dict(self.files),
                "splits": {split: list(stems) for split, stems in self.splits.items()},
                **({"groups": dict(self.groups)} if self.groups else {}),
            }
        )

    def group_counts(self) -> dict[str, int]:
        """Return the number of groups per split; each image is one where none are known."""
        return {
            split: len({self.groups.get(stem, stem) for stem in stems})
            for split, stems in self.splits.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, the hash included."""
        return {
            "label": self.label,
            "hash": self.hash,
            "counts": self.counts,
            "splits": {split: list(stems) for split, stems in self.splits.items()},
            "files": dict(self.files),
            **({"groups": dict(self.groups)} if self.groups else {}),
        }

    def write(self, path: Path) -> None:
        """Write `to_json` to a file, whose folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read a manifest from a file that `write` made.

        Raises:
            DataError: The file cannot be read or is not a manifest; one that was changed by hand
                does not fit its own hash.
        """
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}; check the path") from None
        if len(content) > LARGEST_BYTES:
            raise DataError(
                f"{path}: is larger than {LARGEST_BYTES // 10**6} MB; is it a manifest?"
            )
        try:
            return cls.parse(content)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}: is not a manifest ({one_line(str(error), longest=120)}); write it anew: "
                f"ablate data verify NAME FOLDER --manifest {path}"
            ) from None

    @classmethod
    def parse(cls, content: bytes) -> "Manifest":
        """Return the manifest of a JSON text.

        Raises:
            ValueError: The text is not a manifest.
        """
        raw = json.loads(content, parse_constant=str)
        given = set(raw) - {"groups"} if isinstance(raw, dict) else set()
        if given != _KEYS or not _is_name(raw["label"]):
            raise ValueError(f"its keys must be {', '.join(sorted(_KEYS))}")
        splits, files = raw["splits"], raw["files"]
        if not isinstance(splits, dict) or not set(splits) <= set(SPLITS):
            raise ValueError(f"its splits must be of {', '.join(SPLITS)}")
        stems = [stem for part in splits.values() for stem in _list(part)]
        if not isinstance(files, dict) or not all(map(_is_name, files.values())):
            raise ValueError("its files must map names to hashes")
        wrong = [name for name in (*stems, *files) if not _is_name(name) or _leaves(name)]
        if wrong:
            raise ValueError(f"{one_line(str(wrong[0]), longest=60)!r} is not the name of a pair")
        if len(set(stems)) < len(stems):
            raise ValueError("a pair stands in it twice")
        groups = raw.get("groups", {})
        if not isinstance(groups, dict) or not all(map(_is_name, groups.values())):
            raise ValueError("its groups must map names of pairs to names of groups")
        if groups and set(groups) != set(stems):
            raise ValueError("its groups must be those of the pairs in its splits")
        made = cls(
            label=raw["label"],
            files=files,
            splits={split: tuple(part) for split, part in splits.items()},
            groups=groups,
        )
        if made.to_json() != raw:
            raise ValueError("its hash or its counts are not those of its contents")
        return made


def differences(before: Manifest, now: Manifest, *, file: Path) -> tuple[Problem, ...]:
    """Return what is no longer as a manifest says: one problem per file and per split.

    Args:
        before: The manifest of then.
        now: Of the set as it is.
        file: Where `before` was read.
    """
    changes = [
        *(f"{name} is gone" for name in before.files if name not in now.files),
        *(f"{name} is new" for name in now.files if name not in before.files),
        *(
            f"{name} has other contents"
            for name, content in before.files.items()
            if now.files.get(name, content) != content
        ),
        *(
            f"the split {split} has other pairs"
            for split in SPLITS
            if tuple(before.splits.get(split, ())) != tuple(now.splits.get(split, ()))
        ),
        *(["the groups are others"] if dict(before.groups) != dict(now.groups) else []),
    ]
    fix = "restore the set, or write the manifest anew if the change is meant"
    return tuple(Problem(file=file, what=what, fix=fix) for what in changes)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("one of its splits is not a list")  # noqa: TRY004  a fault of the file
    return value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _leaves(name: str) -> bool:
    """Return whether a name, taken as a path, leaves the folder it is joined to."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return not parts or parts[0].startswith("/") or ".." in parts


def file_hash(path: Path) -> str:
    """Return the first 16 hex digits of a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
