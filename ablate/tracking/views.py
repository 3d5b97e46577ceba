"""How the MLflow UI shows a study: tags of its experiment, views of its runs, its data.

A view is what the UI's own "Save view" stores, a tag of the experiment: columns, order, filter and
charts under a name. It stands in the menu *Views* and can be named by a link. `charts` has what is
drawn in one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from mlflow.entities import Dataset, DatasetInput, InputTag

from ablate.metrics.catalogue import is_lower_better
from ablate.tracking import charts
from ablate.tracking.runs import NOTE, metric_name

VIEW: Final = "mlflow.sharedViewState."
TREE, TRIALS, TRAININGS, PHASE = "ablate-tree", "ablate-trials", "ablate-trainings", "ablate-phase-"
NAMES: Final = {  # of the views that every study has
    TREE: "study, as it nests",
    TRIALS: "trials, best first",
    TRAININGS: "trainings: pictures and curves",
}
KIND, MODEL_TRAINING = "mlflow.experimentKind", "custom_model_development"
PRIMARY = "mlflow.experiment.primaryMetric.name"
HEADLINE = "ablate.headline"  # on the study's run
MANIFEST = "study/manifest.json"  # artifact of the study run
CONTEXT = "mlflow.data.context"
MOST_METRICS: Final = 5  # more would push the tags out of sight
MOST_VARIED: Final = 40  # a tag of an experiment has at most 20,000 letters
ENDED: Final = ("ablate.health", "ablate.state")
LETTER_PX, AROUND_PX = 6, 42  # of the head of a column
RUN_NAME, CREATED = "attributes.`Run Name`", "runDateAndNestInfo"  # what the UI calls these columns
PINNED_PX: Final = {RUN_NAME: 190, CREATED: 130}
EPOCH_MS: Final = 1_780_000_000_000  # views are sorted by their age, which nothing shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A phase as its view shows it.

    Args:
        name: Of the phase.
        metrics: "test/qabf", ...; its trials are sorted by the first.
        varied: Parameters of its runs that differ: factor.NAME, or the path of a setting.
        has_seeds: Whether its trials have a mean and a deviation over seeds.
        has_blocks: Whether its trials are the blocks of an answer.
    """

    name: str
    metrics: Sequence[str]
    varied: Sequence[str]
    has_seeds: bool = False
    has_blocks: bool = False


def experiment_tags(
    *,
    note: str,
    phases: Sequence[Shown],
    metrics: Sequence[str],
    objective: str,
    pictures: Sequence[str] = (),
) -> dict[str, str]:
    """Return the tags that make an experiment look like a study.

    Args:
        note: Title and questions, in Markdown.
        phases: What each of them varies.
        metrics: "test/qabf", ..., what matters most first.
        objective: "val/qabf", which every run has.
        pictures: Names under which runs record their fused images.
    """
    names = [metric_name(f"final/{name}") for name in metrics[:MOST_METRICS]]
    varied = list(dict.fromkeys(name for phase in phases for name in phase.varied))
    seeds, blocks = (any(getattr(one, k) for one in phases) for k in ("has_seeds", "has_blocks"))
    everything = Shown(name="", metrics=metrics, varied=varied, has_seeds=seeds, has_blocks=blocks)
    by_objective = Shown(name="", metrics=[objective, *metrics], varied=varied, has_seeds=seeds)
    views = {
        TRIALS: _view(
            by_objective, filtered="tags.`ablate.kind` != 'run'", more=["ablate.phase", HEADLINE]
        ),
        TREE: _view(
            everything,
            first=[f"tags.`{HEADLINE}`", f"metrics.`{metric_name(f'best/{objective}')}`"],
            more=["ablate.verdict", "ablate.phase"],
        ),
        **{
            PHASE + phase.name: _view(
                phase,
                filtered=f"tags.`ablate.phase` = '{phase.name}' and tags.`ablate.kind` != 'run'",
                more=["ablate.block", "ablate.verdict"] if phase.has_blocks else [],
            )
            for phase in phases
        },
        TRAININGS: _view(
            Shown(name="", metrics=[objective], varied=varied),
            filtered="tags.`ablate.run_id` != ''",
            more=["ablate.phase", "ablate.seed"],
            drawn=charts.of_trainings(objective, pictures=pictures),
        ),
    }
    named = {key: NAMES.get(key, f"phase {key.removeprefix(PHASE)}") for key in views}
    return {
        NOTE: note,
        KIND: MODEL_TRAINING,
        **({PRIMARY: names[0]} if names else {}),
        **{
            VIEW + key: _saved(named[key], view, age_ms=at)
            for at, (key, view) in enumerate(views.items())
        },
    }


