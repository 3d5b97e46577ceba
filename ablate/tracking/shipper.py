"""The shipper: turns journals and results into MLflow runs; sending twice changes nothing."""

import logging
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mlflow.entities import DatasetInput, Metric, Param, RunTag

from ablate.tracking import evaluation, pictures, run_artifacts, runs, trial_summary
from ablate.tracking.journal import Position, write_position
from ablate.tracking.known_runs import Connect, Ending, KnownRuns, Note
from ablate.tracking.networks import Networks
from ablate.tracking.outbox import Outbox, attempted, delivered, insisted
from ablate.tracking.sent_points import Unsent, is_ahead, lacks_points, unsent
from ablate.training.spec import FURTHER, WEIGHTS, RunResult, RunSpec

logger = logging.getLogger(__name__)
REGISTERED = "ablate.registered"  # hash of the design that was stored before the first run
Sources = Callable[[RunSpec, Iterable[str]], Mapping[str, Mapping[str, bytes]]]


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
        note: Note = lambda spec, kind: "",
        sources: Sources = lambda spec, images: {},
        scores: Callable[[Path], Sequence[evaluation.ImageRow]] = lambda folder: (),
    ) -> None:
        self._runs = KnownRuns(
            connect, study=study, note=note, has_failed=lambda: bool(self.outbox.failures)
        )
        self.outbox = Outbox(address, repairs=self._runs.forget_deleted)
        self._study, self._sources, self._scores = study, sources, scores
        self._data: DatasetInput | None = None
        self._networks: Networks | None = None
        self._has_said_short = False
        self._open()

    @delivered
    def _open(self) -> None:
        self._runs.open()

    def study_run(
        self, *, title: str, tags: Mapping[str, str], params: Mapping[str, str]
    ) -> str | None:
        """Make the study's own run when absent and set it RUNNING; return its id, if known yet."""
        self._study_run(title=title, tags=tags, params=params)
        return self._runs.ids.get("study")

    @delivered
    def _study_run(self, *, title: str, tags: Mapping[str, str], params: Mapping[str, str]) -> None:
        run_id = self._runs.ensure(
            "study", name=f"study {self._study}", tags={runs.KIND: "study", **tags}, parent=None
        )
        known = self._runs.client.get_run(run_id).data.params  # parameters cannot be changed
        self._runs.client.log_batch(
            run_id,
            params=[Param(k, v) for k, v in params.items() if k not in known],
            tags=[RunTag(runs.NOTE, title), RunTag("ablate.state", "running")],
        )
        self._runs.client.update_run(run_id, status="RUNNING")

    @delivered
    def dataset(self, used: DatasetInput) -> None:
        """Name the data as the dataset input of the study, and of every run that ends from now."""
        self._data = used
        self._runs.client.log_inputs(self._runs.ids["study"], datasets=[used])

    @delivered
    def tag_experiment(self, tags: Mapping[str, str]) -> None:
        """Set tags of the study's experiment: its title, and how the UI shows it."""
        known = self._runs.client.get_experiment(self._runs.experiment).tags
        for name, value in tags.items():
            if known.get(name) != value:
                self._runs.client.set_experiment_tag(self._runs.experiment, name, value)

    @delivered
    def register(self, design: Mapping[str, Any], *, design_hash: str, phase: str = "") -> None:
        """Store the design before the first run, as the pre-registration; once.

        With `phase`, what a confirmation froze: next to the first one, under a hash of its own.
        """
        run_id, end = self._runs.ids["study"], f"-{phase}" if phase else ""
        tag = f"{REGISTERED}.{phase}" if phase else REGISTERED
        if self._runs.client.get_run(run_id).data.tags.get(tag) != design_hash:
            self._runs.client.log_dict(run_id, dict(design), f"pre-registration{end}.json")
            self._runs.client.set_tag(run_id, tag, design_hash)

    @attempted
    def begin(self, spec: RunSpec, *, siblings: int) -> None:
        """Show a run as RUNNING, it and its parent made when absent.

        Args:
            spec: The run.
            siblings: Runs under one parent: the seeds of a trial, or the tuning points of an arm
                in a block. A run without siblings has no parent but the study.
        """
        self._runs.begin(spec, siblings=siblings)

    @attempted
    def ship(self, spec: RunSpec, folder: Path, *, siblings: int) -> None:
        """Send what the journal holds beyond the last position."""
        run_id = self._runs.begin(spec, siblings=siblings)
        new = self._unsent(run_id, folder)
        if new.pictures:
            self._show(run_id, new.pictures, folder)
        self._runs.log_points(run_id, new.points)
        self._acknowledge(run_id, folder, new.position)

    @delivered
    def end(self, spec: RunSpec, result: RunResult, folder: Path, *, siblings: int) -> None:
        """Send the rest of a run, its tables and its true status."""
        run_id = self._runs.begin(spec, siblings=siblings)
        if run_id in self._runs.ended and not self._is_short(run_id, folder, result):
            return
        new = self._unsent(run_id, folder)
        if new.pictures:
            self._show(run_id, new.pictures, folder)
        if self._data is not None:
            self._runs.client.log_inputs(run_id, datasets=[self._data])
        model_id = self._keep_network(spec, folder, run_id=run_id)
        with tempfile.TemporaryDirectory(prefix="ablate-") as place:
            has_table = run_artifacts.stage(
                result,
                folder,
                scores=self._scores(folder),
                sources=partial(self._sources, spec),
                into=Path(place),
            )
            self._runs.client.log_artifacts(run_id, place)
        facts = {
            f"facts/{name}": float(value)
            for name, value in result.facts.items()
            if isinstance(value, int | float)
        }
        final = {f"final/{name}": float(value) for name, value in result.metrics.items()}
        self._runs.close(
            run_id,
            Ending(
                state=result.state,
                metrics=final | facts,
                tags=runs.result_tags(result) | (evaluation.TAGGED if has_table else {}),
                points=new.points,
                measured=self._measured(model_id),
            ),
        )
        self._acknowledge(run_id, folder, new.position)

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
        run_id = self._runs.parent_of(spec)
        if run_id in self._runs.ended:
            return
        if spec.block is not None and winner is not None:
            self._mark_winner(winner.run_id)
        self._runs.close(run_id, trial_summary.ending(spec, results, winner=winner))

    def _mark_winner(self, run_id: str) -> None:
        if best := self._runs.ids.get(f"run/{run_id}"):  # else deleted meanwhile
            self._runs.client.set_tag(best, "ablate.winner", "true")

    @delivered
    def further(self, spec: RunSpec, result: RunResult, folder: Path) -> None:
        """Send what a run that has ended scores on further test sets, again where it is there.

        Args:
            spec: The run.
            result: With these scores.
            folder: Of the run; its files tests/NAME.json become artifacts.
        """
        run_id = self._runs.ids.get(f"run/{spec.run_id}")
        if run_id is None:  # deleted meanwhile
            return
        self._also(run_id, result.metrics)
        if (folder / FURTHER).is_dir():
            self._runs.client.log_artifacts(run_id, str(folder / FURTHER), FURTHER)

    @delivered
    def further_of_trial(
        self, spec: RunSpec, results: Sequence[RunResult], *, winner: RunResult | None = None
    ) -> None:
        """Send the same of a parent; arguments as of `end_trial`, results with these scores."""
        winner = next((one for one in results if winner and one.run_id == winner.run_id), None)
        run_id = self._runs.ids.get(runs.key(spec, kind="trial-parent"))
        if run_id is not None:  # else deleted meanwhile
            self._also(run_id, trial_summary.summary(spec, results, winner=winner))

    def _also(self, run_id: str, values: Mapping[str, float]) -> None:
        """Write those final values that a run does not have yet."""
        known = self._runs.client.get_run(run_id).data.metrics
        found = [
            Metric(runs.metric_name(f"final/{name}"), float(value), self._runs.started[run_id], 0)
            for name, value in values.items()
            if math.isfinite(value) and runs.metric_name(f"final/{name}") not in known
        ]
        self._runs.log_points(run_id, found)

    @delivered
    def reopen(self, spec: RunSpec, folder: Path) -> None:
        """Make room for a run that had ended and runs once more; else do nothing.

        Its MLflow run is deleted, so that no point is stored twice; its parent is opened again. So
        is one that has points which the journal lacks, since a machine stopped before they were on
        the disk: the run takes those steps again, at another time.
        """
        key = runs.key(spec, kind="run")
        run_id = self._runs.ids.get(key, "")
        if run_id in self._runs.ended or is_ahead(self._runs.held.get(run_id, {}), folder):
            self._runs.delete(key)
        # the parent also where a driver was killed after the deletion
        self._runs.reopen(runs.key(spec, kind="trial-parent"))

    def ids(self) -> dict[str, str]:
        """The MLflow id of "study" and of every run id of ours, when all of them are sent.

        Raises:
            StoreError: The tracker is away; what it does not know has no id.
        """
        self._send_all()
        return {key.removeprefix("run/"): run_id for key, run_id in self._runs.ids.items()}

    @insisted
    def _send_all(self) -> None:
        """Do nothing more than send what waits."""

    @attempted
    def interrupt(self) -> None:
        """Mark everything that is still RUNNING as interrupted; the next start goes on with it."""
        self._runs.interrupt()

    @insisted
    def publish(self, folder: Path) -> None:
        """Store a folder as the "study" artifacts of the study run.

        Raises:
            StoreError: The tracker is still away; the same study, started again, sends the rest.
        """
        self._runs.client.log_artifacts(self._runs.ids["study"], str(folder), "study")

    @insisted
    def finish(self, tags: Mapping[str, str], metrics: Mapping[str, float] | None = None) -> None:
        """Close the study run.

        Raises:
            StoreError: The tracker is away.
        """
        study = self._runs.ids["study"]
        tags = {**tags, "ablate.state": "finished"}
        at = self._runs.started[study]  # the same points when it is sent again
        self._runs.client.log_batch(
            study,
            metrics=[Metric(runs.metric_name(k), v, at, 0) for k, v in (metrics or {}).items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        self._runs.client.set_terminated(study, "FINISHED")

    def _is_short(self, run_id: str, folder: Path, result: RunResult | None = None) -> bool:
        """Return whether MLflow lacks points that it had taken, and say so once.

        Only what was found at the start is compared, and once.
        """
        held = self._runs.held.get(run_id)
        if held is None or not lacks_points(held, folder, run_id=run_id, result=result):
            return False
        if not self._has_said_short:
            self._has_said_short = True
            logger.warning(
                "%s: MLflow lacks points that it had taken, as a restored database does; they are "
                "sent again",
                self._study,
            )
        return True

    def _unsent(self, run_id: str, folder: Path) -> Unsent:
        """Return what is still to be sent of a run: all of it where MLflow lost points."""
        return unsent(folder, run_id=run_id, from_start=self._is_short(run_id, folder))

    def _show(self, run_id: str, events: Sequence[Mapping[str, Any]], folder: Path) -> None:
        """Send the pictures of a journal's events."""
        with tempfile.TemporaryDirectory(prefix="ablate-") as place:
            if pictures.stage(events, folder, into=Path(place)):
                self._runs.client.log_artifacts(run_id, place, pictures.FOLDER)
                self._runs.client.set_tag(run_id, pictures.SHOWN, "true")

    def _acknowledge(self, run_id: str, folder: Path, position: Position | None) -> None:
        self._runs.held.pop(run_id, None)
        if position is not None:
            write_position(folder, position, run_id=run_id)

    def _keep_network(self, spec: RunSpec, folder: Path, *, run_id: str) -> str | None:
        """Store the network of a run as a model; return its id, None without weights."""
        if not (folder / WEIGHTS).exists() or not (folder / "spec.json").exists():
            return None
        if self._networks is None:
            self._networks = Networks(self._runs.client, self._runs.experiment)
        is_unsure = bool(self.outbox.failures)
        return self._networks.keep(spec, folder, run_id=run_id, may_be_there=is_unsure)

    def _measured(self, model_id: str | None) -> dict[str, str]:
        """Return what makes final values those of a model, measured on the data of the study."""
        if model_id is None or self._data is None:
            return {}
        data = self._data.dataset
        return {"model_id": model_id, "dataset_name": data.name, "dataset_digest": data.digest}
