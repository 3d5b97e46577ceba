"""The data of a study as MLflow's dataset input: name, digest, where its manifest lies, counts."""

import json
from collections.abc import Mapping

from mlflow.entities import Dataset, DatasetInput, InputTag

MANIFEST = "study/manifest.json"  # artifact of the study run
CONTEXT = "mlflow.data.context"


def dataset_input(
    *, name: str, digest: str, label: str, counts: Mapping[str, int], items: str, protocol: str = ""
) -> DatasetInput:
    """Return what the UI shows of a data set; no path of the machine is in it.

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
