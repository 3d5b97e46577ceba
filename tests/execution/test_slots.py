"""How many runs fit: over made-up devices, and with real workers of this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.config.entries import Parts
from ablate.config.errors import Errors
from ablate.config.settings import Context, merged_names
from ablate.config.study_file import read_executor
from ablate.execution import devices, local
from ablate.execution.devices import MARGIN, RESERVE_MIB, Device, after_oom, fitting, slots_for
from ablate.execution.local import Local
from tests.execution.conftest import small, until

memory = st.floats(0, 1e6)
peaks = st.floats(1, 1e5)
machines = st.lists(memory, min_size=1, max_size=8).map(
    lambda sizes: tuple(Device(name=str(at), free_mib=size) for at, size in enumerate(sizes))
)


@given(found=machines, peak=peaks, cores=st.integers(1, 64), most=st.integers(1, 64))
def test_slots_never_exceed_memory_cores_are_used_once_and_one_is_always_there(
    found: tuple[Device, ...], peak: float, cores: int, most: int
) -> None:
    taken = slots_for(found, peak_mib=peak, cores=range(cores), most=most)
    assert 1 <= len(taken) <= most
    for device in found:
        count = sum(slot.device == device.name for slot in taken)
        is_the_last_resort = len(taken) == 1 and device is found[0]
        assert is_the_last_resort or count * peak * MARGIN <= max(0, device.free_mib - RESERVE_MIB)
    pinned = [slot.core for slot in taken if slot.core is not None]
    assert len(set(pinned)) == len(pinned)
    assert (len(pinned) == len(taken)) == (len(taken) <= cores)


@given(found=machines, peak=peaks, most=st.integers(1, 64))
def test_a_smaller_run_never_gets_fewer_slots_and_devices_are_filled_evenly(
    found: tuple[Device, ...], peak: float, most: int
) -> None:
    taken = slots_for(found, peak_mib=peak, cores=range(64), most=most)
    smaller = slots_for(found, peak_mib=peak / 2, cores=range(64), most=most)
    assert len(smaller) >= len(taken)
    counts = {one.name: sum(slot.device == one.name for slot in taken) for one in found}
    for one in found:
        if counts[one.name] < fitting(one.free_mib, peak_mib=peak):  # it had room for more
            assert max(counts.values()) - counts[one.name] <= 1


def test_two_gpus_take_runs_in_turns_and_the_one_that_ran_out_loses_one() -> None:
    two = (Device(name="0", free_mib=10_000), Device(name="1", free_mib=5_000))
    taken = slots_for(two, peak_mib=2_000, cores=range(8), most=8)
    assert [slot.device for slot in taken] == ["0", "1", "0", "0"]
    assert [slot.device for slot in after_oom(taken, device="0")] == ["0", "1", "0"]
    assert [slot.device for slot in after_oom(taken, device="1")] == ["0", "0", "0"]


@pytest.mark.parametrize(
    ("visible", "names"),
    [(None, ["0", "1", "2"]), ("2,0", ["2", "0"]), ("GPU-bb", ["GPU-bb"]), ("", []), ("7", [])],
)
def test_only_visible_gpus_are_shared(
    visible: str | None, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "0, GPU-aa-1, 1000\n1, GPU-bb-2, 2000\n2, GPU-cc-3, 3000\n3, GPU-dd-4, [N/A]\nno line\n"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [one.name for one in devices.accelerators(lambda: said)] == names


def test_one_device_that_a_study_names_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    two = (Device(name="0", free_mib=10), Device(name="1", free_mib=20))
    monkeypatch.setattr(devices, "accelerators", lambda: two)
    assert devices.devices_for("auto") == two
    assert devices.devices_for("cuda:1") == (Device(name="cuda:1", free_mib=20),)
    assert [one.name for one in devices.devices_for("cpu")] == ["cpu"]


@pytest.mark.parametrize(
    ("name", "slots", "is_fine"),
    [
        ("local", "auto", True),
        ("local", 3, True),
        ("processes", "auto", False),
        ("local", "x", False),
    ],
)
def test_auto_goes_with_local_alone(name: str, slots: object, is_fine: bool) -> None:
    errors = Errors("study.yaml")
    names = merged_names({"executors": ("local", "processes")})
    parts = Parts(settings=Context(errors, {}, names))
    found = read_executor(parts, {"name": name, "slots": slots})
    assert (not errors.lines) == is_fine
    assert (
        found["slots"] == {"auto": len(os.sched_getaffinity(0)), 3: 3}.get(slots, 1) or not is_fine
    )


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    one = Local(decide=lambda *_: False, slots=2)
    yield one
    one.close()


@pytest.mark.e2e
@pytest.mark.skipif(len(devices.own_cores()) < 2, reason="one core")
def test_one_run_is_measured_then_another_stands_beside_it_on_a_core_of_its_own(
    made: Local, tmp_path: Path
) -> None:
    assert made.slots == 1
    made.submit(small("first", steps=1000), tmp_path / "s" / "runs" / "first")
    while made.slots == 1:
        assert made.poll(0.2) == []
    made.submit(small("second", steps=5), tmp_path / "s" / "runs" / "second")
    ended = until(made, 2)
    assert {one.state for one in ended} == {"finished"}
    assert len({one.facts["core"] for one in ended}) == 2


@pytest.mark.e2e
def test_memory_for_one_run_is_one_slot(
    made: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "devices_for", lambda _: (Device(name="cpu", free_mib=1000),))
    made.submit(small("r", steps=20), tmp_path / "s" / "runs" / "r")
    (result,) = until(made, 1)
    assert (result.state, made.slots) == ("finished", 1)
    assert made._peak_mib > 50


@pytest.mark.e2e
def test_a_run_without_memory_leaves_fewer_slots_and_goes_on(
    made: Local, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made.submit(small("long", steps=1000), project / "s" / "runs" / "long")
    while made.slots == 1:
        assert made.poll(0.2) == []
    made.submit(small("poor", steps=20, trouble="fill"), project / "s" / "runs" / "poor")
    ended = {one.run_id: one for one in until(made, 2)}
    assert {one.state for one in ended.values()} == {"finished"}
    assert ended["poor"].facts["oom_retries"] == 1
    assert (made.slots, made.oom_count, len(made._workers)) == (1, 1, 1)
    assert "slots from now on: 1 instead of 2, since memory ran out (time 1)" in caplog.text
