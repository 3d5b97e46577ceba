"""The shipper: turns journals and results into MLflow runs; sending twice changes nothing."""

import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from mlflow.entities import Dataset, DatasetInput, Metric, Param, Run, RunTag
from mlflow.tracking import MlflowClient

from ablate.tracking import runs
from ablate.tracking.journal import read_journal
from ablate.training.spec import RunResult, RunSpec

logger = logging.getLogger(__name__)
BATCH = 1000
IMAGES = ["split", "image", "metric", "value"]


class Shipper:
    """Writes one study into one experiment.

    Args:
        client: The store.
        experiment_id: The study's experiment.
        study: Its name.
    """

    def __init__(self, client: MlflowClient, *, experiment_id: str, study: str) -> None:
        self._client = client
        self._experiment = experiment_id
        self._study = study
        self._ids: dict[str, str] = {}
        self._ended: set[str] = set()
        self._stopped: set[str] = set()  # interrupted; set RUNNING again when they go on
        for run in _all_runs(client, experiment_id):
            key = run.data.tags.get(runs.KEY)
            if key:
                self._ids[key] = run.info.run_id
                if run.data.tags.get("ablate.state") in ("finished", "pruned", "failed"):
                    self._ended.add(run.info.run_id)
                elif run.info.status != "RUNNING":
                    self._stopped.add(run.info.run_id)

    def study_run(self, *, title: str, tags: Mapping[str, str], params: Mapping[str, str]) -> str:
        """Return the id of the study's own run, made when absent, set RUNNING again."""
        run_id = self._ensure(
            "study", name=f"study {self._study}", tags={runs.KIND: "study", **tags}, parent=None
        )
        self._client.set_tag(run_id, runs.NOTE, title)
        self._client.log_batch(run_id, params=[Param(k, v) for k, v in params.items()])
        self._client.update_run(run_id, status="RUNNING")
        return run_id

    def dataset(self, run_id: str, *, name: str, digest: str) -> None:
        """Name the data of the study as its dataset input."""
        dataset = Dataset(
            name=name, digest=digest, source_type="ablate", source="{}", schema=None, profile=None
        )
        self._client.log_inputs(run_id, datasets=[DatasetInput(dataset, tags=[])])

    def begin(self, spec: RunSpec, *, seeds: int) -> str:
        """Return the MLflow id of a run, it and its trial made when absent.

        A trial with one seed is one MLflow run; with several it is the parent of its runs.
        """
        parent = self._ids["study"]
        kind = "trial"
        if seeds > 1:
            kind = "run"
            parent = self._ensure(
                runs.key(spec, kind="trial-parent"),
                name=runs.trial_name(spec),
                tags=runs.spec_tags(spec, kind="trial-parent"),
                parent=parent,
            )
        key = runs.key(spec, kind=kind)
        is_new = key not in self._ids
        name = spec.name if seeds > 1 else runs.trial_name(spec)
        run_id = self._ensure(key, name=name, tags=runs.spec_tags(spec, kind=kind), parent=parent)
        if is_new:
            params = [Param(name, value) for name, value in runs.parameters(spec).items()]
            self._client.log_batch(run_id, params=params)
        return run_id

    def ship(self, spec: RunSpec, folder: Path, *, seeds: int) -> None:
        """Send what the journal holds beyond the last position."""
        run_id = self.begin(spec, seeds=seeds)
        position = folder / "shipped.json"
        after = json.loads(position.read_text())["offset"] if position.exists() else 0
        points: list[Metric] = []
        offset = after
        for offset, event in read_journal(folder / "journal.jsonl", after=after):
            if event["kind"] == "metrics":
                points += [
                    Metric(_metric_name(name), float(value), event["time_ms"], event["step"])
                    for name, value in event["values"].items()
                ]
            elif event["kind"] == "image":
                place = str(Path(event["name"]).parent)
                self._client.log_artifact(run_id, str(folder / event["path"]), place)
        for first in range(0, len(points), BATCH):
            self._client.log_batch(run_id, metrics=points[first : first + BATCH])
        if offset != after:
            beside = position.with_suffix(".new")
            beside.write_text(json.dumps({"offset": offset}))
            beside.replace(position)

    def end(self, spec: RunSpec, result: RunResult, folder: Path, *, seeds: int) -> None:
        """Send the rest of a run, its tables and its true status."""
        run_id = self.begin(spec, seeds=seeds)
        if run_id in self._ended:
            return
        self.ship(spec, folder, seeds=seeds)
        if result.images:
            table = folder / "images.parquet"
            pd.DataFrame(result.images, columns=IMAGES).to_parquet(table, index=False)
            self._client.log_artifact(run_id, str(table))
        self._client.log_artifact(run_id, str(folder / "spec.json"))
        self._client.log_dict(run_id, result.to_json() | {"images": []}, "result.json")
        tags = runs.result_tags(result)
        if result.state != "finished":
            name = self._client.get_run(run_id).info.run_name
            tags[runs.NAME] = name if name.startswith(runs.MARK[result.state]) else (
                runs.MARK[result.state] + name
            )  # fmt: skip
        facts = {k: v for k, v in result.facts.items() if isinstance(v, int | float)}
        stamp = self._client.get_run(run_id).info.start_time
        self._client.log_batch(
            run_id,
            metrics=[
                Metric(_metric_name(name), float(value), stamp, 0)
                for name, value in [
                    *((f"final/{key}", value) for key, value in result.metrics.items()),
                    *((f"facts/{key}", value) for key, value in facts.items()),
                ]
                if math.isfinite(value)
            ],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        self._close(run_id, runs.STATUS[result.state])

    def end_trial(self, spec: RunSpec, results: Sequence[RunResult]) -> None:
        """Write mean and standard deviation over the seeds to a trial that has several."""
        run_id = self._ids[runs.key(spec, kind="trial-parent")]
        if run_id in self._ended:
            return
        table = pd.DataFrame([dict(result.metrics) for result in results])
        stamp = self._client.get_run(run_id).info.start_time
        points = [
            *(Metric(f"final/{name}", float(v), stamp, 0) for name, v in table.mean().items()),
            *(
                Metric(f"final/{name}.sd", float(v), stamp, 0)
                for name, v in table.std(ddof=1).items()
                if math.isfinite(v)
            ),
        ]
        done = [result for result in results if result.state == "finished"]
        state = "finished" if done else results[0].state
        reason = "" if len(done) == len(results) else f"{len(results) - len(done)} runs failed"
        tags = {"ablate.state": state, "ablate.seeds": str(len(results)), "ablate.reason": reason}
        self._client.log_batch(
            run_id, metrics=points, tags=[RunTag(k, v) for k, v in tags.items() if v]
        )
        self._close(run_id, runs.STATUS[state])

    def discard(self, spec: RunSpec) -> None:
        """Delete what an interrupted run had sent: it starts over, nothing may stand twice."""
        run_id = self._ids.pop(runs.key(spec, kind="run"), None)
        if run_id is not None:
            self._client.delete_run(run_id)

    def ids(self) -> dict[str, str]:
        """Return the MLflow id of "study" and of every run id of ours."""
        return {key.removeprefix("run/"): run_id for key, run_id in self._ids.items()}

    def interrupt(self) -> None:
        """Mark everything that is still RUNNING as interrupted; the next start goes on with it."""
        for run in _all_runs(self._client, self._experiment):
            if run.info.status == "RUNNING":
                self._client.set_tag(run.info.run_id, "ablate.state", "interrupted")
                self._client.set_terminated(run.info.run_id, "KILLED")

    def publish(self, folder: Path) -> None:
        """Store a folder as the "study" artifacts of the study run."""
        self._client.log_artifacts(self._ids["study"], str(folder), "study")

    def finish(self, tags: Mapping[str, str]) -> None:
        """Close the study run."""
        for name, value in tags.items():
            self._client.set_tag(self._ids["study"], name, value)
        self._client.set_terminated(self._ids["study"], "FINISHED")

    def _ensure(self, key: str, *, name: str, tags: Mapping[str, str], parent: str | None) -> str:
        if key in self._ids:
            run_id = self._ids[key]
            if run_id in self._stopped:
                self._client.update_run(run_id, status="RUNNING")
                self._client.set_tag(run_id, "ablate.state", "running")
                self._stopped.discard(run_id)
            return run_id
        family = {runs.PARENT: parent} if parent else {}
        run = self._client.create_run(
            self._experiment,
            run_name=name,
            tags={
                **tags, **family, runs.KEY: key, runs.STUDY: self._study,
                "ablate.state": "running", "ablate.revision": runs.code_revision(),
            },
        )  # fmt: skip
        self._ids[key] = run.info.run_id
        return str(run.info.run_id)

    def _close(self, run_id: str, status: str) -> None:
        self._client.set_terminated(run_id, status)
        self._ended.add(run_id)


def _all_runs(client: MlflowClient, experiment_id: str) -> Iterator[Run]:
    token = None
    while True:
        page = client.search_runs([experiment_id], max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _metric_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "_-. :/" else "_" for letter in name)
