"""Real files that break naive loaders, and the real sets; skipped where they are absent."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate import data
from ablate.data import decode
from ablate.data.verify import verify

WHOLE = {
    "flat_prefix_names": 3,
    "flat_suffix_names": 2,
    "ir_nonequal_rgb": 2,
    "jpeg_named_bmp": 2,
    "misregistered_ir": 1,
    "mixed_ext_and_size_one_folder": 2,
    "msrs_spdfusion_layout": 2,
    "palette_bmp": 1,
    "palette_png": 2,
    "stray_os_files": 2,
    "tiff_and_bmp_mixed": 2,
}
BAD = {  # file and what is said of it
    "corrupt_png": {"ir/00890N.png": "not an image", "ir/00085D.png": "broken image"},
    "degradation_suffixes": {
        "IR/00003N_LC.png": "no partner",
        "VI/00003N_LL.png": "no partner",
        "VI/00003N_haze.png": "no partner",
    },
    "ir_is_copy_of_visible": {"ir/00004N.png": "copy of the visible"},
    "missing_partner": {"ir/00008N.png": "no partner in vi/"},
    "missing_partner_vi_only": {"Train_vi/5.bmp": "no partner in Train_ir/"},
}


def place(real: Path, case: str) -> Path:
    return real / "loader_cases" / case


def test_every_case_is_named_here(real: Path) -> None:
    assert {path.name for path in (real / "loader_cases").iterdir()} == set(WHOLE) | set(BAD)


@pytest.mark.parametrize(("case", "pairs"), WHOLE.items())
def test_odd_but_whole_sets_are_read(real: Path, case: str, pairs: int) -> None:
    findings = verify({"name": "folders", "root": str(place(real, case))})
    assert [str(problem) for problem in findings.problems] == []
    assert findings.pairs == pairs


@pytest.mark.parametrize(("case", "problems"), BAD.items())
def test_bad_sets_are_refused_and_the_file_is_named(real: Path, case: str, problems: dict) -> None:
    root = place(real, case)
    findings = verify({"name": "folders", "root": str(root)})
    named = {problem.file.relative_to(root).as_posix(): problem for problem in findings.problems}
    assert len(findings.problems) == len(problems)
    for file, text in problems.items():
        assert text in named[file].what
        assert named[file].fix


@pytest.mark.parametrize("case", ["palette_png", "palette_bmp"])
def test_palettes_are_resolved(real: Path, case: str) -> None:
    made = data.make({"name": "folders", "root": str(place(real, case))})
    palettes = 0
    for path in (path for both in made.files.values() for path in both):
        with Image.open(path) as image:
            if image.mode != "P":
                continue
            palettes += 1
            red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")).astype(float), -1, 0)
            expected = 0.299 * red + 0.587 * green + 0.114 * blue
            assert np.abs(decode.grey(path) - expected).max() <= 0.5 + 1e-4
            assert (decode.grey(path) != np.asarray(image)).any()  # indices are no grey levels
    assert palettes


def test_the_aligned_infrared_is_taken_not_the_warped_one(real: Path) -> None:
    made = data.make({"name": "folders", "root": str(place(real, "misregistered_ir"))})
    assert {infrared.parent.name for infrared, _ in made.files.values()} == {"ir"}


def test_nearly_grey_infrared_is_within_a_level_of_its_channels(real: Path) -> None:
    for path in sorted((place(real, "ir_nonequal_rgb") / "inf").iterdir()):
        values, colour = decode.grey_and_colour(path)
        assert 0 < colour.spread < 4
        channels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        assert (values >= channels.min(-1)).all()
        assert (values <= channels.max(-1)).all()


def test_flat_names_pair_by_number(real: Path) -> None:
    made = data.make({"name": "folders", "root": str(place(real, "flat_prefix_names"))})
    assert {stem: [path.name for path in both] for stem, both in made.files.items()} == {
        number: [f"IR{number}.jpg", f"VIS{number}.jpg"] for number in ("1", "2", "10")
    }


@pytest.mark.parametrize(
    ("name", "folder", "label", "counts", "digest"),
    [
        ("msrs", "MSRS-mini", "MSRS-mini", {"train": 81, "val": 15, "test": 30}, "b511c0a38c8c"),
        (
            "roadscene",
            "RoadScene",
            "RoadScene-mini",
            {"train": 51, "val": 9, "test": 20},
            "a68f52f075ab",
        ),
        ("tno", "TNO", "TNO", {"train": 16, "val": 3, "test": 6}, "a9f7987a5c55"),
    ],
)
def test_the_real_sets_are_whole_and_their_splits_stay(
    real: Path, name: str, folder: str, label: str, counts: dict, digest: str
) -> None:
    findings = verify({"name": name, "root": str(real / folder)})
    assert [str(problem) for problem in findings.problems] == []
    assert (findings.label, dict(findings.splits)) == (label, counts)
    assert findings.manifest is not None
    assert findings.manifest.hash == digest  # stores written before refer to it


def test_the_real_lists_of_roadscene_give_60_and_20(real: Path) -> None:
    settings = {"name": "roadscene", "root": str(real / "RoadScene")}
    made = data.load({**settings, "splits": str(real / "splits")})
    assert made.manifest.counts["test"] == 20
    assert made.manifest.counts["train"] + made.manifest.counts["val"] == 60
    wanted = (real / "splits" / "RoadScene.test.txt").read_text().split()
    assert set(made.stems("test")) == set(wanted)


def test_real_sets_with_their_folders_exchanged_are_found_out(real: Path) -> None:
    for folder, sides in (
        ("MSRS-mini/test", ("vi", "ir")),
        ("RoadScene", ("crop_LR_visible", "cropinfrared")),
    ):
        infrared, visible = (str(real / folder / side) for side in sides)
        findings = verify({"name": "folders", "infrared": infrared, "visible": visible})
        (problem,) = findings.problems
        assert problem.file == Path(infrared)
        assert "probably swapped" in problem.what
