import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from safetensors.torch import save_file

from ablate import models
from ablate.tracking import runs
from ablate.tracking.journal import JournalRecorder
from ablate.tracking.networks import name_best, of_run
from ablate.tracking.views import dataset_input
from ablate.training.spec import RunResult
from benchmarks.commits import counted

UNET = {"name": "unet", "width": 2, "depth": 1}
IMAGES = (("test", "a", "qabf", 0.5), ("test", "b", "qabf", None))


def finished(spec: Any, value: float = 0.5, **more: Any) -> RunResult:
    metrics = {"val/qabf": value, "test/qabf": value + 0.1}
    return RunResult(run_id=spec.run_id, state="finished", metrics=metrics, **more)


def test_a_trial_with_one_seed_is_one_mlflow_run_under_the_study(study: Any) -> None:
    shipper, spec = study.shipper(scores=lambda folder: IMAGES), study.spec()
    shipper.begin(spec, siblings=1)
    assert study.run(spec).info.status == "RUNNING"
    folder = study.write(spec, range(3))
    shipper.end(spec, finished(spec, facts={"seconds": 2.5}), folder, siblings=1)
    parent, run = study.runs()
    assert parent.data.tags["ablate.kind"] == "study"
    assert run.data.tags[runs.PARENT] == parent.info.run_id
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "t000 signed · ratio 0.5"
    wanted = {
        "ablate.kind": "trial",
        "ablate.study": study.name,
        "ablate.phase": "compare",
        "ablate.arm": "arm0",
        "ablate.run_id": spec.run_id,
        "ablate.seed": "0",
        "ablate.state": "finished",
        "ablate.question": "q4",
        "factor.variant": "signed",
        "factor.ratio": "0.5",
    }
    assert wanted.items() <= run.data.tags.items()
    assert "ablate.revision" in run.data.tags
    assert run.data.params == {
        "loss.ratio": "0.5",
        "loss.weights": "[0.5, 0.5]",
        "train.steps": "3",
        "seed": "0",
        "factor.variant": "signed",
        "factor.ratio": "0.5",
    }
    final = {key: value for key, value in run.data.metrics.items() if key.startswith("final/")}
    assert final == {"final/val/qabf": 0.5, "final/test/qabf": 0.6}
    assert run.data.metrics["facts/seconds"] == 2.5
    names = {item.path for item in study.client.list_artifacts(run.info.run_id)}
    assert names == {"images.parquet", "result.json", "spec.json"}


def test_the_per_image_table_comes_back_with_its_missing_value(study: Any, tmp_path: Any) -> None:
    shipper, spec = study.shipper(scores=lambda folder: IMAGES), study.spec()
    shipper.end(spec, finished(spec), study.write(spec, range(1)), siblings=1)
    path = study.client.download_artifacts(
        study.run(spec).info.run_id, "images.parquet", str(tmp_path)
    )
    table = pd.read_parquet(path)
    assert list(table.columns) == ["split", "image", "metric", "value"]
    assert table["value"][0] == 0.5
    assert math.isnan(table["value"][1])


def test_several_seeds_hang_under_a_trial_with_mean_and_deviation_of_the_finished(
    study: Any,
) -> None:
    shipper = study.shipper()
    specs = [study.spec(f"r{seed}", seed=seed) for seed in range(3)]
    results = [
        finished(specs[0], 0.4),
        finished(specs[1], 0.6),
        RunResult(run_id=specs[2].run_id, state="failed", reason="oom: x", metrics={"val/qabf": 9}),
    ]
    for spec, result in zip(specs, results, strict=True):
        shipper.end(spec, result, study.write(spec, range(1)), siblings=3)
    shipper.end_trial(specs[0], results)
    (trial,) = study.runs("tags.`ablate.kind` = 'trial'")
    assert trial.data.metrics["final/val/qabf"] == pytest.approx(0.5)
    assert trial.data.metrics["final/val/qabf.sd"] == pytest.approx(math.sqrt(0.02))
    assert trial.data.tags["ablate.reason"] == "1 of 3 did not finish"
    assert trial.info.status == "FINISHED"
    children = study.runs(f"tags.`{runs.PARENT}` = '{trial.info.run_id}'")
    assert [run.data.tags["ablate.kind"] for run in children] == ["run"] * 3
    assert sorted(run.info.status for run in children) == ["FAILED", "FINISHED", "FINISHED"]


