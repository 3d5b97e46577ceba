"""A store that cannot be written: nothing is run, what it holds can still be read."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drawing import drawing
from tests.e2e.running import inside

pytestmark = pytest.mark.e2e
STUDY = Path(__file__).parents[1] / "chaos" / "cold.yaml"


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Give a folder and a read-only view of it: the rights of a folder do not stop root."""
    place, view = tmp_path / "place", tmp_path / "view"
    place.mkdir()
    view.mkdir()
    if subprocess.run(
        ["mount", "--bind", str(place), str(view)], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a view needs the rights of root")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(view)], check=True)
    yield place, view
    subprocess.run(["umount", "-l", str(view)], check=True)


def test_a_read_only_store_is_refused_in_one_line_and_can_be_read(
    places: tuple[Path, Path], tmp_path: Path
) -> None:
    place, view = places
    store = str(view / "s")
    inside("run", str(STUDY), "--store", str(place / "s"), cwd=tmp_path)
    before = sorted((path, path.stat().st_mtime_ns) for path in place.rglob("*"))

    done = inside("run", str(STUDY), "--store", store, cwd=tmp_path, code=1)
    (said,) = done.stderr.strip().splitlines()
    assert "cannot be written: Read-only file system" in said
    assert "--store" in said
    other = inside("run", str(STUDY), "--store", str(view / "new"), cwd=tmp_path, code=1)
    assert "Read-only file system" in other.stderr

    told = inside("status", str(STUDY), "--store", store, "--json", cwd=tmp_path)
    assert json.loads(told.stdout)["finished"] == 1
    with drawing():
        inside("report", str(STUDY), "--store", store, "--out", str(tmp_path / "r"), cwd=tmp_path)
    assert (tmp_path / "r" / "report.html").exists()
    assert sorted((path, path.stat().st_mtime_ns) for path in place.rglob("*")) == before
