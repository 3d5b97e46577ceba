"""`ablate score`: table, files, exit codes."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.cli.main import main


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Return a runner of the command; it gives standard output and standard error."""

    def run(*words: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["score", *words])
        captured = capsys.readouterr()
        assert ended.value.code == code, captured.err
        return captured.out, captured.err

    return run


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the options of two pairs and the methods A (their mean) and B (noise)."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    for stem in ("1", "2"):
        infrared, visible = (
            np.kron(generator.integers(0, 200, (6, 7)), np.ones((8, 8))) for _ in range(2)
        )
        planes = {
            "ir": infrared,
            "vi": visible,
            "A": (infrared + visible) / 2 + np.arange(56) % 3,
            "B": generator.integers(0, 256, infrared.shape),
        }
        for name, plane in planes.items():
            Path(name).mkdir(exist_ok=True)
            Image.fromarray(plane.astype(np.uint8)).save(Path(name, f"{stem}.png"))
    return ["--infrared", "ir", "--visible", "vi", "--fused", "A", "--fused", "noise=B"]


def test_two_methods_stand_in_one_ranked_table_with_the_trivial_baselines(
    words: list[str], tell: Callable[..., tuple[str, str]]
) -> None:
    out, _ = tell(*words, "--metrics", "VIF,mse,MS-SSIM,en")
    assert max(map(len, out.splitlines())) <= 80
    rows = [line.split() for line in out.splitlines() if line]
    of_all = ["A", "noise", "(mean)", "(max)"]
    assert [row[0] for row in rows if row[0] in of_all] == [*of_all, *of_all, "A", "noise"]
    assert [row[0] for row in rows if row[0] in ("method", "sd", "rank")] == [
        "method",
        "sd",
        "rank",
    ]
    assert "Methods are not compared: fewer than 6 scenes." in out
    assert re.search(r"method +VIF ↑† +MSE ↓ +MS-SSIM ↑ +EN ↑", out)
    assert "†: Gamed by a copy: an unchanged copy of a source beats every method in VIF" in out
    assert re.search(r"^A +1 +1 +- +2 +1.33$", out, re.MULTILINE)