@pytest.mark.parametrize(
    ("state", "reason", "status", "name"),
    [
        ("pruned", "pruned at step 2", "KILLED", "✂ pruned · "),
        ("failed", "diverged: loss is nan", "FAILED", "failed · "),
        ("interrupted", "killed", "KILLED", "interrupted · "),
    ],
)
def test_a_run_that_did_not_finish_says_so_in_status_tags_and_name(
    study: Any, state: Any, reason: str, status: str, name: str
) -> None:
    shipper, spec = study.shipper(), study.spec()
    result = RunResult(
        run_id=spec.run_id, state=state, reason=reason, metrics={"val/qabf": math.nan}
    )
    shipper.end(spec, result, study.write(spec, range(1)), siblings=1)
    run = study.run(spec)
    assert run.info.status == status
    assert run.data.tags["ablate.state"] == state
    assert run.data.tags["ablate.reason"] == reason
    assert run.info.run_name == name + "t000 signed · ratio 0.5"
    assert "final/val/qabf" not in run.data.metrics


def test_points_and_pictures_arrive_while_the_run_goes_on(study: Any, points: Any) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(2))
    shipper.ship(spec, folder, siblings=1)
    run_id = study.run(spec).info.run_id
    assert [step for step, _, _ in points(run_id, "train/loss")] == [0, 1]
    study.write(spec, range(2, 4), picture=True)
    shipper.ship(spec, folder, siblings=1)
    assert [(s, v) for s, v, _ in points(run_id, "train/loss")] == [
        (step, 1.0 / (step + 1)) for step in range(4)
    ]
    shown = [item.path for item in study.client.list_artifacts(run_id, "images")]
    assert [name.partition("+timestamp+")[0] for name in shown] == [
        "images/fused 00001N+step+3"
    ] * 2
    assert {name.rpartition("+")[2].partition(".")[2] for name in shown} == {"png", "webp"}
    assert study.run(spec).data.tags["mlflow.loggedImages"] == "true"


def kept(study: Any, spec: Any, **more: Any) -> Path:
    """Return the folder of a run that kept a small network and a fused image."""
    folder: Path = study.write(spec, range(2), picture=True)
    network = models.build(UNET)
    save_file(network.state_dict(), folder / "weights.safetensors")
    return folder


def with_network(study: Any, run_id: str = "r1") -> Any:
    spec = study.spec(run_id)
    return replace(spec, settings={**spec.settings, "model": UNET})


def test_a_kept_network_is_one_model_with_settings_and_scores_by_data_set(study: Any) -> None:
    data = dataset_input(name="msrs", label="MSRS", digest="abc", counts={"test": 3}, items="pairs")
    spec = with_network(study)
    folder = kept(study, spec)
    for _ in range(2):
        shipper = study.shipper()
        shipper.dataset(data)
        shipper.end(spec, finished(spec), folder, siblings=1)
    (model,) = study.client.search_logged_models([study.experiment_id])
    assert (model.name, model.status) == ("t000 signed  ratio 05", "READY")
    assert model.params["model.name"] == "unet"
    assert model.params["factor.variant"] == "signed"
    scores = {(one.key, one.dataset_name): one.value for one in model.metrics}
    assert scores["final/test/qabf", "MSRS"] == 0.6
    assert study.run(spec).data.metrics["final/test/qabf"] == 0.6
    (used,) = study.run(spec).outputs.model_outputs
    assert used.model_id == model.model_id


