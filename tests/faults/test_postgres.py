"""Both stores on PostgreSQL: what it holds is what local files hold, and no password is anywhere."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate.cli.main import main
from tests.chaos import __main__ as chaos
from tests.chaos.cold_start import repetition
from tests.chaos.killing import Round
from tests.chaos.outcome import differences
from tests.e2e.running import inside
from tests.faults.postgres import USER, Postgres
from tests.faults.serving import TrackingServer

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]
COLD = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = ["phases.pilot.seeds=2", "train.steps=5", "executor=inline"]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    found = Postgres()
    yield found
    found.close()


@pytest.fixture
def server(postgres: Postgres, tmp_path: Path) -> Iterator[TrackingServer]:
    """Start a tracking server, and make a database for Optuna; both have names of their own."""
    for name in ("mlflow", "optuna"):
        postgres.sql(f'create database "{name}_{tmp_path.name}"')
    found = TrackingServer(tmp_path / "server", postgres.url(f"mlflow_{tmp_path.name}"))
    found.start()
    yield found
    found.kill()


def test_the_same_study_leaves_the_same_tables_as_with_local_files(
    postgres: Postgres, server: TrackingServer, tmp_path: Path
) -> None:
    whole = Round(tmp_path / "files").let_alone()
    postgres.sql(f'alter database "optuna_{tmp_path.name}" rename to "optuna_served"')
    mine = Round(tmp_path / "served", server, postgres=postgres).let_alone()
    assert differences(mine, whole) == []
    assert whole.counts["Optuna trials"] == 18
    assert not list((tmp_path / "served" / "s").glob("*.db"))


def test_kills_of_everything_and_of_postgresql_itself_leave_what_no_kill_leaves(
    tmp_path: Path,
) -> None:
    words = ["--postgres", "--kills", "6", "--most", "6", "--folder", str(tmp_path), "--seed", "1"]
    assert chaos.main(words) == 0


def test_eight_drivers_of_four_stores_start_at_once_on_absent_tables(
    postgres: Postgres, server: TrackingServer, tmp_path: Path
) -> None:
    counts, wrongs = repetition(
        tmp_path / "here",
        drivers=8,
        stores=("s0", "s1", "s2", "s3"),
        words=[
            f"store.optuna={postgres.url(f'optuna_{tmp_path.name}')}",
            f"store.mlflow={server.uri}",
        ],
    )
    assert wrongs == []
    assert sum(counts.values()) == 8


def test_a_server_that_asks_for_a_password_gets_it_from_the_variables_of_mlflow(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("flask_wtf", reason="the extra `auth` of mlflow is not installed")
    word = "a-password-of-twelve"
    ini = tmp_path / "auth.ini"
    ini.write_text(
        f"[mlflow]\ndefault_permission = READ\nadmin_username = admin\nadmin_password = {word}\n"
        f"database_uri = sqlite:///{tmp_path / 'auth.db'}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    postgres.sql("create database guarded")
    server = TrackingServer(
        tmp_path / "server",
        postgres.url("guarded"),
        more=("--app-name", "basic-auth"),
        env={"MLFLOW_AUTH_CONFIG_PATH": str(ini), "MLFLOW_FLASK_SERVER_SECRET_KEY": "x" * 32},
    )
    server.start()
    words = [COLD, *WORDS, f"store.mlflow={server.uri}", "--store", "s"]
    try:
        refused = inside("run", *words, cwd=tmp_path, code=1).stderr
        assert f"store.mlflow: {server.uri} refuses: " in refused
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong-word-of-twelve")
        assert "refuses" in inside("run", *words, cwd=tmp_path, code=1).stderr
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", word)
        inside("run", *words, cwd=tmp_path)
        assert "agree" in inside("doctor", *words, cwd=tmp_path).stdout
    finally:
        server.kill()
    assert holding(tmp_path / "s", word) == []


def test_a_password_in_an_address_is_in_no_file_table_line_or_list_of_processes(
    postgres: Postgres,
    server: TrackingServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    optuna, secret = postgres.url(f"optuna_{tmp_path.name}"), postgres.password
    front = server.uri.replace("://", f"://me:{secret}@")
    words = [COLD, *WORDS, f"store.optuna={optuna}", f"store.mlflow={front}", "--store", "s"]
    said = [inside("run", *words, "--json", cwd=tmp_path)]
    said += [inside(name, *words, cwd=tmp_path) for name in ("status", "doctor")]
    said.append(inside("status", COLD, "--store", "s", "--json", cwd=tmp_path))
    asked = ("report", "--study", "cold", "--out", "r", "--from-mlflow")
    said.append(inside(*asked, front, cwd=tmp_path))
    run = next((tmp_path / "s" / "cold" / "runs").iterdir()).name
    said.append(inside("config", "--run", run, "--study", COLD, "--store", "s", cwd=tmp_path))
    wrong = optuna.replace(secret, secret + "x")
    for bad in (
        wrong,
        optuna.replace("127.0.0.1", f"{secret}@127.0.0.1"),
        optuna.replace("optuna_", "absent_"),
        optuna.replace("+psycopg", "+none"),
        f"postgresql+psycopg://{USER}:{secret}@nowhere.invalid/x",
    ):
        said.append(
            inside("run", COLD, *WORDS, f"store.optuna={bad}", "--store", "t", cwd=tmp_path, code=1)
        )
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    nobody = front.rpartition(":")[0] + ":1"
    said.append(inside(*asked, nobody, cwd=tmp_path, code=1))
    assert [one.args for one in said if secret in one.stdout + one.stderr] == []
    assert secret not in caplog.text
    assert holding(tmp_path / "s", secret) == []
    assert holding(tmp_path / "t", secret) == []
    assert holding(tmp_path / "r", secret) == []
    assert holding(tmp_path / "server", secret) == []
    dump = [str(postgres._programs / "pg_dump"), "--inserts"]
    for name in ("optuna", "mlflow"):
        address = postgres.url(f"{name}_{tmp_path.name}").replace("+psycopg", "")
        held = subprocess.run([*dump, address], capture_output=True, text=True, check=True).stdout
        assert "INSERT INTO" in held
        assert secret not in held


def test_the_processes_of_a_driver_show_no_password(
    postgres: Postgres, server: TrackingServer, tmp_path: Path
) -> None:
    secret = postgres.password
    env = {**os.environ, "PGPASSWORD": secret, "PYTHONPATH": str(Path(__file__).parents[2])}
    address = postgres.url(f"optuna_{tmp_path.name}", password=False)
    driver = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ablate",
            "run",
            COLD,
            "phases.pilot.seeds=3",
            "train.steps=100",
            "executor=processes",
            f"store.optuna={address}",
            f"store.mlflow={server.uri}",
            "--store",
            "s",
        ],
        cwd=tmp_path,
        env=env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen: set[str] = set()
    while driver.poll() is None:
        seen |= {title for title in titles() if secret in title}
    assert driver.returncode == 0
    assert seen == set()
    assert holding(tmp_path / "s", secret) == []


def test_an_address_in_a_message_of_a_library_is_hidden(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    handler = logging.StreamHandler()
    record = logging.LogRecord("x", 40, "f", 1, "at %s", ("http://me:word-of-me@host/x",), None)
    from ablate.cli.main import _fit_to_show

    handler.addFilter(_fit_to_show)
    assert handler.filter(record)
    assert record.getMessage() == "at http://host/x"


def holding(folder: Path, secret: str) -> list[str]:
    """Return the files below a folder in which a text stands."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]


def titles() -> list[str]:
    """Return the command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found
