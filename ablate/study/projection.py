"""Projects what the ledger knows into MLflow and Optuna; both can be rebuilt from it."""

import logging
import time
from dataclasses import asdict
from pathlib import Path

from ablate.design_names import CONFIRM
from ablate.errors import StoreError
from ablate.study import shown
from ablate.study.notes import of_study
from ablate.study.open_study import OpenStudy
from ablate.study.planned import PlannedTrial, rows_of
from ablate.study.publish import publish
from ablate.study.questions import shown_first
from ablate.tracking.outbox import RETRY_AFTER_S
from ablate.tracking.views import HEADLINE, dataset_input, experiment_tags
from ablate.training.spec import RunResult, RunSpec
from ablate.whole_files import is_whole_png
from ablate.writing import write_json

logger = logging.getLogger(__name__)


class Projection:
    """Keeps both stores in step with the ledger.

    Args:
        study: The study; its ledger is the truth.
        optuna_anew: Write all trials of Optuna again: results were set aside.
    """

    def __init__(self, study: OpenStudy, *, optuna_anew: bool = False) -> None:
        self._study, self._plan = study, study.plan
        self._trials, self._ledger = study.trials, study.ledger
        self._blocks: dict[tuple[str, str, int], tuple[RunSpec, ...]] = {}
        config = study.config
        for trial in (*self._plan.trials, *self._plan.spares):
            if trial.block is not None and config.phases[trial.phase].design != CONFIRM:
                key = (trial.phase, trial.arm_id, trial.block)
                self._blocks[key] = (*self._blocks.get(key, ()), *trial.runs)
        self._shipper, self._optuna = study.shipper(), study.optuna
        if optuna_anew or self._is_optuna_stale():
            self._optuna = self._optuna.cleared()
        self._in_optuna = 0  # trials that it has
        self._optuna_rests_until = 0.0
        self._preregistered: set[str] = set()

    def start(self) -> None:
        """Show the study as RUNNING, register its design, and send what the stores lack."""
        plan, config, manifest = self._plan, self._plan.config, self._study.examples.manifest
        study_run = self._shipper.study_run(
            title=of_study(config),
            tags={"ablate.design_hash": plan.design_hash, "ablate.data_hash": manifest.hash},
            params={
                "design_hash": plan.design_hash,
                "data": manifest.label,
                "data_hash": manifest.hash,
                "planned_runs": str(plan.runs),
            },
        )
        self._shipper.register(
            {
                "design_hash": plan.design_hash,
                "objective": config.objective,
                "rows": plan.rows(),
                **({"spare_rows": rows_of(plan.spares)} if plan.spares else {}),
                "questions": [asdict(question) for question in config.questions.values()],
            },
            design_hash=plan.design_hash,
        )
        self._shipper.tag_experiment(
            experiment_tags(
                note=of_study(config),
                phases=shown.phases(plan),
                metrics=shown_first(config),
                objective=config.objective,
                pictures=shown.pictures(plan, self._study.examples),
            )
        )
        task = self._study.task
        self._shipper.dataset(
            dataset_input(
                name=config.base["data" if "data" in config.base else "task"]["name"],
                label=manifest.label,
                digest=manifest.hash,
                counts=manifest.counts,
                items=task.items,
                protocol=task.protocol()[0],
                parts=task.copies,
            )
        )
        if study_run is not None:  # else the tracker is away, and `finish` writes it
            write_json(self._ledger.folder / "links.json", {"study": study_run})
        self.preregister()
        self._catch_up()

    def preregister(self) -> None:
        """Store what confirmations froze beside the design, each before its first run."""
        for phase, entry in self._ledger.frozen.items():
            if phase not in self._preregistered:
                self._preregistered.add(phase)
                trials = [t for t in self._trials.known.values() if t.phase == phase]
                design = {**entry, "design_hash": self._plan.design_hash, "rows": rows_of(trials)}
                self._shipper.register(design, design_hash=str(entry["hash"]), phase=phase)

    def begin(self, spec: RunSpec) -> bool:
        """Show a run as RUNNING; False where the tracker is away, to be asked again."""
        return self._shipper.begin(spec, siblings=len(self._siblings(spec)))

    def ship(self, spec: RunSpec) -> None:
        """Send what a running run wrote since the last time."""
        self._shipper.ship(
            spec, self._ledger.run_folder(spec.run_id), siblings=len(self._siblings(spec))
        )

    def end(self, spec: RunSpec, result: RunResult) -> None:
        """Send the end of a run, of its parent when it was the last, and its trial to Optuna."""
        family = self._siblings(spec)
        folder = self._ledger.run_folder(spec.run_id)
        self._shipper.end(spec, result, folder, siblings=len(family))
        if self._study.tests:
            self._shipper.further(spec, self._study.scored(result), folder)
        if len(family) > 1:
            ended = [self._ledger.results.get(run.run_id) for run in family]
            results = [result for result in ended if result is not None]
            if len(results) == len(family):
                self._shipper.end_trial(spec, results, winner=self._winner(results))
                if self._study.tests:
                    self._shipper.further_of_trial(
                        spec,
                        [self._study.scored(one) for one in results],
                        winner=self._winner(results),
                    )
        self._report_trials()

    def interrupt(self) -> None:
        """Leave nothing RUNNING."""
        self._shipper.interrupt()

    def finish(self) -> None:
        """Publish the study's tables and pictures, and close the study run."""
        self._report_trials(insists=True)
        links = self._shipper.ids()
        write_json(self._ledger.folder / "links.json", links)
        self._shipper.publish(publish(self._study, links=links))
        counts, objective = self._ledger.counts(), self._plan.config.objective
        text, best = shown.headline(self._trials, objective=objective, counts=counts)
        self._shipper.finish(
            {HEADLINE: text, **{f"ablate.{state}": str(count) for state, count in counts.items()}},
            metrics={f"best/{objective}": best} if best is not None else {},
        )

    def _is_optuna_stale(self) -> bool:
        """Return whether Optuna holds other values, or choices as an older version kept them.

        Other values are there when a driver died while it set results aside.
        """
        finished = self._trials.finished
        return self._optuna.is_outdated() or any(
            number not in finished
            or (
                value != finished[number].value
                and not finished[number].is_pruned
                and not finished[number].violations
            )
            for number, value in self._optuna.values().items()
        )

    def _catch_up(self) -> None:
        """Send ends that were not sent; open again what had ended and is to run once more."""
        for trial in self._trials.known.values():
            if trial.violations or trial.number in self._trials.twin_of:
                continue  # a twin shares the runs of the arm that it repeats
            for spec in trial.runs:
                result = self._ledger.results.get(spec.run_id)
                if result is not None:
                    self.end(spec, result)
                else:
                    self._shipper.reopen(spec, self._ledger.run_folder(spec.run_id))
        self._report_trials()

    def _report_trials(self, *, insists: bool = False) -> None:
        """Give Optuna the finished trials in the order of their numbers, each once.

        A database that does not take them stops no training: they are given later.

        Args:
            insists: Raise StoreError where it does not take them; else wait for the next time.
        """
        if not insists and time.monotonic() < self._optuna_rests_until:
            return
        while self._in_optuna in self._trials.finished or self._trials.is_void(self._in_optuna):
            if self._in_optuna not in self._trials.finished:
                self._in_optuna += 1
                continue
            trial = self._trials.known[self._in_optuna]
            try:
                self._optuna.add(
                    self._trials.finished[self._in_optuna],
                    dimensions=self._plan.config.varied,
                    attrs={"phase": trial.phase, "arm_id": trial.arm_id, "name": trial.name},
                    pictures=self._pictures(trial),
                )
            except StoreError as error:
                if insists:
                    raise
                logger.warning("%s; training goes on", error)
                self._optuna_rests_until = time.monotonic() + RETRY_AFTER_S
                return
            self._in_optuna += 1

    def _pictures(self, trial: PlannedTrial) -> dict[str, Path]:
        """Return the first fused images of the first run of a trial."""
        if not trial.runs or trial.violations:
            return {}
        folder = self._ledger.run_folder(trial.runs[0].run_id) / "fused"
        found = sorted(folder.glob("*.png"))[: shown.PICTURES]
        return {f"fused {path.name}": path for path in found if is_whole_png(path)}

    def _siblings(self, spec: RunSpec) -> tuple[RunSpec, ...]:
        """Return the runs under one parent: seeds of a trial, or points of an arm in a block."""
        if spec.block is None:
            return self._trials.known[spec.trial].runs
        key = (spec.phase, spec.arm_id, spec.block)
        return self._blocks.get(key, self._trials.known[spec.trial].runs)

    def _winner(self, results: list[RunResult]) -> RunResult | None:
        """Return the result that is best on val, the first of equals."""
        objective = self._plan.config.objective
        finished = [r for r in results if r.state == "finished" and objective in r.metrics]
        sign = 1 if self._trials.directions[0] == "maximize" else -1
        return max(finished, key=lambda result: sign * result.metrics[objective], default=None)
