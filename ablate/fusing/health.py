"""What to warn of when images are fused or a network is exported: outputs that do not fuse."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ablate.data import decode
from ablate.fusing.files import Sources
from ablate.fusing.trained import TrainedRun
from ablate.settings.sources import INFRARED_VISIBLE
from ablate.settings.sources import Sources as Names
from ablate.stats.health import IN_WORDS, Health, State, examine

FLAT_SD: Final = 10.0  # grey levels: fused images of usual scenes have 30 to 60
MOST_IMAGES: Final = 16  # that are looked at, spread evenly
FLAT: Final[Mapping[str, str]] = {
    "constant": "constant",
    "half_constant": "two flat levels",
    "saturated": "saturated",
}


def examine_files(sources: Sequence[Sources], paths: Sequence[Path]) -> Health:
    """Return the health of fused files, of at most 16 of them.

    Args:
        sources: The pairs that were fused, at least one.
        paths: Their fused files, in the same order.
    """
    step = -(-len(paths) // MOST_IMAGES)
    return examine(
        (*pair.read()[:2], decode.colour(path)[0])
        for pair, path in zip(sources[::step], paths[::step], strict=True)
    )


def warning_of(health: Health, sources: Names = INFRARED_VISIBLE) -> str:
    """Describe what is wrong with fused images in one line; "" where they are healthy."""
    state: State = health.state
    if state in ("healthy", "half_constant", "saturated") and health.sd < FLAT_SD:
        return (
            f"fused images are nearly flat (mean standard deviation {health.sd:.1f} grey levels, "
            f"below {FLAT_SD:g})"
        )
    if state == "negative":
        return (
            f"fused images are {IN_WORDS[state]} (mean correlation "
            f"{health.correlation_infrared:+.2f} with {sources.first}, "
            f"{health.correlation_visible:+.2f} with {sources.second})"
        )
    if state == "part_negative":
        return (
            f"fused images are negatives in part ({health.reversed:.0%} of the edges run against "
            "both sources)"
        )
    if state in FLAT:
        return f"fused images are {FLAT[state]}"
    if state == "copy":
        is_first = health.difference_infrared < health.difference_visible
        return f"fused images are copies of the {sources[0 if is_first else 1]} one"
    if state == "untrained":
        return f"fused images are {IN_WORDS[state]}"
    return ""


def warning_of_run(trained: TrainedRun) -> str:
    """Return how the training of a network ended, in one line; "" where it is not unhealthy."""
    if not trained.result.is_unhealthy:
        return ""
    words = {str(state): text for state, text in IN_WORDS.items()}
    return f"its training ended unhealthy: {words[trained.result.known_health]}"