def test_a_model_that_a_killed_driver_began_is_completed(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = with_network(study)
    folder = kept(study, spec)

    def dies(*args: Any, **values: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(study.client, "finalize_logged_model", dies)
        with pytest.raises(KeyboardInterrupt):
            study.shipper().end(spec, finished(spec), folder, siblings=1)
    (begun,) = study.client.search_logged_models([study.experiment_id])
    assert begun.status == "PENDING"
    study.shipper().end(spec, finished(spec), folder, siblings=1)
    (model,) = study.client.search_logged_models([study.experiment_id])
    assert (model.model_id, model.status) == (begun.model_id, "READY")
    assert study.run(spec).info.status == "FINISHED"


def test_the_best_network_has_the_alias_and_another_takes_it(study: Any) -> None:
    shipper = study.shipper()
    specs = [with_network(study, run_id) for run_id in ("r1", "r2")]
    for spec in specs:
        shipper.end(spec, finished(spec), kept(study, spec), siblings=1)
    for spec in (*specs, specs[1]):
        run_id = study.run(spec).info.run_id
        model = of_run(study.client, study.experiment_id, run_id)
        assert model is not None
        name_best(study.client, model, study=study.name)
        best = study.client.get_model_version_by_alias(study.name, "best")
        assert best.run_id == run_id
    assert len(study.client.search_model_versions(f"name = '{study.name}'")) == 2


def test_the_evaluation_table_shows_the_fused_images_that_are_there(study: Any) -> None:
    source = {"infrared": b"i", "visible": b"v"}
    rows = (("test", "00001N", "qabf", 0.5),)
    shipper = study.shipper(
        sources=lambda spec, images: dict.fromkeys(images, source), scores=lambda folder: rows
    )
    spec = study.spec()
    folder = study.write(spec, range(2), picture=True)
    shipper.end(spec, finished(spec), folder, siblings=1)
    run = study.run(spec)
    (tagged,) = json.loads(run.data.tags["mlflow.loggedArtifacts"])
    path = study.client.download_artifacts(run.info.run_id, tagged["path"])
    table = pd.read_json(path, orient="split")
    assert list(table["qabf"]) == [0.5]
    for part in ("infrared", "visible", "output"):
        for key in ("filepath", "compressed_filepath"):
            path = study.client.download_artifacts(run.info.run_id, table[part][0][key])
            assert Path(path).stat().st_size > 0


def test_scores_on_test_stand_there_once(study: Any) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(1))
    recorder = JournalRecorder(folder / "journal.jsonl", ask=lambda reports: False)
    recorder.metrics({"test/qabf": 0.6, "val/qabf": 0.5}, step=3)
    recorder.close()
    shipper.end(spec, finished(spec), folder, siblings=1)
    metrics = study.run(spec).data.metrics
    assert "test/qabf" not in metrics
    assert (metrics["final/test/qabf"], metrics["val/qabf"]) == (0.6, 0.5)


def test_sending_a_journal_again_changes_nothing(study: Any, points: Any) -> None:
    spec = study.spec()
    folder = study.write(spec, range(5))
    study.shipper().ship(spec, folder, siblings=1)
    run_id = study.run(spec).info.run_id
    before = points(run_id, "train/loss")
    (folder / "shipped.json").unlink()  # killed between log_batch and the position
    study.shipper().ship(spec, folder, siblings=1)
    assert points(run_id, "train/loss") == before
    assert len(before) == 5


def test_a_long_journal_is_sent_in_batches_that_mlflow_takes(study: Any, points: Any) -> None:
    spec = study.spec()
    shipper = study.shipper()
    shipper.ship(spec, study.write(spec, range(1100)), siblings=1)
    assert len(points(study.run(spec).info.run_id, "val/qabf")) == 1100


def test_the_rest_of_a_long_journal_goes_along_with_the_end(study: Any, points: Any) -> None:
    batches: list[int] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(study.client, name)

        def log_batch(
            self, run_id: str, metrics: Any = (), params: Any = (), tags: Any = ()
        ) -> None:
            batches.append(len(metrics) + len(params) + len(tags))
            study.client.log_batch(run_id, metrics=metrics, params=params, tags=tags)

    spec = study.spec()
    shipper = study.shipper(Watched())
    shipper.begin(spec, siblings=1)
    batches.clear()
    folder = study.write(spec, range(1100))
    shipper.end(spec, finished(spec), folder, siblings=1)
    assert len(batches) == 3  # 2200 points and the values of the end
    assert max(batches) <= 1000
    run = study.run(spec)
    assert len(points(run.info.run_id, "val/qabf")) == 1100
    assert (run.data.tags["ablate.state"], run.data.metrics["final/val/qabf"]) == ("finished", 0.5)
    batches.clear()
    shipper.ship(spec, folder, siblings=1)
    assert batches == []  # the position is that of the end


def test_a_flush_is_one_commit(study: Any) -> None:
    shipper, spec = study.shipper(), study.spec()
    shipper.begin(spec, siblings=1)
    found = []
    for steps in (range(50), range(50, 90), range(0)):
        folder = study.write(spec, steps)
        with counted() as commits:
            shipper.ship(spec, folder, siblings=1)
        found.append(commits.count)
    assert found == [1, 1, 0]


def test_ending_again_in_a_new_session_changes_nothing(study: Any) -> None:
    specs = [study.spec(f"r{seed}", seed=seed) for seed in range(2)]
    results = [finished(spec) for spec in specs]

    def send() -> list[Any]:
        shipper = study.shipper()
        for spec, result in zip(specs, results, strict=True):
            shipper.end(spec, result, study.folder / spec.run_id, siblings=2)
        shipper.end_trial(specs[0], results)
        shipper.finish({"ablate.finished": "2"})
        return [
            (r.info.run_id, r.info.status, r.info.run_name, r.data.tags, r.data.metrics)
            for r in study.runs()
        ]

    for spec in specs:
        study.write(spec, range(2))
    first = send()
    assert len(first) == 4
    assert send() == first


def test_an_end_that_was_cut_off_is_completed_by_the_next_session(study: Any) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(1))
    shipper.begin(spec, siblings=1)
    study.client.set_tag(study.run(spec).info.run_id, "ablate.state", "finished")  # no status yet
    study.shipper().end(spec, finished(spec), folder, siblings=1)
    run = study.run(spec)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["final/val/qabf"] == 0.5


