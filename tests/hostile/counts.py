"""How many faults and hostile files the tests hold, by kind: python -m tests.hostile.counts"""

from collections.abc import Sized

from tests.config.test_mutations import MUTATIONS
from tests.fuzz.__main__ import CORPUS, READERS
from tests.hostile.pictures import PICTURES
from tests.hostile.studies import OVERRIDES, SPACES, STUDIES
from tests.hostile.test_stores import (
    JOURNALS,
    LEDGERS,
    MANIFESTS,
    RESULTS,
    Evil,
    checkpoints,
)

SECTIONS = ("space", "questions", "factors", "phases", "base")


def seeded() -> dict[str, int]:
    """Return section of a study -> its seeded faults."""
    found = dict.fromkeys((*SECTIONS, "other"), 0)
    for change, _ in MUTATIONS.values():
        study: dict[str, dict[str, object]] = {name: {} for name in ("space", "base")}
        study |= {name: {"compare": {}} for name in ("phases",)}
        change(study)  # type: ignore[arg-type]
        (name,) = {key for key, value in study.items() if value not in ({}, {"compare": {}})} or {
            ""
        }
        found[name if name in SECTIONS else "other"] += 1
    return found


def hostile() -> dict[str, Sized]:
    """Return kind of file -> the hostile ones."""
    return {
        "study files": STUDIES,
        "space files": SPACES,
        "overrides": OVERRIDES,
        "images": PICTURES,
        "journals": JOURNALS,
        "ledgers": LEDGERS,
        "results": RESULTS,
        "checkpoints": dict(checkpoints(Evil("x"))),
        "manifests": MANIFESTS,
    }


def main() -> None:
    """Print both."""
    print(f"seeded faults: {len(MUTATIONS)} {seeded()}")
    counts = {kind: len(some) for kind, some in hostile().items()}
    print(f"hostile: {sum(counts.values())} {counts}")
    corpus = {reader: len(list((CORPUS / reader).iterdir())) for reader in READERS}
    print(f"corpus of the fuzzer: {sum(corpus.values())} {corpus}")


if __name__ == "__main__":
    main()
