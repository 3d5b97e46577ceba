"""What is wrong with a file of a data set, and the fix."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ablate.errors import DataError, one_line

MOST_ALIKE: Final = 3  # files of one folder with one fault, above which one line tells them all
EXAMPLES: Final = 3
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")


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
        text = str(error).removeprefix(f"{file}: ")
        what, _, fix = text.rpartition("; ")
        return cls(file=file, what=what or text, fix=fix if what else "replace the file")


def in_lines(problems: Iterable[Problem]) -> list[str]:
    """Return a line per problem, and one for more than three files of a folder that share it.

    Problems are shared that differ in numbers alone, such as the grey values of the files of a set
    of 16 bits; the numbers shown are those of the first file.

    Example:
        >>> files = [Path(f"ir/{k}.png") for k in range(9)]
        >>> some = [Problem(file=one, what=f"is {one.stem}x9", fix="cut") for one in files]
        >>> in_lines(some)
        ['ir/: 9 files, such as 0.png, 1.png, 2.png: is 0x9; cut']
    """
    alike: dict[tuple[Path, str, str], list[Problem]] = {}
    for problem in problems:
        shape = _NUMBER.sub("0", problem.what)
        alike.setdefault((problem.file.parent, shape, problem.fix), []).append(problem)
    lines: list[str] = []
    for (folder, _, fix), some in alike.items():
        if len(some) <= MOST_ALIKE:
            lines += map(str, some)
            continue
        names = ", ".join(problem.file.name for problem in some[:EXAMPLES])
        text = f"{folder}/: {len(some)} files, such as {names}: {some[0].what}; {fix}"
        lines.append(one_line(text))
    return lines
