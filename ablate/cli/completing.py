"""Shell completion of studies, runs and arms, from file names and one small file.

No store is opened and nothing heavy is imported; after any error nothing is offered. Shells
evaluate what they get, so names with other than letters, digits and a few signs are left out.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import typer

_LARGEST_BYTES: Final = 5_000_000  # of a design table: reading it takes a tenth of a second
_HARMLESS: Final = re.compile(r"[\w@.+-][\w@.+ ·-]{0,199}")
Offer = Callable[[typer.Context, str], list[str]]


def _offer(find: Callable[[Path, str], Collection[str]]) -> Offer:
    """Make a completion of the names that `find` takes from a store and --study."""

    def offered(ctx: typer.Context, incomplete: str) -> list[str]:
        from ablate.cli.arguments import DEFAULT_STORE

        store = Path(ctx.params.get("store") or DEFAULT_STORE).expanduser()
        try:
            found = find(store, str(ctx.params.get("study") or "*"))
        except Exception:  # a message would land in the line that is being typed
            return []
        return _fitting(found, incomplete)

    offered.__doc__ = find.__doc__
    return offered


@_offer
def studies(store: Path, study: str) -> Collection[str]:
    """Return names of studies: the user's, the packaged and those of the store."""
    from ablate import store_folder
    from ablate.config import locations

    return {*locations.names("studies"), *store_folder.studies(store)}


@_offer
def runs(store: Path, study: str) -> Collection[str]:
    """Return ids of runs of the store."""
    return {path.name for path in store.glob(f"{study}/runs/*")}


@_offer
def arms(store: Path, study: str) -> Collection[str]:
    """Return names of arms, and of values, of published studies of the store."""
    found: set[str] = set()
    for path in store.glob(f"{study}/published/design.json"):
        if path.stat().st_size <= _LARGEST_BYTES:
            for row in json.loads(path.read_text(encoding="utf-8")):
                found |= set(_named(row))
    return found


def among(*names: str) -> Offer:
    """Make a completion of fixed names."""
    return _offer(lambda store, study: names)


def _named(row: dict[str, Any]) -> Iterator[str]:
    yield str(row["arm"])
    for key, value in row.items():
        if key.startswith("factor.") and isinstance(value, str):
            yield value


def _fitting(names: Collection[str], start: str) -> list[str]:
    """Return the harmless names that begin so; bash would take those with blanks for several."""
    is_bash = os.environ.get("_ABLATE_COMPLETE", "").endswith("bash")
    fitting = [name for name in names if name.startswith(start) and _HARMLESS.fullmatch(name)]
    return sorted(name for name in fitting if not (is_bash and " " in name))
