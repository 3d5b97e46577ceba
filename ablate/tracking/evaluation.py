"""The table of MLflow's evaluation view: per image its sources, its fused image and its scores.

It is what `mlflow.log_table` writes, but under fixed names, so that a run that is sent twice has it
once; its fused images are those that the run has already.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ablate.tracking import pictures

TABLE: Final = "pictures.json"
FOLDER: Final = "table_images"
TAG: Final = "mlflow.loggedArtifacts"  # without which the UI looks for no table
TAGGED: Final = {TAG: json.dumps([{"path": TABLE, "type": "table"}])}
FUSED: Final = "fused/"
OUTPUT: Final = "output"  # the column of fused images; the UI compares one of this name first
ImageRow = tuple[str, str, str, float | None]  # split, image, metric, value


def fused(events: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the last fused image of every pair among the events of a journal."""
    return {
        event["name"].removeprefix(FUSED): event
        for event in events
        if event["kind"] == "image" and event["name"].startswith(FUSED)
    }


def stage(
    shown: Mapping[str, Mapping[str, Any]],
    scores: Sequence[ImageRow],
    sources: Mapping[str, Mapping[str, bytes]],
    *,
    into: Path,
) -> bool:
    """Write the table and the sources that it shows; return whether there is any.

    Args:
        shown: Image -> the event of its fused image.
        scores: Per image and metric.
        sources: Image -> name of a source -> a small picture, WebP.
        into: A folder that becomes the artifacts of the run.
    """
    of_image: dict[tuple[str, str], dict[str, float | None]] = {}
    for split, image, metric, value in scores:
        if image in shown:
            of_image.setdefault((image, split), {})[metric] = value
    if not of_image:
        return False
    metrics = list(dict.fromkeys(name for found in of_image.values() for name in found))
    parts = list(dict.fromkeys(part for found in sources.values() for part in found))
    for image, _ in of_image:
        for part, content in sources.get(image, {}).items():
            path = into / _path(image, part)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    rows = [
        [
            image,
            *(_cell(_path(image, part), _path(image, part)) for part in parts),
            _fused(shown[image]),
            *(found.get(name) for name in metrics),
            split,
        ]
        for (image, split), found in of_image.items()
    ]
    columns = ["image", *parts, OUTPUT, *metrics, "split"]
    text = json.dumps({"columns": columns, "data": rows})
    (into / TABLE).write_text(text, encoding="utf-8")
    return True


def _path(image: str, part: str) -> str:
    return f"{FOLDER}/{pictures.key_of(f'{image} {part}')}.webp"


def _fused(event: Mapping[str, Any]) -> dict[str, str]:
    name = pictures.file_name(event["name"], step=event["step"], time_ms=event["time_ms"])
    whole = f"{pictures.FOLDER}/{name}"
    return _cell(f"{whole}.png", f"{whole}+compressed.webp")


def _cell(whole: str, small: str) -> dict[str, str]:
    return {"type": "image", "filepath": whole, "compressed_filepath": small}
