"""The page in a browser: it fits, asks for nothing, runs nothing of others, and answers a mouse."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.report.contents import Contents
from ablate.report.page import render
from ablate.report.printed import print_page
from tests.report.devtools import BROWSER, Page, browsed
from tests.report.hostile import hostile_report

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

SERVER = "https://host/#/experiments/1/runs/"
LINES = """
[...document.querySelectorAll("p, li")].filter(one => one.offsetParent).map(one => {
  const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  const counts = new Map(), range = document.createRange();
  for (let node; node = walker.nextNode();) {
    for (let at = 0; at < node.length; at++) {
      range.setStart(node, at); range.setEnd(node, at + 1);
      const box = range.getBoundingClientRect();
      if (box.width) { const y = Math.round(box.bottom); counts.set(y, (counts.get(y) || 0) + 1); }
    }
  }
  return Math.max(0, ...counts.values());
})
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsed() as found:
        yield found


@pytest.fixture(scope="module")
def whole(page: Page, answered: Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a study with answers, exploration and search; only with a browser."""
    links = {run_id: f"{number:032x}" for number, run_id in enumerate(answered.runs["run_id"])}
    given = replace(answered, links=links, server=SERVER)
    return render(given, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def pictured(page: Page, contents: Callable[..., Contents], tmp_path: Path) -> Path:
    """Return the page of a small study with pictures."""
    return render(contents(), tmp_path / "pictured")


def complaints(page: Page) -> list[Any]:
    """Return what the browser has to say of a page: errors, and what its policy blocked."""
    return page.seen("Log.entryAdded") + page.seen("Runtime.exceptionThrown")


def test_it_asks_for_nothing_and_no_policy_is_broken(
    page: Page, whole: Path, pictured: Path
) -> None:
    for path in (whole, pictured):
        page.open(path)
        asked = [one["request"]["url"] for one in page.seen("Network.requestWillBeSent")]
        assert asked[0] == path.as_uri()
        assert [url[:60] for url in asked[1:] if not url.startswith("data:image/")] == []
        assert complaints(page) == []
        assert page.value("[...document.images].every(one => one.naturalWidth > 0)")


def test_words_of_others_never_become_markup(page: Page, tmp_path: Path) -> None:
    page.open(hostile_report(tmp_path / "evil") / "report.html")
    assert page.seen("Page.javascriptDialogOpening") == []
    assert complaints(page) == []
    assert page.value("document.querySelectorAll('script').length") == 1
    assert page.value("document.body.innerText.includes('<script>alert(1)</script>')")
    named = page.value(
        "[...document.querySelectorAll('*')].flatMap(one => [...one.attributes])"
        ".map(one => one.name).filter(name => name.startsWith('on') || name === 'style')"
    )
    assert named == []
    hrefs = page.value("[...document.querySelectorAll('[href]')].map(one => one.href)")
    assert not [href for href in hrefs if str(href).startswith("javascript")]


def test_a_script_that_is_not_ours_is_blocked(page: Page, whole: Path, tmp_path: Path) -> None:
    text = whole.read_text().replace("</body>", "<script>window.theirs = 1</script></body>")
    (tmp_path / "changed.html").write_text(text)
    page.open(tmp_path / "changed.html")
    assert page.value("window.theirs === undefined")
    assert "Content Security Policy" in str(complaints(page))


def test_tables_fit_and_lines_are_short_at_1280_pixels(page: Page, whole: Path) -> None:
    page.open(whole)
    page.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.value("document.documentElement.scrollWidth") <= 1280
    cut = page.value(
        "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth)"
        ".map(one => one.innerText.slice(0, 80))"
    )
    assert cut == []
    lines = page.value(LINES)
    assert len(lines) > 30
    assert max(lines) <= 75
    widths = page.value("[...document.querySelectorAll('figure img')].map(one => one.width)")
    body = page.value("document.querySelector('h2').offsetWidth")
    assert min(widths) == max(widths) == body > 1100


def test_texts_and_tables_stand_side_by_side_at_1280_pixels(page: Page, whole: Path) -> None:
    page.open(whole)
    places = page.value(
        "[...document.querySelectorAll('.flow')].filter(one => one.children.length > 1)"
        ".map(one => Math.max(...[...one.children].map(each => each.offsetLeft)))"
    )
    assert sum(place > 400 for place in places) > len(places) / 2 > 0
    cards = page.value(
        "[...document.querySelectorAll('.card')].map(one => [one.children[0].offsetTop, "
        "one.children[1].offsetTop, one.children[1].offsetLeft])"
    )
    assert all(abs(left_top - top) < 30 and left > 400 for left_top, top, left in cards)


def test_the_contents_stay_in_sight(page: Page, whole: Path) -> None:
    page.open(whole)
    page.value("window.scrollTo(0, document.body.scrollHeight)")
    assert page.value("document.querySelector('nav').getBoundingClientRect().top") == 0


def test_a_table_is_sorted_by_a_click_on_its_head(page: Page, whole: Path) -> None:
    page.open(whole)
    place = (
        "[...document.querySelectorAll('table')].find(one => one.tHead.innerText"
        ".includes('Qabf') && one.tBodies[0].rows.length > 4 && one.tHead.innerText.includes('SD'))"
    )
    head = f"[...{place}.tHead.rows[0].cells].findIndex(one => one.innerText.includes('Qabf'))"
    cells = f"(at => [...{place}.tBodies[0].rows].map(one => one.cells[at].innerText))({head})"
    click = f"{place}.tHead.rows[0].cells[{head}].querySelector('button').click()"
    for sign in (1, -1):
        page.value(click)
        shown = [float(text.split()[0]) for text in page.value(cells)]
        assert len(shown) > 4
        assert shown == sorted(shown, key=lambda number: sign * number)


def test_a_dot_names_its_run_and_links_it(page: Page, whole: Path) -> None:
    page.open(whole)
    dot = "document.querySelector('#figure-arm_points circle')"
    page.value(f"{dot}.dispatchEvent(new Event('pointerenter'))")
    run_id = page.value(f"{dot}.dataset.run")
    said = page.value("document.querySelector('#figure-arm_points .which').innerText")
    assert f"run {run_id}" in said
    link = page.value("document.querySelector('#figure-arm_points .which a').href")
    assert link.startswith(SERVER)
    assert page.value("document.querySelectorAll('#figure-arm_points .same').length") == 6


def test_pictures_are_flipped_also_without_the_script(
    page: Page, pictured: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub(r"<script>.*?</script>", "", pictured.read_text(), flags=re.DOTALL))
    shown = (
        "[...document.querySelectorAll('.frames > div')].filter(one => one.offsetParent)"
        ".map(one => one.querySelector('img').alt)"
    )
    for path in (pictured, bare):
        page.open(path)
        assert page.value(shown) == ["infrared"]
        page.value("[...document.querySelectorAll('.flip label')][2].click()")
        assert page.value(shown) == ["signed"]
        assert page.value("document.querySelectorAll('.frames > div:nth-child(3) img').length") == 2


def test_it_is_printed(page: Page, pictured: Path) -> None:
    del page  # skips where there is no browser
    printed = print_page(pictured, program=BROWSER)
    assert printed.read_bytes().startswith(b"%PDF-")
    assert printed == pictured.with_suffix(".pdf")