def test_parameters_that_a_killed_driver_did_not_send_are_sent_later(study: Any) -> None:
    shipper, spec = study.shipper(), study.spec()
    parent = shipper.ids()["study"]
    study.client.create_run(
        study.experiment_id,
        run_name="x",
        tags={**runs.spec_tags(spec, kind="trial"), runs.PARENT: parent},
    )
    study.shipper().begin(spec, siblings=1)
    assert study.run(spec).data.params["loss.ratio"] == "0.5"


def test_an_interrupted_run_goes_on_as_the_same_run_and_no_point_stands_twice(
    study: Any, points: Any
) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(4))
    shipper.ship(spec, folder, siblings=1)
    before = study.run(spec).info.run_id
    sent = points(before, "train/loss")
    shipper.interrupt()
    assert {run.info.status for run in study.runs()} == {"KILLED"}
    assert study.run(spec).data.tags["ablate.state"] == "interrupted"

    again = study.shipper()
    again.begin(spec, siblings=1)
    assert study.run(spec).info.status == "RUNNING"
    study.write(spec, range(6))  # the worker repeats four steps and adds two
    again.end(spec, finished(spec), folder, siblings=1)
    assert study.run(spec).info.run_id == before
    assert points(before, "train/loss")[:4] == sent
    assert [step for step, _, _ in points(before, "train/loss")] == [0, 1, 2, 3, 4, 5]
    assert study.run(spec).info.status == "FINISHED"


def test_the_study_run_is_found_again_and_runs_again(study: Any) -> None:
    study.shipper().interrupt()
    shipper = study.shipper()
    (run,) = study.runs()
    assert run.info.status == "RUNNING"
    assert run.data.tags["ablate.state"] == "running"
    shipper.finish({})
    (run,) = study.runs()
    assert (run.info.status, run.data.tags["ablate.state"]) == ("FINISHED", "finished")


def test_the_data_set_is_named_once_on_the_study_run(study: Any) -> None:
    shipper = study.shipper()
    for _ in range(2):
        shipper.dataset(
            dataset_input(
                name="msrs",
                label="MSRS-mini",
                digest="abc",
                counts={"test": 3},
                items="pairs",
                protocol="cddfuse-py",
                parts=("infrared", "visible"),
            )
        )
    spec = study.spec()
    shipper.end(spec, finished(spec), study.write(spec, range(1)), siblings=1)
    for run in study.runs():
        (used,) = run.inputs.dataset_inputs
        assert (used.dataset.name, used.dataset.digest) == ("MSRS-mini", "abc")
        profile = json.loads(used.dataset.profile)
        assert profile == {"test pairs": 3, "protocol": "cddfuse-py"}
        columns = json.loads(used.dataset.schema)["mlflow_colspec"]
        assert [column["name"] for column in columns] == ["name", "infrared", "visible"]


def test_the_note_of_a_run_names_the_experiment_it_lies_in(study: Any) -> None:
    shipper, spec = study.shipper(note=lambda spec, kind: f"{kind} in {{experiment}}"), study.spec()
    shipper.begin(spec, siblings=2)
    parent, run = study.runs("tags.`ablate.kind` != 'study'")
    assert parent.data.tags[runs.NOTE] == f"trial-parent in {study.experiment_id}"
    assert run.data.tags[runs.NOTE] == f"run in {study.experiment_id}"


def test_tags_of_the_experiment_are_set_once(study: Any) -> None:
    shipper = study.shipper()
    for _ in range(2):
        shipper.tag_experiment({"mlflow.experimentKind": "custom_model_development"})
    tags = study.client.get_experiment(study.experiment_id).tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"


