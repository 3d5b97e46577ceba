"""A real MLflow server of our own, that a test can kill and start again."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

QUIET = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


class TrackingServer:
    """An MLflow server on loopback over a database of its own.

    Args:
        folder: Where its database, artifacts and log lie.
        database: Address of a PostgreSQL database to use instead.
        more: Further words of its command line.
        env: Further variables of its environment.
        certificate: A folder with key.pem and cert.pem: it then speaks TLS alone.
    """

    def __init__(
        self,
        folder: Path,
        database: str | None = None,
        *,
        more: Sequence[str] = (),
        env: Mapping[str, str] = MappingProxyType({}),
        certificate: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.database = database or folder / "mlflow.db"
        self._more, self._env = more, env
        self.uri = f"http{'s' if certificate else ''}://127.0.0.1:{self._port}"
        if certificate is not None:
            files = f"--ssl-keyfile {certificate / 'key.pem'} --ssl-certfile "
            self._more = (*more, "--uvicorn-opts", f"{files}{certificate / 'cert.pem'}")

    def start(self, *, waits: bool = True) -> None:
        """Start it; return when it answers, or at once."""
        command = [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--workers",
            "1",
            "--artifacts-destination",
            str(self._folder / "artifacts"),
            "--serve-artifacts",
            *self._more,
        ]
        where = self.database if isinstance(self.database, str) else f"sqlite:///{self.database}"
        env = {"MLFLOW_BACKEND_STORE_URI": where}  # it may hold a password: not for the command
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **QUIET, **env, **self._env},
            )
        if waits:
            self.wait()

    def wait(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + 120
        while not self.answers():
            assert time.monotonic() < deadline, (self._folder / "server.log").read_text()[-2000:]
            time.sleep(0.2)

    def answers(self) -> bool:
        """Return whether it is up."""
        try:
            anyone = ssl._create_unverified_context()
            asked = f"{self.uri}/health"
            with urllib.request.urlopen(asked, timeout=2, context=anyone) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it and its workers with signal 9."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