def test_the_page_shows_every_method_beside_its_sources_and_runs_nothing(
    words: list[str], tell: Callable[..., tuple[str, str]]
) -> None:
    hostile = "<script>alert(1)"
    tell(*words, "--fused", f"{hostile}=A", "--html", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert hostile not in page
    shown = re.findall(r'<figure><img alt="([^"]+)" src="data:image/png;base64,', page)
    assert shown[:5] == [
        "infrared",
        "visible",
        "A",
        "noise",
        "&lt;script&gt;alert(1)",
    ]
    assert len(shown) == 2 * 5
    assert " ± " in page
    _, said = tell(*words, "--html", "no/page.html", code=2)
    assert said.startswith("no/page.html: the folder no is not there")


def test_scenes_are_the_cases_of_the_comparison(
    words: list[str], tell: Callable[..., tuple[str, str]]
) -> None:
    for side in ("ir", "vi", "A", "B"):
        for at in range(2, 13):
            first = sorted(Path(side).iterdir())[at % 2].read_bytes()
            Path(side, f"{at:02}.png").write_bytes(first)
    out, _ = tell(*words, "--metrics", "en", "--groups", r"(\w)\w*", "--json")
    assert json.loads(out)["differences"] == []
    out, _ = tell(*words, "--metrics", "en", "--json")
    (one,) = json.loads(out)["differences"]
    assert (one["better"], one["scenes"]) == ("noise", 13)
    Path("groups.csv").write_text("name,group\n00,a\n")
    _, said = tell(*words, "--metrics", "en", code=2)
    assert "have no group" in said


def test_files_and_json_agree(words: list[str], tell: Callable[..., tuple[str, str]]) -> None:
    out, _ = tell(*words, "--csv", "s.csv", "--latex", "t.tex", "--json")
    facts = json.loads(out)
    with Path("s.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["method", "image", "metric", "value", "protocol"]
    assert len(rows) == 2 * 2 * 6
    own = [value for value in facts["values"] if value["method"] in ("A", "noise")]
    assert [float(row["value"]) for row in rows] == [value["value"] for value in own]
    assert {row["protocol"] for row in rows} == {facts["protocol"]} == {"cddfuse-py"}
    tex = Path("t.tex").read_text()
    assert facts["protocol_hash"] in tex
    assert r"\textbf" in tex


def test_every_protocol_scores_and_tells_its_hash(
    words: list[str], tell: Callable[..., tuple[str, str]]
) -> None:
    from ablate.metrics import PROTOCOLS, protocol_hash

    values = set()
    for name in PROTOCOLS:
        out, _ = tell(*words, "--protocol", name, "--metrics", "ssim")
        assert f"protocol {name} ({protocol_hash(name)})" in out
        values.add(out.split("A ")[1].split()[0])
    # cddfuse-py and ssim-range-2 are the same, and vifb, mefb and mfifb have one SSIM
    assert len(values) == len(PROTOCOLS) - 3


def test_a_metric_of_a_protocol_says_that_images_are_too_small_for_it(
    words: list[str], tell: Callable[..., tuple[str, str]]
) -> None:
    for path in Path().glob("*/*.png"):
        Image.open(path).crop((0, 0, 48, 43)).save(path)
    out, err = tell(*words, "--protocol", "mefb", "--metrics", "mef_ssim,qp")
    assert err.count("MEF-SSIM: needs 44 px on each side, left out for 2 images") == 1
    assert "Qp" in out
    _, err = tell(*words, "--protocol", "mefbb", code=2)
    assert err.strip().splitlines() == [
        "--protocol: no protocol is called 'mefbb'; did you mean 'mefb'?"
    ]


def test_left_out_images_are_said_on_standard_error(
    words: list[str], tell: Callable[..., tuple[str, str]]
) -> None:
    Path("A/2.png").rename("A/3.png")
    out, err = tell(*words)
    assert "A: no fused image for 1 pair (2)" in err
    assert "A: 1 image (3) without sources, left out" in err
    assert "EN, MI, SD, SCD, VIF, Qabf: means are over 1 of 2 images" in err
    assert "2 images, protocol cddfuse-py" in out


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (["--metrics", "qcbb,qabff"], ["did you mean 'qcb'", "did you mean 'qabf'"]),
        (["--metrics", " "], ["--metrics: is empty"]),
        (["--protocol", "tang"], ["did you mean 'tang-py'"]),
        (["--csv", "no/where.csv"], ["no/where.csv: the folder no is not there"]),
        (["--fused", "nowhere"], ["nowhere: no such folder"]),
        (["--fused", "A"], ["a second method 'A'; write NAME=FOLDER"]),
        (["--infrared", "nowhere"], ["nowhere: no such folder"]),
    ],
)
def test_wrong_input_ends_with_2_and_lines_that_mend_it(
    words: list[str], tell: Callable[..., tuple[str, str]], change: list[str], parts: list[str]
) -> None:
    out, err = tell(*words, *change, code=2)
    assert out == ""
    assert "Traceback" not in err
    assert all(part in err for part in parts)
    assert not list(Path().glob("*.csv"))


def test_several_broken_images_are_told_together(
    words: list[str], tell: Callable[..., tuple[str, str]]
) -> None:
    Path("A/1.png").write_text("text")
    Image.new("L", (9, 9)).save("B/2.png")
    _, err = tell(*words, code=2)
    assert "A/1.png: not a" in err
    assert "B/2.png: is 9x9, its sources 56x48" in err
    assert len(err.strip().splitlines()) == 2


def test_golden_images_score_as_the_reference(
    shared: Path, tell: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    golden, file = shared / "golden", tmp_path / "s.csv"
    folder = golden / "TNO25"
    tell(
        "--infrared",
        str(folder / "ir"),
        "--visible",
        str(folder / "vi"),
        "--fused",
        str(folder / "cddfuse-retrained"),
        "--csv",
        str(file),
        "--metrics",
        "en,mi,sd,scd,vif,qabf,sf,ag,cc,mse,psnr",
    )
    with (golden / "golden_TNO25_cddfuse-retrained.csv").open(newline="") as stream:
        wanted = {
            (row["image"], row["metric"].lower()): float(row["value"])
            for row in csv.DictReader(stream)
            if row["implementation"] == "cddfuse-evaluator/float64-input"
        }
    with file.open(newline="") as stream:
        got = {(row["image"], row["metric"]): float(row["value"]) for row in csv.DictReader(stream)}
    assert got.keys() == wanted.keys()
    assert all(got[key] == pytest.approx(value, abs=1e-7) for key, value in wanted.items())
