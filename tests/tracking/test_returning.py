"""What a report gives back to MLflow is replaced when the report is made anew, never doubled."""

from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from ablate.tables import Cell, markdown_text
from ablate.tracking import runs
from ablate.tracking.returning import RESULT, give_back
from ablate.tracking.views import HEADLINE
from tests.tracking.conftest import Study

GAIN = Cell(text="q: gain", is_bold=True)
NONE_SHOWN = Cell(text="q: no difference shown", is_bold=True)
DESCRIPTIVE = Cell(text="Descriptive only, as in ![x](http://evil.example/x.png).")


@pytest.mark.parametrize(
    ("first", "second", "headline"),
    [
        ([GAIN, Cell(text="a row")], [NONE_SHOWN], "q: no difference shown"),
        ([DESCRIPTIVE], [DESCRIPTIVE], "best val/qabf 0.5; runs: 3 finished"),
    ],
)
def test_headline_and_note_are_those_of_the_last_report(
    study: Study,
    client: MlflowClient,
    tmp_path: Path,
    first: list[Cell],
    second: list[Cell],
    headline: str,
) -> None:
    shipper = study.shipper()
    shipper.finish({HEADLINE: "best val/qabf 0.5; runs: 3 finished"})
    (tmp_path / "report.md").write_text("text")
    for sentences in (first, second):
        said = give_back(
            client,
            study=study.name,
            report=tmp_path,
            verdicts={},
            asked={},
            sentences=sentences,
            best=None,
        )
        assert said == ""
    (root,) = (
        run
        for run in runs.every(client, study.experiment_id)
        if run.data.tags.get(runs.KEY) == "study"
    )
    assert root.data.tags[HEADLINE] == headline
    note = root.data.tags[runs.NOTE]
    assert note.count(RESULT) == 1
    assert note.startswith("**T**")
    last = markdown_text(second[-1].text)
    assert note.endswith(f"- **{last}**" if second[-1].is_bold else f"- {last}")
    assert first[0] == second[0] or first[0].text not in note
    assert "![" not in note
