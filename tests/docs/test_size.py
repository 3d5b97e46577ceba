"""The repository is light: what is tracked, and each published report."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST, MOST_PER_REPORT = 25_000_000, 1_250_000  # bytes; a report on networks adds .5 to 1 MB


def test_all_that_is_tracked_has_at_most_twenty_five_megabytes() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git repository here")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    sizes = {path: path.stat().st_size for path in paths if path.is_file()}
    largest = sorted(sizes, key=lambda path: -sizes[path])[:5]
    assert sum(sizes.values()) <= MOST, [f"{path}: {sizes[path]}" for path in largest]


def folders() -> list[Path]:
    return sorted(path.parent for path in (ROOT / "reports").glob("*/*/published.json"))


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: "-".join(folder.parts[-2:]))
def test_a_published_report_has_little_more_than_a_megabyte(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_PER_REPORT
    assert "base64" not in (folder / "report.html").read_text(encoding="utf-8")
