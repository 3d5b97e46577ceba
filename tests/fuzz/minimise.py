"""Keep of many inputs a few small ones that reach the same lines: python -m tests.fuzz.minimise.

Usage: python -m tests.fuzz.minimise READER FOLDER. Adds to the committed corpus, smallest first,
every file of FOLDER that takes a step from line to line in ablate/ that none before it takes.
"""

import hashlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.__main__ import CORPUS, READERS

PACKAGE = str(Path(__file__).resolve().parents[2] / "ablate")
Step = tuple[str, int, int]


def steps(check: Callable[[bytes], None], content: bytes) -> set[Step]:
    """Return the steps from line to line inside the package that an input takes."""
    found: set[Step] = set()
    last: dict[FrameType, int] = {}

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            found.add((frame.f_code.co_filename, last.get(frame, 0), frame.f_lineno))
            last[frame] = frame.f_lineno
        return trace

    sys.settrace(trace)
    try:
        check(content)
    finally:
        sys.settrace(None)
    return found


def main(reader: str, folder: Path) -> None:
    """Add to the corpus of a reader what reaches more."""
    check = importlib.import_module(f"tests.fuzz.{reader}").check
    known: set[Step] = set()
    for path in sorted((CORPUS / reader).iterdir()):
        known |= steps(check, path.read_bytes())
    for path in sorted(folder.iterdir(), key=lambda path: (path.stat().st_size, path.name)):
        content = path.read_bytes()
        found = steps(check, content)
        if not found <= known:
            known |= found
            name = hashlib.sha256(content).hexdigest()[:12]
            (CORPUS / reader / name).write_bytes(content)
    print(f"{reader}: {len(list((CORPUS / reader).iterdir()))} files, {len(known)} steps")


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) != 2 or words[0] not in READERS:
        raise SystemExit(__doc__)
    main(words[0], Path(words[1]))
