"""Faults of files that differ in numbers alone are told in one line."""

from pathlib import Path

import pytest

from ablate.data.problems import MOST_ALIKE, Problem, in_lines
from ablate.errors import DataError


def some(count: int, folder: str = "ir", what: str = "is {k}x9") -> list[Problem]:
    return [
        Problem(file=Path(folder, f"{k}.png"), what=what.format(k=k), fix="cut it")
        for k in range(count)
    ]


def test_few_files_are_told_each() -> None:
    problems = some(MOST_ALIKE)
    assert in_lines(problems) == [str(one) for one in problems]


@pytest.mark.parametrize("count", [MOST_ALIKE + 1, 1000])
def test_many_files_of_one_fault_are_one_line_with_the_count(count: int) -> None:
    (line,) = in_lines(some(count))
    assert line == f"ir/: {count} files, such as 0.png, 1.png, 2.png: is 0x9; cut it"


def test_other_folders_faults_and_fixes_stay_apart() -> None:
    other = [Problem(file=Path("ir/9.png"), what="is black", fix="cut it")]
    lines = in_lines([*some(5), *some(5, "vi"), *some(5, what="has page {k}"), *other])
    assert [line.partition(": ")[2] for line in lines] == [
        "5 files, such as 0.png, 1.png, 2.png: is 0x9; cut it",
        "5 files, such as 0.png, 1.png, 2.png: is 0x9; cut it",
        "5 files, such as 0.png, 1.png, 2.png: has page 0; cut it",
        "is black; cut it",
    ]


def test_a_name_cannot_make_a_second_line() -> None:
    (line,) = in_lines(some(9, "i\nr\x1b[2J"))
    assert line.isprintable()


def test_an_error_without_a_fix_keeps_its_words() -> None:
    problem = Problem.of(Path("a.png"), DataError("a.png: too large"))
    assert str(problem) == "a.png: too large; replace the file"
