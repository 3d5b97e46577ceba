"""The further test sets of a study: what its file names, and what was added later.

They belong neither to the design nor to any id. The ledger notes each set with the hash of its
pairs when it is first scored; from then on it belongs to the study in its store, whatever the
file says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ablate.config.schema import FurtherSet
from ablate.data.pairs import PairSet
from ablate.errors import ConfigError, DataError, StoreError
from ablate.metrics.protocol import protocol_hash
from ablate.published import SetFacts
from ablate.settings.data import OWN

if TYPE_CHECKING:
    from ablate.study.open_study import OpenStudy
    from ablate.training.scoring import Row

PROBE = "probe"


def sets_of(study: "OpenStudy") -> dict[str, FurtherSet]:
    """Return every further test set of a study; the file comes before the ledger."""
    noted = {
        name: FurtherSet(data=one["data"], part=one["part"], protocol=one["protocol"])
        for name, one in study.ledger.tests.items()
    }
    return {**noted, **study.config.tests}


def names_of(study: "OpenStudy") -> tuple[str, ...]:
    """Return the metrics of a study, those that were added later behind the others."""
    names = study.config.base["metrics"]["names"]
    return (*names, *(name for name in study.ledger.metrics if name not in names))


def pairs_of(study: "OpenStudy") -> dict[str, PairSet]:
    """Return the pairs of every further test set, in the split test.

    Raises:
        DataError: All faults of all sets together.
    """
    from ablate.data.test_sets import load

    found: dict[str, PairSet] = {}
    faults: list[str] = []
    for name, one in sets_of(study).items():
        if one.data is None:
            own = study.examples
            assert isinstance(own, PairSet)
            found[name] = own.to_test_on(own.stems("test"))
            continue
        try:
            found[name] = load(one.data, part=one.part, at=f"data.tests.{name}")
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise DataError("\n".join(faults))
    return found


def entries_of(study: "OpenStudy") -> dict[str, dict[str, Any]]:
    """Return what `RunSpec.tests` holds: the sets, and own where metrics were added later."""
    protocol = study.config.base.get("metrics", {}).get("protocol")
    noted = study.ledger.tests
    entries = {
        name: {
            "data": None if one.data is None else dict(one.data),
            "part": one.part,
            "protocol": one.protocol or protocol,
            "metrics": list(names_of(study)),
            "data_hash": noted[name]["data_hash"]
            if name in noted
            else study.further_pairs[name].manifest.hash,
        }
        for name, one in sets_of(study).items()
    }
    own = study.config.base["metrics"]["names"]
    later = [name for name in names_of(study) if name not in own]
    if later:
        entries[OWN] = {
            "data": None,
            "part": "test",
            "protocol": protocol,
            "metrics": later,
            "data_hash": study.ledger.header.get("data_hash", study.data_hash),
        }
    return entries


def check(study: "OpenStudy", runs: Iterable[Mapping[str, Any]]) -> None:
    """Check that every set can be scored; nothing is looked at where there is none.

    Args:
        study: Not yet started, or in its store.
        runs: Settings of its designed runs.

    Raises:
        ConfigError: Runs without weights to score.
        DataError: All faults of all sets together: missing pairs, images of the training data.
        StoreError: The store holds scores of other pairs under the same name.
    """
    from ablate.scoring import references

    sets = sets_of(study)
    if not sets and not study.ledger.metrics:
        return
    if any(one["model"]["name"] == PROBE for one in (study.config.base, *runs)):
        raise ConfigError(
            "data.tests: the probe optimises images and keeps no weights that could be scored; "
            "choose a network, or remove the test sets"
        )
    pairs = study.further_pairs
    faults = [
        f"data.tests.{name}: {fault}"
        for name, one in sets.items()
        if one.data is not None and (fault := _overlap(pairs[name], study.examples))
    ]
    for name, one in study.ledger.tests.items():
        now = pairs[name].manifest.hash
        if one["data_hash"] != now:
            raise StoreError(
                f"data.tests.{name}: this store holds scores of other pairs ({one['data_hash']}, "
                f"now {now}); undo the change, or give the set another name"
            )
    faults += [
        fault
        for name in sets
        for fault in references.faults_on(study.config, pairs[name], name=name)
    ]
    if faults:
        raise DataError("\n".join(faults))


def check_sizes(study: "OpenStudy", names: Sequence[str]) -> None:
    """Check that some test image of every set is large enough for each of the metrics.

    Raises:
        DataError: All that are too small, with the side that the metric needs.
    """
    if not names:
        return
    from ablate.metrics.evaluation import least_px, usable

    own = study.examples
    rules = study.config.base.get("metrics", {}).get("protocol")
    sets = [(OWN, own, rules)] if isinstance(own, PairSet) else []
    sets += [
        (name, study.further_pairs[name], one.protocol or rules)
        for name, one in sets_of(study).items()
    ]
    faults: list[str] = []
    for of_set, pairs, protocol in sets:
        wanting, largest = set(names), 0
        for pair in pairs.pairs("test"):
            height, width = pair.infrared.shape
            largest = max(largest, min(height, width))
            wanting -= set(usable(sorted(wanting), height, width, protocol=protocol))
            if not wanting:
                break
        faults += [
            f"--metrics {name}: needs images of {least_px(name, protocol=protocol)} px and more a "
            f"side; those of the test set {of_set} have {largest} at most; leave one of them out"
            for name in names
            if name in wanting
        ]
    if faults:
        raise DataError("\n".join(faults))


def _overlap(pairs: PairSet, own: Any) -> str:
    """Return why a set is not unseen: it is, or holds, what was trained on; else ""."""
    from ablate.data.test_sets import folders_of

    assert isinstance(own, PairSet)
    if not pairs.files:
        is_same = dict(pairs.manifest.files) == dict(own.manifest.files)
        return "is the training set itself; name another one" if is_same else ""
    if shared := sorted(folders_of(pairs) & folders_of(own)):
        return f"is the training set's own folder ({shared[0]}); name another one, or ask on own"
    trained = {stem for split in ("train", "val") for stem in own.stems(split)}
    known = {
        content: name
        for name, content in own.manifest.files.items()
        if {name, name.rpartition("/")[0]} & trained
    }
    copies = [name for name, content in pairs.manifest.files.items() if content in known]
    if copies:
        return (
            f"{len(copies)} of its images are trained on too ({copies[0]}); remove them from one "
            "of the sets"
        )
    return ""


def note(study: "OpenStudy", *, metrics: Sequence[str] = ()) -> None:
    """Write sets and metrics into the ledger that are not there yet, before any is scored."""
    for name, one in sets_of(study).items():
        if name not in study.ledger.tests:
            data = None if one.data is None else dict(one.data)
            study.ledger.note_test(
                name,
                {
                    "data": data,
                    "part": one.part,
                    "protocol": one.protocol,
                    "data_hash": study.further_pairs[name].manifest.hash,
                },
            )
    if later := [name for name in metrics if name not in names_of(study)]:
        study.ledger.note_metrics(later)
    study.__dict__.pop("tests", None)


def facts_of(study: "OpenStudy") -> tuple[SetFacts, ...]:
    """Return what a report says of every further test set."""
    found = []
    for name, entry in study.tests.items():
        if name != OWN:
            manifest = study.further_pairs[name].manifest
            found.append(
                SetFacts(
                    name=name,
                    label=manifest.label,
                    hash=manifest.hash,
                    count=len(manifest.splits["test"]),
                    protocol=entry["protocol"],
                    protocol_hash=protocol_hash(entry["protocol"]),
                    groups=dict(manifest.groups),
                )
            )
    return tuple(found)


def compared(
    study: "OpenStudy", *, seeds: Sequence[int]
) -> "tuple[dict[str, list[Row]], dict[str, list[Row]]]":
    """Return the rows of trivial baselines and of references, on every test set.

    Args:
        study: In its store.
        seeds: Of the runs beside which they stand.
    """
    from ablate.scoring import references
    from ablate.training.tasks import task_of

    config = study.config
    metrics = {**config.base.get("metrics", {}), "names": list(names_of(study))}
    settings = {**config.base, "metrics": metrics}
    trivial = task_of(settings).trivial_baselines(study.examples, seeds=seeds)
    named = replace(config, base=settings)
    others = references.score(named, study.examples)
    for name, entry in study.tests.items():
        if name == OWN:
            continue
        pairs = study.further_pairs[name]
        of_set = {**settings, "metrics": {**metrics, "protocol": entry["protocol"]}}
        rows = task_of(of_set).trivial_baselines(pairs, seeds=seeds)
        _add(trivial, rows, name)
        _add(others, references.score_on(replace(named, base=of_set), pairs, name=name), name)
    return trivial, others


def _add(found: "dict[str, list[Row]]", rows: "Mapping[str, list[Row]]", name: str) -> None:
    """Add rows of the split test under the split of a further set."""
    for method, some in rows.items():
        of_set = [(f"test/{name}", *row[1:]) for row in some]
        found.setdefault(method, []).extend(of_set)
