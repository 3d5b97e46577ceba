"""A server of another program that runs as long as the command that started it, and no longer."""

import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from ablate.errors import ConfigError, StoreError

LOOK_S = 0.1
GUARD = """
import os, signal, subprocess, sys, threading, time

def leave():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    time.sleep(2)
    os.killpg(0, signal.SIGKILL)

signal.signal(signal.SIGTERM, lambda *_: None)  # which the server does not inherit
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
threading.Thread(target=leave, daemon=True).start()
code = server.wait()
os.killpg(0, signal.SIGKILL) if code < 0 else os._exit(code)
"""


def check_port(host: str, port: int) -> None:
    """Raise ConfigError unless a server can listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"--port: {port} is taken on {host}; name another one, as --port {port % 65535 + 1}"
            ) from None
        if error.errno == errno.EACCES:
            raise ConfigError(
                f"--port: {port} is not yours to listen on; name one above 1023"
            ) from None
        raise ConfigError(
            f"--host: {host} is not an address of this machine ({error.strerror or error}); leave "
            "it out, or name one that is"
        ) from None


def run(
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    listens: tuple[str, int] | None = None,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Run a server until this process is stopped, however it is: the server ends with it.

    A guard between the two reads from a pipe that ends with this process, even by kill -9; then it
    ends its process group, which all that the server starts belongs to.

    Args:
        name: Of the server, in messages.
        command: Program and arguments.
        environment: More variables for it.
        listens: Host and port that it will listen on.
        then: Called once when it listens there, unless it ends before.

    Raises:
        StoreError: It ended by itself.
    """
    guarded = [sys.executable, "-c", GUARD, *command]
    alone = {"PYTHONSAFEPATH": "1"}  # no module of the folder where the command was typed
    with subprocess.Popen(  # noqa: S603 -- our own interpreter and text
        guarded,
        stdin=subprocess.PIPE,
        env={**os.environ, **environment, **alone},
        start_new_session=True,
    ) as guard:
        assert guard.stdin is not None
        try:
            while listens and guard.poll() is None and not _answers(*listens):
                time.sleep(LOOK_S)
            if guard.poll() is None:
                then()
            code = guard.wait()
        finally:
            guard.stdin.close()
    raise StoreError(f"{name} has ended by itself (code {code}); what it wrote says why")


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
