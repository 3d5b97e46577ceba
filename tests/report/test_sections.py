"""The parts of the page: their order, their anchors, their tables and links."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ablate.analysis.question import metric_label
from ablate.analysis.sentences import chance
from ablate.report.blocks import Heading, Shown, Tabled, Text
from ablate.report.contents import Contents
from ablate.report.figures import in_order
from ablate.report.page import markdown, render
from ablate.report.runs import runs_table
from ablate.report.sections import report, reselected
from ablate.report.values import contrasts_table, values_table, winners_frame, words_table
from ablate.tables import NONE, markdown_text
from tests.drawing import drawing
from tests.present import present
from tests.report.searching import hunted

SERVER = "https://host/#/experiments/1/runs/"


@pytest.fixture(scope="module")
def linked(answered: Contents) -> Contents:
    links = {run_id: f"{number:032x}" for number, run_id in enumerate(answered.runs["run_id"])}
    return replace(answered, links=links)


@pytest.fixture(scope="module")
def rendered(linked: Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(linked, tmp_path_factory.mktemp("report")).parent


def test_parts_stand_in_the_order_of_the_protocol(rendered: Path) -> None:
    page = (rendered / "report.html").read_text()
    heads = [re.sub("<[^>]+>", "", head) for head in re.findall(r"<h2[^>]*>(.*?)</h2>", page)]
    assert heads == [
        "Answers",
        "Behind variant",
        "Behind ratio",
        "Evidence",
        "Searches and grids: described, not tested",
        "Training health",
        "Tables",
        "Runs",
        "Checklist",
        "Provenance",
    ]
    assert page.index('class="banner"') < page.index("<nav ") < page.index("<h2")


def test_every_link_inside_the_page_has_its_target_once(rendered: Path) -> None:
    page = (rendered / "report.html").read_text()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r'href="#([^"]+)"', page))
    assert {"q1-variant", "answers", "checklist"} <= set(ids)
    assert wanted <= set(ids)


def test_markdown_has_the_same_heads_and_verdicts(rendered: Path, linked: Contents) -> None:
    text = (rendered / "report.md").read_text()
    for question in linked.answered:
        assert f"### {question.id}\n" in text
        assert f"**{markdown_text(question.answer)}**" in text
        assert question.headline
        assert question.advice in text
        assert f"## Behind {question.id}" in text
    for head in ("Evidence", "Tables", "Checklist", "Provenance"):
        assert f"\n## {head}" in text
    assert text.count("\n1. ") == 1
    assert "\n27. " in text


def test_a_row_of_the_table_says_what_its_sentence_says(linked: Contents) -> None:
    (question, *_) = linked.answered
    first = question.deciding[0]
    cells = [cell.text for cell in contrasts_table(question, "primary").rows[0]]
    assert cells[3] == f"{first.percent:+.2f} %"
    scale = present(first.percent) / first.estimate
    low, high = present(first.ci_low) * scale, present(first.ci_high) * scale
    assert cells[4] == f"{low:+.2f} to {high:+.2f}"
    assert cells[6] == chance(present(first.p_step_down)).removeprefix("= ")
    assert cells[7] == f"{first.d_z:.2f}"
    assert cells[8] == f"{first.p_better:.2f}"
    assert cells[9] == f"{present(first.smallest_effect) * scale:.2f} %"
    assert cells[2] == question.word_of(first) == "gain"
    assert question.sentence_of(first) == first.sentence.replace("supported", "gain", 1)


def test_bold_are_the_values_of_the_best_set(linked: Contents) -> None:
    for question in linked.answered:
        table = values_table(question, linked.comparators)
        metrics = list(dict.fromkeys(cell.metric for cell in question.cells))
        of_values, of_rules = table.rows[: len(question.values)], table.rows[-2:]
        assert [row[0].text for row in of_rules] == ["rule mean", "rule max"]
        assert not any(cell.is_bold for row in of_rules for cell in row)
        for row, value in zip(of_values, question.values, strict=True):
            bold = {m for m, cell in zip(metrics, row[1:], strict=True) if cell.is_bold}
            assert bold == {m for m in metrics if value in question.best[m]}


def test_it_says_what_another_choice_of_points_would_have_answered(linked: Contents) -> None:
    question = linked.answered[0]
    told = reselected(question)
    others = [o for o in question.reselected if o.metric != question.selected_by]
    assert others
    assert all(f"{metric_label(o.metric)}" in told for o in others)
    assert all(f": {o.verdict}" in told for o in others)
    assert told.count("Qabf") == 1
    (vif,) = [o for o in others if o.metric == "vif"]
    own = ", ".join(f"{name} {percent:+.1f} %" for name, percent in vif.own.items())
    assert told.endswith(f" VIF at the points that it chooses: {own}.")


def test_winners_have_their_configuration_and_their_run(linked: Contents) -> None:
    table = winners_frame(linked)
    blocks = linked.facts.phases["answer"].blocks
    assert len(table) == present(blocks) * sum(len(q.values) for q in linked.answered)
    assert table["nuisance.learning_rate"].notna().all()
    assert (table["mlflow_run_id"] == table["run_id"].map(linked.links)).all()


def test_files_of_the_tables_hold_the_same_numbers(rendered: Path, linked: Contents) -> None:
    answers = pd.read_csv(rendered / "tables" / "answers.csv")
    assert len(answers) == sum(len(question.rows) for question in linked.answered)
    arms = pd.read_csv(rendered / "tables" / "arms.csv").set_index(["question", "arm", "metric"])
    (question, *_) = linked.answered
    scores = [
        cell.score for cell in question.cells if cell.metric == "qabf" and cell.value == "signed"
    ]
    found = arms.to_dict("index")["variant", "signed", "qabf"]
    assert found["mean"] == pytest.approx(sum(scores) / len(scores))
    assert found["in_best_set"] == ("signed" in question.best["qabf"])
    assert (rendered / "tables" / "budget.csv").exists()


def test_a_server_makes_links_and_a_file_gives_names(linked: Contents) -> None:
    run_id = linked.runs["run_id"].iloc[0]
    mine = linked.links[run_id]
    without = markdown(report(linked, []))
    assert "https://" not in without
    found = runs_table(replace(linked, server=SERVER))
    links = [link for row in found.rows for cell in row for link in cell.links]
    assert len(links) == len(linked.runs)
    assert {link.url for link in links} == {SERVER + one for one in linked.links.values()}
    assert SERVER + mine in {link.url for link in links}


def test_a_page_with_a_server_only_links_and_loads_nothing(
    contents: Callable[..., Contents], tmp_path: Path
) -> None:
    given = contents()
    links = dict.fromkeys(given.runs["run_id"], "abc")
    with drawing("arm_points"):
        page = render(replace(given, links=links, server=SERVER), tmp_path).read_text()
    assert "<img" in page
    assert f'<a href="{SERVER}abc">' in page
    assert not re.findall(r'(?:src|srcset|action|data)="http', page)
    assert "<link" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_a_figure_that_no_longer_applies_leaves_no_file_behind(
    contents: Callable[..., Contents], tmp_path: Path
) -> None:
    given = contents()
    with drawing("curves"):
        render(given, tmp_path)
        assert (tmp_path / "figures" / "curves.svg").exists()
        render(replace(given, curves=given.curves[:0]), tmp_path)
    assert not list((tmp_path / "figures").glob("curves.*"))


def test_a_search_opens_with_its_history_and_its_best_settings() -> None:
    given = hunted()
    figures = [
        Shown(name=name, section=one.section, title=one.title, caption=one.caption)
        for name, one in in_order()
        if name in ("history", "slices", "budget")
    ]
    first, second, *_ = report(given, figures).parts
    assert [one.name for one in first.blocks if isinstance(one, Shown)] == ["history"]
    assert second.heading == "Searches and grids: described, not tested"
    heading, _, table, line, slices = second.blocks[:5]
    assert isinstance(heading, Heading)
    assert heading.text == "Best settings"
    assert isinstance(table, Tabled)
    assert [cell.text for cell in table.table.rows[0]][3:] == [
        f"{given.runs['val/qabf'].max():.4f}",
        "–",
        "1",
    ]
    assert isinstance(line, Text)
    assert line.text.startswith("9 trials have a score, 0 of them designed. From 16 designed")
    assert isinstance(slices, Shown)  # which few trials do not take away


def test_a_contrast_without_healthy_trainings_has_dashes(linked: Contents) -> None:
    (question, *_) = linked.answered
    first, *others = question.contrasts
    dead = replace(first, word="not answerable", expected="", primary={}, guards={}, effects=())
    rows = tuple(row for row in question.rows if row.contrast != first.contrast)
    made = words_table(replace(question, contrasts=(dead, *others), rows=rows))
    texts = [[cell.text for cell in row] for row in made.rows]
    assert texts[0][:2] == [first.contrast, "not answerable"]
    assert set(texts[0][2:]) == {NONE}
    assert texts[1:] == [[cell.text for cell in row] for row in words_table(question).rows[1:]]
