import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException, RestException

from ablate.errors import StoreError
from ablate.tracking import outbox
from ablate.tracking.outbox import Outbox
from ablate.tracking.shipper import Shipper
from ablate.tracking.views import dataset_input
from ablate.training.spec import RunResult

AWAY = RestException({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "away"})


class Flaky:
    """A client that can be away: then every call raises, before or after it was carried out."""

    def __init__(self, client: Any) -> None:
        self.client, self.is_away, self.loses_answers = client, False, False

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.client, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.is_away:
                raise AWAY
            answer = value(*args, **kwargs)
            if self.loses_answers and name == "create_run":
                raise ConnectionError("answer lost")
            return answer

        return call


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "RETRY_AFTER_S", 0.0)
    monkeypatch.setattr(outbox, "INSIST_AFTER_S", (0.0,))


def fails(times: int, log: list[str], name: str) -> Callable[[], None]:
    left = [times]

    def job() -> None:
        if left[0]:
            left[0] -= 1
            raise AWAY
        log.append(name)

    return job


def test_late_jobs_are_done_in_order_once_the_tracker_answers() -> None:
    box, log = Outbox("store"), list[str]()
    box.deliver(fails(2, log, "a"))
    box.deliver(fails(0, log, "b"))
    assert (log, len(box)) == ([], 2)
    box.deliver(fails(0, log, "c"))
    assert (log, len(box)) == (["a", "b", "c"], 0)


def test_a_tracker_that_is_away_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "RETRY_AFTER_S", 60.0)
    box, log = Outbox("store"), list[str]()
    box.deliver(fails(1, log, "a"))
    assert not box.attempt(fails(0, log, "b"))
    assert (log, box.failures) == ([], 1)
    assert box.drain(now=True)
    assert log == ["a"]


@pytest.mark.parametrize(
    "error",
    [
        MlflowException.invalid_parameter_value("wrong name"),
        StoreError("damaged"),
        ValueError("bug"),
    ],
)
def test_a_wrong_call_is_raised_and_not_taken_for_an_absent_tracker(error: Exception) -> None:
    def job() -> None:
        raise error

    with pytest.raises(type(error)):
        Outbox("store").deliver(job)


def test_a_study_goes_on_without_its_tracker_and_is_sent_afterwards(
    study: Any, points: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = Flaky(study.client)
    shipper = study.shipper(flaky)
    specs = [study.spec(f"r{seed}", seed=seed) for seed in range(2)]
    results = [
        RunResult(run_id=spec.run_id, state="finished", metrics={"val/qabf": 0.5}) for spec in specs
    ]
    flaky.is_away = True
    with caplog.at_level(logging.WARNING):
        for spec, result in zip(specs, results, strict=True):
            shipper.begin(spec, siblings=2)
            folder = study.write(spec, range(3))
            shipper.ship(spec, folder, siblings=2)
            shipper.end(spec, result, folder, siblings=2)
        shipper.end_trial(specs[0], results)
    assert "training goes on" in caplog.text
    assert len(study.runs()) == 1
    (tmp_path / "facts.json").write_text("{}")
    with pytest.raises(StoreError, match="nothing is lost"):
        shipper.publish(tmp_path)
    with pytest.raises(StoreError, match="nothing is lost"):
        shipper.ids()  # links that lack what is not sent yet would be published
    flaky.is_away = False
    assert len(shipper.ids()) == 4
    shipper.publish(tmp_path)
    assert [run.info.status for run in study.runs()[1:]] == ["FINISHED"] * 3
    assert len(points(study.run(specs[1]).info.run_id, "train/loss")) == 3


def test_a_lost_answer_does_not_make_a_second_run(study: Any) -> None:
    flaky = Flaky(study.client)
    shipper, spec = study.shipper(flaky), study.spec()
    flaky.loses_answers = True
    shipper.begin(spec, siblings=1)
    flaky.loses_answers = False
    shipper.begin(spec, siblings=1)
    assert study.run(spec).data.params["seed"] == "0"
    assert len(study.runs()) == 2


def test_an_interrupt_without_a_tracker_does_not_hide_its_cause(study: Any) -> None:
    flaky = Flaky(study.client)
    shipper = study.shipper(flaky)
    flaky.is_away = True
    shipper.interrupt()


def test_a_tracker_that_is_away_at_the_start_gets_everything_later(study: Any, points: Any) -> None:
    flaky = Flaky(study.client)
    flaky.is_away = True

    def connect() -> tuple[Any, str]:
        flaky.search_experiments()
        return flaky, study.experiment_id

    shipper = Shipper(connect, study=study.name, address="http://host")
    assert shipper.study_run(title="T", tags={}, params={"data": "x"}) is None
    shipper.dataset(dataset_input(name="d", label="d", digest="1", counts={}, items="pairs"))
    shipper.register({"rows": []}, design_hash="h")
    spec = study.spec()
    shipper.begin(spec, siblings=1)
    result = RunResult(run_id=spec.run_id, state="finished", metrics={"val/qabf": 0.5})
    shipper.end(spec, result, study.write(spec, range(3)), siblings=1)
    assert study.runs() == []
    flaky.is_away = False
    shipper.finish({})
    assert [run.info.status for run in study.runs()] == ["FINISHED"] * 2
    assert study.runs()[0].data.tags["ablate.registered"] == "h"
    assert len(points(study.run(spec).info.run_id, "train/loss")) == 3


def test_the_longer_a_tracker_is_away_the_rarer_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "RETRY_AFTER_S", 15.0)
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    box, log, asked = Outbox("store"), list[str](), list[float]()

    def job() -> None:
        asked.append(now[0])
        fails(1, log, "a")()

    box.deliver(job)
    while now[0] < 500:
        now[0] += 1
        box.drain()
    assert asked == [0.0, 15.0, 45.0, 105.0, 225.0, 345.0, 465.0]


def test_a_wrong_call_does_not_stand_in_the_way_of_the_next() -> None:
    box, log = Outbox("store"), list[str]()

    def wrong() -> None:
        raise ValueError("bug")

    with pytest.raises(ValueError, match="bug"):
        box.deliver(wrong)
    box.deliver(fails(0, log, "a"))
    assert log == ["a"]
