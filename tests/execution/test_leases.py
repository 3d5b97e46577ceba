"""Leases and pulses against a clock that the test turns."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.execution.devices import memory_kills
from ablate.execution.pool import FIRST_STEP_S, LONGEST_GAP_S, SLOWEST_STEPS, Lease
from ablate.training.recorder import Heartbeat


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def looked_at(lease: Lease, clock: Clock, seconds: float) -> bool:
    """Look once a second, as a driver does; return what the last look says."""
    end = clock.now + seconds
    is_over = False
    while clock.now < end:
        clock.now += 1
        is_over = lease.is_over()
    return is_over


def test_a_silent_worker_is_hung_after_its_lease_and_a_word_renews_it() -> None:
    clock = Clock()
    lease = Lease(10, clock=clock)
    lease.heartbeat(step=3, slowest_s=0.1)
    assert not looked_at(lease, clock, 9)
    lease.heartbeat(step=4, slowest_s=0.1)
    assert not looked_at(lease, clock, 9)
    assert looked_at(lease, clock, 2)
    assert lease.step == 4


def test_slow_steps_make_the_lease_longer_and_quick_ones_leave_it() -> None:
    lease = Lease(10, clock=Clock())
    lease.heartbeat(step=1, slowest_s=4)
    assert lease.limit_s == SLOWEST_STEPS * 4
    lease.heartbeat(step=2, slowest_s=0.5)
    assert lease.limit_s == 10


def test_importing_may_take_longer_than_a_short_lease() -> None:
    clock = Clock()
    lease = Lease(1, clock=clock)
    assert not looked_at(lease, clock, FIRST_STEP_S - 1)
    assert looked_at(lease, clock, 2)


@given(back_s=st.floats(0, 1e9))
def test_a_clock_that_goes_back_ends_no_lease_and_keeps_none_alive(back_s: float) -> None:
    clock = Clock()
    lease = Lease(10, clock=clock)
    lease.heartbeat(step=1, slowest_s=0.1)
    assert not looked_at(lease, clock, 6)
    clock.now -= back_s
    assert not lease.is_over()
    assert looked_at(lease, clock, 6)


def test_a_driver_that_was_stopped_for_hours_kills_nobody_for_it() -> None:
    clock = Clock()
    lease = Lease(10, clock=clock)
    lease.heartbeat(step=1, slowest_s=0.1)
    clock.now += 10_000
    assert not lease.is_over()
    assert looked_at(lease, clock, 10 - LONGEST_GAP_S + 1)


def test_a_pulse_tells_progress_only_and_not_too_often() -> None:
    clock = Clock()
    told: list[tuple[int, float]] = []
    pulse = Heartbeat(
        lambda step, slowest_s: told.append((step, slowest_s)), every_s=1, clock=clock
    )
    pulse.beat()
    for step in range(1, 31):
        clock.now += 0.1
        pulse.beat(step)
    assert [step for step, _ in told] == [0, 10, 20, 30]
    clock.now += 1000  # a step that hangs tells nothing
    assert len(told) == 4


def test_only_steps_count_as_slow() -> None:
    clock = Clock()
    told: list[tuple[int, float]] = []
    pulse = Heartbeat(
        lambda step, slowest_s: told.append((step, slowest_s)), every_s=0, clock=clock
    )
    for seconds, step in ((50, None), (60, 1), (2, 2), (70, None), (80, 3), (1, 4)):
        clock.now += seconds
        pulse.beat(step)
    assert told[-1] == (4, pytest.approx(2))


def test_kills_of_the_kernel_are_read_and_unknown_where_it_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("nr_free 12\noom_kill 3\noom_kill_other 9\n")
    assert memory_kills(tmp_path / "vmstat") == 3
    assert memory_kills(tmp_path / "absent") is None
    (tmp_path / "old").write_text("nr_free 12\n")
    assert memory_kills(tmp_path / "old") is None
