"""A report on paper: a browser prints the page."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from ablate.errors import AblateError, ConfigError

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_S: Final = 180


def browser() -> str:
    """Return the path of a browser that prints without a window.

    Raises:
        ConfigError: There is none.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise ConfigError(
            "report --pdf: no browser found; install chromium or google-chrome, or print "
            "report.html from any browser"
        )
    return found


def print_page(page: Path, *, program: str) -> Path:
    """Print a page and return the path of the PDF beside it.

    Args:
        page: A report.
        program: The browser.

    Raises:
        AblateError: The browser printed nothing.
    """
    out = page.with_suffix(".pdf").resolve()
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={profile}",
            f"--print-to-pdf={out}",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # root has no sandbox there
            page.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(  # noqa: S603 -- a browser, with a page of ours
                command, capture_output=True, timeout=PATIENCE_S, check=False
            )
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        except subprocess.TimeoutExpired:
            said = [f"no answer in {PATIENCE_S} s"]
    if not out.is_file():
        raise AblateError(f"{page}: {program} printed nothing: {' '.join(said)}")
    return page.with_suffix(".pdf")
