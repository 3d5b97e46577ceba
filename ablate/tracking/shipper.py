"""The shipper: turns journals and results into MLflow runs; sending twice changes nothing."""

import json
import logging
import math
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities import DatasetInput, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ablate.errors import StoreError
from ablate.fingerprint import git_revision
from ablate.tracking import evaluation, pictures, runs
from ablate.tracking.journal import (
    ONCE,
    Position,
    last_steps,
    read_journal,
    read_position,
    write_position,
)
from ablate.tracking.networks import Networks
from ablate.tracking.outbox import Outbox, attempted, delivered, insisted
from ablate.tracking.store import check_active
from ablate.training.spec import FURTHER, WEIGHTS, RunResult, RunSpec, State
from ablate.whole_files import is_whole_png

logger = logging.getLogger(__name__)
JOURNAL = "journal.jsonl"
BATCH, PARAMS = 1000, 100  # the most that MLflow takes in one request
REGISTERED = "ablate.registered"  # hash of the design that was stored before the first run
DONE = ("finished", "pruned", "failed")
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
        scores: Takes the folder of a run that has ended, and returns its scores per image; read
            when they are sent.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        study: str,
        address: str,
        note: Callable[[RunSpec, str], str] = lambda spec, kind: "",
        sources: Sources = lambda spec, images: {},
        scores: Callable[[Path], Sequence[evaluation.ImageRow]] = lambda folder: (),
    ) -> None:
        self.outbox = Outbox(address, repairs=self._forget_deleted)
        self._connect, self._study = connect, study
        self._note, self._sources, self._scores = note, sources, scores
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
        self._parents: dict[str, str] = {}
        self._held: dict[str, dict[str, int]] = {}  # found run -> metric -> last step, unless sent
        self._has_said_short = False
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
        points, position = self._unsent(run_id, folder)
        for first in range(0, len(points), BATCH):
            self._client.log_batch(run_id, metrics=points[first : first + BATCH])
        self._acknowledge(run_id, folder, position)

    @delivered
    def end(self, spec: RunSpec, result: RunResult, folder: Path, *, siblings: int) -> None:
        """Send the rest of a run, its tables and its true status."""
        run_id = self._begin(spec, siblings=siblings)
        if run_id in self._ended and not self._is_short(run_id, folder, result):
            return
        points, position = self._unsent(run_id, folder)
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
        self._acknowledge(run_id, folder, position)

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
        run_id = self._parent(spec)
        if run_id in self._ended:
            return
        finished = [result for result in results if result.state == "finished"]
        metrics = _of_trial(spec, results, winner=winner)
        if spec.block is None:
            is_done = bool(finished)
            tags = {"ablate.seeds": str(len(results))}
            if missing := len(results) - len(finished):
                tags["ablate.reason"] = f"{missing} of {len(results)} did not finish"
        else:
            is_done = winner is not None
            tags = {"ablate.points": str(len(results))}
            finished = [winner] if winner is not None else []
            if winner is not None:
                if best := self._ids.get(f"run/{winner.run_id}"):  # else deleted meanwhile
                    self._client.set_tag(best, "ablate.winner", "true")
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
    def further(self, spec: RunSpec, result: RunResult, folder: Path) -> None:
        """Send what a run that has ended scores on further test sets, again where it is there.

        Args:
            spec: The run.
            result: With these scores.
            folder: Of the run; its files tests/NAME.json become artifacts.
        """
        run_id = self._ids.get(f"run/{spec.run_id}")
        if run_id is None:  # deleted meanwhile
            return
        self._also(run_id, result.metrics)
        if (folder / FURTHER).is_dir():
            self._client.log_artifacts(run_id, str(folder / FURTHER), FURTHER)

    @delivered
    def further_of_trial(
        self, spec: RunSpec, results: Sequence[RunResult], *, winner: RunResult | None = None
    ) -> None:
        """Send the same of a parent; arguments as of `end_trial`, results with these scores."""
        winner = next((one for one in results if winner and one.run_id == winner.run_id), None)
        run_id = self._ids.get(runs.key(spec, kind="trial-parent"))
        if run_id is not None:  # else deleted meanwhile
            self._also(run_id, _of_trial(spec, results, winner=winner))

    def _also(self, run_id: str, values: Mapping[str, float]) -> None:
        """Write those final values that a run does not have yet."""
        known = self._client.get_run(run_id).data.metrics
        found = [
            Metric(runs.metric_name(f"final/{name}"), float(value), self._started[run_id], 0)
            for name, value in values.items()
            if math.isfinite(value) and runs.metric_name(f"final/{name}") not in known
        ]
        for first in range(0, len(found), BATCH):
            self._client.log_batch(run_id, metrics=found[first : first + BATCH])

    @delivered
    def reopen(self, spec: RunSpec, folder: Path) -> None:
        """Make room for a run that had ended and runs once more; else do nothing.

        Its MLflow run is deleted, so that no point is stored twice; its parent is opened again. So
        is one that has points which the journal lacks, since a machine stopped before they were on
        the disk: the run takes those steps again, at another time.
        """
        key = runs.key(spec, kind="run")
        run_id = self._ids.get(key, "")
        if run_id in self._ended or self._is_ahead(run_id, folder):
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
            parent = self._parent(spec)
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

    def _parent(self, spec: RunSpec) -> str:
        """Return the run of a trial, or of an arm in a block, made when absent."""
        return self._ensure(
            runs.key(spec, kind="trial-parent"),
            name=runs.trial_name(spec),
            tags=runs.spec_tags(spec, kind="trial-parent") | self._noted(spec, "trial-parent"),
            parent=self._ids["study"],
        )

    def _is_short(self, run_id: str, folder: Path, result: RunResult | None = None) -> bool:
        """Return whether MLflow lacks points that it had taken: its database is an older one.

        It lost the last commits then, a restored copy or not synced by the disk, so that the last
        step of every metric tells. Only what was found at the start is compared, and once.
        """
        held = self._held.get(run_id)
        if held is None:
            return False
        path = folder / JOURNAL
        position = read_position(folder, path, run_id=run_id)
        last = position.last
        if last is None:
            last = _named(last_steps(path, until=position.offset))
            write_position(folder, Position(position.offset, last), run_id=run_id)
        elif result is not None and not position.offset:  # it was lost, and all had been sent
            last = _named(last_steps(path))
        metrics = {} if result is None else result.metrics
        wanted = dict(last) | {
            runs.metric_name(f"final/{name}"): 0
            for name, value in metrics.items()
            if math.isfinite(value)
        }
        is_short = any(held.get(name, -1) < step for name, step in wanted.items())
        if is_short and not self._has_said_short:
            self._has_said_short = True
            logger.warning(
                "%s: MLflow lacks points that it had taken, as a restored database does; they are "
                "sent again",
                self._study,
            )
        return is_short

    def _is_ahead(self, run_id: str, folder: Path) -> bool:
        """Return whether MLflow has points of a run that its journal lacks."""
        held = self._held.get(run_id, {})
        last = _named(last_steps(folder / JOURNAL)) if held else {}
        return any(
            step > last.get(name, -1)
            for name, step in held.items()
            if not name.startswith(("final/", "facts/"))
        )

    def _acknowledge(self, run_id: str, folder: Path, position: Position | None) -> None:
        self._held.pop(run_id, None)
        if position is not None:
            write_position(folder, position, run_id=run_id)

    def _forget_deleted(self, error: MlflowException) -> bool:
        """Forget the runs that somebody deleted in MLflow meanwhile, and return whether there are.

        Raises:
            StoreError: The experiment or the run of the study was deleted.
        """
        if error.error_code != "RESOURCE_DOES_NOT_EXIST" and "'active' state" not in str(error):
            return False
        check_active(self._client, self._client.get_experiment(self._experiment))
        there = {run.info.run_id for run in runs.every(self._client, self._experiment)}
        gone = {key: run_id for key, run_id in self._ids.items() if run_id not in there}
        if "study" in gone:
            raise StoreError(
                f"{self._study}: its own run was deleted in MLflow; the same command again makes a "
                "new one and goes on from here"
            )
        for key, run_id in gone.items():
            del self._ids[key]
            for known in (self._ended, self._stopped, self._begun):
                known.discard(run_id)
        if gone:
            text = "%s: %d of its runs were deleted in MLflow meanwhile; they are made again"
            logger.warning(text, self._study, len(gone))
        return bool(gone)

    def _unsent(self, run_id: str, folder: Path) -> tuple[list[Metric], Position | None]:
        """Send the new pictures of a journal; return its new points and where it then ends."""
        path = folder / JOURNAL
        before = Position()
        if not self._is_short(run_id, folder):
            before = read_position(folder, path, run_id=run_id)
        after = offset = before.offset
        last = dict(before.last or {})
        points: list[Metric] = []
        shown: list[Mapping[str, Any]] = []
        for end, event in read_journal(path, after=after):
            offset = end
            if event["kind"] == "metrics":
                curves = {k: v for k, v in event["values"].items() if not k.startswith(ONCE)}
                last |= dict.fromkeys(map(runs.metric_name, curves), event["step"])
                points += [
                    Metric(runs.metric_name(name), float(value), event["time_ms"], event["step"])
                    for name, value in curves.items()
                ]
            elif event["kind"] == "image":
                shown.append(event)
        if shown:
            self._show(run_id, shown, folder)
        return points, Position(offset, last) if offset != after else None

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
        rows = self._scores(folder)
        if not rows:
            return False
        table = folder / "images.parquet"
        pd.DataFrame(rows, columns=IMAGES).to_parquet(table, index=False)
        shutil.copyfile(table, into / table.name)
        events = (event for _, event in read_journal(folder / "journal.jsonl"))
        shown = {
            image: event
            for image, event in evaluation.fused(events).items()
            if is_whole_png(folder / event["path"])
        }
        return evaluation.stage(shown, rows, self._sources(spec, shown), into=into)

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
            if parent and self._parents.get(run_id, parent) != parent:  # which was deleted
                self._client.set_tag(run_id, runs.PARENT, parent)
                self._parents[run_id] = parent
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
        self._parents[run_id] = run.data.tags.get(runs.PARENT, "")
        self._held[run_id] = runs.last_steps(run)
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


def _named(last: Mapping[str, int]) -> dict[str, int]:
    """Return metrics under the names that MLflow takes."""
    return {runs.metric_name(name): step for name, step in last.items()}


def _of_trial(
    spec: RunSpec, results: Sequence[RunResult], *, winner: RunResult | None
) -> dict[str, float]:
    """Return the values of a parent: those of the winner of its block, else mean and spread."""
    if spec.block is not None:
        return dict(winner.metrics) if winner is not None else {}
    finished = [dict(result.metrics) for result in results if result.state == "finished"]
    table = pd.DataFrame(finished)
    means = {str(name): float(value) for name, value in table.mean().items()}
    return means | {f"{name}.sd": float(value) for name, value in table.std(ddof=1).items()}