def test_links_are_by_our_own_run_ids(study: Any) -> None:
    shipper, spec = study.shipper(), study.spec()
    shipper.begin(spec, siblings=2)
    ids = shipper.ids()
    assert ids[spec.run_id] == study.run(spec).info.run_id
    assert set(ids) == {"study", spec.run_id, "trial/compare/0"}


@pytest.mark.parametrize(
    ("name", "taken"),
    [("val/qabf", "val/qabf"), ("loss level:1", "loss level:1"), ("größe²(x)", "gr__e__x_")],
)
def test_metric_names_are_made_of_the_letters_that_mlflow_takes(name: str, taken: str) -> None:
    assert runs.metric_name(name) == taken


def test_the_design_is_stored_once_before_the_first_run(study: Any, client: Any) -> None:
    shipper = study.shipper()
    shipper.register({"rows": [1]}, design_hash="h")
    shipper.register({"rows": [2]}, design_hash="h")
    (run,) = study.runs()
    assert run.data.tags["ablate.registered"] == "h"
    path = client.download_artifacts(run.info.run_id, "pre-registration.json", str(study.folder))
    assert json.loads(Path(path).read_text()) == {"rows": [1]}


def test_the_points_of_a_block_have_one_parent_and_its_winner_is_marked(study: Any) -> None:
    shipper = study.shipper()
    specs = [
        study.spec(f"p{point}", trial=point, block=2, point=point, name=f"signed · b2 · p{point}")
        for point in (1, 2)
    ]
    specs = [replace(spec, arm_id="arm") for spec in specs]
    results = [finished(spec) for spec in specs]
    for spec, result in zip(specs, results, strict=True):
        shipper.end(spec, result, study.write(spec, range(1)), siblings=2)
    shipper.end_trial(specs[0], results, winner=results[1])
    (parent,) = study.runs("tags.`ablate.kind` = 'block'")
    assert parent.info.run_name == "signed · b2"
    assert parent.data.params == {"factor.variant": "signed", "factor.ratio": "0.5"}
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["ablate.winner"] == specs[1].run_id
    assert study.run(specs[1]).data.tags["ablate.winner"] == "true"
    assert "ablate.winner" not in study.run(specs[0]).data.tags
    assert study.run(specs[0]).data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_a_block_whose_points_all_failed_has_failed(study: Any) -> None:
    shipper = study.shipper()
    spec = study.spec("p1", block=1, point=1, name="signed · b1 · p1")
    result = replace(finished(spec), state="failed", reason="diverged: NaN", metrics={})
    shipper.end(spec, result, study.write(spec, range(1)), siblings=2)
    shipper.end_trial(spec, [result, result], winner=None)
    (parent,) = study.runs("tags.`ablate.kind` = 'block'")
    assert parent.info.status == "FAILED"


def test_a_parent_whose_run_was_deleted_by_a_killed_driver_is_opened_again(study: Any) -> None:
    shipper = study.shipper()
    specs = [study.spec(f"r{seed}", seed=seed) for seed in range(2)]
    results = [finished(spec, 0.4) for spec in specs]
    for spec, result in zip(specs, results, strict=True):
        shipper.end(spec, result, study.write(spec, range(1)), siblings=2)
    shipper.end_trial(specs[0], results)
    study.shipper().reopen(
        specs[1], study.folder / specs[1].run_id
    )  # and killed: the run is deleted, the parent still closed

    again = study.shipper()
    again.reopen(specs[1], study.folder / specs[1].run_id)
    results[1] = finished(specs[1], 0.8)
    again.end(specs[1], results[1], study.folder / specs[1].run_id, siblings=2)
    again.end_trial(specs[0], results)
    (parent,) = study.runs("tags.`ablate.kind` = 'trial'")
    assert parent.data.metrics["final/val/qabf"] == pytest.approx(0.6)
    assert parent.info.status == "FINISHED"


def test_half_of_the_parameters_are_completed(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ablate.tracking.known_runs.PARAMS", 2)
    shipper, spec = study.shipper(), study.spec()
    calls, log_batch = [0], study.client.log_batch

    def dies(*args: Any, **values: Any) -> None:
        calls[0] += 1
        if calls[0] == 2:
            raise KeyboardInterrupt
        log_batch(*args, **values)

    with monkeypatch.context() as patched:
        patched.setattr(study.client, "log_batch", dies)
        with pytest.raises(KeyboardInterrupt):
            shipper.begin(spec, siblings=1)
    assert len(study.run(spec).data.params) == 2
    study.shipper().begin(spec, siblings=1)
    assert len(study.run(spec).data.params) == 6
