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
from ablate.metrics.protocol import protocol as find_protocol
from ablate.scoring.folders import Collection, counted
from ablate.settings.sources import INFRARED_VISIBLE, Sources
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

    Raises:
        UnknownNameError: No such metric or protocol.
    """
    rows: list[Row] = []
    flags: dict[tuple[str, str], tuple[str, ...]] = {}
    refused: dict[str, list[str]] = {}
    rules = rules_over(collection.names)
    colour = find_protocol(protocol).colour
    is_of_bands = {name: not metrics.METRICS.get(name).is_of_luminance for name in names}
    for done, stem in enumerate(collection.sources, start=1):
        bands = _images(collection, stem)
        infrared, visible, fused = _in_grey(bands, collection.names)
        height, width = infrared.shape[-2:]
        usable = metrics.usable(names, height, width, protocol=protocol)
        for name in names:
            if name not in usable:
                refused.setdefault(name, []).append(stem)
        if usable:
            values = metrics.evaluate_methods(
                infrared=infrared, visible=visible, fused=fused, names=usable, protocol=protocol
            )
            by_band = [name for name in usable if is_of_bands[name]]
            for method, image in bands.of_colour(colour).items() if by_band else ():
                per_band = metrics.evaluate(
                    infrared=bands.infrared.expand_as(image),
                    visible=bands.visible.expand_as(image),
                    fused=image,
                    names=by_band,
                    protocol=protocol,
                )
                values[method] |= {name: value.mean() for name, value in per_band.items()}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bands:
    """Images of a pair as their files hold them, uint8 [1 or 3, 1, height, width] each.

    Args:
        infrared: The first source.
        visible: The second.
        fused: By method.
    """

    infrared: Tensor
    visible: Tensor
    fused: Mapping[str, Tensor]

    def of_colour(self, colour: str) -> dict[str, Tensor]:
        """Return the bands to score of fused images in colour, by method.

        Args:
            colour: The switch of the protocol.
        """
        if colour == "luminance":
            return {}
        is_grey = len(self.infrared) == len(self.visible) == 1
        taken = slice(1) if colour == "bands_of_sources" and is_grey else slice(None)
        return {method: image[taken] for method, image in self.fused.items() if len(image) > 1}


def _images(collection: Collection, stem: str) -> _Bands:
    infrared, visible = (
        _read(path, scaling.levels)
        for path, scaling in zip(collection.sources[stem], collection.scalings, strict=True)
    )
    fused = {
        method: _read(files[stem]) for method, files in collection.methods.items() if stem in files
    }
    return _Bands(infrared=infrared, visible=visible, fused=fused)


def _read(path: Path, levels: decode.Levels = decode.high_byte) -> Tensor:
    return torch.from_numpy(np.array(decode.bands(path, levels=levels)))[:, None]


def _in_grey(bands: _Bands, names: Sources) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Return infrared, visible, and the fused images by method and trivial baseline, all uint8."""
    infrared, visible = _grey(bands.infrared), _grey(bands.visible)
    fused = {method: _grey(image) for method, image in bands.fused.items()}
    cpu = torch.device("cpu")
    one, other = (image_tensor(plane[0, 0].numpy(), cpu) for plane in (infrared, visible))
    return infrared, visible, fused | fused_by_rules(one, other, names)


def _grey(bands: Tensor) -> Tensor:
    return torch.from_numpy(decode.grey_of(bands[:, 0].numpy()))[None, None]


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
