"""A tracking server that is away at the start, or dies midway: training goes on, all is sent later."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate import config
from ablate.errors import StoreError
from ablate.study.driver import Progress, run
from ablate.study.names import known
from ablate.tracking import outbox
from tests.chaos.outcome import mlflow_runs
from tests.e2e.running import inside, rows
from tests.faults.serving import TrackingServer

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STUDY = Path(__file__).parents[1] / "chaos" / "cold.yaml"
WORDS = ["phases.pilot.seeds=6", "train.steps=5", "executor=inline"]
TIMED = {  # hold seconds, addresses or ids of MLflow
    "result.json",
    "study/facts.json",
    "study/runs.parquet",
    "study/links.json",
}


def artifacts(database: Path | str, root: Path) -> dict[str, dict[str, str]]:
    """Return our key of a run -> artifact -> its hash, that of nothing where it varies."""
    found: dict[str, dict[str, str]] = {}
    for run_id, key in rows(database, "select run_uuid, value from tags where key = 'ablate.key'"):
        found[key] = {}
        for folder in root.glob(f"*/{run_id}/artifacts"):  # parents have none
            for path in folder.rglob("*"):
                name = path.relative_to(folder).as_posix()
                if path.is_file():
                    content = b"" if name in TIMED else path.read_bytes()
                    found[key][name] = hashlib.sha256(content).hexdigest()
    return found


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrackingServer]:
    monkeypatch.setattr(outbox, "RETRY_AFTER_S", 0.1)
    monkeypatch.setattr(outbox, "INSIST_AFTER_S", (0.1,))
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

    told = inside("status", str(STUDY), *words, "--store", "s", "--json", cwd=tmp_path).stdout
    assert json.loads(told)["finished"] == 6

    server.start()
    outcome = run(study, store=tmp_path / "s", overrides=words, listen=listen)
    assert len(ends) == 6  # nothing was trained again
    assert outcome.counts == {"finished": 6, "pruned": 0, "failed": 0}
    whole = tmp_path / "whole"
    assert mlflow_runs(server.database) == mlflow_runs(whole / "mlflow.db")
    mine = artifacts(server.database, tmp_path / "server" / "artifacts")
    theirs = artifacts(whole / "mlflow.db", whole / "artifacts")
    assert mine == theirs
    assert sum(map(len, theirs.values())) > 25
    links = (
        json.loads((tmp_path / name / "cold" / "links.json").read_text()) for name in ("s", "whole")
    )
    assert len({tuple(sorted(one)) for one in links}) == 1
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
