"""Scores as CSV and as JSON; the columns and keys stay as they are."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ablate import __version__, tables
from ablate.metrics import BETTER, LABELS, protocol_hash
from ablate.scoring.differences import Difference
from ablate.scoring.scores import Row, Scores
from ablate.scoring.table import Ranking

COLUMNS = ("method", "image", "metric", "value", "protocol")


def to_csv(scores: Scores) -> str:
    """Return one line per method, image and metric, values in full.

    Trivial baselines and means are not in. NaN is written `nan`.
    """
    return tables.to_csv(
        COLUMNS,
        (
            [row.method, row.image, row.metric, repr(row.value), scores.protocol]
            for row in scores.rows
            if row.method in scores.methods
        ),
    )


def to_json(
    scores: Scores, table: Ranking, *, compared: Sequence[Difference] = ()
) -> dict[str, Any]:
    """Return plain JSON types: how it was measured, the table, every value, flags and notes.

    Keys: protocol, protocol_hash, dtype, device, images_hash, versions, images, metrics [{name,
    label, better, gamed_by}], methods [{method, is_trivial_baseline, is_floor (the same, of version
    0.1), metrics {name: {mean, sd, images, rank}}, mean_rank}], values [{method, image, metric,
    value}], differences [{metric, better, worse, mean, low, high, p, corrected, scenes}], flags
    [{method, image, flags}], not_finite, notes. What is not a finite number is null;
    ranks are null for trivial baselines and for a single method; gamed_by names the copy of a
    source that beats every method, null where none does.
    """
    methods = [
        {
            "method": line.method,
            "is_trivial_baseline": line.is_trivial,
            "is_floor": line.is_trivial,
            "metrics": {
                name: {
                    "mean": cell.mean,
                    "sd": cell.sd,
                    "images": cell.count,
                    "rank": cell.rank,
                }
                for name, cell in line.cells.items()
            },
            "mean_rank": line.mean_rank,
        }
        for line in table.lines
    ]
    return {
        "protocol": scores.protocol,
        "protocol_hash": protocol_hash(scores.protocol),
        "dtype": "float64",
        "device": "cpu",
        "images_hash": scores.images_hash,
        "versions": _versions(),
        "images": len({row.image for row in scores.rows}),
        "metrics": [
            {
                "name": name,
                "label": LABELS[name],
                "better": BETTER[name],
                "gamed_by": table.gamed[name].copy if name in table.gamed else None,
            }
            for name in table.names
        ],
        "methods": methods,
        "values": [_value(row) for row in scores.rows],
        "differences": [asdict(one) for one in compared],
        "flags": [
            {"method": method, "image": image, "flags": list(found)}
            for (method, image), found in scores.flags.items()
        ],
        "not_finite": sum(not math.isfinite(row.value) for row in scores.rows),
        "notes": [*scores.notes, *table.notes],
    }


def _value(row: Row) -> dict[str, Any]:
    value = row.value if math.isfinite(row.value) else None
    return {"method": row.method, "image": row.image, "metric": row.metric, "value": value}


def _versions() -> dict[str, str]:
    import numpy as np
    import PIL
    import torch

    return {
        "ablate": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
    }
