"""Checkpoints: whole or absent, the one before when the newest is damaged, no foreign state."""

from pathlib import Path

import pytest
import torch

from ablate.errors import StoreError
from ablate.training.checkpoints import BEFORE, NEWEST, Checkpoints, clear


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    one = Checkpoints(tmp_path, key="run")
    for step in (1, 2):
        one.save(step=step, weights={"w": torch.full((3,), float(step))}, seconds=0.5)
    return one


def test_the_newest_state_comes_back_exactly(kept: Checkpoints) -> None:
    state = kept.load()
    assert state is not None
    assert state["step"] == 2
    assert torch.equal(state["weights"]["w"], torch.full((3,), 2.0))


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-5], lambda b: b[:10], lambda b: b"", lambda b: b[:50] + b"x" + b[51:]]
)
def test_a_damaged_newest_gives_the_one_before(kept: Checkpoints, tmp_path: Path, damage) -> None:
    path = tmp_path / NEWEST
    path.write_bytes(damage(path.read_bytes()))
    state = kept.load()
    assert state is not None
    assert state["step"] == 1


def test_both_damaged_or_absent_is_none(kept: Checkpoints, tmp_path: Path) -> None:
    for name in (NEWEST, BEFORE):
        (tmp_path / name).write_bytes(b"x")
    assert kept.load() is None
    clear(tmp_path)
    assert kept.load() is None
    assert list(tmp_path.iterdir()) == []


def test_a_kill_between_the_two_renames_loses_nothing(kept: Checkpoints, tmp_path: Path) -> None:
    (tmp_path / NEWEST).replace(tmp_path / BEFORE)
    state = kept.load()
    assert state is not None
    assert state["step"] == 2


def test_the_state_of_another_run_is_not_used(kept: Checkpoints, tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, key="other").load() is None


def test_a_checkpoint_cannot_name_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (print, ("run",))

    one = Checkpoints(tmp_path, key="run")
    one.save(step=1, evil=Evil())
    with pytest.raises(StoreError, match="more than tensors"):
        one.load()


def test_it_is_due_after_its_time(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, key="run", every_s=0).is_due()
    assert not Checkpoints(tmp_path, key="run", every_s=60).is_due()
