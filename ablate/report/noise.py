"""How much one training of a study differs from the next: what `ablate audit` holds tables against.

A configuration is an arm of a phase in which nothing is tuned; its trainings differ in seed and in
the draw of the training part. Trainings that ended unhealthy are left out.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ablate.analysis.answers import network_of
from ablate.analysis.health import is_unhealthy
from ablate.analysis.published import StudyFacts
from ablate.auditing.noise import Noise
from ablate.design_names import AT_BUDGET, BASELINE_ONLY, BLOCKED
from ablate.errors import StoreError
from ablate.published import PhaseFacts
from ablate.report.contents import Contents
from ablate.report.kept import DOCUMENT, contents_of
from ablate.report.source import read

FEWEST: Final = 3  # trainings of a configuration
DIGITS: Final = 6
STEPS: Final = "facts.steps"


def noise_of_study(name: str, *, store: Path) -> tuple[Noise, ...]:
    """Return the noise of a study in a store, or of a published folder.

    Raises:
        StoreError: There is no such study, or it has not three trainings of one configuration.
    """
    folder = Path(name)
    is_folder = (folder / DOCUMENT).is_file()
    if not is_folder and len(folder.parts) > 1:
        what = f"holds no {DOCUMENT}" if folder.is_dir() else "no such folder"
        raise StoreError(f"{name}: {what}; give the folder of a published report, or a study")
    contents = (
        contents_of(folder) if is_folder else read(store=store, study=name, is_explored=False)
    )
    found = noise_of([(contents, name)])
    if not found:
        raise StoreError(
            f"{name}: has no configuration with {FEWEST} trainings or more; give it a pilot: a "
            "phase of design baseline_only with seeds: 8"
        )
    return found


def noise_of(studies: Sequence[tuple[Contents, str]]) -> tuple[Noise, ...]:
    """Return the noise per network, data set and metric.

    Args:
        studies: Contents and where they are published; those of one network, number of steps and
            data set are pooled.
    """
    groups: dict[tuple[str, str, str], list[tuple[Any, str]]] = {}
    for contents, source in studies:
        facts, runs = contents.facts, contents.runs
        phases = [name for name, phase in facts.phases.items() if _is_untuned(phase, facts)]
        good = runs[(runs["state"] == "finished") & runs["phase"].isin(phases)]
        good = good[~is_unhealthy(good)]
        if STEPS not in good:  # of a task that counts in something else
            good = good.assign(**{STEPS: 0})
        for (count, *_), some in good.groupby([STEPS, "phase", "arm_id"]):
            network = network_of(facts.settings) + (f", {count:g} steps" if count else "")
            for metric in facts.metrics:
                column = f"test/{metric}"
                scores = some[column].dropna() if column in some else ()
                if len(scores) >= FEWEST:
                    key = (network, facts.data_label, metric)
                    groups.setdefault(key, []).append((scores, source))
    return tuple(_pooled(groups))


def _is_untuned(phase: PhaseFacts, facts: StudyFacts) -> bool:
    """Return whether an arm is one configuration: no block draws a learning rate of its own."""
    is_single = phase.design in (BLOCKED, AT_BUDGET) and phase.points == 1 and not facts.nuisance
    return phase.design == BASELINE_ONLY or is_single


def _pooled(groups: dict[tuple[str, str, str], list[tuple[Any, str]]]) -> Iterator[Noise]:
    for (network, data, metric), found in groups.items():
        df = sum(len(one) - 1 for one, _ in found)
        squares = math.fsum(float(one.var(ddof=1)) * (len(one) - 1) for one, _ in found)
        scores = [float(score) for one, _ in found for score in one]
        yield Noise(
            network=network,
            data=data,
            metric=metric,
            mean=round(math.fsum(scores) / len(scores), DIGITS),
            sd=round(math.sqrt(squares / df), DIGITS),
            df=df,
            source=", ".join(dict.fromkeys(source for _, source in found)),
        )
