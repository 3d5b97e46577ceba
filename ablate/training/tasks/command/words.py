"""Values as words of a command line, texts with holes, and names of what commands report."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ablate.settings.command import Place

_HOLE: Final = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def fill(text: str, holes: Mapping[str, str]) -> str:
    """Return a text with `{name}` replaced for the names that are known; others stay."""
    return _HOLE.sub(lambda match: holes.get(match[1], match[0]), text)


def arguments(given: Sequence[tuple[str, Place, Any]], *, stage: int) -> Iterator[str]:
    """Yield the words that flags and Hydra's overrides add to a command."""
    for _, place, value in given:
        if place.stage not in (None, stage):
            continue
        if place.kind == "hydra":
            yield f"{place.at}={_hydra(value)}"
        elif place.kind == "flag":
            if value is False or value is None:
                continue
            values = [] if value is True else [plain(one) for one in _listed(value)]
            if place.at.endswith("="):
                yield place.at + ",".join(values)
            else:
                yield from (place.at, *values)


def name_of(name: str) -> str:
    """Return the name under which a number of theirs is recorded.

    Example:
        >>> name_of("loss"), name_of("val_qabf"), name_of("val/qabf")
        ('train/loss', 'val/qabf', 'val/qabf')
    """
    for split in ("val", "train"):
        if name.startswith((f"{split}_", f"{split}/")):
            return f"{split}/{name[len(split) + 1 :]}"
    return f"train/{re.sub(r'[^A-Za-z0-9_./ -]', '_', name)}"


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def plain(value: Any) -> str:
    """Return a value as a word of a command line."""
    if isinstance(value, list | tuple):
        return " ".join(plain(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value).strip('"')


def _hydra(value: Any) -> str:
    """Return a value in Hydra's grammar of overrides."""
    if isinstance(value, list | tuple):
        return f"[{','.join(_hydra(one) for one in value)}]"
    if isinstance(value, str) and not re.fullmatch(r"[\w.+/-]+", value):
        return "'" + value.replace("'", "\\'") + "'"
    return "null" if value is None else plain(value)
