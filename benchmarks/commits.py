"""How often stores are written to: a count that no busy machine changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(slots=True)
class Commits:
    """Transactions that wrote something, of all databases of this process."""

    count: int = 0


@contextmanager
def counted() -> Iterator[Commits]:
    """Yield a count that grows while the block runs."""
    found = Commits()

    def note(connection: Connection, cursor: Any, statement: str, *more: Any) -> None:
        del cursor, more
        if statement.lstrip().upper().startswith(WRITES):
            connection.info["is_written"] = True

    def commit(connection: Connection) -> None:
        found.count += bool(connection.info.pop("is_written", False))

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", commit)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "commit", commit)
