"""Links and anchors of Markdown pages, as a repository's own view resolves them."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable("table")


def links(page: Path) -> list[str]:
    """Return the targets of a page's links and images."""
    return [
        str(token.attrs.get("href") or token.attrs.get("src"))
        for token in _inline(page)
        if token.type in ("link_open", "image")
    ]


def anchors(page: Path) -> set[str]:
    """Return what `#...` may name on a page: its headings, as they are written in addresses."""
    found: list[str] = []
    tokens = PARSER.parse(page.read_text(encoding="utf-8"))
    for opened, inside in itertools.pairwise(tokens):
        if opened.type == "heading_open":
            parts = [token.content for token in inside.children or () if token.content]
            slug = re.sub(r"[^\w\- ]", "", "".join(parts).lower()).replace(" ", "-")
            found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return set(found)


def fault(page: Path, link: str) -> str | None:
    """Return what is wrong with a link, None when it resolves."""
    if re.match(r"[a-z]+:", link):
        is_address = re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[^\s<>\"{}|\\^`]*)?", link)
        return None if is_address else "is no https address"
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return "names no file"
    if anchor and (target.suffix != ".md" or anchor not in anchors(target)):
        return "names no heading"
    return None


def _inline(page: Path) -> Iterator[Token]:
    for token in PARSER.parse(page.read_text(encoding="utf-8")):
        yield from token.children or ()
