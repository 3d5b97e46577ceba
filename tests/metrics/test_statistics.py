"""Source statistics: computed once for all processes, bounded, and never another value."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.metrics import ALL_NAMES, evaluate
from ablate.metrics import _vif as vif
from ablate.metrics.evaluation import evaluate_methods
from ablate.metrics.statistics import SourceStatistics

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one for every source that VIF analyses."""
    calls: list[int] = []
    plain = vif._coarse

    def counting(plane: Tensor, **options: object) -> tuple[Tensor, ...]:
        calls.append(1)
        return plain(plane, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(vif, "_coarse", counting)
    return calls


def test_values_are_the_same_computed_kept_and_read(triple: Make, tmp_path: Path) -> None:
    images = triple(1, 170, 165)
    for dtype in (torch.float64, torch.float32):
        wanted = evaluate(**images, names=ALL_NAMES, dtype=dtype)
        first, other = SourceStatistics(tmp_path), SourceStatistics(tmp_path)
        for statistics in (first, first, other):
            got = evaluate(**images, names=ALL_NAMES, dtype=dtype, statistics=statistics)
            assert all(torch.equal(got[name], wanted[name]) for name in wanted)


def test_sources_are_analysed_once_for_all_fused_images_and_processes(
    triple: Make, tmp_path: Path, analysed: list[int]
) -> None:
    images = triple(2)
    for statistics in (SourceStatistics(tmp_path), SourceStatistics(tmp_path)):
        for shade in range(3):
            evaluate(**{**images, "fused": images["fused"] // (shade + 1)}, statistics=statistics)
    assert len(analysed) == 2


def test_other_contents_protocol_or_type_are_analysed_anew(
    triple: Make, tmp_path: Path, analysed: list[int]
) -> None:
    images, statistics = triple(3), SourceStatistics(tmp_path)
    evaluate(**images, statistics=statistics)
    changed = {**images, "visible": images["visible"].flip(-1)}
    evaluate(**changed, statistics=statistics)
    evaluate(**images, statistics=statistics, dtype=torch.float32)
    evaluate(**images, statistics=statistics, protocol="tang-py")
    assert len(analysed) == 8
    wanted = evaluate(**changed)
    assert torch.equal(evaluate(**changed, statistics=statistics)["vif"], wanted["vif"])


def test_a_full_folder_takes_no_more_and_scores_go_on(
    triple: Make, tmp_path: Path, analysed: list[int]
) -> None:
    statistics = SourceStatistics(tmp_path, limit_mib=8)
    for seed in range(20):  # 0.5 MiB each
        evaluate(**triple(seed, 210, 180), names=["vif"], statistics=statistics)
    kept = list(tmp_path.iterdir())
    assert 0 < len(kept) < 20
    assert sum(file.stat().st_size for file in kept) <= 8 * 2**20
    assert len(analysed) == 40
    evaluate(**triple(0, 210, 180), names=["vif"], statistics=statistics)
    assert len(analysed) == 40


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_pair_takes_at_most_14_bytes_a_pixel(
    triple: Make, tmp_path: Path, dtype: torch.dtype
) -> None:
    evaluate(
        **triple(6, 240, 320), names=ALL_NAMES, dtype=dtype, statistics=SourceStatistics(tmp_path)
    )
    kept = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert 0 < kept < 240 * 320 * (14 if dtype == torch.float64 else 7)


def test_several_fused_images_of_a_pair_score_as_each_alone(triple: Make, tmp_path: Path) -> None:
    images = triple(7, 165, 170)
    sources = {name: images[name] for name in ("infrared", "visible")}
    fused = {"as it is": images["fused"], "darker": images["fused"] // 2}
    for statistics in (None, SourceStatistics(tmp_path)):
        found = evaluate_methods(**sources, fused=fused, names=ALL_NAMES, statistics=statistics)
        for name, image in fused.items():
            alone = evaluate(**sources, fused=image, names=ALL_NAMES)
            assert all(torch.equal(found[name][key], alone[key]) for key in alone)


@pytest.mark.parametrize("damage", [b"", b"no tensors"])
def test_a_damaged_file_is_computed_anew(triple: Make, tmp_path: Path, damage: bytes) -> None:
    images = triple(4)
    wanted = evaluate(**images, statistics=SourceStatistics(tmp_path))
    for file in tmp_path.iterdir():
        file.write_bytes(damage)
    got = evaluate(**images, statistics=SourceStatistics(tmp_path))
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)


def test_a_block_of_zeros_is_seen_and_the_statistics_are_computed_anew(
    triple: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = triple(4)
    wanted = evaluate(**images, statistics=SourceStatistics(tmp_path))
    files = list(tmp_path.iterdir())
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content[:-600] + bytes(600))
    got = evaluate(**images, statistics=SourceStatistics(tmp_path))
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)
    assert caplog.text.count("damaged; it is computed anew") == len(files)


def test_a_folder_that_cannot_be_written_is_not_used(triple: Make, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("in the way")
    images = triple(5)
    got = evaluate(**images, names=["vif"], statistics=SourceStatistics(place))
    assert torch.equal(got["vif"], evaluate(**images, names=["vif"])["vif"])
