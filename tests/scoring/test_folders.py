"""Which images are scored, which are left out with a word, which end the command."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ablate.errors import ConfigError, DataError
from ablate.scoring.folders import gather, named_folders
from tests.scoring.pictures import Folders, picture

Save = Callable[..., Path]


def test_images_pair_by_stem_whatever_their_format(folders: Folders, save: Save) -> None:
    (folders.good / "b.png").unlink()
    save(folders.good / "b.bmp", picture(3))
    found = gather(**folders.sources, fused=[f"ours={folders.good}", str(folders.noisy)])
    assert list(found.sources) == ["a", "b", "c"]
    assert list(found.methods) == ["ours", "noisy"]
    assert found.methods["ours"]["b"].suffix == ".bmp"
    assert found.notes == ()


def test_missing_and_extra_fused_images_are_said_and_left_out(folders: Folders, save: Save) -> None:
    (folders.good / "b.png").unlink()
    save(folders.good / "zz.png", picture(3))
    found = gather(**folders.sources, fused=[str(folders.good), str(folders.noisy)])
    assert list(found.sources) == ["a", "b", "c"]
    assert list(found.methods["good"]) == ["a", "c"]
    assert found.notes == (
        "good: no fused image for 1 pair (b)",
        "good: 1 image (zz) without sources, left out",
    )


def test_faulty_sources_that_nobody_fused_are_only_noted(folders: Folders, save: Save) -> None:
    save(folders.infrared / "lonely.png", picture(3))
    save(folders.infrared / "odd.png", picture(3))
    save(folders.visible / "odd.png", picture(3, 30, 40))
    found = gather(**folders.sources, fused=[str(folders.good)])
    assert list(found.sources) == ["a", "b", "c"]
    assert found.notes == ("sources: 2 faulty images (lonely, odd) without a fused one, left out",)


def test_every_problem_of_every_folder_is_told_at_once(folders: Folders, save: Save) -> None:
    (folders.visible / "a.png").unlink()
    save(folders.visible / "b.png", picture(3, 30, 40))
    whole = (folders.infrared / "c.png").read_bytes()
    (folders.infrared / "c.png").write_bytes(whole[: len(whole) // 2])
    save(folders.good / "c.png", picture(3, 20, 24))
    (folders.noisy / "c.png").write_text("not an image")
    save(folders.noisy / "a.bmp", picture(3))
    with pytest.raises(DataError) as caught:
        gather(**folders.sources, fused=[str(folders.good), str(folders.noisy), "nowhere"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 7
    for part in (
        "nowhere: no such folder",
        "noisy/a.png: same stem as a.bmp",
        "ir/a.png: has no partner",
        "ir/b.png: is 56x48, its partner 40x30",
        "ir/c.png: ",
        "noisy/c.png: not a",
    ):
        assert any(part in line for line in lines), part
    assert all(line.count("; ") >= 1 for line in lines)


def test_an_unequal_fused_size_is_told_with_both_sizes(folders: Folders, save: Save) -> None:
    save(folders.good / "c.png", picture(3, 20, 24))
    with pytest.raises(DataError, match=r"good/c.png: is 24x20, its sources 56x48; save fused"):
        gather(**folders.sources, fused=[str(folders.good)])


def test_a_folder_without_any_name_of_the_sources_is_a_problem(
    folders: Folders, save: Save, tmp_path: Path
) -> None:
    save(tmp_path / "other" / "afused.png", picture(3))
    with pytest.raises(DataError, match=r"other: no image has the name of a source \(a.png\)"):
        gather(**folders.sources, fused=[str(folders.good), str(tmp_path / "other")])


def test_colour_images_are_read_as_luminance(folders: Folders, save: Save) -> None:
    save(folders.good / "a.png", np.stack([picture(1), picture(2), picture(3)], -1))
    assert gather(**folders.sources, fused=[str(folders.good)]).sources


def test_one_folder_may_hold_several_methods_by_suffix(
    folders: Folders, save: Save, tmp_path: Path
) -> None:
    for stem in ("a", "b", "c"):
        for method in ("CBF", "max", "U2-Fusion"):
            save(tmp_path / "all" / f"{stem}_{method}.png", picture(3))
    found = gather(**folders.sources, fused=[str(folders.good), f"vifb={tmp_path / 'all'}"])
    assert list(found.methods) == ["good", "CBF", "U2-Fusion", "vifb/max"]
    assert found.methods["CBF"]["b"].name == "b_CBF.png"
    assert list(found.sources) == ["a", "b", "c"]
    assert found.notes == ()


def test_what_looks_wrong_with_sources_is_noted(folders: Folders, save: Save) -> None:
    rng = np.random.default_rng(0)
    save(folders.infrared / "a.png", rng.integers(0, 99, (48, 56, 3), np.uint8))
    save(folders.visible / "b.png", np.full((48, 56), 7, np.uint8))
    notes = gather(**folders.sources, fused=[str(folders.good)]).notes
    assert len(notes) == 2
    assert "vi/b.png: constant image (every pixel is 7)" in notes[0]
    assert "ir/a.png: has colour" in notes[1]
    assert "probably swapped" in notes[1]


def test_methods_are_named_by_word_or_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lr=1").mkdir()
    monkeypatch.chdir(tmp_path)
    assert named_folders(["A=x/y", "out/B/", "lr=1", "runs/lr=2/fused"]) == {
        "A": Path("x/y"),
        "B": Path("out/B"),
        "lr=1": Path("lr=1"),
        "fused": Path("runs/lr=2/fused"),
    }
    with pytest.raises(ConfigError) as caught:
        named_folders(["A=x", "A=y", "max=z", "B="])
    assert [fault.split(";")[0] for fault in caught.value.faults] == [
        "--fused A=y: a second method 'A'",
        "--fused max=z: 'max' is a trivial baseline of the table",
        "--fused B=: needs a name and a folder",
    ]


def test_progress_ends_at_the_number_of_files(folders: Folders) -> None:
    seen: list[tuple[int, int]] = []
    gather(
        **folders.sources,
        fused=[str(folders.good)],
        step=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 9) for done in range(1, 10)]
