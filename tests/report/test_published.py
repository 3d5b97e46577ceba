import html
import json
import lzma
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate.analysis.question import metric_label
from ablate.errors import ConfigError
from ablate.report import packed
from ablate.report.contents import Contents
from ablate.report.kept import contents_of
from ablate.report.named_answer import notices
from ablate.report.published import publish
from ablate.report.published_list import comparisons, folder_page, index
from ablate.report.replications import MARKS
from tests.command_line import typed
from tests.drawing import drawing
from tests.report.answered import VARIANT, answered_contents
from tests.stats.test_scenes import plain

ORIGIN = {"command": "ablate run simulated data=msrs data.root=DIR", "revision": "abc"}


def simulated() -> Contents:
    return answered_contents(
        questions=[VARIANT],
        explored=0,
        hunted=0,
        data_label="MSRS-mini",
        data_name="msrs",
        provenance=ORIGIN,
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(simulated(), tmp_path_factory.mktemp("reports"), shuffles=3)


def test_a_report_quotes_every_deciding_sentence_and_its_page_the_command(
    published: Path,
) -> None:
    page = " ".join((published / "README.md").read_text().split())
    said = (published / "report.html").read_text()
    verdicts = json.loads((published / "verdict.json").read_text())
    deciding = [row for row in verdicts["questions"][0]["rows"] if row["role"] == "primary"]
    assert published.parts[-2:] == ("simulated", "msrs-mini")
    assert len(deciding) == 8
    for row in deciding:
        assert html.escape(row["sentence"].partition(": ")[2], quote=False) in said
    assert verdicts["questions"][0]["scope"] in said
    assert "**4 gain**. " in page
    assert verdicts["questions"][0]["headline"] in page
    assert ORIGIN["command"] in page
    assert "variant with labels shuffled 3 times: something claimed in 0, as alpha allows" in page
    assert "| Qabf |" in page


def test_a_published_report_is_rendered_anew_from_its_folder(
    published: Path, tmp_path: Path
) -> None:
    contents = contents_of(published)
    again = publish(contents, tmp_path / "reports", shuffles=3)
    assert {path.name for path in again.rglob("*")} >= {path.name for path in published.rglob("*")}
    first, second = (
        json.loads((folder / "verdict.json").read_text())["questions"][0]
        for folder in (published, again)
    )
    for key in ("headline", "advice", "caveats", "values", "baseline", "best"):
        assert second[key] == first[key]
    for one, other in zip(first["rows"], second["rows"], strict=True):
        for key in ("verdict", "sentence", "run_ids"):
            assert other[key] == one[key]
        for key in ("estimate", "ci_low", "ci_high", "p", "p_holm", "percent"):
            assert other[key] == pytest.approx(one[key], rel=1e-9)
    kept = lzma.decompress((published / "facts.json.xz").read_bytes()).decode()
    assert "sqlite" not in kept  # no address of the machine


def test_the_command_renders_a_published_folder_and_says_what_it_takes(
    published: Path, tmp_path: Path
) -> None:
    words = ("report", "--from", str(published))
    with drawing():
        assert typed(*words, "--out", "page", cwd=tmp_path).returncode == 0
    assert (tmp_path / "page" / "report.html").is_file()
    for wrong, text in (
        (words, "--from FOLDER goes with --out DIR or --publish DIR alone"),
        ((*words, "quickstart", "--out", "x"), "--from FOLDER goes with"),
        (("report", "--from", ".", "--out", "x"), "holds no facts.json.xz"),
    ):
        done = typed(*wrong, cwd=tmp_path)
        assert done.returncode != 0
        assert text in done.stderr


def test_the_list_has_a_small_table_per_question_with_links(published: Path) -> None:
    page = (published.parents[1] / "README.md").read_text()
    question = json.loads((published / "verdict.json").read_text())["questions"][0]
    assert page.count("\n## ") == 1
    table = page.partition(f"## {question['asks']}\n")[2].strip().splitlines()
    assert table[0] == "| network, data | answer | Qabf | VIF |"
    assert table[2].count("simulated/msrs-mini") == 1
    assert "(simulated/msrs-mini) | **4 gain** |" in table[2]
    assert not table[3].strip()  # a row per study
    for metric in ("qabf", "vif"):
        rows = [
            row for row in question["rows"] if (row["role"], row["metric"]) == ("primary", metric)
        ]
        largest = max(rows, key=lambda row: abs(row["estimate"]))
        assert f"{largest['percent']:+.2f} (" in table[2]
    assert len(page.splitlines()) < 40


def test_every_comparison_has_a_page_of_its_own(published: Path) -> None:
    page = (published.parents[1] / "COMPARISONS.md").read_text()
    question = json.loads((published / "verdict.json").read_text())["questions"][0]
    assert page.count("\n## ") == 1
    assert "MSRS-mini | **4 gain** |" in page
    said = " ".join(page.split())
    assert f"[Report](simulated/msrs-mini/report.md); `{ORIGIN['command']}`" in said
    primary = [row for row in question["rows"] if row["role"] == "primary"]
    cells = [line for line in page.splitlines() if line.startswith(("| Qabf:", "| VIF:"))]
    assert len(cells) == len(primary)
    for row in primary:
        pair = f"({row['value']} vs {row['baseline']})"
        start = f"| {metric_label(row['metric'])}: {row['contrast']} {pair} |"
        (line,) = [cell for cell in cells if cell.startswith(start)]
        assert f"{row['percent']:+.2f}" in line
        assert line.count(MARKS.get(row["verdict"], "▲" if row["is_better"] else "▼")) == 1


def test_it_holds_no_picture_and_its_links_lead_somewhere(published: Path) -> None:
    assert not [path for path in published.rglob("*") if path.suffix in (".png", ".pdf", ".jpg")]
    text = (published / "report.md").read_text()
    linked = [part.partition(")")[0] for part in text.split("](figures/")[1:]]
    assert linked
    assert all((published / "figures" / name).is_file() for name in linked)
    page = (published / "report.html").read_text()
    shown = [part.partition('"')[0] for part in page.split('src="')[1:]]
    assert shown == [f"figures/{name}" for name in linked]
    assert "base64" not in page


def test_pages_name_the_tables_as_they_lie_there(published: Path) -> None:
    for page in ("report.md", "report.html"):
        text = (published / page).read_text()
        named = set(re.findall(r"tables/[\w.]*\w", text))
        assert "tables/runs.csv.xz" in named
        assert all((published / name).is_file() for name in named)


def test_a_folder_is_small(published: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in published.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 400_000, sizes
    assert max(size for name, size in sizes.items() if name.endswith(".svg")) < 60_000


def test_publishing_again_changes_no_byte_and_removes_what_is_gone(
    published: Path, tmp_path: Path
) -> None:
    contents = simulated()
    with drawing("curves"):
        folder = publish(contents, tmp_path, shuffles=3)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        (folder / "old.txt").write_text("of an earlier version")
        publish(contents, tmp_path, shuffles=3)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    for name in ("verdict.json", "facts.json.xz", "README.md", "figures/curves.svg"):
        assert before[folder / name] == (published / name).read_bytes()


def test_a_study_without_an_answer_is_not_published(
    contents: "pytest.FixtureRequest", tmp_path: Path
) -> None:
    made: Contents = contents()  # type: ignore[operator]
    with pytest.raises(ConfigError, match="no answered question"):
        publish(made, tmp_path)
    assert not list(tmp_path.iterdir()) or not (tmp_path / "README.md").exists()


def test_an_empty_folder_lists_nothing(tmp_path: Path) -> None:
    assert "##" not in index(tmp_path)


def test_the_pages_of_this_repository_are_those_that_its_folders_make() -> None:
    reports = Path(__file__).resolve().parents[2] / "reports"
    listed = (reports / "README.md").read_text("utf-8")
    assert listed == index(reports)
    assert (reports / "COMPARISONS.md").read_text("utf-8") == comparisons(reports)
    for folder in folders():
        made = folder_page(folder, reports)
        assert (folder / "README.md").read_text("utf-8") == made
    assert len(listed.splitlines()) <= 10 * listed.count("\n## ")


def folders() -> list[Path]:
    """Return the published reports of this repository."""
    root = Path(__file__).resolve().parents[2] / "reports"
    return sorted(path.parent for path in root.glob("*/*/verdict.json"))


def chosen(runs: pd.DataFrame, question: dict) -> dict[tuple[int, str], str]:
    """Return block and value -> the run that is best on val, straight from the published table."""
    chooser, found = f"val/{question['selected_by']}", {}
    for winner in question["winners"]:
        mine = runs[runs["run_id"] == winner["run_id"]].iloc[0]
        same = runs[(runs["arm"] == mine["arm"]) & (runs["block"] == mine["block"])]
        same = same[(same["phase"] == mine["phase"]) & (same["state"] == "finished")]
        best = same.loc[same[chooser].idxmax(), "run_id"]
        assert best == winner["run_id"]
        found[winner["block"], str(winner["value"])] = best
    return found


def of_run(images: dict, run: str, metric: str) -> pd.DataFrame:
    """Return the scores of a run in a metric, by image; "tno/qabf" is qabf on the set tno."""
    split = f"test/{metric.rpartition('/')[0]}".removesuffix("/")
    return images[split, run, metric].set_index("image").sort_index()


def reanalysed(images: dict, question: dict, row: dict, best: dict) -> np.ndarray:
    """Return blocks x images of a contrast, straight from the published table of images."""
    weights = dict(
        zip(map(str, question["values"]), question["weights"][row["contrast"]], strict=True)
    )
    scores = {
        cell: of_run(images, run, row["metric"])["value"].to_numpy() for cell, run in best.items()
    }
    # a value without a healthy point in one block holds the worst score of that block
    for block in {block for block, _ in best}:
        there = [found for (at, _), found in scores.items() if at == block]
        for value in weights:
            scores.setdefault((block, value), min(there, key=np.mean))
    return np.array(
        [
            sum(weights[value] * scores[block, value] for value in weights if weights[value])
            for block in sorted({block for block, _ in best})
        ]
    )


def concluded(row: dict, low: float, high: float) -> str:
    """Return the verdict that an interval and a corrected p amount to, where no guard fails."""
    smallest = row["smallest_effect"]
    if smallest is not None and -smallest <= low and high <= smallest:
        return "practically equivalent"
    if row["p_holm"] >= 0.05:
        return "undecided"
    return "supported" if row["is_better"] in (True, None) else row["verdict"]


def scenes_of(folder: Path, shown: list[str]) -> list[str]:
    """Return the scene of each image, empty where the study recorded none."""
    kept = folder / "facts.json.xz"
    facts = json.loads(lzma.decompress(kept.read_bytes())) if kept.exists() else {}
    groups = dict(facts.get("groups", {}))
    for one in facts.get("tests", ()):
        groups |= {f"{one['name']}/{image}": scene for image, scene in one["groups"].items()}
    return [groups[image] for image in shown] if set(shown) <= set(groups) else []


def plainly(table: np.ndarray, scenes: list[str]) -> tuple[float, float, float]:
    """Return standard error, degrees of freedom and p of blocks x images, written plainly."""
    if scenes:
        return plain(table, [sorted(set(scenes)).index(scene) for scene in scenes])
    (blocks, count), by_block = table.shape, table.mean(axis=1)
    noise = (table - by_block[:, None] - table.mean(axis=0) + table.mean()) ** 2
    mean_square = noise.sum() / ((blocks - 1) * (count - 1))
    of_blocks = count * by_block.var(ddof=1)
    of_images = blocks * table.mean(axis=0).var(ddof=1)
    variance = of_blocks + max(of_images - mean_square, 0.0)
    error = np.sqrt(variance / (blocks * count))
    free = variance**2 / (of_blocks**2 / (blocks - 1))
    return error, free, 2 * stats.t.sf(abs(table.mean()) / error, free)


def check(folder: Path) -> int:
    """Compare every primary row with its own re-analysis; return how many there were."""
    verdicts = json.loads((folder / "verdict.json").read_text())
    tables = {name: packed.read(folder, name) for name in ("runs", "images")}
    images = dict(iter(tables["images"].groupby(["split", "run_id", "metric"])))
    seen = 0
    for question in verdicts["questions"]:
        rows = [row for row in question["rows"] if row["role"] == "primary"]
        found, best = [], chosen(tables["runs"], question)
        for row in rows:
            table = reanalysed(images, question, row, best)
            by_block = table.mean(axis=1)
            shown = list(of_run(images, next(iter(best.values())), row["metric"]).index)
            error, free, p = plainly(table, scenes_of(folder, shown))
            np.testing.assert_allclose(by_block, row["by_block"], rtol=1e-9, atol=1e-11)
            half = stats.t.ppf(0.975, free) * error
            low, high = table.mean() - half, table.mean() + half
            mine = [table.mean(), p, low, high]
            theirs = [row[key] for key in ("estimate", "p", "ci_low", "ci_high")]
            np.testing.assert_allclose(mine, theirs, rtol=1e-8)  # p; the others 1e-9
            if row["verdict"] != "not answerable":  # no guard failed
                assert row["verdict"] == concluded(row, low, high)
            found.append(p)
        asked = len(question.get("contrasts", ())) * len({row["metric"] for row in rows})
        size = max(asked, len(found))  # with contrasts of values that never trained
        order, places = np.argsort(found), np.arange(size, size - len(found), -1)
        corrected = np.maximum.accumulate(np.sort(found) * places).clip(max=1)
        expected = [rows[place]["p_holm"] for place in order]
        np.testing.assert_allclose(corrected, expected, rtol=1e-5)
        seen += len(rows)
    return seen


def test_scipy_on_the_published_tables_says_the_same(published: Path) -> None:
    assert check(published) == 8


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.parent.name)
def test_scipy_says_the_same_of_what_this_repository_publishes(folder: Path) -> None:
    assert check(folder) > 0


def test_a_notice_beside_a_report_or_its_study_is_repeated_once(tmp_path: Path) -> None:
    for name in ("one/msrs", "one/tno", "two/msrs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "NOTICE.md").write_text("> of the whole list")
    (tmp_path / "one" / "NOTICE.md").write_text("> **Read this.** It was\n> short.\n")
    words = [str(tmp_path / name) for name in ("one/msrs", "one/tno", "two/msrs")]
    assert notices(words) == ["Read this. It was short."]
