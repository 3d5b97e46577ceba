import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate import data
from ablate.data.sampling import CropSampler
from ablate.data.splits import carve
from ablate.data.verify import verify
from ablate.errors import ConfigError, DataError, UnknownNameError

SYNTHETIC = {"name": "synthetic", "crop": 32, "pairs": {"train": 6, "val": 4, "test": 4}}


def write_pairs(folder: Path, stems: list[str], size: tuple[int, int] = (40, 30)) -> Path:
    for index, stem in enumerate(stems):
        for side in ("ir", "vi"):
            (folder / side).mkdir(parents=True, exist_ok=True)
            random = np.random.default_rng([index, side == "ir"])
            shape = (size[1], size[0]) if side == "ir" else (size[1], size[0], 3)
            values = random.integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(values).save(folder / side / f"{stem}.png")
    return folder


def opposite_share(one: np.ndarray, other: np.ndarray) -> float:
    against = total = 0.0
    for axis in (0, 1):
        a, b = np.diff(one.astype(float), axis=axis), np.diff(other.astype(float), axis=axis)
        weight = np.abs(a) + np.abs(b)
        against += weight[a * b < 0].sum()
        total += weight[a * b != 0].sum()
    return against / total


def test_generated_pairs_differ_as_real_ones_do() -> None:
    pairs = data.load({"name": "synthetic", "crop": 64}).pairs("train")
    shares = [opposite_share(pair.infrared, pair.visible) for pair in pairs]
    assert 0.45 < float(np.mean(shares)) < 0.60  # real pairs: 0.49 to 0.54
    day = [pair for pair in pairs if pair.stem.endswith("D")]
    night = [pair for pair in pairs if pair.stem.endswith("N")]
    assert np.mean([p.visible.mean() for p in night]) < 0.4 * np.mean(
        [p.visible.mean() for p in day]
    )
    assert min((pair.infrared > 190).mean() for pair in pairs) > 0.001  # hot targets
    assert max((pair.infrared > 190).mean() for pair in pairs) < 0.2  # on dark ground

    def texture(image: np.ndarray) -> float:  # high frequency where the other image is flat
        return float(np.abs(np.diff(image.astype(float), 2, axis=1)).mean())

    assert np.mean([texture(p.visible) for p in day]) > 1.5 * np.mean(
        [texture(p.infrared) for p in day]
    )
    flat = [(np.abs(np.diff(pair.visible.astype(float), axis=1)) <= 3).mean() for pair in night]
    assert min(flat) > 0.5  # near-constant regions


def test_generated_pairs_follow_the_seed_and_nothing_else() -> None:
    one, same = data.load(SYNTHETIC), data.load(SYNTHETIC)
    other = data.load({**SYNTHETIC, "seed": 1})
    assert np.array_equal(one.pairs("test")[0].infrared, same.pairs("test")[0].infrared)
    assert not np.array_equal(one.pairs("test")[0].infrared, other.pairs("test")[0].infrared)
    assert one.manifest.hash == same.manifest.hash != other.manifest.hash


@pytest.mark.parametrize("size", [[33, 47], [16, 16], [200, 64]])
def test_generated_pairs_have_any_size(size: list[int]) -> None:
    pair = data.load({**SYNTHETIC, "size": size}).pairs("val")[1]
    assert pair.infrared.shape == pair.visible.shape == tuple(size)


def test_splits_are_disjoint_and_cover_everything() -> None:
    rest, part = carve([f"{k:03d}" for k in range(81)], share=0.15)
    assert set(rest).isdisjoint(part)
    assert len(rest) + len(part) == 81
    assert len(part) == 12
    places = sorted(int(stem) for stem in part)
    assert sum(b - a > 1 for a, b in itertools.pairwise(places)) == 3  # four blocks


def test_two_folders_pair_by_stem_and_keep_the_chroma(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"{k:02d}" for k in range(12)])
    pairs = data.load({"name": "folders", "root": str(tmp_path)})
    pair = pairs.pairs("train")[0]
    assert pair.infrared.shape == pair.visible.shape == (30, 40)
    assert pair.chroma is not None
    assert pair.chroma.shape == (30, 40, 2)
    colour = np.asarray(Image.open(tmp_path / "vi" / f"{pair.stem}.png")).astype(float)
    luminance = colour @ [0.299, 0.587, 0.114]
    assert np.abs(luminance - pair.visible).max() <= 0.51
    assert sum(pairs.manifest.counts.values()) == 12


