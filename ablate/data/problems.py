"""What is wrong with a file of a data set, and the fix."""

from dataclasses import dataclass
from pathlib import Path

from ablate.errors import DataError, one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault; its text is one line: file, what, the fix."""

    file: Path
    what: str
    fix: str

    def __str__(self) -> str:
        return one_line(f"{self.file}: {self.what}; {self.fix}")

    @classmethod
    def of(cls, file: Path, error: DataError) -> "Problem":
        """Return the problem that a one-line error about a file tells."""
        what, _, fix = str(error).removeprefix(f"{file}: ").rpartition("; ")
        return cls(file=file, what=what, fix=fix)
