"""A command typed inside the test process: quick, for what needs no process of its own."""

import contextlib
import io
import signal
import subprocess
from pathlib import Path

from ablate.cli.main import main


def typed(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Return what a command printed and the code it ended with."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    code: object = None
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(list(words))
        except SystemExit as end:
            code = end.code
        finally:
            signal.signal(signal.SIGTERM, before)
    return subprocess.CompletedProcess(words, int(str(code or 0)), out.getvalue(), err.getvalue())
