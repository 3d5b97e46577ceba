"""Every page stands in the navigation, every link leads somewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.links import anchors, fault, links

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CONFIG = DOCS / "site" / "mkdocs.yml"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def entries(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    for inner in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        yield from entries(inner)


def test_the_navigation_has_every_page_once() -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    assert sorted(entries(config["nav"])) == sorted(
        page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    faults = {link: text for link in links(page) if (text := fault(page, link))}
    assert not faults


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("other.md", None),
        ("other.md#two-words", None),
        ("#one", None),
        ("#one-1", None),
        ("https://optuna.org/a#b", None),
        ("gone.md", "names no file"),
        ("other.md#three", "names no heading"),
        ("http://optuna.org", "is no https address"),
        ("https://localhost", "is no https address"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, link: str, wrong: str | None) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        f"# One\n\n```\n[no link](x.md)\n```\n\n## `One`\n\n| a |\n|---|\n| [x]({link}) |\n"
    )
    (tmp_path / "other.md").write_text("# Two: *words*\n")
    assert links(page) == [link]
    assert anchors(page) == {"one", "one-1"}
    assert fault(page, link) == wrong


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    mkdocs = pytest.importorskip("mkdocs.config", reason="needs the extra docs")
    from mkdocs.commands.build import build

    config = mkdocs.load_config(str(CONFIG), site_dir=str(tmp_path), strict=True)
    build(config)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) >= len(PAGES) - 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for mark in ('<script src="http', '<script src="//', 'stylesheet" href="http', "@import"):
            assert mark not in text, page