def _view(
    shown: Shown,
    *,
    filtered: str = "",
    first: Sequence[str] = (),
    more: Sequence[str] = (),
    drawn: Sequence[charts.Card] | None = None,
) -> dict[str, Any]:
    """Return the state of the UI's page of runs.

    Args:
        shown: What is varied and measured.
        filtered: What the view is restricted to, best first; "" keeps the nesting.
        first: Columns before everything else.
        more: Tags behind everything else.
        drawn: Its charts; None draws trials by what is varied.
    """
    metrics = [metric_name(f"final/{name}") for name in dict.fromkeys(shown.metrics)]
    ends = ("", ".sd") if shown.has_seeds else ("",)
    values = [f"metrics.`{metrics[0]}{end}`" for end in ends] if metrics else []
    values_later = [f"metrics.`{name}`" for name in metrics[1:MOST_METRICS]]
    factors = [f"params.`{name}`" for name in shown.varied[:MOST_VARIED]]
    tags = [f"tags.`{name}`" for name in (*ENDED, *more)]
    columns = [*first, *values, *factors, *tags, *values_later]
    if drawn is None:
        drawn = charts.of_trials(shown.metrics, varied=shown.varied[:MOST_VARIED])
    state = {
        "selectedColumns": columns,
        "columnOrder": [*PINNED_PX, *columns],
        "columnWidths": PINNED_PX | {column: _width(column) for column in columns},
        **charts.state(drawn),
    }
    if not filtered:
        return state
    order: dict[str, Any] = {"orderByKey": "attributes.start_time", "orderByAsc": True}
    if metrics:
        is_lower = is_lower_better(shown.metrics[0])
        order = {"orderByKey": f"metrics.`{metrics[0]}`", "orderByAsc": is_lower}
    return {**state, "searchFilter": filtered, **order}


def _width(column: str) -> int:
    if HEADLINE in column:
        return 420
    return LETTER_PX * len(column.split("`")[1]) + AROUND_PX


def _saved(name: str, view: Mapping[str, Any], *, age_ms: int) -> str:
    at = EPOCH_MS - age_ms
    return json.dumps({"name": name, "createdAt": at, "updatedAt": at, "state": json.dumps(view)})


def saved(tags: Mapping[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield key, name and state of the views of ours among the tags of an experiment."""
    for tag, text in tags.items():
        key = tag.removeprefix(VIEW)
        if not tag.startswith(f"{VIEW}ablate-"):
            continue
        try:
            kept = json.loads(text)
            state = json.loads(kept["state"]) if "state" in kept else kept  # as older versions did
            yield key, str(kept.get("name", NAMES.get(key, key))), state
        except (ValueError, TypeError, AttributeError):  # somebody edited it
            continue


def links(
    experiment_id: str, tags: Mapping[str, str], *, port: int, host: str = "127.0.0.1"
) -> dict[str, str]:
    """Return a link per view of an experiment, under the view's name; one where it has no view."""
    page = f"http://{host}:{port}/#/experiments/{experiment_id}/runs?workflowType=machine_learning"
    modes = {TRAININGS: "&compareRunsMode=CHART"}
    found = {
        name: f"{page}&viewStateShareKey={quote(key)}{modes.get(key, '')}"
        for key, name, _ in saved(tags)
    }
    return found or {"runs": page}


def dataset_input(
    *,
    name: str,
    digest: str,
    label: str,
    counts: Mapping[str, int],
    items: str,
    protocol: str = "",
    parts: Sequence[str] = (),
) -> DatasetInput:
    """The data set as the UI shows it, without any path of the machine.

    Args:
        name: Of the data set, as study files have it.
        digest: Hash of the manifest.
        label: What reports call it.
        counts: Items per split.
        items: What they are, for example "pairs".
        protocol: By which the metrics are computed.
        parts: Images that an item is made of.
    """
    columns = [{"name": "name", "type": "string", "required": True}]
    columns += [{"name": part, "type": "binary", "required": True} for part in parts]
    profile = {f"{split} {items}": count for split, count in counts.items()}
    source = {"data": name, "manifest": f"artifact {MANIFEST} of the study run"}
    return DatasetInput(
        Dataset(
            name=label,
            digest=digest,
            source_type="ablate",
            source=json.dumps(source),
            schema=json.dumps({"mlflow_colspec": columns}),
            profile=json.dumps({**profile, **({"protocol": protocol} if protocol else {})}),
        ),
        tags=[InputTag(CONTEXT, "train, val and test")],
    )
