"""`ablate judge` on runs that others made: what is answered, what is refused, in a line."""

import csv
import json
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.command_line import typed

HEAD = ("value", "seed", "image", "metric", "score")
SEEDS, IMAGES = range(11, 19), 6
TWO = {"l1": 0.0, "ours": 0.1}
Rows = list[tuple[Any, ...]]


def scores(values: dict[str, float], *, seeds: Iterable[int] = SEEDS, images: int = IMAGES) -> Rows:
    """Return a row per value, seed, image and metric; seeds are shared by all values."""
    rows: Rows = []
    for value, effect in values.items():
        for seed in seeds:
            shared = np.random.default_rng(seed).normal(0, 0.01)
            own = np.random.default_rng([seed, len(value)]).normal(0, 0.002)
            for image in range(images):
                mine = np.random.default_rng([seed, len(value), image]).normal(0, 0.001)
                score = 0.5 + effect + shared + own + 0.02 * image + mine
                rows += [(value, seed, f"i{image}", "Qabf", repr(float(score)))]
                rows += [(value, seed, f"i{image}", "VIF", repr(float(score - effect)))]
    return rows


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Iterable[Iterable[Any]], head: Iterable[str] = HEAD, *, name: str = "runs.csv"):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        return tmp_path

    return write


def answered(folder: Path, *words: str) -> dict[str, Any]:
    done = typed("judge", "runs.csv", *words, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["questions"][0]
    return found


def test_a_difference_is_found_with_the_paired_t_of_scipy(written: Callable[..., Path]) -> None:
    rows = [
        (value, seed, metric, score)
        for value, seed, _, metric, score in scores({"l1": 0.0, "ours": 0.02}, images=1)
    ]
    folder = written(rows, ("value", "seed", "metric", "score"))
    found = answered(folder, "--baseline", "l1", "--primary", "qabf", "--smallest", "qabf=1")
    by_seed = {(value, seed): float(s) for value, seed, metric, s in rows if metric == "Qabf"}
    ours, base = ([by_seed[value, seed] for seed in SEEDS] for value in ("ours", "l1"))
    row = found["rows"][0]
    assert row["p"] == pytest.approx(stats.ttest_rel(ours, base).pvalue, rel=1e-9)
    assert row["estimate"] == pytest.approx(np.mean(ours) - np.mean(base))
    assert (row["blocks"], row["images"]) == (8, 1)
    assert found["contrasts"][0]["word"] == "gain"
    assert any("asked of finished runs" in text for text in found["caveats"])
    assert any("is not known" in text for text in found["caveats"])


def test_both_forms_and_other_names_say_the_same(written: Callable[..., Path]) -> None:
    rows = scores({"l1": 0.0, "ours": 0.02, "ssim": 0.0})
    first = answered(written(rows), "--baseline", "l1", "--chosen-on", "val")
    by_place: dict[tuple[Any, ...], dict[str, str]] = {}
    for value, seed, image, metric, score in rows:
        by_place.setdefault((value, seed, image), {})[metric] = score
    wide = [(*place, one["Qabf"], one["VIF"], "x") for place, one in by_place.items()]
    folder = written(wide, ("loss", "s", "file", "test/QABF", "vif", "note"))
    names = ("--column", "value=loss", "--column", "seed=s", "--column", "image=file")
    assert answered(folder, *names, "--baseline", "l1", "--chosen-on", "val") == first
    assert not any("is not known" in text for text in first["caveats"])


def test_scenes_are_the_cases(written: Callable[..., Path]) -> None:
    rows = [(*row, f"scene{int(row[2][1]) // 2}") for row in scores({"l1": 0.0, "ours": 0.02})]
    found = answered(written(rows, (*HEAD, "scene")), "--baseline", "l1")
    assert {row["groups"] for row in found["rows"]} == {3}


def test_numbers_have_an_order_and_a_part_of_facts_is_enough(
    written: Callable[..., Path],
) -> None:
    rows = scores({"0.5": 0.0, "2": 0.02, "1": 0.01})
    folder = written(rows)
    found = answered(folder, "--baseline", "1", "--ordered", "--factor", "weight")
    assert (found["values"], found["baseline"], found["ordered"]) == ([0.5, 1, 2], 1, True)
    (folder / "facts.yaml").write_text(
        "data_label: MSRS\nquestions: [{baseline: 2, trend: linear, smallest_effect: {qabf: 1%}}]\n"
    )
    found = answered(folder, "--baseline", "1", "--ordered", "--facts", "facts.yaml")
    assert "data MSRS" in found["scope"]
    assert {"0.5 vs 2", "linear in value"} <= {row["contrast"] for row in found["rows"]}
    assert found["rows"][0]["smallest_effect"] == pytest.approx(0.0057, abs=3e-4)


def test_val_chooses_among_several_runs(written: Callable[..., Path]) -> None:
    rows: Rows = []
    for value, _, seed in ((v, None, s) for v in ("l1", "ours") for s in SEEDS):
        for run, on_val, on_test in (("a", 0.4, 0.9), ("b", 0.5, 0.5 + 0.01 * (value == "ours"))):
            noise = np.random.default_rng([seed, len(value)]).normal(0, 0.001)
            name = f"{value}{seed}{run}"
            rows += [(value, seed, name, "val", "qabf", on_val)]
            rows += [(value, seed, name, "test", "qabf", on_test + noise)]
    head = ("value", "seed", "run", "split", "metric", "score")
    found = answered(written(rows, head), "--baseline", "l1", "--chosen-on", "val")
    assert found["selected_by"] == "qabf"
    assert found["rows"][0]["estimate"] == pytest.approx(0.01, abs=0.002)  # not 0: a would tie
    test_alone = [row for row in rows if row[3] == "test"]
    done = typed("judge", "runs.csv", "--baseline", "l1", cwd=written(test_alone, head))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "choosing by test would be tuning on test" in done.stderr


@pytest.mark.parametrize(
    ("rows", "words", "reason"),
    [
        (scores({"l1": 0, "ours": 0.1}, seeds=[1]), (), "1 block, a claim needs 6"),
        (scores({"l1": 0, "ours": 0.1}, seeds=range(5)), (), "5 blocks, a claim needs 6"),
        (scores({"l1": 0, "ours": 0.1}), ("--chosen-on", "test"), "from test, which also selected"),
        (scores({"l1": 0, "ours": 0.1})[:-12], (), "Qabf has no score in 1 cells"),
        (scores({"l1": 0, "ours": 0.1})[:-2], (), "is not a number on 1 of 6 images"),
        (
            [(*row[:4], "nan") if row[:2] == ("l1", 12) else row for row in scores(TWO)],
            (),
            "Qabf is not a number on 6 of 6 images",
        ),
    ],
    ids=["single seed", "few seeds", "tuned on test", "half paired", "other images", "all NaN"],
)
def test_what_cannot_be_claimed_is_said_by_the_guards(
    rows: Rows, words: tuple[str, ...], reason: str, written: Callable[..., Path]
) -> None:
    found = answered(written(rows), "--baseline", "l1", *words)
    assert found["verdict"] == "not answerable"
    assert reason in found["reason"]
    assert {one["word"] for one in found["contrasts"]} <= {"not answerable"}


GOOD = scores({"l1": 0, "ours": 0.1}, images=2)


@pytest.mark.parametrize(
    ("rows", "head", "words", "text"),
    [
        (GOOD, HEAD, (), "--baseline: name one value"),
        (GOOD, HEAD, ("--baseline", "L1"), "no value is called 'L1'; known: l1, ours"),
        (GOOD, HEAD, ("--baseline", "l1", "--primary", "vfi"), "did you mean 'vif'?"),
        (GOOD, HEAD, ("--baseline", "l1", "--smallest", "scd=1"), "no score of 'scd'"),
        (GOOD, HEAD, ("--baseline", "l1", "--expects", "best"), "--expects: must be one of"),
        (GOOD, HEAD, ("--baseline", "l1", "--chosen-on", "tset"), "--chosen-on: must be one of"),
        (GOOD, HEAD, ("--column", "valu=x"), "--column valu=x: no column of ours"),
        (GOOD, HEAD, ("--column", "value=loss"), "it has no such column"),
        (GOOD, HEAD, ("--metric", "qabf"), "--metric qabf: must be NAME=THEIRS"),
        (GOOD, HEAD, ("--better", "map=up"), "--better map=up: must be METRIC=higher"),
        (GOOD, ("a", *HEAD[1:]), (), "no column value what is compared"),
        (GOOD, ("value", "s", *HEAD[2:]), (), "no column seed or block"),
        (GOOD, (*HEAD[:4], "value"), (), "two columns are called 'value'"),
        (GOOD, (*HEAD[:3], "m", "s"), (), "nor a column of a known metric"),
        (GOOD, (*HEAD[:4], "s"), (), "has a column metric and no column score"),
        ([], HEAD, (), "holds no row below its heads"),
        ([*GOOD, ("l\x1b[31m", 1, "i", "VIF", "1")], HEAD, (), "holds control characters"),
        ([*GOOD, ("l1", 1)], HEAD, (), "runs.csv:66: has 2 cells, the head has 5"),
        ([*GOOD, ("l1", 99, "i", "VIF", "0,7")], HEAD, (), "runs.csv:66: score '0,7' is no number"),
        ([*GOOD, ("l1", "", "i", "VIF", "1")], HEAD, (), "runs.csv:66: has no seed"),
        ([*GOOD, ("", "7", "i", "VIF", "1")], HEAD, (), "runs.csv:66: has no value"),
        ([*GOOD, GOOD[0]], HEAD, (), "runs.csv:66: qabf of l1 has two scores on test"),
        ([*GOOD, ("l1", 11, "i0", "mAP@50", "1")], HEAD, (), "--better map_50=higher"),
        ([*GOOD[:16], ("l1", 99, *GOOD[0][2:])], HEAD, (), "all runs are of l1"),
        (
            scores({"l1": 0}, seeds=[5, 6]) + scores({"ours": 0}, seeds=[7, 8]),
            HEAD,
            ("--baseline", "l1"),
            "ours and l1 share no block (seeds 7, 8 against 5, 6): unpaired runs",
        ),
        (GOOD, HEAD, ("--baseline", "l1", "--facts", "away.json"), "away.json: cannot be read: No such file"),
        (
            [("l1", 1, "i", "vif", 1, "val")], (*HEAD, "split"), ("--baseline", "l1"),
            "all scores are of val, which also chose",
        ),
        ([("l1", 1, "i", "vif", 1, "tset")], (*HEAD, "split"), (), "split 'tset' is neither"),
        ([("l1", 1, "i", "vif", 1, "ill")], (*HEAD, "health"), (), "health 'ill' is none of"),
    ],
)  # fmt: skip
def test_bad_input_is_a_line_and_nothing_is_written(
    rows: Rows,
    head: tuple[str, ...],
    words: tuple[str, ...],
    text: str,
    written: Callable[..., Path],
) -> None:
    folder = written(rows, head)
    done = typed("judge", "runs.csv", *words, "--out", "judged", cwd=folder)
    assert text in done.stderr
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert not (folder / "judged").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "it is empty"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b'value,seed,metric,score\nl1,1,"vif,1\n', "fix the quotes of that line"),
    ],
)
def test_a_file_that_is_no_table_is_a_line(content: bytes, text: str, tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_bytes(content)
    done = typed("judge", "runs.csv", cwd=tmp_path)
    assert text in done.stderr
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.mark.slow
def test_the_report_is_drawn_and_claims_no_registration(written: Callable[..., Path]) -> None:
    folder = written(scores({"l1": 0.0, "ours": 0.02}))
    done = typed("judge", "runs.csv", "--baseline", "l1", "--out", "judged", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "gain: value ours vs l1 changes Qabf" in " ".join(done.stdout.split())
    page = (folder / "judged" / "report.md").read_text(encoding="utf-8")
    assert "Were the claims fixed before the first result was seen? **no**" in page
    assert "Was the test set kept out of every choice? **no**" in page
    assert "stored before the first run" not in page
    assert (folder / "judged" / "figures" / "forest.svg").exists()
    assert (folder / "judged" / "tables" / "answers.csv").exists()


def _message(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def _event_file(path: Path, tags: dict[str, list[float]]) -> None:
    """Write scalars as TensorBoard does; checksums are not looked at."""
    records = b""
    for tag, values in tags.items():
        for step, value in enumerate(values):
            scalar = _message(1, tag.encode()) + bytes([2 << 3 | 5]) + struct.pack("<f", value)
            event = bytes([2 << 3, step]) + _message(5, _message(1, scalar))
            records += struct.pack("<Q", len(event)) + bytes(4) + event + bytes(4)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(records)


def test_the_last_step_of_tensorboard_counts_not_the_best(tmp_path: Path) -> None:
    for value, last in (("l1", 0.5), ("ours", 0.52)):
        for seed in SEEDS:
            noise = np.random.default_rng([seed, len(value)]).normal(0, 0.001)
            _event_file(
                tmp_path / "tb" / value / f"seed_{seed}" / "events.out.tfevents.1.host",
                {"test/Qabf": [0.9, last + noise], "train/loss": [1.0]},
            )
    words = ("judge", "tensorboard:tb", "--baseline", "l1", "--json", "--pattern")
    found = json.loads(typed(*words, "{value}/seed_{seed}", cwd=tmp_path).stdout)["questions"][0]
    assert found["rows"][0]["estimate"] == pytest.approx(0.02, abs=0.002)
    assert found["rows"][0]["blocks"] == 8
    for pattern, text in (("{value}", "does not fit '{value}'"), ("x", "must name {value}")):
        done = typed(*words, pattern, cwd=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert text in done.stderr
    (tmp_path / "none").mkdir()
    done = typed("judge", "tensorboard:none", cwd=tmp_path)
    assert "holds no TensorBoard event files" in done.stderr
