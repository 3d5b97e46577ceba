"""What a report gives back to MLflow: itself, the verdicts as tags, and the best network."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ablate.tables import Cell, markdown_text
from ablate.tracking import networks, runs
from ablate.tracking.views import HEADLINE
from ablate.training.spec import RunSpec

logger = logging.getLogger(__name__)
REPORT = "report"
VERDICT, BEST = "ablate.verdict", "ablate.best"
RESULT = "**Result** "  # how that part of the note starts
PAGES = ("report.html", "report.md", "verdict.json")
FAULTS = (MlflowException, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class BestNetwork:
    """The network that is stored as the study's model."""

    run_id: str  # ours
    arm: str
    objective: float
    folder: Path  # of the run, with spec.json and the weights


def give_back(
    client: MlflowClient,
    *,
    study: str,
    report: Path,
    verdicts: Mapping[str, str],
    asked: Mapping[str, tuple[str, ...]],
    sentences: Sequence[Cell],
    best: BestNetwork | None,
) -> str:
    """Store all of it and return "", or the reason why the store took none or not all of it.

    Doing it again changes nothing: files are replaced, tags set to what they are, and the model is
    stored once per run that it is of.

    Args:
        client: The store.
        study: Name of the study.
        report: Folder of the report.
        verdicts: Question -> verdict.
        asked: Question -> ids of the arms that it compares.
        sentences: The result in words, for the note of the study; bold ones are its answers.
        best: The network to store, None where the study has none.
    """
    try:
        experiment = client.get_experiment_by_name(study)
        every = list(runs.every(client, experiment.experiment_id)) if experiment else []
        root = next((run for run in every if run.data.tags.get(runs.KEY) == "study"), None)
        if root is None:
            return "it holds no such study"
        for page in PAGES:
            if (report / page).exists():
                client.log_artifact(root.info.run_id, str(report / page), REPORT)
        _note(client, root, sentences)
        _tag(client, every, verdicts, asked)
        if best is not None:
            _store(client, root, every, best)
    except FAULTS as error:
        return str(error).split("\n", 1)[0][:200]
    return ""


def _note(client: MlflowClient, root: Run, sentences: Sequence[Cell]) -> None:
    """Write the result and a link to the page below what the study's note says of its design."""
    before = root.data.tags.get(runs.NOTE, "")
    page = f"#/experiments/{root.info.experiment_id}/runs/{root.info.run_id}/artifacts/{REPORT}"
    lines = [f"{RESULT}[report]({page}/{PAGES[0]})", *map(_item, sentences)]
    text = "\n".join([before.partition(RESULT)[0].rstrip() + "\n", *lines])
    if text != before:
        client.set_tag(root.info.run_id, runs.NOTE, text)
    answer = next((one.text for one in sentences if one.is_bold), "")
    if answer:
        client.set_tag(root.info.run_id, HEADLINE, answer)


def _item(sentence: Cell) -> str:
    """Return an item of a list in Markdown, without any markup of its text."""
    text = markdown_text(sentence.text)
    return f"- **{text}**" if sentence.is_bold else f"- {text}"


def _tag(
    client: MlflowClient,
    every: list[Run],
    verdicts: Mapping[str, str],
    asked: Mapping[str, tuple[str, ...]],
) -> None:
    """Tag the study, and the trials and blocks of the arms of a question, with its verdict."""
    for run in every:
        kind, arm = run.data.tags.get(runs.KIND), run.data.tags.get("ablate.arm")
        claims = "ablate.block" in run.data.tags
        mine = {
            name: verdict
            for name, verdict in verdicts.items()
            if kind == "study" or (claims and kind == "block" and arm in asked.get(name, ()))
        }
        tags = {f"{VERDICT}.{name}": verdict for name, verdict in mine.items()}
        if mine:
            tags[VERDICT] = "; ".join(
                f"{name}: {verdict}" if len(verdicts) > 1 else verdict
                for name, verdict in mine.items()
            )
        new = {name: text for name, text in tags.items() if run.data.tags.get(name) != text}
        if new:
            client.log_batch(run.info.run_id, tags=[RunTag(k, v) for k, v in new.items()])


def _store(client: MlflowClient, root: Run, every: list[Run], best: BestNetwork) -> None:
    """Name the network as the best model of the study; store it where its run did not."""
    source = next((r for r in every if r.data.tags.get(runs.KEY) == f"run/{best.run_id}"), None)
    if source is None:
        return
    experiment, run_id = root.info.experiment_id, source.info.run_id
    if networks.of_run(client, experiment, run_id) is None:  # of an older version
        spec = RunSpec.from_json(json.loads((best.folder / "spec.json").read_text("utf-8")))
        kept = networks.Networks(client, experiment)
        kept.keep(spec, best.folder, run_id=run_id, may_be_there=False)
    model = networks.of_run(client, experiment, run_id)
    if model is None:
        return
    networks.name_best(client, model, study=client.get_experiment(experiment).name)
    before = next((r for r in every if BEST in r.data.tags and r.info.run_id != run_id), None)
    if before is not None and before.info.run_id != root.info.run_id:
        client.delete_tag(before.info.run_id, BEST)
    client.set_tag(run_id, BEST, "the best network of the study")
    client.set_tag(root.info.run_id, BEST, f"{best.run_id} ({best.arm}): models:/{model.model_id}")
