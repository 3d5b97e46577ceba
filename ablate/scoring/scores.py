"""Per-image values of every method and of the trivial baselines, under one protocol."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ablate import metrics
from ablate.data import decode
from ablate.data.manifest import file_hash
from ablate.identity import digest
from ablate.metrics.evaluation import least_px
from ablate.scoring.folders import Collection, counted
from ablate.settings.sources import INFRARED_VISIBLE
from ablate.training.scoring import image_tensor
from ablate.training.trivial_baselines import fused_by_rules, rules_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value; NaN stands for 0/0."""

    method: str
    image: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What was measured, and how.

    Args:
        protocol: Name of the protocol.
        names: Metrics, lower case, in the order asked for.
        methods: Methods in the order asked for; the trivial baselines are not among them.
        rows: Values of the methods and of the trivial baselines.
        flags: (method, image) -> what is degenerate about it (see `ablate.metrics.flags`).
        images_hash: Hash of the contents and names of all files.
        notes: What was left out or is not a number, one line each.
        copies: Trivial baselines that are a source, unchanged.
    """

    protocol: str
    names: tuple[str, ...]
    methods: tuple[str, ...]
    rows: tuple[Row, ...]
    flags: Mapping[tuple[str, str], tuple[str, ...]]
    images_hash: str
    notes: tuple[str, ...]
    copies: tuple[str, ...] = INFRARED_VISIBLE


def score(
    collection: Collection,
    *,
    names: Sequence[str],
    protocol: str,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Return the scores of a collection in float64; sources are read and analysed once per pair.

    Args:
        collection: Images to score.
        names: Metrics, lower case.
        protocol: Name of a protocol.
        step: Called with how many of how many pairs are done.
    """
    rows: list[Row] = []
    flags: dict[tuple[str, str], tuple[str, ...]] = {}
    refused: dict[str, list[str]] = {}
    rules = rules_over(collection.names)
    is_by_band = metrics.PROTOCOLS[protocol].colour == "bands"
    for done, stem in enumerate(collection.sources, start=1):
        infrared, visible, fused = _images(collection, stem)
        bands = _bands(collection, stem) if is_by_band else {}
        height, width = infrared.shape[-2:]
        usable = metrics.usable(names, height, width, protocol=protocol)
        for name in names:
            if name not in usable:
                refused.setdefault(name, []).append(stem)
        if usable:
            values = metrics.evaluate_methods(
                infrared=infrared, visible=visible, fused=fused, names=usable, protocol=protocol
            )
            for method, images in bands.items():
                per_band = metrics.evaluate(
                    infrared=images["infrared"],
                    visible=images["visible"],
                    fused=images["fused"],
                    names=usable,
                    protocol=protocol,
                )
                values[method] = {name: value.mean() for name, value in per_band.items()}
            rows += [
                Row(method=method, image=stem, metric=name, value=float(value))
                for method, scores in values.items()
                for name, value in scores.items()
            ]
        for method in fused:
            if method not in rules:
                (found,) = metrics.flags(
                    infrared=infrared, visible=visible, fused=fused[method], protocol=protocol
                )
                if found:
                    flags[method, stem] = found
        step(done, len(collection.sources))
    order = {name: at for at, name in enumerate([*collection.methods, *rules])}
    return Scores(
        protocol=protocol,
        names=tuple(names),
        methods=tuple(collection.methods),
        rows=tuple(sorted(rows, key=lambda row: order[row.method])),
        flags=flags,
        images_hash=_images_hash(collection),
        copies=collection.names,
        notes=(
            *collection.notes,
            *_refusals(refused, protocol),
            *collection.names.in_names(_flagged(flags)),
            *_undefined(rows, collection.methods),
        ),
    )


def _images(collection: Collection, stem: str) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Return infrared, visible, and the fused images by method and trivial baseline, all uint8."""
    infrared, visible = (
        _read(path, scaling.levels)
        for path, scaling in zip(collection.sources[stem], collection.scalings, strict=True)
    )
    fused = {
        method: _read(files[stem]) for method, files in collection.methods.items() if stem in files
    }
    cpu = torch.device("cpu")
    one, other = (image_tensor(plane[0, 0].numpy(), cpu) for plane in (infrared, visible))
    return infrared, visible, fused | fused_by_rules(one, other, collection.names)


def _bands(collection: Collection, stem: str) -> dict[str, dict[str, Tensor]]:
    """Return the images of methods whose fused image is in colour, a band each, [3, 1, h, w]."""
    infrared, visible = (
        _banded(path, scaling.levels)
        for path, scaling in zip(collection.sources[stem], collection.scalings, strict=True)
    )
    fused = {
        method: _banded(files[stem])
        for method, files in collection.methods.items()
        if stem in files
    }
    return {
        method: {
            "infrared": infrared.expand_as(image),
            "visible": visible.expand_as(image),
            "fused": image,
        }
        for method, image in fused.items()
        if len(image) > 1
    }


def _banded(path: Path, levels: decode.Levels = decode.high_byte) -> Tensor:
    return torch.from_numpy(np.array(decode.bands(path, levels=levels)))[:, None]


def _read(path: Path, levels: decode.Levels = decode.high_byte) -> Tensor:
    return torch.from_numpy(np.array(decode.grey(path, levels=levels)))[None, None]


def _images_hash(collection: Collection) -> str:
    pairs = {stem: [file_hash(path) for path in pair] for stem, pair in collection.sources.items()}
    fused = {
        name: {stem: file_hash(path) for stem, path in files.items()}
        for name, files in collection.methods.items()
    }
    scaling = collection.scalings[0].name
    scaled = {} if scaling == decode.HIGH_BYTE else {"scaling": scaling}
    return digest({"sources": pairs, "fused": fused, **scaled})


def _refusals(refused: Mapping[str, Sequence[str]], protocol: str) -> list[str]:
    return [
        f"{metrics.LABELS[name]}: needs {least_px(name, protocol=protocol)} px on each side, left "
        f"out for {counted(stems, 'image')}"
        for name, stems in refused.items()
    ]


def _flagged(flags: Mapping[tuple[str, str], tuple[str, ...]]) -> list[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for (method, image), names in flags.items():
        for name in names:
            found.setdefault((method, name), []).append(image)
    return [
        f"{method}: {name.replace('_', ' ')} in {counted(images, 'image')}"
        for (method, name), images in found.items()
    ]


def _undefined(rows: Sequence[Row], methods: Mapping[str, object]) -> list[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.method in methods and not math.isfinite(row.value):
            found.setdefault((row.method, row.metric), []).append(row.image)
    return [
        f"{method}: {metrics.LABELS[name]} is not a finite number for {counted(images, 'image')}"
        for (method, name), images in found.items()
    ]
