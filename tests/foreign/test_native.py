"""An exported native study, judged as runs from elsewhere, gives the same verdict.json."""

import json
import lzma
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.analysis.exploration import explore
from ablate.foreign.csv_file import read_csv
from ablate.foreign.naming import Naming
from ablate.foreign.study import Asked, study_of
from ablate.foreign.tables import tables_of
from ablate.report.judged import contents_of as judged_contents
from ablate.report.kept import DOCUMENT
from ablate.report.kept import contents_of as published_contents
from ablate.report.page import verdict
from ablate.report.source import judged
from tests.command_line import typed
from tests.foreign.exported import PUBLISHED, export, export_folder
from tests.report.answered import VARIANT, answered_study


def judged_bytes(path: Path, facts: dict[str, Any]) -> bytes:
    """Return verdict.json of a CSV file of scores and the document of its study."""
    found = tables_of(read_csv(path, Naming()), Naming(), where=path.name)
    study = study_of(found, Asked(), Naming(), facts=facts, where=path.name)
    return verdict(judged_contents(study))


def published(folder: Path, path: Path, *, is_shuffled: bool = False) -> bytes:
    """Return verdict.json of a published folder by way of a CSV file."""
    export_folder(folder, path, is_shuffled=is_shuffled)
    return judged_bytes(path, json.loads(lzma.decompress((folder / DOCUMENT).read_bytes())))


def test_a_published_study_gives_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    folder = next(one for one in PUBLISHED if "roadscene" in one.name)
    native = verdict(published_contents(folder))
    assert b'"word":"' in native
    assert published(folder, tmp_path / "runs.csv", is_shuffled=True) == native


@pytest.mark.slow
@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda one: "/".join(one.parts[-2:]))
def test_every_published_study_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    assert published(folder, tmp_path / "runs.csv") == verdict(published_contents(folder))


@pytest.mark.slow
def test_the_command_writes_the_report_of_the_study(tmp_path: Path) -> None:
    folder = next(one for one in PUBLISHED if "roadscene" in one.name)
    export_folder(folder, tmp_path / "runs.csv")
    words = ("judge", "runs.csv", "--facts", str(folder / DOCUMENT), "--out", "judged")
    done = typed(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    native = verdict(published_contents(folder))
    assert (tmp_path / "judged" / "verdict.json").read_bytes() == native
    page = (tmp_path / "judged" / "report.md").read_text(encoding="utf-8")
    assert "finished runs from elsewhere" not in page  # it is the study


def test_pilots_explorations_budgets_and_tuning_points_come_over(tmp_path: Path) -> None:
    few: dict[str, Any] = {"explored": 4, "hunted": 2, "images": 3, "selecting": ["qabf"]}
    raw, contents = answered_study(questions=[VARIANT], failed=3, left=0.5, **few)
    facts, runs, images = contents.facts, contents.runs, contents.images
    whole = replace(contents, explored=explore(facts, runs))
    export(runs, images, tmp_path / "runs.csv")
    mine = judged_bytes(tmp_path / "runs.csv", raw)
    native = replace(whole, verdicts=judged(facts, runs=runs, images=images))
    assert mine == verdict(native)
    winner = json.loads(mine)["questions"][0]["winners"][-1]["run_id"]
    lost = images.index[(images["run_id"] == winner) & (images["split"] == "test")][0]
    export(runs, images[images.index != lost], tmp_path / "runs.csv")
    assert judged_bytes(tmp_path / "runs.csv", raw) != mine  # a lost score is seen
