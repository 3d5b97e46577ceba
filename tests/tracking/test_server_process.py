"""A server that was started ends with the command, whichever way that ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ablate.cli.main import main
from ablate.errors import ConfigError, StoreError
from ablate.tracking import server_process, ui
from ablate.tracking.server_process import check_port

ROOT = str(Path(__file__).resolve().parents[2])
SERVER = "import http.server; http.server.HTTPServer(('127.0.0.1', {port}), None).serve_forever()"
TWICE = "import subprocess, sys; subprocess.run([sys.executable, '-c', {server!r}])"  # as mlflow
COMMAND = """
import sys
from ablate.tracking.server_process import run
run("the server", [sys.executable, "-c", {twice!r}], environment={{}})
"""


@pytest.fixture
def ablate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Any]:
    """The command line, run in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object, code: int = 0) -> Any:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        assert ended.value.code == code
        return capsys.readouterr()

    return run


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def until(holds: Callable[[], bool], within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def heed(by: signal.Signals) -> None:
    """Give a signal its usual effect again: nohup and a shell's & make some ignored."""
    if by != signal.SIGKILL:
        signal.signal(by, signal.SIG_DFL)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_the_server_ends_with_the_command(by: signal.Signals) -> None:
    port = free_port()
    twice = TWICE.format(server=SERVER.format(port=port))
    command = [sys.executable, "-c", COMMAND.format(twice=twice)]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": ROOT},
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: heed(by),
    ) as process:
        try:
            until(lambda: answers(port))
            process.send_signal(by)
            process.wait(timeout=30)
        finally:
            process.kill()
    until(lambda: not answers(port))


def test_a_server_that_ends_by_itself_is_one_line() -> None:
    with pytest.raises(StoreError, match=r"the server has ended by itself \(code 3\)"):
        server_process.run("the server", [sys.executable, "-c", "exit(3)"], environment={})


def test_what_is_said_when_it_listens_is_said_once_and_not_by_one_that_ends() -> None:
    port, said = free_port(), []
    one = "import http.server; http.server.HTTPServer(('127.0.0.1', {port}), None).handle_request()"
    for server in (one.format(port=port), "exit(3)"):
        with pytest.raises(StoreError, match="has ended by itself"):
            server_process.run(
                "the server",
                [sys.executable, "-c", server],
                environment={},
                listens=("127.0.0.1", port),
                then=lambda: said.append(1),
            )
    assert said == [1]


def test_a_taken_port_is_one_line_before_any_link(ablate: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("ui", "dashboard"):
            done = ablate(command, "--port", port, code=2)
            assert done.out == ""
            assert f"--port: {port} is taken on 127.0.0.1; name another one" in done.err


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_is_not_here_is_one_line(host: str) -> None:
    with pytest.raises(ConfigError, match="is not an address of this machine"):
        check_port(host, free_port())


def test_with_a_host_the_names_of_this_machine_and_those_said_reach_the_ui(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ablate: Callable[..., Any]
) -> None:
    from mlflow.server.security_utils import is_allowed_host_header, should_block_cors_request

    seen: list[dict[str, str]] = []
    monkeypatch.setattr(
        server_process, "run", lambda name, command, environment, **more: seen.append(environment)
    )
    monkeypatch.setattr(ui, "links", lambda store, port, host: {})
    port = free_port()
    words = ("--host", "0.0.0.0", "--port", port, "--name", "gpu-server.lab.example")
    said = ablate("ui", "--store", tmp_path, *words).err
    hosts = seen[0]["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    origins = seen[0]["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].split(",")
    for name in (socket.gethostname(), "gpu-server.lab.example", "localhost", "127.0.0.1"):
        assert is_allowed_host_header(hosts, f"{name}:{port}")
        assert not should_block_cors_request(f"http://{name}:{port}", "POST", origins)
    assert "gpu-server.lab.example" in said
    assert not is_allowed_host_header(hosts, f"evil.example:{port}")
    assert should_block_cors_request("http://evil.example", "POST", origins)
    ablate("ui", "--store", tmp_path, "--port", free_port())
    assert "MLFLOW_SERVER_ALLOWED_HOSTS" not in seen[1]


@pytest.mark.parametrize("name", ["a,b", "--x", "", "a b", "a/b", "\x1b[2J"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="--name: "):
        ui.check_names([name])
