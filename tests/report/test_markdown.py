import html

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ablate.tables import markdown_text as plain

COMMONMARK = MarkdownIt("commonmark").enable("table")


@given(st.text(alphabet="ab01 -+=.)>*_`[]|~$#!\\&<;\n", max_size=12))
@example("0.25 vs 0.5")
@example("1. first")
@example("-1.50 %")
@example("---")
@example("&lt;b>")
def test_a_reader_of_markdown_sees_the_text_as_it_is(text: str) -> None:
    words = " ".join(text.split())
    shown = f"<p>{html.escape(words, quote=False)}</p>\n" if words else ""
    assert COMMONMARK.render(plain(text)) == shown


@pytest.mark.parametrize("text", ["0.25 vs 0.5", "-1.50 %", "+0.01", "1 vs 3", "12"])
def test_numbers_stand_in_tables_as_they_are(text: str) -> None:
    shown = COMMONMARK.render(f"| a |\n|---|\n| {plain(text)} |")
    assert f"<td>{text}</td>" in shown
    assert plain(text) == text
