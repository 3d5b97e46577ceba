"""Decoded pairs: once for all processes, and the same pixels."""

from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from ablate.data import decode, load
from ablate.data.cache import cached
from ablate.data.pairs import PairSet


@pytest.fixture
def pairs(tmp_path: Path) -> PairSet:
    random = np.random.default_rng(0)
    for side in ("ir", "vi"):
        (tmp_path / "set" / side).mkdir(parents=True)
        for index in range(8):
            image = random.integers(0, 256, (20, 24), dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / "set" / side / f"{index}.png")
    return opened(tmp_path)


def opened(place: Path) -> PairSet:
    return load({"name": "folders", "root": str(place / "set")})


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return a list that grows by every decoded file."""
    files: list[Path] = []
    plain = decode._pixels

    def counting(path: Path) -> object:
        files.append(path)
        return plain(path)

    monkeypatch.setattr(decode, "_pixels", counting)
    return files


def read_all(some: PairSet) -> dict[str, bytes]:
    return {
        pair.stem: pair.infrared.tobytes() + pair.visible.tobytes()
        for split in ("train", "val", "test")
        for pair in some.pairs(split)
    }


def test_every_file_is_decoded_once_for_all_processes(
    pairs: PairSet, tmp_path: Path, decoded: list[Path]
) -> None:
    wanted = read_all(pairs)
    assert len(decoded) == 16
    for _ in range(3):  # each as a process of its own has it
        assert read_all(cached(opened(tmp_path), tmp_path / "cache")) == wanted
    assert len(decoded) == 16 + 16
    assert read_all(cached(pairs.redrawn(5), tmp_path / "cache")) == wanted
    assert len(decoded) == 32


def test_a_changed_file_is_decoded_anew(
    pairs: PairSet, tmp_path: Path, decoded: list[Path]
) -> None:
    read_all(cached(pairs, tmp_path / "cache"))
    stem = pairs.stems("train")[0]
    Image.fromarray(np.full((20, 24), 7, np.uint8)).save(pairs.files[stem][0])
    fresh = cached(opened(tmp_path), tmp_path / "cache")
    assert fresh.pairs("train")[0].infrared.max() == 7


def test_a_torn_file_is_written_anew(pairs: PairSet, tmp_path: Path) -> None:
    wanted = read_all(cached(pairs, tmp_path / "cache"))
    files = list((tmp_path / "cache").rglob("*.npy"))
    assert len(files) == 8
    for file, keep in zip(files, (0, 5, 100, 200, 300, 400, 500, 600), strict=True):
        file.write_bytes(file.read_bytes()[:keep])
    assert read_all(cached(opened(tmp_path), tmp_path / "cache")) == wanted


def test_a_block_of_zeros_in_a_file_is_seen_and_the_pair_decoded_anew(
    pairs: PairSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = read_all(cached(pairs, tmp_path / "cache"))
    for file in (tmp_path / "cache").rglob("*.npy"):
        content = file.read_bytes()
        file.write_bytes(content[:300] + bytes(64) + content[364:])
    assert read_all(cached(opened(tmp_path), tmp_path / "cache")) == wanted
    assert caplog.text.count("damaged; the pair is decoded anew") == 8


def test_several_builders_leave_whole_files_and_nothing_beside_them(
    pairs: PairSet, tmp_path: Path
) -> None:
    wanted, found = read_all(pairs), []
    builders = [
        Thread(target=lambda: found.append(read_all(cached(opened(tmp_path), tmp_path / "cache"))))
        for _ in range(4)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert found == [wanted] * 4
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(kept) == 8
    assert all(path.suffix == ".npy" and path.name[0] != "." for path in kept)


def test_mapped_pixels_cannot_be_changed_and_colour_is_read_from_the_file(
    pairs: PairSet, tmp_path: Path
) -> None:
    kept = cached(pairs, tmp_path / "cache")
    pair = kept.pairs("train")[0]
    with pytest.raises(ValueError, match="read-only"):
        pair.infrared[0, 0] = 1
    assert pair.chroma is None
    assert kept.read(pair.stem).infrared.tobytes() == pair.infrared.tobytes()


def test_a_folder_that_cannot_be_written_is_done_without(pairs: PairSet, tmp_path: Path) -> None:
    place = tmp_path / "cache"
    place.write_text("in the way")
    assert read_all(cached(pairs, place)) == read_all(pairs)


def test_generated_pairs_are_not_written(tmp_path: Path) -> None:
    made = load({"name": "synthetic", "pairs": {"train": 1, "val": 1, "test": 1}, "size": [16, 16]})
    assert read_all(cached(made, tmp_path / "cache")) == read_all(made)
    assert not (tmp_path / "cache").exists()
