"""Damaged files of ended runs: each is found, named and set aside, so that none closes a study.

A run whose result is damaged is made anew from its seed. A picture is fused anew where the network
is there; what else cannot be made again is left out, and the report says so.
"""

import contextlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ablate.errors import StoreError
from ablate.study.ledger import Ledger
from ablate.tracking.journal import read_journal
from ablate.training.spec import JOURNAL, RESULT, WEIGHTS
from ablate.whole_files import CHECKSUMS, SET_ASIDE, damaged, set_aside, torn_pictures

logger = logging.getLogger(__name__)
PLACE: Final = "damaged"  # in the folder of a study: runs whose result cannot be read
NONE: Final[Mapping[str, str]] = MappingProxyType({})
CONSEQUENCES: Final = {
    JOURNAL: "set aside, its curves end where it is damaged",
    WEIGHTS: "set aside, its network is lost",
    CHECKSUMS: "set aside, its files are not checked",
}
ANEW: Final = "set aside, the run is made anew"
REFUSED: Final = "set aside, fused anew where the network is there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A file that is not as it was written."""

    folder: Path  # of the run
    name: str
    what: str

    @property
    def consequence(self) -> str:
        """What is done about it."""
        if self.name == RESULT:
            return ANEW
        return CONSEQUENCES.get(self.name, REFUSED)

    def __str__(self) -> str:
        return f"{self.folder.name}/{self.name} {self.what}"


def find(ledger: Ledger, *, wrong: Mapping[str, str] = NONE) -> list[Damage]:
    """Return the damaged files of all ended runs, by size and checksum where these are known.

    Args:
        ledger: Of the study.
        wrong: Run -> why its result does not count, though it is whole.
    """
    unusable = dict.fromkeys(ledger.unreadable, "is not the result of a run") | dict(wrong)
    return [
        Damage(folder=ledger.run_folder(run_id), name=name, what=what)
        for run_id in sorted({*ledger.results, *unusable})
        for name, what in _of_run(ledger.run_folder(run_id), unusable.get(run_id)).items()
    ]


def fix(ledger: Ledger, *, wrong: Mapping[str, str] = NONE) -> list[Damage]:
    """Set aside all that `find` returns, and return it. The ledger has to be read again."""
    found = find(ledger, wrong=wrong)
    for one in found:
        logger.warning("%s; %s", one, one.consequence)
        path = one.folder / one.name
        if one.name == RESULT:
            put_away(ledger, one.folder.name)
        elif one.name == JOURNAL:
            _cut(path)
        else:
            set_aside(path)
    return found


def put_away(ledger: Ledger, run_id: str) -> None:
    """Set the whole folder of a run aside, so that it is made anew."""
    place = ledger.folder / PLACE
    place.mkdir(exist_ok=True)
    ledger.run_folder(run_id).replace(place / f"{run_id}-{secrets.token_hex(4)}")


def in_words(ledger: Ledger) -> str:
    """Return which files of runs were damaged and are left out, "" where none were."""
    names = [
        path.relative_to(ledger.folder).as_posix().removesuffix(SET_ASIDE)
        for run_id in sorted(ledger.results)
        for path in sorted(ledger.run_folder(run_id).rglob(f"*{SET_ASIDE}"))
    ]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    what = "1 file was" if len(names) == 1 else f"{len(names)} files were"
    return f"{what} damaged and left out: {', '.join(names[:3])}{more}."


def _of_run(folder: Path, unusable: str | None) -> dict[str, str]:
    if unusable is not None:
        return {RESULT: unusable}
    found = damaged(folder)
    if RESULT in found:
        return {RESULT: found[RESULT]}
    if JOURNAL not in found and not (folder / f"{JOURNAL}{SET_ASIDE}").exists():
        found |= dict(_of_journal(folder))
    return found | torn_pictures(folder, "fused/*.png", known=found)


def _of_journal(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield why a journal of a version without checksums cannot be read."""
    try:
        for _ in read_journal(folder / JOURNAL):
            pass
    except StoreError:
        yield JOURNAL, "is damaged"


def _cut(path: Path) -> None:
    """Set a journal aside, and keep its events before the damage in its place."""
    whole = 0
    with contextlib.suppress(StoreError):
        for offset, _ in read_journal(path):
            whole = offset
    content = path.read_bytes()[:whole] if path.exists() else b""
    set_aside(path)
    path.write_bytes(content)
