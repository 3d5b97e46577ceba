"""A real PostgreSQL server of our own, that a test can stop, kill and start again."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.present import present

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
USER = "ablate"


def reason_against() -> str:
    """Return why none can be started here, "" where one can."""
    if _programs() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and not shutil.which("runuser"):
        return "PostgreSQL does not run as root, and there is no runuser"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "the extra `postgres` is not installed"
    return ""


class Postgres:
    """A server on loopback with a password, in a temporary folder.

    Args:
        databases: Made at once.
        certificate: A folder with key.pem and cert.pem, for connections with TLS.
    """

    def __init__(self, *databases: str, certificate: Path | None = None) -> None:
        if why := reason_against():
            pytest.skip(why)
        programs = _programs()
        assert programs is not None
        self._programs = programs
        self.password = secrets.token_hex(12)
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        with socket.socket() as asked:
            asked.bind(("127.0.0.1", 0))
            self.port = int(asked.getsockname()[1])
        (self.folder / "password").write_text(self.password)
        self._has_tls = certificate is not None
        if os.geteuid() == 0:
            for path in (self.folder, self.folder / "password"):
                shutil.chown(path, "postgres")
        self._do(
            "initdb",
            "--username",
            USER,
            "--pwfile",
            str(self.folder / "password"),
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--no-sync",
            "--pgdata",
            str(self._data),
        )
        for name in ("key.pem", "cert.pem") if certificate else ():
            shutil.copy(present(certificate) / name, self._data / name)
            (self._data / name).chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(self._data / name, "postgres")
        self.start()
        for name in databases:
            self.sql(f'create database "{name}"')

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str, *, password: bool = True) -> str:
        """Return the address of one of its databases."""
        login = f"{USER}:{self.password}" if password else USER
        return f"postgresql+psycopg://{login}@127.0.0.1:{self.port}/{database}"

    def sql(self, text: str) -> None:
        """Do one statement outside of every database of a test."""
        import psycopg

        address = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(text.encode())

    def start(self) -> None:
        """Start it; return when it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
        options += "-c fsync=on -c max_connections=200"
        if self._has_tls:
            options += " -c ssl=on -c ssl_key_file=key.pem -c ssl_cert_file=cert.pem"
        words = ["-D", str(self._data), "-l", str(self.folder / "log"), "-o", options]
        for _ in range(20):  # after kill -9 its children hold the shared memory for a moment
            self._do("pg_ctl", "start", "-w", *words, check=False)
            if self.answers():
                return
            time.sleep(0.5)
        raise AssertionError((self.folder / "said").read_text()[-2000:])

    def answers(self) -> bool:
        """Return whether it takes connections."""
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", self.port)) == 0

    def restart(self) -> None:
        """Stop it as an administrator would, breaking off what is under way, and start it."""
        self._do("pg_ctl", "stop", "-m", "immediate", "-w", "-D", str(self._data))
        self.start()

    def kill(self) -> None:
        """Kill it with signal 9; its children end by themselves."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        while _is_alive(pid):
            time.sleep(0.05)

    def close(self) -> None:
        """End it and remove what it wrote."""
        self._do("pg_ctl", "stop", "-m", "immediate", "-D", str(self._data), check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _do(self, program: str, *words: str, check: bool = True) -> None:
        command: Sequence[str] = [str(self._programs / program), *words]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        said = self.folder / "said"  # no pipe: a server that goes on would keep it open
        with said.open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, cwd="/", check=False)
        assert done.returncode == 0 or not check, said.read_text()[-2000:]


def _programs() -> Path | None:
    found = [path for place in PLACES for path in sorted(Path("/").glob(place[1:]))]
    return found[-1] if found else None


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
