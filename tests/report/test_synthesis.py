"""Lines, page, table and figure of a synthesis, and what it is read from."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from matplotlib.patches import Polygon

from ablate.analysis.synthesis import ONE_CELL, SynthesizedStudies, synthesized
from ablate.errors import ConfigError
from ablate.report.synthesis import write
from ablate.report.synthesis_figure import forest
from ablate.report.synthesis_sources import asked as read
from ablate.report.synthesis_tables import cell_names, groups_of, lines, pooled_rows
from tests.analysis.cells_made import asked, budget, row

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "reports"


@pytest.fixture(scope="module")
def found() -> SynthesizedStudies:
    long = "a contrast with a name that no terminal holds"
    weights = {"b vs a": (-1.0, 1.0, 0.0), long: (0.0, -1.0, 1.0)}
    rows = [row(6), row(7, metric="vif"), row(5, contrast=long)]
    return synthesized(
        [
            asked("A", *rows, values="abc", weights=weights, point=0.1, unhealthy={"b": 0.25}),
            asked("B", row(7), row(-9, metric="vif"), point=0.1, study="t"),
        ]
    )


def test_a_terminal_of_80_columns_shows_every_word_in_full(found: SynthesizedStudies) -> None:
    text = list(lines(found))
    tables = [line for line in text if re.match(r"(b vs a|a contrast|Qabf|VIF)", line)]
    assert len(tables) == 5
    assert max(map(len, tables)) <= 80
    (gain,) = [line for line in text if line.startswith("b vs a") and line.endswith(" gain")]
    assert "+6.5 (" in gain
    assert any(re.match(r"a contrast with a\.\. +\+5\.0 \(.*one cell$", line) for line in text)
    assert any("2 studies share tuning points and seeds" in line for line in text)
    assert any("unhealthy trainings: 25 % of b" in line for line in text)


def test_the_longest_word_and_numbers_fit_80_columns() -> None:
    worst = [asked(n, row(p, se=1.2), study=n) for n, p in (("A", 95.5), ("B", -160.2), ("C", 9))]
    text = list(lines(synthesized(worst)))
    (line,) = [line for line in text if line.endswith("does not generalise")]
    assert len(line) <= 80


def test_cells_are_named_by_what_they_do_not_share() -> None:
    def names(*several: tuple[str, str]) -> list[str]:
        rows = [asked(data, row(1), network=net, where=net + data) for data, net in several]
        return cell_names(synthesized(rows).contrasts[0].cells)

    assert names(("A", "unet (width 4)"), ("B", "unet (width 4)")) == ["A", "B"]
    widths = names(("A", "unet (width 4, depth 3)"), ("A", "unet (width 8, depth 3)"))
    assert widths == ["width 4", "width 8"]
    assert names(("A", "unet (width 4)")) == ["A"]
    both = asked("A", row(6, budgets=(budget(4),)))
    assert cell_names(synthesized([both]).contrasts[0].cells) == ["9 steps", "18 steps"]


def test_the_page_the_markdown_and_the_csv_say_the_same(
    found: SynthesizedStudies, tmp_path: Path
) -> None:
    page = write(found, tmp_path / "out")
    html, text = page.read_text(), page.with_suffix(".md").read_text()
    one = found.contrasts[0]
    assert one.found is not None
    for shown in (html, text):
        assert f"{one.found.p_gain:.2f}" in shown
        assert ONE_CELL in shown
    assert "](figures/synthesis.svg)" in text
    assert (tmp_path / "out" / "figures" / "synthesis.svg").stat().st_size > 2000
    rows = list(csv.DictReader(page.with_suffix(".csv").open()))
    assert [r["row"] for r in rows] == ["all cells", "cell", "cell"] * 2 + ["all cells", "cell"]
    assert float(rows[0]["effect"]) == pytest.approx(one.found.mean)
    assert float(rows[1]["effect"]) == pytest.approx(6)
    before = {path: path.read_bytes() for path in page.parent.rglob("*") if path.is_file()}
    write(found, tmp_path / "out")
    assert before == {path: path.read_bytes() for path in before}


def test_the_figure_has_a_panel_per_metric_a_dot_per_cell_and_a_diamond(
    found: SynthesizedStudies,
) -> None:
    made = forest(groups_of(found))
    qabf, vif = made.axes
    assert (qabf.get_title(), vif.get_title()) == ("Qabf ↑, %", "VIF ↑, %")
    for axis, diamonds, dots in ((qabf, 1, 3), (vif, 1, 2)):
        assert sum(isinstance(one, Polygon) for one in axis.patches) == diamonds
        assert sum(line.get_marker() == "o" for line in axis.lines) == dots
    (diamond,) = [one for one in qabf.patches if isinstance(one, Polygon)]
    one = found.contrasts[0].found
    assert one is not None
    corners = diamond.get_xy()[:, 0]
    assert (corners.min(), corners.max()) == pytest.approx((one.low, one.high))
    assert made.get_size_inches()[0] == pytest.approx(7.1)


def test_a_row_of_the_list_counts_words_and_sizes_what_is_decided(
    found: SynthesizedStudies,
) -> None:
    ((name, words, qabf, vif),) = pooled_rows(found, ["qabf", "vif"])
    assert name == "**Together, networks** (2 cells)"
    assert words == "1 gain, 1 does not generalise"
    assert qabf.startswith("gain: b vs a +6.5 (")
    assert vif == "does not generalise: b vs a"
    alone = synthesized([asked("A", row(6))])
    assert pooled_rows(alone, ["qabf"]) == []


def test_published_folders_are_read_once() -> None:
    folder = REPORTS / "probe_q4_variant_answer"
    every = read([str(folder), str(folder / "msrs-mini")], store=Path("no"))
    assert len(every) == 2


def test_three_cells_that_disagree_do_not_generalise() -> None:
    """The sign in Qabf by three withdrawn reports; the numbers are those of an independent audit."""
    cells = (
        ("MSRS", 9.01, 2.51, 16.1),
        ("MSRS", 0.88, 3.19, 7.1),
        ("RoadScene", -16.99, 5.05, 8.2),
    )
    found = synthesized(
        [
            asked(data, row(percent, se=se, df=df), network=f"unet {at}")
            for at, (data, percent, se, df) in enumerate(cells)
        ]
    )
    (one,) = found.contrasts
    assert one.found is not None
    assert one.word == "does not generalise"
    assert one.found.i2 == pytest.approx(0.91, abs=0.005)
    assert one.found.mean == pytest.approx(-0.5, abs=0.5)
    assert (one.found.low, one.found.high) == pytest.approx((-17, 13), abs=2.5)


def test_what_cannot_be_read_is_reported_together(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "verdict.json").write_text("{")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "verdict.json").write_text('{"questions": []}')
    (tmp_path / "store" / "mine").mkdir(parents=True)
    (tmp_path / "store" / "mine" / "ledger.jsonl").touch()
    words = [str(tmp_path / name) for name in ("empty", "broken", "other", "store")]
    with pytest.raises(ConfigError) as raised:
        read([*words, "mine@nowhere"], store=tmp_path)
    text = str(raised.value)
    assert f"{tmp_path / 'empty'}: holds no verdict.json" in text
    assert f"{tmp_path / 'broken' / 'verdict.json'}: is not JSON" in text
    assert "other" in text
    assert f"is a store; name its study: mine@{tmp_path / 'store'}" in text
    assert "mine@nowhere: no such folder, and no study of a store" in text


def test_a_report_without_tables_is_read_without_its_health(tmp_path: Path) -> None:
    source = REPORTS / "probe_q7_selection" / "msrs-mini" / "verdict.json"
    shutil.copy(source, tmp_path / "verdict.json")
    (one,) = read([str(tmp_path)], store=tmp_path)
    assert one.unhealthy == {}
