"""Any bytes as a journal: its valid prefix is read, what follows is reported or cut."""

import json
import tempfile
from pathlib import Path

from ablate.errors import StoreError
from ablate.tracking.journal import JournalRecorder, read_journal

MEMORY = Path("/dev/shm")  # a folder is made in it where it is there


def check(content: bytes) -> None:
    """Assert that reading stops at the first wrong line, and writing goes on behind good ones."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="ablate-fuzz-", dir=place) as folder:
        path = Path(folder) / "journal.jsonl"
        path.write_bytes(content)
        offset, count, told = 0, 0, ""
        try:
            for at, event in read_journal(path):
                assert json.loads(content[offset:at]) == event
                assert content[at - 1 : at] == b"\n"
                offset, count = at, count + 1
        except StoreError as error:
            told = str(error)
        assert f"damaged at byte {offset}" in told if told else b"\n" not in content[offset:]
        try:
            recorder = JournalRecorder(path, ask=lambda reports: False)
        except StoreError:
            if told:
                return
            raise
        recorder.metrics({"a name that no corpus has": 1.0}, step=1)
        recorder.close()
        assert path.read_bytes()[:offset] == content[:offset]
        assert len(list(read_journal(path))) == count + 1
