"""docs/reference is what registries and docstrings say."""

from pathlib import Path

import pytest

from ablate.study.names import known
from docs import docstrings, reference_pages

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
MEND = "mend: python -m docs.reference_pages"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference_pages.pages()


def test_the_committed_pages_are_those_of_the_code(pages: dict[str, str]) -> None:
    assert {page.name for page in FOLDER.glob("*")} == set(pages), MEND
    for name, text in pages.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, MEND


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("models", "models.md"),
        ("metrics", "metrics.md"),
        ("data", "datasets.md"),
        ("samplers", "samplers.md"),
        ("pruners", "samplers.md"),
        ("executors", "executors.md"),
    ],
)
def test_every_name_that_a_study_may_use_is_a_heading(
    pages: dict[str, str], kind: str, page: str
) -> None:
    for name in known()[kind]:
        assert f"# {name}\n" in pages[page]


def test_no_option_is_left_without_a_word(pages: dict[str, str]) -> None:
    empty = [
        f"{name}: {line}"
        for name, text in pages.items()
        for line in text.splitlines()
        if line.startswith("| `") and line.split(" | ")[1].strip() == ""
    ]
    assert not empty


def test_a_docstring_comes_apart() -> None:
    def member(*, width: int = 3) -> None:
        """Return nothing.

        Twice.

        Args:
            width: Pixels, at
                least 1.

        Source:
            Here.
        """

    told = docstrings.docstring(member)
    assert told.text == "Return nothing.\n\nTwice."
    assert told.arguments == {"width": "Pixels, at least 1."}
    block = "\n\n".join(docstrings.member("m", member, takes=member))
    assert "| `width` | Pixels, at least 1. | `3` |" in block
    assert block.endswith("Source: Here.")
