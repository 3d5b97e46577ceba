"""Scores of a run's weights on further test sets, and in further metrics, without any training.

They lie beside the result, in tests/NAME.json of the run's folder, one file per set: a run is the
same run whatever it is scored on. A set that is added later is scored by this same code from the
same kept weights, so that its numbers are those it would have had from the start.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from ablate import metrics, models
from ablate.data.manifest import file_hash
from ablate.data.pairs import PairSet
from ablate.data.test_sets import load
from ablate.errors import DivergedError
from ablate.identity import digest
from ablate.settings.data import OWN
from ablate.settings.train import TrainSettings
from ablate.training.checkpoints import LeaveError, read_weights
from ablate.training.determinism import device_of, layout_of, settle
from ablate.training.recorder import Heartbeat
from ablate.training.scoring import Row, fuse_all, means, score
from ablate.training.spec import FURTHER, WEIGHTS, RunResult, RunSpec
from ablate.writing import write_json


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScores:
    """What a run's weights score on one test set.

    Args:
        data_hash: Of the pairs.
        protocol: Of the metrics, with the hash of its conventions.
        weights: Hash of the weights that fused.
        names: Metrics that were computed, also those that an image is too small for.
        rows: (split, image, metric, value) with the split "test/NAME", or "val" and "test" of the
            training data. NaN is None.
        reason: Why there are no numbers; "" where there are.
    """

    data_hash: str
    protocol: tuple[str, str]
    weights: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]
    reason: str = ""

    def write(self, path: Path) -> None:
        """Write the scores with a checksum, whole or not at all."""
        path.parent.mkdir(exist_ok=True)
        content = json.loads(json.dumps(asdict(self)))
        write_json(path, {**content, "checksum": digest(content)})


def read(folder: Path, name: str) -> SetScores | None:
    """Return the scores of a run on a set; None where there are none, or a damaged file."""
    try:
        raw = json.loads((folder / FURTHER / f"{name}.json").read_text(encoding="utf-8"))
        checksum = raw.pop("checksum")
        if checksum != digest(raw):
            return None
        first, second = raw.pop("protocol")
        names, rows = tuple(raw.pop("names")), tuple(tuple(row) for row in raw.pop("rows"))
        return SetScores(protocol=(first, second), names=names, rows=rows, **raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def standing(folder: Path, name: str, entry: Mapping[str, Any]) -> SetScores | None:
    """Return the scores that a run has on a set; None where they are of other data or weights."""
    known = read(folder, name)
    if known is None or not (folder / WEIGHTS).exists():
        return None
    is_same = known.data_hash == entry["data_hash"] and known.protocol == _protocol(entry)
    return known if is_same and known.weights == file_hash(folder / WEIGHTS) else None


def lacking(folder: Path, tests: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return test set -> metrics in which the weights of a run are not scored yet.

    Args:
        folder: Of the run; nothing is lacking where it kept no weights.
        tests: As of `RunSpec.tests`.
    """
    if not tests or not (folder / WEIGHTS).exists():
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, entry in tests.items():
        known = standing(folder, name, entry)
        have = known.names if known else ()
        if some := tuple(one for one in entry["metrics"] if one not in have):
            found[name] = some
    return found


def _protocol(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["protocol"], metrics.protocol_hash(entry["protocol"])


def score_further(
    spec: RunSpec,
    folder: Path,
    *,
    own: Callable[[], Any],
    cache: Path,
    leave: Event | None = None,
    heartbeat: Heartbeat | None = None,
) -> None:
    """Score the weights of a finished run on every test set of its spec that lacks scores.

    Args:
        spec: The run.
        folder: Its own, with its weights.
        own: Returns the training data, where a set is a part of them.
        cache: Shared by all runs of a store.
        leave: Set when the worker has to go; the sets that are done stay.
        heartbeat: Notified of every image.

    Raises:
        LeaveError: `leave` was set.
    """
    wanted = lacking(folder, spec.tests)
    if not wanted:
        return
    settle()
    beat = (heartbeat or Heartbeat()).beat
    recipe = TrainSettings.of(spec.settings["train"])
    device = device_of(spec.settings["train"]["device"])
    model = models.build(spec.in_places["model"])
    read_weights(model, folder / WEIGHTS)
    layout = layout_of(recipe.layout, model)
    model.to(device, memory_format=layout)
    fuse = functools.partial(
        fuse_all, model, device=device, arithmetic=recipe.precision, layout=layout, tick=beat
    )
    for name, names in wanted.items():
        if leave is not None and leave.is_set():
            raise LeaveError(f"left before it was scored on {name}")
        entry = spec.tests[name]
        known = standing(folder, name, entry)
        rows = list(known.rows) if known else []
        reason = ""
        for split, pairs in _parts(name, entry, own=own, seed=spec.split_seed, cache=cache).items():
            part = pairs.pairs(split.partition("/")[0])
            try:
                images = fuse(part)
            except DivergedError as error:
                reason = str(error)
                rows += [(split, pair.stem, one, None) for pair in part for one in names]
                continue
            rows += score(
                part,
                images,
                split=split,
                names=names,
                protocol=entry["protocol"],
                tick=beat,
                cache=pairs.cache,
            )
        SetScores(
            data_hash=entry["data_hash"],
            protocol=_protocol(entry),
            weights=file_hash(folder / WEIGHTS),
            names=(*(known.names if known else ()), *names),
            rows=tuple(rows),
            reason=reason,
        ).write(folder / FURTHER / f"{name}.json")


def _parts(
    name: str,
    entry: Mapping[str, Any],
    *,
    own: Callable[[], PairSet],
    seed: int | None,
    cache: Path,
) -> dict[str, PairSet]:
    """Return split -> pairs: further metrics of the training data are of val too."""
    if entry["data"] is None:
        pairs = own() if seed is None else own().redrawn(seed)
        return {"val": pairs, "test": pairs} if name == OWN else {f"test/{name}": pairs}
    return {f"test/{name}": _kept(json.dumps(entry, sort_keys=True), cache)}


@functools.lru_cache(maxsize=8)
def _kept(entry: str, folder: Path) -> PairSet:
    """Return the decoded pairs of a set; a worker keeps them from one run to the next."""
    from ablate.data.cache import cached

    of = json.loads(entry)
    return cached(load(of["data"], part=of["part"]), folder)


def with_further(result: RunResult, folder: Path, tests: Mapping[str, Any]) -> RunResult:
    """Return the result of a run with its scores on further sets and in further metrics."""
    rows: list[Row] = []
    for name, entry in tests.items() if result.state == "finished" else ():
        if known := standing(folder, name, entry):
            rows += _in_order(known.rows, entry["metrics"])
    if not rows:
        return result
    return replace(
        result, metrics={**result.metrics, **means(rows)}, images=(*result.images, *rows)
    )


def _in_order(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Return the rows image by image, in the order of the metrics; those of others are left out."""
    images = {key: at for at, key in enumerate(dict.fromkeys((row[0], row[1]) for row in rows))}
    places = {name: at for at, name in enumerate(names)}
    kept = [row for row in rows if row[2] in places]
    return sorted(kept, key=lambda row: (images[row[0], row[1]], places[row[2]]))
