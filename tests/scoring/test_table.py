"""Values, means over common images, ranks, and what LaTeX and terminal make of them."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ablate.metrics import ALL_NAMES, NAMES, evaluate
from ablate.scoring.files import to_csv, to_json
from ablate.scoring.folders import gather
from ablate.scoring.scores import Row, Scores, score
from ablate.scoring.table import latex, tabulate, terminal
from ablate.training.trivial_baselines import TRIVIAL_BASELINES
from tests.present import present
from tests.scoring.pictures import Folders, picture

Save = Callable[..., Path]


def scored(folders: Folders, *fused: Path | str, names: tuple[str, ...] = NAMES) -> Scores:
    collection = gather(**folders.sources, fused=[str(path) for path in fused])
    return score(collection, names=names, protocol="cddfuse-py")


def made(*rows: tuple[str, str, str, float]) -> Scores:
    methods = tuple(dict.fromkeys(row[0] for row in rows if row[0] not in TRIVIAL_BASELINES))
    names = tuple(dict.fromkeys(row[2] for row in rows))
    return Scores(
        protocol="cddfuse-py",
        names=names,
        methods=methods,
        flags={},
        images_hash="0",
        notes=(),
        rows=tuple(
            Row(method=method, image=image, metric=metric, value=value)
            for method, image, metric, value in rows
        ),
    )


def _read(path: Path) -> torch.Tensor:
    with Image.open(path) as image:
        return torch.from_numpy(np.array(image))[None, None]


def test_values_are_those_of_the_metrics_for_methods_and_trivial_baselines(
    folders: Folders,
) -> None:
    scores = scored(folders, folders.good, folders.noisy)
    assert {row.method for row in scores.rows} == {"good", "noisy", *TRIVIAL_BASELINES}
    assert len(scores.rows) == 8 * 3 * len(NAMES)
    infrared, visible = _read(folders.infrared / "b.png"), _read(folders.visible / "b.png")
    fused = {
        "noisy": _read(folders.noisy / "b.png"),
        "max": torch.maximum(infrared, visible),
    }
    for method, image in fused.items():
        wanted = evaluate(infrared=infrared, visible=visible, fused=image)
        got = {r.metric: r.value for r in scores.rows if (r.method, r.image) == (method, "b")}
        assert got == {name: value.item() for name, value in wanted.items()}
    copied = {r.metric: r.value for r in scores.rows if (r.method, r.image) == ("visible", "b")}
    assert math.isnan(copied["scd"])


def test_the_better_method_ranks_first_where_the_metric_sees_it(folders: Folders) -> None:
    table = tabulate(scored(folders, folders.noisy, folders.good, names=("vif", "mse", "en")))
    assert [line.method for line in table.lines] == ["good", "noisy", *TRIVIAL_BASELINES]
    good, noisy = table.lines[:2]
    assert [good.cells[name].rank for name in table.names] == [1, 1, 2]  # noise has most entropy
    assert [good.cells[name].is_best for name in table.names] == [True, True, False]
    assert good.mean_rank == pytest.approx(4 / 3)
    assert noisy.mean_rank == pytest.approx(5 / 3)
    assert table.lines[2].mean_rank is None


def test_means_are_over_the_images_that_every_method_has() -> None:
    table = tabulate(
        made(
            ("A", "1", "sd", 1.0),
            ("A", "2", "sd", 2.0),
            ("A", "3", "sd", 9.0),
            ("B", "1", "sd", 3.0),
            ("B", "2", "sd", 4.0),
            ("B", "3", "sd", math.nan),
            ("max", "1", "sd", 5.0),
            ("max", "2", "sd", 5.0),
            ("max", "3", "sd", 99.0),
        )
    )
    means = {line.method: line.cells["sd"].mean for line in table.lines}
    assert means == {"B": 3.5, "A": 1.5, "max": 5.0}
    assert table.notes == ("SD: means are over 2 of 3 images",)


def test_a_metric_in_which_a_copy_beats_every_method_is_marked_everywhere() -> None:
    table = tabulate(
        made(
            ("A", "1", "vif", 0.6),
            ("B", "1", "vif", 0.7),
            ("visible", "1", "vif", 0.8),
            ("A", "1", "mse", 5.0),
            ("B", "1", "mse", 9.0),
            ("visible", "1", "mse", 7.0),
            ("A", "1", "scd", 1.0),
            ("B", "1", "scd", 1.0),
            ("visible", "1", "scd", math.nan),
            ("A", "1", "en", 1.0),
            ("B", "1", "en", 1.0),
            ("max", "1", "en", 2.0),
        )
    )
    assert {name: (one.copy, one.best) for name, one in table.gamed.items()} == {
        "vif": ("visible", 0.7)
    }
    assert "VIF ↑†" in terminal(table)
    assert "MSE ↓†" not in terminal(table)
    tex = latex(table, comment="one image").splitlines()
    assert tex[1].startswith("% dagger: Gamed by a copy: an unchanged copy of a source beats every")
    assert r"VIF $\uparrow$$^\dagger$" in tex[4]


def test_a_copy_that_lacks_images_of_a_column_does_not_mark_it() -> None:
    rows = [("A", image, "vif", 0.5) for image in "12"]
    assert tabulate(made(*rows, ("visible", "1", "vif", 0.9))).gamed == {}
    assert list(tabulate(made(*rows, *((("visible", i, "vif", 0.9)) for i in "12"))).gamed) == [
        "vif"
    ]


def test_a_method_without_any_finite_value_has_no_mean_and_nobody_a_rank() -> None:
    table = tabulate(
        made(
            ("A", "1", "scd", 1.0),
            ("B", "1", "scd", math.nan),
            ("A", "1", "sd", 1.0),
            ("B", "1", "sd", 1.0),
        )
    )
    cells = {line.method: line.cells for line in table.lines}
    assert (cells["A"]["scd"].mean, cells["B"]["scd"].mean) == (1.0, None)
    assert cells["A"]["scd"].rank is None
    assert [cells[name]["sd"].rank for name in "AB"] == [1.5, 1.5]
    assert all(cells[name]["sd"].is_best for name in "AB")


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=6), st.sampled_from(["sd", "mse"]))
def test_ranks_follow_the_direction_and_sum_to_a_constant(values: list[int], name: str) -> None:
    table = tabulate(made(*((f"m{i}", "1", name, float(v)) for i, v in enumerate(values))))
    ranks = {line.method: line.cells[name].rank for line in table.lines}
    assert sum(map(present, ranks.values())) == pytest.approx(len(values) * (len(values) + 1) / 2)
    best = max(values) if name == "sd" else min(values)
    for line in table.lines:
        assert line.cells[name].is_best == (line.cells[name].mean == best)


def test_refused_and_undefined_metrics_are_named(folders: Folders, save: Save) -> None:
    for folder, seed in ((folders.infrared, 1), (folders.visible, 2), (folders.good, 3)):
        save(folder / "small.png", picture(seed, 40, 56))
    save(folders.good / "a.png", picture(10))  # the visible image of a
    scores = scored(folders, folders.good)
    assert scores.notes == (
        "VIF: needs 41 px on each side, left out for 1 image (small)",
        "good: fused equals visible in 1 image (a)",
        "good: SCD is not a finite number for 1 image (a)",
    )
    assert not [row for row in scores.rows if (row.image, row.metric) == ("small", "vif")]
    assert tabulate(scores).notes == (
        "SCD: means are over 3 of 4 images",
        "VIF: means are over 3 of 4 images",
    )


def test_a_single_row_of_pixels_is_left_out_with_the_reason(folders: Folders, save: Save) -> None:
    for folder in (folders.infrared, folders.visible, folders.good):
        save(folder / "line.png", picture(1, 1, 56))
    scores = scored(folders, folders.good, names=("en",))
    copied, *notes = scores.notes
    assert copied.endswith(
        "line.png: the infrared image is a copy of the visible one; replace it or remove the pair"
    )
    assert notes == [
        "EN: needs 2 px on each side, left out for 1 image (line)",
        "good: fused equals infrared in 1 image (line)",
        "good: fused equals visible in 1 image (line)",
    ]
    assert "line" not in {row.image for row in scores.rows}


def test_csv_holds_every_value_in_full_and_nothing_else(folders: Folders) -> None:
    scores = scored(folders, folders.good, folders.noisy)
    rows = list(csv.DictReader(io.StringIO(to_csv(scores))))
    assert list(rows[0]) == ["method", "image", "metric", "value", "protocol"]
    assert len(rows) == 2 * 3 * len(NAMES)
    assert {row["image"] for row in rows} == {"a", "b", "c"}
    own = [row.value for row in scores.rows if row.method in scores.methods]
    assert [float(row["value"]) for row in rows] == own
    assert to_csv(made(("A", "1", "scd", math.nan))).splitlines()[1] == "A,1,scd,nan,cddfuse-py"


def test_json_has_its_stable_keys_and_no_nan(folders: Folders) -> None:
    scores = scored(folders, folders.good, folders.noisy)
    facts = to_json(scores, tabulate(scores))
    assert list(facts) == [
        "protocol",
        "protocol_hash",
        "dtype",
        "device",
        "images_hash",
        "versions",
        "images",
        "metrics",
        "methods",
        "values",
        "differences",
        "flags",
        "not_finite",
        "notes",
    ]
    assert list(facts["methods"][0]) == [
        "method",
        "is_trivial_baseline",
        "is_floor",
        "metrics",
        "mean_rank",
    ]
    assert facts["methods"][0]["metrics"]["vif"]["images"] == 3
    for key in ("is_floor", "is_trivial_baseline"):
        assert [method[key] for method in facts["methods"]] == [False] * 2 + [True] * 6
    assert list(facts["metrics"][0]) == ["name", "label", "better", "gamed_by"]
    undefined = made(("A", "1", "scd", math.nan), ("A", "1", "psnr", math.inf))
    facts = to_json(undefined, tabulate(undefined))
    assert facts["not_finite"] == 2
    assert [value["value"] for value in facts["values"]] == [None, None]
    json.dumps(facts, allow_nan=False)


def test_the_hash_of_the_images_follows_content_and_name(folders: Folders, save: Save) -> None:
    before = scored(folders, folders.good, names=("en",)).images_hash
    assert scored(folders, folders.good, names=("sd",)).images_hash == before
    save(folders.good / "a.png", picture(99))
    assert scored(folders, folders.good, names=("en",)).images_hash != before


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("names", [("vif",), NAMES, ALL_NAMES], ids=len)
def test_the_terminal_has_80_columns(count: int, names: tuple[str, ...]) -> None:
    methods = [f"a_rather_long_name_of_a_method_{index}" for index in range(count)]
    rows = [(m, "1", n, 1e4 / 3 + i) for i, m in enumerate([*methods, "mean"]) for n in names]
    table = tabulate(made(*rows))
    text = terminal(table)
    assert max(map(len, text.splitlines())) <= 80
    assert all(not line.endswith(" ") for line in text.splitlines())
    assert ("rank" in text) == (count > 1)
    assert ("↓" in text) == ("mse" in names)
    terminal(table, arrows=("+", "-")).encode("ascii")


def test_latex_marks_the_best_method_and_escapes_names() -> None:
    table = tabulate(
        made(
            ("A_1", "1", "sd", 3.0),
            ("A_1", "1", "mse", 9.0),
            ("B&C", "1", "sd", 2.0),
            ("B&C", "1", "mse", 4.0),
            ("max", "1", "sd", 7.0),
            ("max", "1", "mse", 1.0),
        )
    )
    assert latex(table, comment="one image").splitlines() == [
        "% one image",
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        r"method & SD $\uparrow$ & MSE $\downarrow$ & mean rank \\",
        r"\midrule",
        r"A\_1 & \textbf{3.0000} & 9.0000 & \textbf{1.50} \\",
        r"B\&C & 2.0000 & \textbf{4.0000} & \textbf{1.50} \\",
        r"\midrule",
        r"\textit{max} & 7.0000 & 1.0000 & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    alone = latex(tabulate(made(("A", "1", "sd", 3.0))), comment="")
    assert "textbf" not in alone
    assert "rank" not in alone
