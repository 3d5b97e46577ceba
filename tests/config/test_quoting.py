"""Texts that are handed to hydra come out of it as they were."""

import re

from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st

from ablate.config.compose import _text

PARSER = OverridesParser.create()


@given(text=st.text(alphabet="\\'\"ab ${}[](),=:%*~-\n", max_size=12))
@example(text="x\\")
@example(text="\\\\'b\\'")
@example(text="a\\b")
def test_a_quoted_text_is_read_back(text: str) -> None:
    if re.search(r"\$\{[^{}]*\}", text) or not text.strip("'\\ \n"):
        return  # an interpolation is a node of hydra's own; a path holds a letter
    parsed = PARSER.parse_override(f"key=[{_text(text)}]").value()
    assert isinstance(parsed, list)
    assert [getattr(one, "text", one) for one in parsed] == [text]
