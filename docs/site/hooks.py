"""Adapts pages for mkdocs that are written for a repository's own view of Markdown."""

import posixpath
import re
from typing import Any

_FENCE = re.compile(r'^```(\w+) title="([^"]+)"$', re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)\s#:]+)(#[^)\s]*)?\)")
_LIST = re.compile(r"^(?!\s*(?:[-*] |\d+\. ))(\S.*)\n(?=[-*] |1\. )", re.MULTILINE)


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return the page with titled code blocks, and files outside the pages named, not linked."""
    folder = posixpath.dirname(page.file.src_uri)

    def named(link: re.Match[str]) -> str:
        is_inside = not posixpath.normpath(posixpath.join(folder, link[3])).startswith("..")
        return link[0] if is_inside else f"{link[2]} (`{link[3].lstrip('./')}`)"

    blocks = re.split(r"(^```.*?^```$)", _FENCE.sub(r"*\2*\n\n```\1", markdown), flags=re.M | re.S)
    return "".join(
        block if block.startswith("```") else _LIST.sub(r"\1\n\n", _LINK.sub(named, block))
        for block in blocks
    )
