"""The MLflow runs of one study: looked up once, made when absent, opened again, closed."""

import logging
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ablate.errors import StoreError
from ablate.fingerprint import git_revision
from ablate.tracking import runs
from ablate.tracking.store import check_active
from ablate.training.spec import RunSpec, State

logger = logging.getLogger(__name__)
BATCH, PARAMS = 1000, 100  # the most that MLflow takes in one request
DONE: Final = ("finished", "pruned", "failed")
Connect = Callable[[], tuple[MlflowClient, str]]  # -> client, id of the study's experiment
Note = Callable[[RunSpec, str], str]  # run, "run", "trial" or "trial-parent" -> Markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a run is closed with."""

    state: State
    metrics: Mapping[str, float]  # final/... and facts/...
    tags: Mapping[str, str]
    points: Sequence[Metric] = ()  # what is left of its curves
    params: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, str] = field(default_factory=dict)  # of final/...: its model, its data


class KnownRuns:
    """The runs of one study in its experiment, by their keys (`runs.key`).

    Each method is harmless to repeat from its start, since the tracker may fail half-way.

    Args:
        connect: Opens the store; called again until it answers.
        study: The study's name.
        note: As of `Shipper`.
        has_failed: Returns whether a request has failed so far. Its answer may have been lost, so
            that a run is searched for before it is made.
    """

    def __init__(
        self, connect: Connect, *, study: str, note: Note, has_failed: Callable[[], bool]
    ) -> None:
        self.client: MlflowClient  # both from `open` on
        self.experiment: str
        self.ids: dict[str, str] = {}  # key -> id of the MLflow run, by which all else is kept
        self.ended: set[str] = set()
        self.started: dict[str, int] = {}  # when, in milliseconds
        self.held: dict[str, dict[str, int]] = {}  # found run -> metric -> last step, unless sent
        self._connect, self._study, self._note = connect, study, note
        self._has_failed = has_failed
        self._stopped: set[str] = set()  # interrupted; set RUNNING again when they go on
        self._described: dict[str, int] = {}  # run -> its parameters that are stored
        self._begun: set[str] = set()  # shown with all of them
        self._parents: dict[str, str] = {}

    def open(self) -> None:
        """Connect, and look up all runs."""
        self.client, self.experiment = self._connect()
        for run in runs.every(self.client, self.experiment):
            self._know(run)

    def begin(self, spec: RunSpec, *, siblings: int) -> str:
        """Show a run as RUNNING, it and its parent made when absent; return its id.

        Args:
            spec: The run.
            siblings: Runs under one parent, see `Shipper.begin`.
        """
        known = self.ids.get(runs.key(spec, kind="run"), "")
        if known in self._begun and known not in self._stopped:
            return known
        parent = self.ids["study"]
        kind = "trial"
        if siblings > 1:
            kind = "run"
            parent = self.parent_of(spec)
        name = spec.name if siblings > 1 else runs.trial_name(spec)
        run_id = self.ensure(
            runs.key(spec, kind=kind),
            name=name,
            tags=runs.spec_tags(spec, kind=kind) | self._noted(spec, kind),
            parent=parent,
        )
        params = [Param(name, value) for name, value in runs.parameters(spec).items()]
        if self._described.get(run_id, 0) < len(params):
            for first in range(0, len(params), PARAMS):
                self.client.log_batch(run_id, params=params[first : first + PARAMS])
            self._described[run_id] = len(params)
        self._begun.add(run_id)
        return run_id

    def parent_of(self, spec: RunSpec) -> str:
        """Return the id of a trial, or of an arm in a block, made when absent."""
        return self.ensure(
            runs.key(spec, kind="trial-parent"),
            name=runs.trial_name(spec),
            tags=runs.spec_tags(spec, kind="trial-parent") | self._noted(spec, "trial-parent"),
            parent=self.ids["study"],
        )

    def ensure(self, key: str, *, name: str, tags: Mapping[str, str], parent: str | None) -> str:
        """Return the id of a run that goes on, made when absent.

        Args:
            key: By which it is looked up.
            name: Of a new run.
            tags: Of a new run.
            parent: Id of the run that it is shown under; None for that of the study.
        """
        if key not in self.ids and self._has_failed():  # an answer may have been lost
            for run in self.client.search_runs(
                [self.experiment], filter_string=f"tags.`{runs.KEY}` = '{key}'"
            ):
                self._know(run)
        if key in self.ids:
            run_id = self.ids[key]
            if run_id in self._stopped:
                self._unmark(run_id)
                self.client.set_tag(run_id, "ablate.state", "running")
                self.client.update_run(run_id, status="RUNNING")
                self._stopped.discard(run_id)
            if parent and self._parents.get(run_id, parent) != parent:  # which was deleted
                self.client.set_tag(run_id, runs.PARENT, parent)
                self._parents[run_id] = parent
            return run_id
        family = {runs.PARENT: parent} if parent else {}
        run = self.client.create_run(
            self.experiment,
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
        self.ids[key] = run.info.run_id
        self.started[run.info.run_id] = run.info.start_time
        return str(run.info.run_id)

    def log_points(self, run_id: str, points: Sequence[Metric]) -> None:
        """Send points of a run, in requests that MLflow takes."""
        for first in range(0, len(points), BATCH):
            self.client.log_batch(run_id, metrics=points[first : first + BATCH])

    def close(self, run_id: str, ending: Ending) -> None:
        """Write the last values of a run, then its status, whose presence says that all is sent.

        What is left of its points goes along with the values: a request is a commit.
        """
        tags = dict(ending.tags)
        if ending.state in runs.MARK:
            name = str(self.client.get_run(run_id).info.run_name)
            if not name.startswith(runs.MARK[ending.state]):
                tags[runs.NAME] = runs.MARK[ending.state] + name
        at = self.started[run_id]
        last = [
            Metric(
                runs.metric_name(name),
                value,
                at,
                0,
                **(ending.measured if name.startswith("final/") else {}),
            )
            for name, value in ending.metrics.items()
            if math.isfinite(value)
        ]
        constant = [Param(name, value) for name, value in ending.params.items()]
        rest = deque([*ending.points, *last])
        size = BATCH - len(tags) - len(constant)  # together they must fit
        while len(rest) > size:
            self.client.log_batch(run_id, metrics=[rest.popleft() for _ in range(size)])
        self.client.log_batch(
            run_id,
            metrics=list(rest),
            params=constant,
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        self.client.set_terminated(run_id, runs.STATUS[ending.state])
        self.ended.add(run_id)

    def delete(self, key: str) -> None:
        """Delete a run, so that it is made anew."""
        run_id = self.ids[key]
        self.client.delete_run(run_id)
        del self.ids[key]
        self.ended.discard(run_id)

    def reopen(self, key: str) -> None:
        """Let a run go on that has ended, when it is next needed; else do nothing."""
        run_id = self.ids.get(key, "")
        if run_id in self.ended:
            self.ended.discard(run_id)
            self._stopped.add(run_id)

    def interrupt(self) -> None:
        """Mark everything that is still RUNNING as interrupted."""
        for run in runs.every(self.client, self.experiment):
            if run.info.status == "RUNNING":
                self.client.set_tag(run.info.run_id, "ablate.state", "interrupted")
                self.client.set_terminated(run.info.run_id, "KILLED")
                self._stopped.add(run.info.run_id)

    def forget_deleted(self, error: MlflowException) -> bool:
        """Forget the runs that somebody deleted in MLflow meanwhile, and return whether there are.

        Raises:
            StoreError: The experiment or the run of the study was deleted.
        """
        if error.error_code != "RESOURCE_DOES_NOT_EXIST" and "'active' state" not in str(error):
            return False
        check_active(self.client, self.client.get_experiment(self.experiment))
        there = {run.info.run_id for run in runs.every(self.client, self.experiment)}
        gone = {key: run_id for key, run_id in self.ids.items() if run_id not in there}
        if "study" in gone:
            raise StoreError(
                f"{self._study}: its own run was deleted in MLflow; the same command again makes a "
                "new one and goes on from here"
            )
        for key, run_id in gone.items():
            del self.ids[key]
            for known in (self.ended, self._stopped, self._begun):
                known.discard(run_id)
        if gone:
            text = "%s: %d of its runs were deleted in MLflow meanwhile; they are made again"
            logger.warning(text, self._study, len(gone))
        return bool(gone)

    def _noted(self, spec: RunSpec, kind: str) -> dict[str, str]:
        text = self._note(spec, kind).replace(runs.EXPERIMENT, self.experiment)
        return {runs.NOTE: text} if text else {}

    def _unmark(self, run_id: str) -> None:
        """Give a run the name it had before it was marked as failed or interrupted."""
        marked = name = str(self.client.get_run(run_id).info.run_name)
        for mark in runs.MARK.values():
            name = name.removeprefix(mark)
        if name != marked:
            self.client.set_tag(run_id, runs.NAME, name)

    def _know(self, run: Run) -> None:
        key, run_id = run.data.tags.get(runs.KEY), run.info.run_id
        if not key:
            return
        self.ids[key] = run_id
        self.started[run_id] = run.info.start_time
        self._parents[run_id] = run.data.tags.get(runs.PARENT, "")
        self.held[run_id] = runs.last_steps(run)
        if run.data.params:
            self._described[run_id] = len(run.data.params)
        if run.data.tags.get("ablate.state") in DONE and run.info.status != "RUNNING":
            self.ended.add(run_id)
        elif run.info.status != "RUNNING":
            self._stopped.add(run_id)
