"""How a study was begun: the first event of its ledger, and the extensions of its searches.

It is read before the study can be composed and planned; the rest of the ledger is left alone.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ablate.config.schema import LOOK
from ablate.errors import StoreError
from ablate.settings.setting import NEWEST
from ablate.store_folder import LEDGER
from ablate.whole_files import read_bounded

EXTENDED: Final = "extended"  # event of a search that was given more trials
MOST_HEADER: Final = 1 << 24  # letters of the first line
MOST_KEYS: Final = 4  # changed ones in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How a study was begun, and which of its searches were extended since."""

    header: Mapping[str, Any]
    extended: Mapping[str, int]  # search -> trials


def begun(folder: Path) -> Begun:
    """Return how the study in a folder was begun; of its ledger nothing else is read.

    What is damaged is left out: `Ledger` refuses it.
    """
    header: dict[str, Any] = {}
    extended: dict[str, int] = {}
    with contextlib.suppress(OSError, StoreError):
        for line in read_bounded(folder / LEDGER).splitlines():
            if header and f'"{EXTENDED}"'.encode() not in line:
                continue
            with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
                entry = dict(json.loads(line))
                if not header:
                    header = entry
                elif entry["event"] == EXTENDED:
                    extended[str(entry["phase"])] = int(entry["trials"])
    return Begun(header=header, extended=extended)


def defaults_in(folder: Path) -> int:
    """Return the version of the packaged defaults that the study in a folder was started with.

    A further look, `study@2`, that has not begun goes on with those of its first one.
    """
    if not (folder / LEDGER).exists():
        folder = folder.with_name(folder.name.partition(LOOK)[0])
    try:
        with (folder / LEDGER).open(encoding="utf-8", errors="replace") as file:
            header = json.loads(file.readline(MOST_HEADER))
        return min(NEWEST, int(header.get("defaults", 1)))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return NEWEST  # there is none, or a damaged one, which `Ledger` refuses


def changed_keys(before: object, now: Mapping[str, str]) -> str:
    """Return the keys of a study that differ from those it was started with, with both values."""
    if not isinstance(before, Mapping) or not now:
        return ""
    keys = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    parts = [f"{key} {before.get(key, 'absent')} -> {now.get(key, 'absent')}" for key in keys]
    more = f", and {len(parts) - MOST_KEYS} more keys" if len(parts) > MOST_KEYS else ""
    return f"changed: {', '.join(parts[:MOST_KEYS])}{more}" if parts else ""
