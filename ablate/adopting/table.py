"""What was found in a repository, as a table of 80 columns."""

from collections.abc import Iterator
from typing import Any, Final, get_args

from ablate.adopting.found import Found
from ablate.adopting.given import curves, said, saved
from ablate.adopting.roles import VARIED, Role
from ablate.adopting.setting import Setting
from ablate.errors import spelled

COLUMNS: Final = 80
_WHAT, _VALUE, _KIND = 13, 16, 8
_WHERE: Final = COLUMNS - _WHAT - _VALUE - _KIND - 3
MOST: Final = 8  # rows of one role; loss weights and learning rates are never cut


def lines(found: Found) -> Iterator[str]:
    """Yield the table: what, its value, its kind of place, file:line and name."""
    yield _row("what", "value", "kind", "where")
    yield "-" * COLUMNS
    for one in found.trains:
        mark = "" if one is found.script else "not run by the study"
        yield _row("trains", mark, "script", " ".join([one.path, *one.words]))
    for one in found.fuses:
        mark = "" if one is found.fuser else "not run by the study"
        yield _row("fuses", mark, "script", one.path)
    for role in [one for one in get_args(Role) if one]:
        some = [one for _, every in found.every() for one in every if one.role == role]
        shown = some if role in VARIED else some[:MOST]
        yield from (_setting(one) for one in shown)
        if len(shown) < len(some):
            yield _row(role, "", "", f"and {len(some) - len(shown)} more")
    for pattern in saved(found.script, found.settings):
        yield _row("saves", "", "", pattern)
    for folder, path, line in curves(found.script, found.settings):
        yield _row("curves", folder or "not known", "tensor.", f"{path}:{line}")
    if printed := said(found.script):
        yield _row("curves", "", "stdout", printed)
    for remark in found.repository.remarks:
        yield _cut(f"not read: {remark}", COLUMNS)


def _setting(one: Setting) -> str:
    kind = one.place.kind if one.place is not None else "none"
    why = f" ({one.why})" if one.why else ""
    where = f"{one.file}:{one.line}"
    name = one.name.rpartition(".")[2] if one.place and one.place.kind == "file" else one.name
    room = _WHERE - len(name) - len(why) - 1
    return _row(one.role, _shown(one.value), kind, f"{_tail(where, max(room, 16))} {name}{why}")


def _row(what: str, value: str, kind: str, where: str) -> str:
    cells = ((what, _WHAT), (value, _VALUE), (kind, _KIND))
    return " ".join(
        [_cut(text, width).ljust(width) for text, width in cells] + [_cut(where, _WHERE)]
    )


def _shown(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _cut(text: str, width: int) -> str:
    text = spelled(text.replace("\n", " "))
    return text if len(text) <= width else f"{text[: width - 2]}.."


def _tail(text: str, width: int) -> str:
    return text if len(text) <= width else f"..{text[-(width - 2) :]}"
