"""Images of more than 8 bits: the range that becomes 0 to 255, the same at every way in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ablate import data
from ablate.data import decode
from ablate.data.cache import cached
from ablate.data.scaling import Scaling
from ablate.data.verify import verify
from ablate.errors import DataError
from ablate.fusing import files as fusing
from ablate.scoring import folders, scores

COLD, WARM = 29_000, 30_600  # hundredths of a kelvin: 16.9 to 32.9 °C


@pytest.fixture(scope="module")
def radiometric(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pairs: infrared of 16 bits in hundredths of a kelvin, visible of 8 bits."""
    root = tmp_path_factory.mktemp("radiometric")
    rng = np.random.default_rng(0)
    for side in ("ir", "vi"):
        (root / side).mkdir()
    for number in range(6):
        infrared = rng.integers(COLD + 100, WARM - 100, (24, 32)).astype(np.uint16)
        infrared[0, 0] = COLD if number == 0 else COLD + 100
        infrared[0, 1] = WARM if number == 5 else WARM - 100
        Image.fromarray(infrared).save(root / "ir" / f"{number}.png")
        visible = rng.integers(0, 256, (24, 32), dtype=np.uint8)
        Image.fromarray(visible).save(root / "vi" / f"{number}.png")
    return root


def settings(root: Path, scaling: str) -> dict[str, Any]:
    return {"name": "folders", "root": str(root), "crop": 16, "scaling": scaling}


def test_what_few_levels_would_be_left_of_is_refused_with_their_count(radiometric: Path) -> None:
    findings = verify(settings(radiometric, "high_byte"))
    assert len(findings.problems) == 6
    first = findings.problems[0]
    assert first.file.parent.name == "ir"
    assert "their high byte leaves 7 of 256 grey levels" in first.what
    assert first.fix.startswith("choose a scaling (data.scaling, or --scaling")
    with pytest.raises(DataError, match="of 256 grey levels"):
        data.load(settings(radiometric, "high_byte")).pairs("train")


def test_eight_bits_in_sixteen_are_no_fault_however_few_they_are(tmp_path: Path) -> None:
    few = np.kron(np.array([[0, 9, 200]], np.uint16) * 257, np.ones((8, 8), np.uint16))
    Image.fromarray(few).save(tmp_path / "a.png")
    assert sorted(set(decode.grey(tmp_path / "a.png").ravel())) == [0, 9, 200]


def test_the_range_of_a_set_maps_one_value_to_one_level_in_all_its_images(
    radiometric: Path,
) -> None:
    findings = verify(settings(radiometric, "min_max_set"))
    assert findings.problems == ()
    assert findings.scaling == {
        "infrared": "29000 to 30600 (16.9 to 32.9 °C if these are hundredths of a kelvin)"
    }
    pairs = data.make(settings(radiometric, "min_max_set"))
    for stem, (path, visible) in pairs.files.items():
        raw = np.asarray(Image.open(path)).astype(float)
        expected = np.rint((raw - COLD) / (WARM - COLD) * 255)
        pair = pairs.read(stem)
        assert (pair.infrared == expected).all()
        assert (pair.visible == np.asarray(Image.open(visible))).all()


def test_each_image_has_its_own_range_where_that_is_asked_for(radiometric: Path) -> None:
    pairs = data.load(settings(radiometric, "min_max_image"))
    for pair in pairs.pairs("train"):
        assert (pair.infrared.min(), pair.infrared.max()) == (0, 255)
    assert pairs.scalings[0].range is None


def test_percentiles_are_those_of_all_pixels_and_what_lies_outside_is_clipped(
    tmp_path: Path,
) -> None:
    values = np.arange(20_000, 21_000, dtype=np.uint16).reshape(20, 50)
    values[0, 0], values[-1, -1] = 0, 65_535  # two broken pixels
    Image.fromarray(values).save(tmp_path / "a.png")
    scaling = Scaling(name="percentiles_set", paths=(tmp_path / "a.png",))
    assert scaling.range is not None
    assert (scaling.range.low, scaling.range.high) == pytest.approx((20_004, 20_994), abs=2)
    made = decode.grey(tmp_path / "a.png", levels=scaling.levels)
    assert (made[0, 0], made[-1, -1]) == (0, 255)
    assert len(np.unique(made)) == 256


@pytest.mark.parametrize("kind", ["F", "I"])
def test_float_and_32_bit_images_need_a_range(tmp_path: Path, kind: str) -> None:
    values = np.linspace(20, 35, 64).reshape(8, 8)
    made = values.astype(np.float32) if kind == "F" else (values * 10_000).astype(np.int32)
    Image.fromarray(made).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"have no known white; choose a scaling"):
        decode.grey(tmp_path / "a.tif")
    scaling = Scaling(name="min_max_set", paths=(tmp_path / "a.tif",))
    found = decode.grey(tmp_path / "a.tif", levels=scaling.levels)
    assert (found == np.rint((values - 20) / 15 * 255)).all()


def test_pixels_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0.0, np.nan]], np.float32)).save(tmp_path / "a.tif")
    scaling = Scaling(name="min_max_set", paths=(tmp_path / "a.tif",))
    with pytest.raises(DataError, match=r"a\.tif: has pixels that are not finite"):
        decode.grey(tmp_path / "a.tif", levels=scaling.levels)


def test_another_scaling_is_another_set_and_a_sample_keeps_the_range_of_the_whole(
    radiometric: Path, tmp_path: Path
) -> None:
    plain = data.make({"name": "folders", "root": str(radiometric)}).manifest.hash
    assert data.make(settings(radiometric, "high_byte")).manifest.hash == plain
    made = [data.make(settings(radiometric, name)) for name in ("min_max_set", "min_max_image")]
    assert len({plain, *(one.manifest.hash for one in made)}) == 3
    whole = cached(made[0], tmp_path)
    part = cached(made[0].limited({"train": 1}), tmp_path)
    (pair,) = part.pairs("train")
    (same,) = (one for one in whole.pairs("train") if one.stem == pair.stem)
    assert (pair.infrared == same.infrared).all()


def test_score_and_fuse_read_sources_as_studies_do(radiometric: Path) -> None:
    ir, vi = radiometric / "ir", radiometric / "vi"
    studied = data.make(settings(radiometric, "min_max_set"))
    for pair in fusing.gather(ir, vi, scaling="min_max_set"):
        infrared, visible, _ = pair.read()
        assert (infrared == studied.read(pair.stem).infrared).all()
        assert (visible == studied.read(pair.stem).visible).all()
    given = folders.gather(infrared=ir, visible=vi, fused=[f"m={vi}"], scaling="min_max_set")
    assert any("29000 to 30600" in note for note in given.notes)
    scored = scores._images(given, "3").infrared
    assert (scored[0, 0].numpy() == studied.read("3").infrared).all()
    with pytest.raises(DataError, match="of 256 grey levels"):
        folders.gather(infrared=ir, visible=vi, fused=[f"m={vi}"])
