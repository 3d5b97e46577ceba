"""Where a data set can be fetched from, and what must have come when it is whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 2**28  # of one file of a set


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """Folders of a git repository at one commit; the commit id says every byte of them."""

    folder: str  # name the set gets, as its layout looks for it below ABLATE_DATA
    url: str
    commit: str | None  # None: the default branch as it is; the commit is recorded
    counts: Mapping[str, int]  # folder of the repository -> images in it
    megabytes: int  # of all images, about


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """Single files below an address, each with its SHA-256."""

    folder: str
    url: str
    files: Mapping[str, str]  # path below the address -> SHA-256
    counts: Mapping[str, int]
    megabytes: int


def _checksums(name: str) -> dict[str, str]:
    """Return path -> SHA-256 of a file that `sha256sum` wrote."""
    lines = Path(__file__).with_name(name).read_text(encoding="ascii").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines)
    return {path.strip(): checksum for checksum, path in pairs}


# RoadScene and TNO are pinned. MSRS follows the authors' branch, whose counts are official.
SOURCES: Mapping[str, GitSource | FileSource] = {
    "roadscene": GitSource(
        folder="RoadScene",
        url="https://github.com/hanna-xu/RoadScene",
        commit="ab71420f8fc96396eeb97eecf3694909b3feb656",
        counts={"cropinfrared": 221, "crop_LR_visible": 221},
        megabytes=9,
    ),
    "msrs": GitSource(
        folder="MSRS",
        url="https://github.com/Linfeng-Tang/MSRS",
        commit=None,
        counts={"train/ir": 1083, "train/vi": 1083, "test/ir": 361, "test/vi": 361},
        megabytes=650,
    ),
    "tno": FileSource(
        folder="TNO",
        url="https://raw.githubusercontent.com/Zhaozixiang1228/MMIF-CDDFuse/"
        "fd8da1f39d8d403b7343e577bd5a30cba38c7b7b/test_img/TNO",
        files=_checksums("tno.sha256"),
        counts={"ir": 25, "vi": 25},
        megabytes=13,
    ),
}
