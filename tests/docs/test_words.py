"""Pages and code use the words of the field: docs/glossary.md names those that were private."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = {
    "walk": "train loop",
    "descend": "train loop",
    "descent": "train loop",
    "told": "finished trial, known, reported",
    "possess": "study lock",
    "possession": "study lock",
    "bury": "end",
    "buried": "ended",
    "visitor": "remote worker",
    "floor": "trivial baseline",
    "stratum": "environment",
    "strata": "environments",
    "mend": "fix",
}
FORM = re.compile(rf"(?<![A-Za-z])({'|'.join(PRIVATE)})(s|es|ed|ing)?(?![A-Za-z])", re.IGNORECASE)
ALLOWED = [  # path pattern, text of the line, why
    ("docs/glossary.md", r"\bwas \*", "the page that names the private words"),
    ("docs/decisions/*.md", r"", "records are never edited, only superseded"),
    ("docs/performance.md", r"told", "written from measurements whose names are stored"),
    ("docs/cli*", r"\bstrata\b", "a key of --json"),
    ("*", r"\"strat|\"floors|\"mend\"|is_floor", "keys of stored documents and of --json"),
    ("*", r"floor\(|nabf_floor|(ast|os)\.walk", "names of libraries and of published metrics"),
    ("*", r"told apart", "plain English"),
    ("ablate/*/contract.py", r"def told\b", "a former name that plug-ins may use"),
    ("ablate/*/*/contract.py", r"method floors", "a former name that plug-ins may use"),
]

# "is no budget"; "there is no budget", "is no larger" and "no longer" are plain English
IS_NO = re.compile(r"(?<!here )\b(is|are) no (?!\w+er\b|more\b|less\b|worse\b|one\b)[a-z]")


def lines(*patterns: str) -> Iterator[tuple[Path, int, str]]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
                yield path, number, line


def hits(*patterns: str) -> list[str]:
    found = []
    for path, number, line in lines(*patterns):
        name = path.relative_to(ROOT)
        if FORM.search(line) and not any(
            name.match(where) and re.search(text, line) for where, text, _ in ALLOWED
        ):
            word = FORM.search(line)
            assert word is not None
            found.append(
                f"{name}:{number}: {word[0]} -> {PRIVATE[word[1].lower()]}: {line.strip()}"
            )
    return found


def test_pages_use_the_words_of_the_field() -> None:
    pages = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/*.py")
    assert [hit for hit in hits(*pages, "docs/site/*") if not hit.startswith("docs/cli.md")] == []


def test_code_uses_the_words_of_the_field() -> None:
    code = ("ablate/**/*.py", "ablate/**/*.yaml", "ablate/**/*.j2", "docs/extend/*.md")
    assert hits(*code, "docs/reference/*.md", "docs/cli.md") == []


def test_nothing_is_no_something() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, number, line in lines("ablate/**/*.py", "ablate/**/*.j2", "docs/*.md")
        if IS_NO.search(line)
    ]
    assert found == []


def test_the_glossary_has_a_sentence_for_every_term_and_is_linked() -> None:
    rows = [
        line
        for _, _, line in lines("docs/glossary.md")
        if line.startswith("| ") and "---" not in line
    ]
    terms = [line.split(" | ") for line in rows if not line.startswith("| term |")]
    assert len(terms) > 50
    for term, sentence in terms:
        assert sentence.rstrip(" |").endswith((".", "...", ").")), term
    for page in ("README.md", "CONTRIBUTING.md", "docs/index.md"):
        assert "glossary.md" in (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "is_private"),
    [
        ("the trial was told to the sampler", True),
        ("def walk(root)", True),
        ("TOLD = 1", True),
        ("a stratum of its own", True),
        ("which it mends", True),
        ("untold, recommend, floorplan, sidewalks", False),
        ("amended", False),
    ],
)
def test_private_words_are_found_as_words(line: str, is_private: bool) -> None:
    assert bool(FORM.search(line)) is is_private
