"""The score of `ablate adopt`: what counts, on a repository whose settings are known."""

from dataclasses import replace
from pathlib import Path

from benchmarks import adopt
from tests.adopting.standins import made

PAGE = Path(__file__).parents[2] / "docs" / "extend" / "adopt.md"


def truth(**more: object) -> adopt.Truth:
    known = adopt.Truth(
        repository="o/theirs",
        commit="c",
        file="train.py",
        line=4,
        name="alpha",
        value="10",
        kind="loss weight",
        counts="yes",
        set="seen",
    )
    return replace(known, **more)  # type: ignore[arg-type]


RATE = truth(line=3, name="lr", value="1e-4", kind="learning rate")


def test_found_missed_and_wrong_are_told_apart(tmp_path: Path) -> None:
    root = made(tmp_path / "theirs", "constants")
    whole = adopt.score(root, [truth(), RATE])
    assert (whole.found, whole.missed, whole.wrong, whole.fault) == (2, (), (), "")
    assert whole.dimensions == 2
    other = truth(value="11")
    part = adopt.score(root, [other, replace(RATE, counts="either")])
    assert part.found == 0
    assert part.missed == (other,)
    assert [one.name for one in part.wrong] == ["alpha"]


def test_the_truths_are_whole() -> None:
    known = adopt.truths()
    assert len({one.repository for one in known}) == 16
    assert {one.kind for one in known} == {"loss weight", "learning rate"}
    assert {one.counts for one in known} == {"yes", "either", "added"}
    assert all(len(one.commit) == 40 and one.line > 0 for one in known)


def test_the_page_has_the_repositories_and_their_counts() -> None:
    text = PAGE.read_text(encoding="utf-8")
    known = adopt.truths()
    for name in {one.repository for one in known}:
        row = next(line for line in text.splitlines() if line.startswith(f"| [{name}]"))
        found, missed = (int(cell) for cell in row.split("|")[4:6])
        counted = [one for one in known if one.repository == name and one.counts == "yes"]
        assert found + missed == len(counted), name
        assert counted[0].commit in row