def test_a_changed_file_changes_the_manifest_hash(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"{k:02d}" for k in range(8)])
    before = data.load({"name": "folders", "root": str(tmp_path)}).manifest.hash
    shutil.copyfile(tmp_path / "ir" / "01.png", tmp_path / "ir" / "00.png")
    assert data.load({"name": "folders", "root": str(tmp_path)}).manifest.hash != before


def test_all_faults_of_a_folder_are_told_together(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"{k:02d}" for k in range(8)])
    (tmp_path / "vi" / "00.png").unlink()
    (tmp_path / "ir" / "01.png").unlink()
    (tmp_path / "ir" / "02.png").write_bytes(b"\0" * 100)
    write_pairs(tmp_path / "other", ["03"], size=(20, 20))
    shutil.copyfile(tmp_path / "other" / "vi" / "03.png", tmp_path / "vi" / "03.png")
    (tmp_path / "vi" / "Thumbs.db").write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        data.load({"name": "folders", "root": str(tmp_path)})
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    for name in ("00.png", "01.png", "02.png", "03.png"):
        assert sum(name in line.split(": ")[0] for line in lines) == 1
    facts = verify({"name": "folders", "root": str(tmp_path)})
    assert len(facts["problems"]) == 4
    assert all(problem["mend"] for problem in facts["problems"])


def test_a_file_that_breaks_late_is_found_by_verify(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"{k:02d}" for k in range(8)])
    path = tmp_path / "ir" / "05.png"
    path.write_bytes(path.read_bytes()[:400])
    facts = verify({"name": "folders", "root": str(tmp_path)})
    assert [Path(problem["file"]).name for problem in facts["problems"]] == ["05.png"]


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"name": "synthetik"}, UnknownNameError, "did you mean 'synthetic'"),
        ({"name": "synthetic", "sise": [1, 1]}, ConfigError, "did you mean 'size'"),
        ({"name": "msrs", "root": "/no/such/place"}, DataError, "no such folder"),
        ({"name": "folders"}, DataError, "data.root"),
    ],
)
def test_wrong_settings_are_told(settings: dict, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        data.load(settings)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "ir").mkdir()
    (tmp_path / "vi").mkdir()
    with pytest.raises(DataError, match="has no images"):
        data.load({"name": "folders", "root": str(tmp_path)})


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    pairs = data.load(SYNTHETIC).pairs("train")
    one = CropSampler(pairs, crop=32, batch_size=3, seed=5)
    one.batch(0)
    again = CropSampler(pairs, crop=32, batch_size=3, seed=5).batch(7)
    for first, second in zip(one.batch(7), again, strict=True):
        assert first.shape == (3, 1, 32, 32)
        assert bool((first == second).all())
    assert not bool((one.batch(7)[0] == one.batch(8)[0]).all())


def test_a_crop_larger_than_an_image_names_it_and_the_mend() -> None:
    with pytest.raises(DataError, match=r"train000D: 128x96 is smaller .* set it to 96 or less"):
        CropSampler(data.load(SYNTHETIC).pairs("train"), crop=100, batch_size=1, seed=0)


def test_msrs_mini_is_called_so_and_its_splits_are_fixed(shared: Path) -> None:
    pairs = data.load({"name": "msrs", "root": str(shared / "data" / "MSRS-mini")})
    assert pairs.manifest.label == "MSRS-mini"
    assert pairs.manifest.counts == {"train": 81, "val": 15, "test": 30}
    val = pairs.stems("val")
    assert {stem[-1] for stem in val} == {"D", "N"}
    assert pairs.read(pairs.stems("test")[0]).infrared.shape == (480, 640)


def test_roadscene_has_odd_sizes_and_takes_a_list_of_test_stems(shared: Path) -> None:
    root = str(shared / "data" / "RoadScene")
    listed = str(shared / "data" / "splits" / "RoadScene.test.txt")
    pairs = data.load({"name": "roadscene", "root": root, "test_list": listed})
    assert pairs.manifest.counts["test"] == 20
    assert sum(pairs.manifest.counts.values()) == 80
    assert len({pair.infrared.shape for pair in pairs.pairs("test")}) > 5
    assert data.load({"name": "roadscene", "root": root}).manifest.counts["test"] == 20
