"""How the MLflow UI shows a study: tags of its experiment, two views of its runs, its data.

A view is what the UI's own "share" button stores: columns, order, filter. It is a tag of the
experiment that a link names; whoever opens the link sees the columns of the study instead of those
that this browser showed last.
"""

import json
from collections.abc import Mapping, Sequence

from mlflow.entities import Dataset, DatasetInput, InputTag

from ablate.metrics.catalogue import BETTER
from ablate.tracking.runs import NOTE, metric_name

VIEW = "mlflow.sharedViewState."
TREE, TRIALS = "ablate-tree", "ablate-trials"
VIEWS = {"tree": TREE, "trials, best first": TRIALS}
KIND, MODEL_TRAINING = "mlflow.experimentKind", "custom_model_development"
PRIMARY = "mlflow.experiment.primaryMetric.name"
MANIFEST = "study/manifest.json"  # artifact of the study run
CONTEXT = "mlflow.data.context"
MOST_METRICS = 5  # more would push the tags out of sight
TAGS = (
    "ablate.verdict",
    "ablate.state",
    "ablate.health",
    "ablate.phase",
    "ablate.block",
    "ablate.question",
)


def experiment_tags(*, note: str, metrics: Sequence[str], has_seeds: bool) -> dict[str, str]:
    """Return the tags that make an experiment look like a study.

    Args:
        note: Title and questions, in Markdown.
        metrics: "test/qabf", ..., what matters most first.
        has_seeds: Whether some parents have a mean and a deviation over seeds.
    """
    names = [metric_name(f"final/{name}") for name in metrics[:MOST_METRICS]]
    ends = ("", ".sd") if has_seeds else ("",)
    shown = [f"{name}{end}" for name in names for end in ends]
    columns = [*(f"metrics.`{name}`" for name in shown), *(f"tags.`{name}`" for name in TAGS)]
    tree = {"selectedColumns": columns, "columnOrder": columns}
    flat: dict[str, object] = {**tree, "searchFilter": "tags.`ablate.kind` != 'run'"}
    if metrics:
        name = metrics[0].partition("/")[2]
        is_lower = BETTER.get(name, "higher") == "lower"
        flat |= {"orderByKey": f"metrics.`{names[0]}`", "orderByAsc": is_lower}
    return {
        NOTE: note,
        KIND: MODEL_TRAINING,
        **({PRIMARY: names[0]} if names else {}),
        VIEW + TREE: json.dumps(tree),
        VIEW + TRIALS: json.dumps(flat),
    }


def links(experiment_id: str, *, port: int, host: str = "127.0.0.1") -> dict[str, str]:
    """Return a link per view: the tree of the study, and its trials flat, best first."""
    page = f"http://{host}:{port}/#/experiments/{experiment_id}/runs?workflowType=machine_learning"
    return {word: f"{page}&viewStateShareKey={key}" for word, key in VIEWS.items()}


def dataset_input(
    *, name: str, digest: str, label: str, counts: Mapping[str, int], items: str, protocol: str = ""
) -> DatasetInput:
    """The data set as the UI shows it, without any path of the machine.

    Args:
        name: Of the data set, as study files have it.
        digest: Hash of the manifest.
        label: What reports call it.
        counts: Items per split.
        items: What they are, for example "pairs".
        protocol: By which the metrics are computed.
    """
    columns = [{"name": "name", "type": "string", "required": True}]
    if items == "pairs":
        columns += [
            {"name": part, "type": "binary", "required": True} for part in ("infrared", "visible")
        ]
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
