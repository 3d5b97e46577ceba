"""Starts drivers as processes of their own from a template that has imported what they need.

Nothing else is shared: every driver is a real process in a session of its own, with its own fork
server and workers, and runs the command line from its first word. Imports alone would take most of
the time of a test that starts hundreds.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import MappingProxyType

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 -- as those below
import torch._inductor  # noqa: F401

import ablate.cli.arguments
import ablate.cli.progress
import ablate.search.store
import ablate.study.driver
import ablate.tracking.shipper
import ablate.training.preload  # noqa: F401 -- imported here so that no driver has to
from ablate.cli.main import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


def start(
    *words: str, cwd: Path, log: Path, environment: Mapping[str, str] = MappingProxyType({})
) -> ForkServerProcess:
    """Start a command in `cwd` with its output appended to `log`; it is its own process group."""
    driver = CONTEXT.Process(target=_run, args=(words, cwd, log, dict(environment)))
    driver.start()
    return driver


def _run(words: tuple[str, ...], cwd: Path, log: Path, environment: dict[str, str]) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(environment)
    tempfile.tempdir = None  # found anew
    os.chdir(cwd)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(out, stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    main(list(words))
