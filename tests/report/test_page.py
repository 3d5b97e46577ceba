"""The report: its numbers, its honesty, its bytes, and strings that came from files."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html import escape, unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn
from ablate.report.page import html, render
from ablate.report.sections import report
from ablate.report.summary import NO_CLAIM, summary
from tests.drawing import drawing
from tests.present import present
from tests.report import answered

Make = Callable[..., Contents]


def test_a_report_has_every_file_and_every_figure_that_applies(
    contents: Make, tmp_path: Path
) -> None:
    given = contents()
    page = render(given, tmp_path / "out").read_text()
    made = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*")}
    assert {"report.html", "report.md", "figures.pdf", "tables/arms.csv", "tables/arms.tex"} <= made
    every = {name: FIGURES.get(name)().numbers(given) for name in FIGURES}
    applying = {name for name, numbers in every.items() if not isinstance(numbers, NotDrawn)}
    assert {"arm_points", "curves", "fused_grid"} <= applying
    for name in applying:
        assert {f"figures/{name}.{end}" for end in ("svg", "png", "csv")} <= made
    for name, numbers in every.items():
        assert (f'id="figure-{name}"' in page) == (name in applying)
        if isinstance(numbers, NotDrawn):
            title = FIGURES.get(name)().title
            assert escape(f"{title} ({numbers.reason})", quote=False) in page


def test_the_same_contents_give_the_same_bytes(contents: Make, tmp_path: Path) -> None:
    same = contents()
    render(same, tmp_path / "one")
    render(same, tmp_path / "two")
    for path in (tmp_path / "one").rglob("*.*"):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes(), path.name


def test_means_and_spreads_are_those_of_the_runs(contents: Make, tmp_path: Path) -> None:
    given = contents()
    with drawing():
        render(given, tmp_path)
    table = pd.read_csv(tmp_path / "tables" / "arms.csv").set_index(["arm", "metric"])
    for arm, part in given.runs.groupby("arm"):
        values = part["test/qabf"].to_numpy()
        assert table.loc[(arm, "qabf"), "mean"] == pytest.approx(values.mean())
        assert table.loc[(arm, "qabf"), "sd"] == pytest.approx(values.std(ddof=1))
    assert table.loc[("rule max", "qabf"), "mean"] == pytest.approx(0.6)


def test_it_asks_nothing_of_the_network_and_claims_nothing(contents: Make, tmp_path: Path) -> None:
    with drawing("arm_points", "curves", "fused_grid"):
        page = render(contents(), tmp_path).read_text()
    assert page.count("<img") >= 3
    assert "http" not in page.replace("http-equiv", "")
    assert NO_CLAIM in page
    for word in ("significant", "proves", "outperforms"):
        assert word not in page


def test_only_its_own_style_and_script_may_be_used(contents: Make) -> None:
    page = html(report(contents(), []))
    policy = unescape(present(re.search(r'Security-Policy" content="([^"]*)"', page))[1])
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    assert not re.search(r"innerHTML|insertAdjacentHTML|eval|document\.write|fetch|import", text)


@pytest.mark.parametrize(
    ("name", "model", "steps", "told"),
    [
        ("synthetic", "probe", 150, "Toy budget on generated pairs"),
        ("msrs", "probe", 150, "Proxy, no network was trained"),
        ("msrs", "unet", 300, "Toy budget, 1,200 crops per training"),
        ("msrs", "unet", 999, "Toy budget, 3,996 crops per training"),
        ("msrs", "unet", 1_000, ""),
    ],
)
def test_toy_budgets_are_called_toy_and_others_are_not(
    contents: Make, tmp_path: Path, name: str, model: str, steps: int, told: str
) -> None:
    settings = {"model": {"name": model}, "train": {"steps": steps, "batch_size": 4}}
    given = contents(data_name=name, settings=settings)
    with drawing():
        page = render(given, tmp_path)
    for text in (page.read_text(), summary(given)):
        for banner in ("Toy budget", "Proxy"):
            assert (banner in text) == told.startswith(banner)
        assert told in " ".join(text.split())


def test_strings_from_files_are_text_and_never_markup(contents: Make, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script> | `x` & y"
    given = contents(title=evil, asks=[evil])
    given.runs.loc[0, ["state", "reason"]] = ["failed", evil]
    with drawing():
        page = render(given, tmp_path).read_text()
    assert page.count("<script") == 1
    assert "alert" not in page[page.index("<script") :]
    assert "&lt;script&gt;" in page
    assert "<script" not in (tmp_path / "report.md").read_text()


def test_a_failed_run_is_counted_named_and_never_averaged(contents: Make, tmp_path: Path) -> None:
    given = contents()
    given.runs.loc[0, ["state", "reason"]] = ["failed", "diverged: NaN"]
    given.runs.loc[0, "test/qabf"] = np.nan
    with drawing():
        page = render(given, tmp_path).read_text()
    assert "diverged: NaN" in page
    table = pd.read_csv(tmp_path / "tables" / "arms.csv").set_index(["arm", "metric"])
    row = table.to_dict("index")["signed", "qabf"]
    assert (row["runs"], row["failed"]) == (1, 1)
    assert row["mean"] == pytest.approx(given.runs["test/qabf"][1])
    assert "1 run failed" in summary(given)


def test_a_missing_input_makes_the_box_say_why(contents: Make, tmp_path: Path) -> None:
    given = contents()
    bare = replace(given, gallery={}, curves=given.curves[:0])
    page = render(bare, tmp_path).read_text()
    assert "no pictures were published" in page
    assert "no loss was recorded" in page
    assert not (tmp_path / "figures" / "curves.svg").exists()


def test_all_runs_failed_is_a_report_too(contents: Make, tmp_path: Path) -> None:
    given = contents()
    runs = given.runs.drop(columns=["test/qabf", "test/mi"]).assign(state="failed", reason="oom")
    bare = replace(given, runs=runs, images=given.images[:0], gallery={})
    page = render(bare, tmp_path).read_text()
    assert "no designed run has finished" in page
    assert "4 runs failed" in summary(bare)


def test_searched_trials_stand_apart_from_arms(contents: Make, tmp_path: Path) -> None:
    given = contents(
        phases={
            "compare": {"design": "one_factor", "seeds": 2},
            "hunt": {"design": "search", "seeds": 1},
        }
    )
    row = given.runs.iloc[0].to_dict() | {
        "run_id": "x",
        "arm": "lucky",
        "phase": "hunt",
        "trial": 9,
    }
    given = replace(given, runs=pd.concat([given.runs, pd.DataFrame([row])], ignore_index=True))
    with drawing():
        page = render(given, tmp_path).read_text()
    assert "adaptive, exploratory" in page
    arms = pd.read_csv(tmp_path / "tables" / "arms.csv")
    assert "lucky" not in set(arms["arm"])


def test_the_summary_fits_80_columns_for_usual_names_and_orders_by_direction(
    contents: Make,
) -> None:
    given = contents()
    lines = summary(given).splitlines()
    assert max(map(len, lines)) <= 80
    best = given.runs.groupby("arm")["test/qabf"].mean().idxmax()
    (line,) = [line for line in lines if line.strip().startswith("Qabf")]
    assert line.index(str(best)) == min(line.index(arm) for arm in ("signed", "magnitude"))


def test_a_page_draws_what_a_question_asks_on_a_further_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(answered.BASES, "tno/qabf", answered.BASES["qabf"])
    question = answered.asked(
        primary=["qabf", "tno/qabf"],
        secondary=[],
        guardrails=[],
        smallest_effect={"qabf": "0.5%", "tno/qabf": "0.5%"},
    )
    given = answered.answered_contents(
        questions=[question],
        metrics=("tno/qabf", "qabf"),
        selecting=("qabf",),
        explored=0,
        hunted=0,
    )
    assert "Qabf on tno ↑" in render(given, tmp_path).read_text(encoding="utf-8")
