"""`ablate report --pdf` where no browser is."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablate.cli.main import app
from ablate.errors import AblateError, ConfigError
from ablate.report import printed


def test_without_a_browser_one_line_says_so_before_anything_is_rendered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    words = ["report", "quickstart", "--store", str(tmp_path), "--pdf"]
    done = CliRunner().invoke(app, words, catch_exceptions=True)
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception).startswith("report --pdf: no browser found; install chromium")
    assert "\n" not in str(done.exception)


def test_a_published_report_has_no_pdf(tmp_path: Path) -> None:
    words = ["report", "quickstart", "--publish", str(tmp_path), "--pdf"]
    done = CliRunner().invoke(app, words, catch_exceptions=True)
    assert isinstance(done.exception, ConfigError)


def test_a_browser_that_prints_nothing_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("x")
    with pytest.raises(AblateError, match="printed nothing"):
        printed.print_page(page, program="false")
    assert not page.with_suffix(".pdf").exists()
