"""Each thing that moves numbers, changed for real between two starts of one study, is refused.

Code is changed in a copy of the package's files, a library by the metadata of another version in
front of the path, data by one grey value of one image, the space in its file. (Accepted drift, and
what reports then say: test_drift.py and tests/analysis.)
"""

import contextlib
import json
import shutil
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from mlflow.tracking._tracking_service import utils
from PIL import Image

from ablate import fingerprint
from ablate.training import environment
from tests.e2e.running import inside

pytestmark = pytest.mark.e2e
STUDY = """\
# @package _global_
defaults:
  - /search_spaces@space: mine
  - _self_
title: A study whose surroundings change
factors:
  levels: {values: [1, 2], baseline: 1}
phases:
  compare: {design: one_factor, seeds: 1}
  hunt: {design: search, sampler: random, trials: 1}
base:
  data: {name: folders, root: pictures, crop: 16}
  model: {name: probe}
  train: {steps: 1, gallery: 0}
  metrics: {names: [qabf, ssim]}
objective: val/qabf
executor: {name: inline}
"""
SPACE = """\
title: Levels
dimensions:
  levels: {type: int, path: loss.levels, low: 1, high: 2, baseline: 1}
  ratio: {type: float, path: loss.ratio, low: 0.4, high: 0.6, baseline: 0.5}
"""
WORDS = ["mine", "--store", "s"]
RUNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the study stands, and the copy of the code that the drift guard reads."""

    folder: Path
    package: Path


@contextlib.contextmanager
def reading(package: Path) -> Iterator[None]:
    """Have the drift guard read the code of a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "PACKAGE", package)
        for known in (environment.kept, fingerprint.numeric_code_at_start):
            known.cache_clear()
        yield
    for known in (environment.kept, fingerprint.numeric_code_at_start):
        known.cache_clear()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study with a run that is still to be made."""
    folder = tmp_path_factory.mktemp("drift")
    for name, text in (("studies/mine.yaml", STUDY), ("search_spaces/mine.yaml", SPACE)):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    for number in range(6):
        for shift, side in enumerate(("infrared", "visible")):
            path = folder / "pictures" / side / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = np.random.default_rng([number, shift]).integers(0, 256, (24, 24), np.uint8)
            Image.fromarray(values).save(path)
    for name in (*fingerprint.NUMERIC_FOLDERS, *fingerprint.NUMERIC_FILES):
        source, copy = fingerprint.PACKAGE / name, folder / "package" / name
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    with reading(folder / "package"):
        inside("run", *WORDS, cwd=folder)
    last = sorted((folder / "s" / "mine" / "runs").iterdir())[-1]
    (last / "result.json").unlink()
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    folder = tmp_path / "here"
    shutil.copytree(made, folder)
    monkeypatch.setattr(utils, "_artifact_repos_cache", OrderedDict())  # knows the place of `made`
    with reading(folder / "package"):
        yield Place(folder=folder, package=folder / "package")


def code(place: Place, patch: pytest.MonkeyPatch) -> None:
    del patch
    file = place.package / "losses" / "total.py"
    file.write_text(file.read_text() + "\nMOVED = 1\n")


def library(place: Place, patch: pytest.MonkeyPatch) -> None:
    metadata = place.folder / "later" / "kornia-99.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: kornia\nVersion: 99.0\n")
    patch.setattr(sys, "path", [str(place.folder / "later"), *sys.path])
    assert version("kornia") == "99.0"


def data(place: Place, patch: pytest.MonkeyPatch) -> None:
    del patch
    path = place.folder / "pictures" / "visible" / "3.png"
    with Image.open(path) as image:
        values = np.array(image)
    values[0, 0] ^= 1
    Image.fromarray(values).save(path)


def space(place: Place, patch: pytest.MonkeyPatch) -> None:
    del patch
    path = place.folder / "search_spaces" / "mine.yaml"
    path.write_text(SPACE.replace("high: 2", "high: 3"))


def protocol(place: Place, patch: pytest.MonkeyPatch) -> None:
    del patch
    path = place.folder / "studies" / "mine.yaml"
    path.write_text(STUDY.replace("{names:", "{protocol: tang-py, names:"))


def metric(place: Place, patch: pytest.MonkeyPatch) -> None:
    del patch
    file = place.package / "metrics" / "protocol.py"
    file.write_text(file.read_text() + "\nMOVED = 1\n")


CHANGES: dict[str, tuple[Callable[[Place, pytest.MonkeyPatch], None], str]] = {
    "code of a loss": (code, "losses/total.py changed; undo that"),
    "code of a metric protocol": (metric, "metrics/protocol.py changed; undo that"),
    "a library": (library, "-> 99.0; undo that"),
    "data": (data, "with another data ("),
    "the space": (space, "with another design ("),
    "the metric protocol": (protocol, "with another design ("),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_moves_numbers_is_refused_and_nothing_is_pooled(
    name: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, said = CHANGES[name]
    ledger = place.folder / "s" / "mine" / "ledger.jsonl"
    before = ledger.read_bytes()
    change(place, monkeypatch)
    refused = inside("run", *WORDS, cwd=place.folder, code=1)
    (line,) = refused.stderr.strip().splitlines()
    assert said in line
    assert "--store" in line
    assert ledger.read_bytes() == before
    assert len(list((ledger.parent / "runs").glob("*/result.json"))) == RUNS - 1


def test_an_accepted_change_is_a_stratum_of_its_own_and_the_report_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(place, monkeypatch)
    code(place, monkeypatch)
    inside("run", *WORDS, "--accept-drift", cwd=place.folder)
    told = json.loads(inside("status", *WORDS, "--json", cwd=place.folder).stdout)["strata"]
    assert [one["runs"] for one in told] == [RUNS - 1, 1]
    inside("report", *WORDS, "--out", "r", cwd=place.folder)
    page = (place.folder / "r" / "report.html").read_text()
    assert "Runs of 2 environments, which plain means pool: 2; 1 (kornia " in page
    assert "99.0; losses/total.py changed" in page


def test_without_a_change_it_goes_on(place: Place) -> None:
    inside("run", *WORDS, cwd=place.folder)
    assert len(list((place.folder / "s" / "mine" / "runs").glob("*/result.json"))) == RUNS


def test_a_repair_after_a_change_of_data_is_refused_and_writes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    data(place, monkeypatch)
    before = {path: path.stat().st_mtime_ns for path in (place.folder / "s").rglob("*")}
    refused = inside("doctor", *WORDS, "--repair", cwd=place.folder, code=1)
    (line,) = refused.stderr.strip().splitlines()
    assert "with another data (" in line
    assert "undo the change" in line
    assert {path: path.stat().st_mtime_ns for path in (place.folder / "s").rglob("*")} == before
