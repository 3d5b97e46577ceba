"""The shipper: turns journals and results into MLflow runs; sending twice changes nothing."""

import json
import math
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities import DatasetInput, Metric, Param, Run, RunTag
from mlflow.tracking import MlflowClient

from ablate.fingerprint import git_revision
from ablate.tracking import evaluation, pictures, runs
from ablate.tracking.journal import read_journal, read_position, write_position
from ablate.tracking.networks import Networks
from ablate.tracking.outbox import Outbox, attempted, delivered, insisted
from ablate.training.spec import WEIGHTS, RunResult, RunSpec, State
from ablate.whole_files import is_whole_png

BATCH, PARAMS = 1000, 100  # the most that MLflow takes in one request
REGISTERED = "ablate.registered"  # hash of the design that was stored before the first run
DONE = ("finished", "pruned", "failed")
ONCE = "test/"  # scored once, at the end: it stands there as final/test/...
IMAGES = ["split", "image", "metric", "value"]
Sources = Callable[[RunSpec, Iterable[str]], Mapping[str, Mapping[str, bytes]]]
Connect = Callable[[], tuple[MlflowClient, str]]  # -> client, id of the study's experiment


class Shipper:
    """Writes one study into one experiment; all its runs are looked up once, at the first contact.

    Each method says by its decorator what it does while the tracker does not answer: `delivered`
    keeps it for later, `attempted` leaves it to the next call, `insisted` raises in the end. A
    method that failed half-way is called again from its start, so that each is harmless to repeat.

    Args:
        connect: Opens the store; called again until it answers.
        study: The study's name.
        address: Of the store, for messages.
        note: Takes a run and "run", "trial" or "trial-parent", and returns what its page says, in
            Markdown; "{experiment}" becomes the id of the study's experiment.
        sources: Takes a run and names of its images, and returns image -> "infrared", "visible" ->
            a small picture, WebP.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        study: str,
        address: str,
        note: Callable[[RunSpec, str], str] = lambda spec, kind: "",
        sources: Sources = lambda spec, images: {},
    ) -> None:
        self.outbox = Outbox(address)
        self._connect, self._study = connect, study
        self._note, self._sources = note, sources
        self._data: DatasetInput | None = None
        self._networks: Networks | None = None
        self._client: MlflowClient
        self._experiment: str
        self._ids: dict[str, str] = {}
        self._ended: set[str] = set()
        self._stopped: set[str] = set()  # interrupted; set RUNNING again when they go on
        self._described: dict[str, int] = {}  # run -> its parameters that are stored
        self._begun: set[str] = set()  # shown with all of them
        self._started: dict[str, int] = {}  # run -> when, in milliseconds
        self._open()

    @delivered
    def _open(self) -> None:
        self._client, self._experiment = self._connect()
        for run in runs.every(self._client, self._experiment):
            self._know(run)

    def study_run(
        self, *, title: str, tags: Mapping[str, str], params: Mapping[str, str]
    ) -> str | None:
        """Make the study's own run when absent and set it RUNNING; return its id, if known yet."""
        self._study_run(title=title, tags=tags, params=params)
        return self._ids.get("study")

    @delivered
    def _study_run(self, *, title: str, tags: Mapping[str, str], params: Mapping[str, str]) -> None:
        run_id = self._ensure(
            "study", name=f"study {self._study}", tags={runs.KIND: "study", **tags}, parent=None
        )
        known = self._client.get_run(run_id).data.params  # parameters cannot be changed
        self._client.log_batch(
            run_id,
            params=[Param(k, v) for k, v in params.items() if k not in known],
            tags=[RunTag(runs.NOTE, title), RunTag("ablate.state", "running")],
        )
        self._client.update_run(run_id, status="RUNNING")

    @delivered
    def dataset(self, used: DatasetInput) -> None:
        """Name the data as the dataset input of the study, and of every run that ends from now."""
        self._data = used
        self._client.log_inputs(self._ids["study"], datasets=[used])

    @delivered
    def tag_experiment(self, tags: Mapping[str, str]) -> None:
        """Set tags of the study's experiment: its title, and how the UI shows it."""
        known = self._client.get_experiment(self._experiment).tags
        for name, value in tags.items():
            if known.get(name) != value:
                self._client.set_experiment_tag(self._experiment, name, value)

    @delivered
    def register(self, design: Mapping[str, Any], *, design_hash: str, phase: str = "") -> None:
        """Store the design before the first run, as the pre-registration; once.

        With `phase`, what a confirmation froze: next to the first one, under a hash of its own.
        """
        run_id, end = self._ids["study"], f"-{phase}" if phase else ""
        tag = f"{REGISTERED}.{phase}" if phase else REGISTERED
        if self._client.get_run(run_id).data.tags.get(tag) != design_hash:
            self._client.log_dict(run_id, dict(design), f"pre-registration{end}.json")
            self._client.set_tag(run_id, tag, design_hash)

    @attempted
    def begin(self, spec: RunSpec, *, siblings: int) -> None:
        """Show a run as RUNNING, it and its parent made when absent.

        Args:
            spec: The run.
            siblings: Runs under one parent: the seeds of a trial, or the tuning points of an arm
                in a block. A run without siblings has no parent but the study.
        """
        self._begin(spec, siblings=siblings)

    @attempted
    def ship(self, spec: RunSpec, folder: Path, *, siblings: int) -> None:
        """Send what the journal holds beyond the last position."""
        run_id = self._begin(spec, siblings=siblings)
        points, offset = self._unsent(run_id, folder)
        for first in range(0, len(points), BATCH):
            self._client.log_batch(run_id, metrics=points[first : first + BATCH])
        if offset is not None:
            write_position(folder, offset, run_id=run_id)

    @delivered
    def end(self, spec: RunSpec, result: RunResult, folder: Path, *, siblings: int) -> None:
        """Send the rest of a run, its tables and its true status."""
        run_id = self._begin(spec, siblings=siblings)
        if run_id in self._ended:
            return
        points, offset = self._unsent(run_id, folder)
        if self._data is not None:
            self._client.log_inputs(run_id, datasets=[self._data])
        model_id = self._keep_network(spec, folder, run_id=run_id)
        with tempfile.TemporaryDirectory(prefix="ablate-") as place:
            has_table = self._stage(spec, result, folder, into=Path(place))
            self._client.log_artifacts(run_id, place)
        facts = {
            f"facts/{name}": float(value)
            for name, value in result.facts.items()
            if isinstance(value, int | float)
        }
        final = {f"final/{name}": float(value) for name, value in result.metrics.items()}
        self._close(
            run_id,
            result.state,
            metrics=final | facts,
            tags=runs.result_tags(result) | (evaluation.TAGGED if has_table else {}),
            points=points,
            model_id=model_id,
        )
        if offset is not None:
            write_position(folder, offset, run_id=run_id)

    @delivered
    def end_trial(
        self, spec: RunSpec, results: Sequence[RunResult], *, winner: RunResult | None = None
    ) -> None:
        """Close a parent: mean and standard deviation over its seeds, or the point that won.

        Args:
            spec: One of its runs.
            results: All of them.
            winner: Of a block, the point that is best on val; None where all failed.
        """
        run_id = self._ids[runs.key(spec, kind="trial-parent")]
        if run_id in self._ended:
            return
        finished = [result for result in results if result.state == "finished"]
        metrics: dict[str, float]
        if spec.block is None:
            is_done = bool(finished)
            table = pd.DataFrame([dict(result.metrics) for result in finished])
            metrics = {str(name): float(value) for name, value in table.mean().items()}
            metrics |= {f"{name}.sd": float(value) for name, value in table.std(ddof=1).items()}
            tags = {"ablate.seeds": str(len(results))}
            if missing := len(results) - len(finished):
                tags["ablate.reason"] = f"{missing} of {len(results)} did not finish"
        else:
            is_done = winner is not None
            metrics = dict(winner.metrics) if winner is not None else {}
            tags = {"ablate.points": str(len(results))}
            finished = [winner] if winner is not None else []
            if winner is not None:
                self._client.set_tag(self._ids[f"run/{winner.run_id}"], "ablate.winner", "true")
                tags["ablate.winner"] = winner.run_id
        state = "finished" if is_done else results[0].state
        tags |= runs.health_tags(finished)
        self._close(
            run_id,
            state,
            metrics={f"final/{name}": float(value) for name, value in metrics.items()},
            tags={**tags, "ablate.state": state},
            params=runs.factor_parameters(spec),
        )

    @delivered
    def reopen(self, spec: RunSpec) -> None:
        """Make room for a run that had ended and runs once more; else do nothing.

        Its MLflow run is deleted, so that no point is stored twice; its parent is opened again.
        """
        key = runs.key(spec, kind="run")
        run_id = self._ids.get(key, "")
        if run_id in self._ended:
            self._client.delete_run(run_id)
            del self._ids[key]
            self._ended.discard(run_id)
        parent = self._ids.get(runs.key(spec, kind="trial-parent"), "")
        if parent in self._ended:  # also where a driver was killed after the deletion
            self._ended.discard(parent)
            self._stopped.add(parent)

    def ids(self) -> dict[str, str]:
        """The MLflow id of "study" and of every run id of ours, when all of them are sent.

        Raises:
            StoreError: The tracker is away; what it does not know has no id.
        """
        self._send_all()
        return {key.removeprefix("run/"): run_id for key, run_id in self._ids.items()}

    @insisted
    def _send_all(self) -> None:
        """Do nothing more than send what waits."""

    @attempted
    def interrupt(self) -> None:
        """Mark everything that is still RUNNING as interrupted; the next start goes on with it."""
        for run in runs.every(self._client, self._experiment):
            if run.info.status == "RUNNING":
                self._client.set_tag(run.info.run_id, "ablate.state", "interrupted")
                self._client.set_terminated(run.info.run_id, "KILLED")
                self._stopped.add(run.info.run_id)

    @insisted
    def publish(self, folder: Path) -> None:
        """Store a folder as the "study" artifacts of the study run.

        Raises:
            StoreError: The tracker is still away; the same study, started again, sends the rest.
        """
        self._client.log_artifacts(self._ids["study"], str(folder), "study")

    @insisted
    def finish(self, tags: Mapping[str, str], metrics: Mapping[str, float] | None = None) -> None:
        """Close the study run.

        Raises:
            StoreError: The tracker is away.
        """
        study = self._ids["study"]
        tags = {**tags, "ablate.state": "finished"}
        at = self._started[study]  # the same points when it is sent again
        self._client.log_batch(
            study,
            metrics=[Metric(runs.metric_name(k), v, at, 0) for k, v in (metrics or {}).items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        self._client.set_terminated(study, "FINISHED")

    def _begin(self, spec: RunSpec, *, siblings: int) -> str:
        known = self._ids.get(runs.key(spec, kind="run"), "")
        if known in self._begun and known not in self._stopped:
            return known
        parent = self._ids["study"]
        kind = "trial"
        if siblings > 1:
            kind = "run"
            parent = self._ensure(
                runs.key(spec, kind="trial-parent"),
                name=runs.trial_name(spec),
                tags=runs.spec_tags(spec, kind="trial-parent") | self._noted(spec, "trial-parent"),
                parent=parent,
            )
        name = spec.name if siblings > 1 else runs.trial_name(spec)
        run_id = self._ensure(
            runs.key(spec, kind=kind),
            name=name,
            tags=runs.spec_tags(spec, kind=kind) | self._noted(spec, kind),
            parent=parent,
        )
        params = [Param(name, value) for name, value in runs.parameters(spec).items()]
        if self._described.get(run_id, 0) < len(params):
            for first in range(0, len(params), PARAMS):
                self._client.log_batch(run_id, params=params[first : first + PARAMS])
            self._described[run_id] = len(params)
        self._begun.add(run_id)
        return run_id

    def _unsent(self, run_id: str, folder: Path) -> tuple[list[Metric], int | None]:
        """Send the new pictures of a journal; return its new points and where it then ends."""
        path = folder / "journal.jsonl"
        after = offset = read_position(folder, path, run_id=run_id)
        points: list[Metric] = []
        shown: list[Mapping[str, Any]] = []
        for end, event in read_journal(path, after=after):
            offset = end
            if event["kind"] == "metrics":
                points += [
                    Metric(runs.metric_name(name), float(value), event["time_ms"], event["step"])
                    for name, value in event["values"].items()
                    if not name.startswith(ONCE)
                ]
            elif event["kind"] == "image":
                shown.append(event)
        if shown:
            self._show(run_id, shown, folder)
        return points, offset if offset != after else None

    def _keep_network(self, spec: RunSpec, folder: Path, *, run_id: str) -> str | None:
        """Store the network of a run as a model; return its id, None without weights."""
        if not (folder / WEIGHTS).exists() or not (folder / "spec.json").exists():
            return None
        if self._networks is None:
            self._networks = Networks(self._client, self._experiment)
        is_unsure = bool(self.outbox.failures)
        return self._networks.keep(spec, folder, run_id=run_id, may_be_there=is_unsure)

    def _of_model(self, name: str, model_id: str | None) -> dict[str, str]:
        """Return what makes a final value one of a model, measured on the data of the study."""
        if model_id is None or self._data is None or not name.startswith("final/"):
            return {}
        data = self._data.dataset
        return {"model_id": model_id, "dataset_name": data.name, "dataset_digest": data.digest}

    def _stage(self, spec: RunSpec, result: RunResult, folder: Path, *, into: Path) -> bool:
        """Write the files of a run that has ended; return whether a table of pictures is there."""
        text = json.dumps(result.to_json() | {"images": []}, indent=2)
        (into / "result.json").write_text(text, encoding="utf-8")
        if (folder / "spec.json").exists():  # no worker may have come that far
            shutil.copyfile(folder / "spec.json", into / "spec.json")
        if not result.images:
            return False
        table = folder / "images.parquet"
        pd.DataFrame(result.images, columns=IMAGES).to_parquet(table, index=False)
        shutil.copyfile(table, into / table.name)
        events = (event for _, event in read_journal(folder / "journal.jsonl"))
        shown = {
            image: event
            for image, event in evaluation.fused(events).items()
            if is_whole_png(folder / event["path"])
        }
        return evaluation.stage(shown, result.images, self._sources(spec, shown), into=into)

    def _show(self, run_id: str, events: Sequence[Mapping[str, Any]], folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="ablate-") as place:
            if pictures.stage(events, folder, into=Path(place)):
                self._client.log_artifacts(run_id, place, pictures.FOLDER)
                self._client.set_tag(run_id, pictures.SHOWN, "true")

    def _noted(self, spec: RunSpec, kind: str) -> dict[str, str]:
        text = self._note(spec, kind).replace(runs.EXPERIMENT, self._experiment)
        return {runs.NOTE: text} if text else {}

    def _ensure(self, key: str, *, name: str, tags: Mapping[str, str], parent: str | None) -> str:
        if key not in self._ids and self.outbox.failures:  # an answer may have been lost
            for run in self._client.search_runs(
                [self._experiment], filter_string=f"tags.`{runs.KEY}` = '{key}'"
            ):
                self._know(run)
        if key in self._ids:
            run_id = self._ids[key]
            if run_id in self._stopped:
                self._unmark(run_id)
                self._client.set_tag(run_id, "ablate.state", "running")
                self._client.update_run(run_id, status="RUNNING")
                self._stopped.discard(run_id)
            return run_id
        family = {runs.PARENT: parent} if parent else {}
        run = self._client.create_run(
            self._experiment,
            run_name=name,
            tags={
                **tags,
                **family,
                runs.KEY: key,
                runs.STUDY: self._study,
                "ablate.state": "running",
                "ablate.revision": git_revision(),
            },
        )
        self._ids[key] = run.info.run_id
        self._started[run.info.run_id] = run.info.start_time
        return str(run.info.run_id)

    def _unmark(self, run_id: str) -> None:
        """Give a run the name it had before it was marked as failed or interrupted."""
        marked = name = str(self._client.get_run(run_id).info.run_name)
        for mark in runs.MARK.values():
            name = name.removeprefix(mark)
        if name != marked:
            self._client.set_tag(run_id, runs.NAME, name)

    def _know(self, run: Run) -> None:
        key, run_id = run.data.tags.get(runs.KEY), run.info.run_id
        if not key:
            return
        self._ids[key] = run_id
        self._started[run_id] = run.info.start_time
        if run.data.params:
            self._described[run_id] = len(run.data.params)
        if run.data.tags.get("ablate.state") in DONE and run.info.status != "RUNNING":
            self._ended.add(run_id)
        elif run.info.status != "RUNNING":
            self._stopped.add(run_id)

    def _close(
        self,
        run_id: str,
        state: State,
        *,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        points: Sequence[Metric] = (),
        params: Mapping[str, str] | None = None,
        model_id: str | None = None,
    ) -> None:
        """Write the last values of a run, then its status, whose presence says that all is sent.

        What is left of its points goes along with the values: a request is a commit.
        """
        if state in runs.MARK:
            name = str(self._client.get_run(run_id).info.run_name)
            if not name.startswith(runs.MARK[state]):
                tags = {**tags, runs.NAME: runs.MARK[state] + name}
        at = self._started[run_id]
        last = [
            Metric(runs.metric_name(name), value, at, 0, **self._of_model(name, model_id))
            for name, value in metrics.items()
            if math.isfinite(value)
        ]
        constant = [Param(name, value) for name, value in (params or {}).items()]
        rest = deque([*points, *last])
        size = BATCH - len(tags) - len(constant)  # together they must fit
        while len(rest) > size:
            self._client.log_batch(run_id, metrics=[rest.popleft() for _ in range(size)])
        self._client.log_batch(
            run_id,
            metrics=list(rest),
            params=constant,
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        self._client.set_terminated(run_id, runs.STATUS[state])
        self._ended.add(run_id)
