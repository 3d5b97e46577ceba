"""Texts of a store that somebody else made, shown by a real browser, run nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ablate.tables import Cell, Link, table, to_html

CHROMIUM = shutil.which("chromium")
TEXTS = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</td></table><svg onload=\"document.title='owned'\">",
    "\"' onmouseover=document.title='owned' autofocus onfocus=document.title='owned' x='",
)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_cells_of_a_table_run_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    rows: list[list[Cell | str]] = [
        [Cell(text=text, links=(Link(text=text, title=text),)), text] for text in TEXTS
    ]
    body = to_html(table(TEXTS[:2], rows, groups=[(TEXTS[0], 2)]))
    page.write_text(f"<html><head><title>mine</title></head><body>{body}</body></html>")
    assert CHROMIUM is not None
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}"]
    made = subprocess.run(
        [CHROMIUM, *words, "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "<title>mine</title>" in made.stdout
    assert "<script" not in made.stdout
    assert "<img" not in made.stdout
    assert "<svg" not in made.stdout
