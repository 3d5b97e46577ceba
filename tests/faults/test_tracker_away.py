"""A tracking server that is away at the start, or dies midway: training goes on, all is sent later."""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate import config
from ablate.errors import StoreError
from ablate.study.driver import Progress, run
from ablate.study.names import known
from ablate.tracking import outbox, shipper
from tests.e2e.running import inside, rows
from tests.faults.serving import TrackingServer

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STUDY = Path(__file__).parents[1] / "chaos" / "cold.yaml"
WORDS = ["phases.pilot.seeds=6", "train.steps=5", "executor=inline"]
POINTS = (
    "select k.value, m.key, m.step, m.value from metrics m join tags k on k.run_uuid = m.run_uuid "
    "and k.key = 'ablate.key' where m.key not like 'facts/%' order by 1, 2, 3"
)
STATES = "select status, count(*) from runs where lifecycle_stage = 'active' group by 1"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrackingServer]:
    monkeypatch.setattr(outbox, "RETRY_AFTER_S", 0.1)
    monkeypatch.setattr(shipper, "INSIST_AFTER_S", (0.1,))
    one = TrackingServer(tmp_path / "server")
    yield one
    one.kill()


def test_a_server_that_is_away_at_the_start_and_dies_midway_ends_with_everything(
    server: TrackingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inside("run", str(STUDY), *WORDS, "--store", "whole", cwd=tmp_path)
    words = [*WORDS, f"store.mlflow={server.uri}"]
    study = config.load(str(STUDY), tuple(words), known=known())
    ends: list[int] = []

    def listen(progress: Progress) -> None:
        ends.append(progress.ended)
        if progress.ended == 2:
            server.start()  # it was away for two runs
        if progress.ended == 4:
            server.kill()

    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(StoreError, match=r"does not answer .* nothing is lost"),
    ):
        run(study, store=tmp_path / "s", overrides=words, listen=listen)
    assert ends == [1, 2, 3, 4, 5, 6]  # training went on
    assert "training goes on" in caplog.text
    sent = rows(server.database, "select count(*) from runs where status = 'FINISHED'")[0][0]
    assert sent >= 3  # the ends of the first two were sent when it came

    server.start()
    outcome = run(study, store=tmp_path / "s", overrides=words, listen=listen)
    assert len(ends) == 6  # nothing was trained again
    assert outcome.counts == {"finished": 6, "pruned": 0, "failed": 0}
    assert rows(server.database, POINTS) == rows(tmp_path / "whole" / "mlflow.db", POINTS)
    assert rows(server.database, STATES) == rows(tmp_path / "whole" / "mlflow.db", STATES)
    keys = Counter(
        key for (key,) in rows(server.database, "select value from tags where key = 'ablate.key'")
    )
    assert set(keys.values()) == {1}


def test_an_address_that_refuses_is_said_in_one_line(
    server: TrackingServer, tmp_path: Path
) -> None:
    done = inside(
        "run", str(STUDY), *WORDS, "store.mlflow=nosuch://x", "--store", "s", cwd=tmp_path, code=1
    )
    assert "store.mlflow: cannot open nosuch://x" in done.stderr
    assert "a bug" not in done.stderr
