"""Pairs of other sources than infrared and visible: layouts, patients, colour, and bad input."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate import data
from ablate.data.groups import across
from ablate.data.harvard import patients
from ablate.data.verify import verify
from ablate.errors import ConfigError, DataError
from ablate.imaging.colour import rgb_to_ycbcr, weighted_chroma
from tests.brains import brains, photographs, save, texture


def harvard(root: Path, **more: object) -> dict[str, object]:
    return {"name": "harvard", "root": str(root), "crop": 16, "groups": "auto", **more}


def test_slices_of_a_patient_stand_in_one_split(tmp_path: Path) -> None:
    made = data.load(harvard(brains(tmp_path)))
    groups = made.manifest.groups
    assert sum(made.manifest.counts.values()) == 15
    assert set(groups.values()) == {f"case {number}" for number in range(8, 13)}
    assert across(made.manifest.splits, groups) == {}
    for seed in range(5):
        assert across(made.redrawn(seed).manifest.splits, groups) == {}


def test_a_split_slice_by_slice_is_not_followed(tmp_path: Path) -> None:
    brains(tmp_path / "all")
    for side in ("MRI", "PET"):
        for at, file in enumerate(sorted((tmp_path / "all" / "PET-MRI" / side).iterdir())):
            split = "test" if at % 3 == 1 else "train"
            target = tmp_path / "PET-MRI" / split / side / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    made = data.load(harvard(tmp_path))
    assert sum(made.manifest.counts.values()) == 15
    assert across(made.manifest.splits, made.manifest.groups) == {}


def test_copies_that_are_numbered_through_have_no_known_patients() -> None:
    names = [f"{number}" for number in range(11, 53)]
    assert len(set(patients(names).values())) == 1
    assert patients([*names, "25015"])["25015"] == "25015"


def test_the_pair_of_sources_chooses_the_folder(tmp_path: Path) -> None:
    brains(tmp_path)
    brains(tmp_path, pair="MRI_CT", cases=4)
    (tmp_path / "MRI_CT" / "PET").rename(tmp_path / "MRI_CT" / "CT")
    both = data.make(harvard(tmp_path, sources=["PET", "MRI"]))
    assert both.sources == ("PET", "MRI")
    assert both.manifest.label == "Harvard PET-MRI"
    assert {path.parent.name for path, _ in both.files.values()} == {"PET"}
    assert len(data.make(harvard(tmp_path, sources=["MRI", "CT"])).files) == 12


def test_chroma_is_that_of_the_source_with_colour_whichever_it_is(tmp_path: Path) -> None:
    brains(tmp_path)
    for sources in (["MRI", "PET"], ["PET", "MRI"]):
        made = data.make(harvard(tmp_path, sources=sources))
        pair = made.read("8010")
        rgb = np.asarray(Image.open(tmp_path / "PET-MRI" / "PET" / "8010.png"))
        assert pair.chroma is not None
        np.testing.assert_array_equal(pair.chroma, rgb_to_ycbcr(rgb)[1])
        pet = (pair.infrared, pair.visible)[sources.index("PET")]
        np.testing.assert_array_equal(pet, np.rint(rgb_to_ycbcr(rgb)[0]).astype(np.uint8))


def test_of_two_photographs_chroma_is_weighted_pixel_by_pixel(tmp_path: Path) -> None:
    made = data.load({"name": "mfifb", "root": str(photographs(tmp_path)), "crop": 16})
    assert (made.sources, made.manifest.label) == (("near", "far"), "MFIFB-mini")
    pair = made.read("scene_03")
    near, far = (
        rgb_to_ycbcr(np.asarray(Image.open(path)))[1].astype(float)
        for path in made.files["scene_03"]
    )
    assert made.files["scene_03"][0].name == "scene_03_A.png"
    assert pair.chroma is not None
    for row, column, channel in ((0, 0, 0), (20, 40, 1), (47, 13, 0)):  # the formula, by hand
        a, b = near[row, column, channel], far[row, column, channel]
        wanted = (a * abs(a - 128) + b * abs(b - 128)) / (abs(a - 128) + abs(b - 128))
        assert pair.chroma[row, column, channel] == pytest.approx(wanted, rel=1e-5)


def test_weighted_chroma_is_symmetric_and_keeps_what_both_say() -> None:
    one, other = (
        np.random.default_rng(k).uniform(0, 255, (5, 7, 2)).astype(np.float32) for k in (0, 1)
    )
    np.testing.assert_allclose(weighted_chroma(one, other), weighted_chroma(other, one))
    np.testing.assert_allclose(weighted_chroma(one, one), one, rtol=1e-6)
    grey = np.full_like(one, 128)
    np.testing.assert_allclose(weighted_chroma(one, grey), one, rtol=1e-6)
    np.testing.assert_array_equal(weighted_chroma(grey, grey), grey)


def test_far_before_near_exchanges_the_images(tmp_path: Path) -> None:
    root = str(photographs(tmp_path))
    usual = data.make({"name": "mfifb", "root": root})
    other = data.make({"name": "mfifb", "root": root, "sources": ["far", "near"]})
    np.testing.assert_array_equal(usual.read("scene_01").infrared, other.read("scene_01").visible)
    exposed = data.make({"name": "mefb", "root": root})
    assert exposed.sources == ("under", "over")


def test_scenes_of_mfifb_that_are_there_twice_are_one(tmp_path: Path) -> None:
    photographs(tmp_path)
    for old, new in (("scene_00", "tsai_12"), ("scene_01", "savic_18")):
        for file in (tmp_path / "input" / old).iterdir():
            target = tmp_path / "input" / new / file.name.replace(old, new)
            target.parent.mkdir(exist_ok=True)
            file.rename(target)
    settings = {"name": "mfifb", "root": str(tmp_path), "crop": 16, "groups": "auto"}
    groups = data.load(settings).manifest.groups
    assert groups["tsai_12"] == groups["savic_18"] == "savic_18"
    assert groups["scene_05"] == "scene_05"


def test_folders_of_any_two_names_are_a_set(tmp_path: Path) -> None:
    for number in range(8):
        save(tmp_path / "t1_gd" / f"{number}.png", texture(number))
        save(tmp_path / "Flair" / f"{number}.png", texture(50 + number))
    own = {"name": "folders", "root": str(tmp_path), "crop": 16}
    made = data.load({**own, "sources": ["Flair", "t1_gd"]})
    assert made.sources == ("Flair", "t1_gd")
    assert {path.parent.name for path, _ in made.files.values()} == {"Flair"}
    with pytest.raises(DataError) as caught:
        data.load({**own, "sources": ["Flair", "t2"]})
    assert str(caught.value).endswith(
        "no t2 folder (known wordings: t2); rename it, or name in data.sources what is there "
        "(Flair, t1_gd)"
    )


def test_one_folder_is_told_apart_by_the_words_of_its_sources(tmp_path: Path) -> None:
    for number in range(8):
        for letter in "AB":
            save(tmp_path / f"lytro-{number:02d}-{letter}.png", texture(number))
    made = data.load(
        {"name": "folders", "root": str(tmp_path), "crop": 16, "sources": ["near", "far"]}
    )
    assert [path.name for path in made.files["lytro-03"]] == ["lytro-03-A.png", "lytro-03-B.png"]


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        (["MRI", "MRI"], "data.sources: names MRI twice; name the two sources"),
        (["mri", "PET"], "data.sources: no such source as 'mri'; did you mean 'MRI'?"),
        (["MRI", "FLAIR"], "data.sources: no such source as 'FLAIR'; known: CT, MRI, PET, SPECT"),
        (["MRI"], "data.sources: must name two sources such as [CT, MRI], got ['MRI']"),
        ("MRI", "data.sources: must name two sources"),
    ],
)
def test_what_does_not_name_two_sources_is_refused(
    tmp_path: Path, sources: object, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        data.load(harvard(brains(tmp_path), sources=sources))
    (line,) = caught.value.faults
    assert line.startswith(told)


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        (["gate", "PET"], "'gate' is the name of something else in a study"),
        (["a/b", "PET"], "'a/b' cannot name a source; use letters"),
        (["pet", "PET"], "names pet twice"),
    ],
)
def test_names_that_could_not_be_told_from_others_are_refused(sources: list, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        data.make({"name": "folders", "root": "/nowhere", "sources": sources})


def test_a_layout_without_its_folders_says_what_it_expects(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(DataError) as caught:
        data.load(harvard(tmp_path))
    assert "has no folders with MRI and PET images; expected {PET-MRI,SPECT" in str(caught.value)
    with pytest.raises(DataError) as caught:
        data.load({"name": "mfifb", "root": str(tmp_path)})
    assert "no folder of a scene in it has images that end with _A and _B" in str(caught.value)
    with pytest.raises(DataError, match=r"data.infrared: the sources are MRI and PET; give data.r"):
        data.make({"name": "folders", "infrared": "/x", "sources": ["MRI", "PET"]})


def test_a_scene_of_which_one_half_is_missing_is_told(tmp_path: Path) -> None:
    (photographs(tmp_path) / "input" / "scene_04" / "scene_04_B.png").unlink()
    with pytest.raises(DataError, match=r"scene_04_A.png: has no partner in input/"):
        data.load({"name": "mfifb", "root": str(tmp_path)})


def test_colour_that_contradicts_is_reported(tmp_path: Path) -> None:
    folder = brains(tmp_path) / "PET-MRI"
    (folder / "MRI").rename(folder / "x")
    (folder / "PET").rename(folder / "MRI")
    (folder / "x").rename(folder / "PET")
    (problem,) = verify(harvard(tmp_path)).problems
    assert "15 of 15 MRI images have colour" in problem.what
    assert problem.what.endswith("MRI and PET are probably swapped")


def test_a_grey_photograph_beside_one_in_colour_is_reported(tmp_path: Path) -> None:
    photographs(tmp_path)
    save(tmp_path / "input" / "scene_02" / "scene_02_B.png", texture(6))
    (problem,) = verify({"name": "mfifb", "root": str(tmp_path)}).problems
    assert (problem.file.name, problem.what) == (
        "scene_02_B.png",
        "the far image is grey, the near one in colour",
    )


def test_photographs_that_resemble_each_other_are_no_copies_but_equal_pixels_are(
    tmp_path: Path,
) -> None:
    folder = photographs(tmp_path) / "input" / "scene_02"
    assert verify({"name": "mfifb", "root": str(tmp_path)}).problems == ()
    (folder / "scene_02_B.png").write_bytes((folder / "scene_02_A.png").read_bytes())
    (problem,) = verify({"name": "mfifb", "root": str(tmp_path)}).problems
    assert problem.what == "the near image is a copy of the far one"


def test_brains_of_two_patients_may_look_alike_but_not_be_the_same(tmp_path: Path) -> None:
    folder = brains(tmp_path) / "PET-MRI"
    made = data.make(harvard(tmp_path))
    test, train = made.stems("test")[0], made.stems("train")[0]
    alike = np.asarray(Image.open(folder / "MRI" / f"{train}.png")).copy()
    alike[24, 24] += 1
    Image.fromarray(alike).save(folder / "MRI" / f"{test}.png")
    pet = Image.open(folder / "PET" / f"{train}.png")
    pet.putpixel((24, 24), (1, 2, 3))
    pet.save(folder / "PET" / f"{test}.png")
    assert verify(harvard(tmp_path)).problems == ()
    Image.open(folder / "MRI" / f"{train}.png").save(folder / "MRI" / f"{test}.png")
    (problem,) = verify(harvard(tmp_path)).problems
    assert problem.what.startswith("same pixels as PET-MRI/MRI/")
