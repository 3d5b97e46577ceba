"""What a data set is made of, and the hash that says whether it is still the same."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.identity import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Files (or generator settings) and splits of a data set.

    `files` maps a name to a content hash; paths of the machine are not in it.
    """

    label: str  # what reports call it, for example "MSRS-mini"
    files: Mapping[str, str]
    splits: Mapping[str, tuple[str, ...]]

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of pairs per split."""
        return {split: len(stems) for split, stems in self.splits.items()}

    @property
    def hash(self) -> str:
        """Return the hash of all contents and splits."""
        return digest(
            {
                "files": dict(self.files),
                "splits": {split: list(stems) for split, stems in self.splits.items()},
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, the hash included."""
        return {
            "label": self.label, "hash": self.hash, "counts": self.counts,
            "splits": {split: list(stems) for split, stems in self.splits.items()},
            "files": dict(self.files),
        }  # fmt: skip

    def write(self, path: Path) -> None:
        """Write `to_json` to a file, whose folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def file_hash(path: Path) -> str:
    """Return the first 16 hex digits of a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
