"""Which pictures a study publishes, by rule, and where they come from.

The rule: of the first question that ran whole, the first contrast in the first primary metric. The
block (or seed) whose contrast is the median over the blocks gives the runs; of its test images
those with the largest, the median and the smallest difference come first, then others in their
order. Without such a question: the first run of every arm, after a search that of the arms that
were confirmed, and of a study that only searched its best trials, as far as their weights were
kept.
"""

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from ablate.data import decode
from ablate.data.pairs import Pair, PairSet
from ablate.design_names import AT_BUDGET, BASELINE_ONLY, BLOCKED, CONFIRM, SEARCH, SEARCHES, SOBOL
from ablate.errors import StoreError
from ablate.fusing.trained import TrainedRun
from ablate.identity import derive_seed
from ablate.imaging.colour import recombine
from ablate.metrics.catalogue import is_lower_better
from ablate.published import GalleryFacts, QuestionFacts, ShownImage, StudyDocument, Value
from ablate.settings.sources import known
from ablate.study.ledger import Ledger
from ablate.tracking.reader import COLOUR
from ablate.training.probing import crop
from ablate.training.scoring import image_tensor, save_png
from ablate.training.spec import WEIGHTS, RunSpec
from ablate.whole_files import is_whole_png

logger = logging.getLogger(__name__)
Place = Literal["block", "seed"]  # the column of what a contrast is computed within
BEST_SEARCHED: Final = 4  # trials of a study that only searched
MOST: Final = 8  # test images, unless the study file asks for more by train.gallery


def chosen(facts: StudyDocument, runs: pd.DataFrame, images: pd.DataFrame) -> GalleryFacts:
    """Choose what is shown: the run of every arm, and the rule that chose it.

    `images` has up to three; a gain is positive where the contrast is for the better. Empty where
    nothing scored test.
    """
    finished = runs[(runs["state"] == "finished") & runs["phase"].isin(_phases(facts))]
    if finished.empty:
        return GalleryFacts(runs=_best_searched(facts, runs))
    place: Place = "block" if finished["block"].notna().any() else "seed"
    winners = _winners(facts, finished, place=place)
    for question in facts.registered:
        terms = first_contrast(question)
        metric = next(iter(question.primary), "")
        scores = _scores(question, winners, images, metric=metric, place=place)
        if not terms or scores.empty:
            continue
        sign = -1.0 if is_lower_better(metric) else 1.0
        start = pd.Series(0.0, index=scores.index)
        gains = sign * sum((weight * scores[value] for value, weight in terms), start=start)
        means = gains.groupby(level=place).mean().sort_values(kind="stable")
        at = means.index[(len(means) - 1) // 2]
        some = winners[winners[place] == at]
        return GalleryFacts(
            question=question.id,
            metric=metric,
            terms=tuple(terms),
            block=int(at) if place == "block" else None,
            seed=int(at) if place == "seed" else None,
            runs=dict(zip(some["arm_id"], some["run_id"], strict=True)),
            images=_by_rule(gains.xs(at, level=place)),
        )
    firsts = finished.sort_values(place, kind="stable").drop_duplicates("arm_id").sort_index()
    return GalleryFacts(runs=dict(zip(firsts["arm_id"], firsts["run_id"], strict=True)))


def first_contrast(question: QuestionFacts) -> list[tuple[Value, float]]:
    """Return value and weight of the terms of the contrast that was registered first."""
    values = [value for value, _ in question.arms]
    if question.crossed or len(values) < 2:
        return []
    first, *_ = question.contrasts or ("baseline",)
    if not isinstance(first, str):
        return list(first[1])
    if "sequence" in question.contrasts and "baseline" not in question.contrasts:
        return [(values[1], 1.0), (values[0], -1.0)]
    baseline = question.baseline
    return [(next(value for value in values if value != baseline), 1.0), (baseline, -1.0)]


def copy(
    shown: GalleryFacts,
    ledger: Ledger,
    pairs: PairSet,
    *,
    specs: Mapping[str, RunSpec],
    most: int,
    folder: Path,
) -> None:
    """Write the pictures below the folder, as ARM/IMAGE.png, and their sources, all in grey.

    Those that have colour are written in it below the folder COLOUR beside it.

    A network fuses anew with its weights; the probe has no weights, its pictures are those it
    kept, and the sources are cropped as its seed cropped them.
    """
    first = [one.image for one in shown.images]
    names = list(dict.fromkeys([*first, *pairs.stems("test")]))[:most]
    crops: dict[str, Pair] = {}
    for arm, run_id in shown.runs.items():
        spec, run = specs[run_id], ledger.run_folder(run_id)
        network = _network(TrainedRun(spec=spec, result=ledger.results[run_id], folder=run))
        for name in names:
            pair, target = pairs.read(name), folder / arm / f"{name}.png"
            if not _picture(run / "fused" / f"{name}.png", network, pair, target):
                continue
            size = np.asarray(Image.open(target)).shape
            if size != pair.infrared.shape:
                side = int(spec.settings["data"]["crop"])
                pair = crop(pair, side=side, seed=derive_seed(spec.seed, name))
            crops[name] = pair
    cpu = torch.device("cpu")
    for name, pair in crops.items():
        for source, image in zip(pairs.sources, (pair.infrared, pair.visible), strict=True):
            save_png(image_tensor(image, cpu), folder / source / f"{name}.png")
        if pair.chroma is not None:
            _colour(name, pair.chroma, pairs, arms=list(shown.runs), folder=folder)


def _colour(
    name: str,
    chroma: NDArray[np.float32],
    pairs: PairSet,
    *,
    arms: Sequence[str],
    folder: Path,
) -> None:
    """Write the pictures of an image that have colour once more, below the folder COLOUR.

    Fused images take over the chroma of the sources, as `ablate fuse` has it.

    Args:
        name: Of the image, whose grey pictures are written.
        chroma: Of its fused image, (height, width, 2), 0 to 255.
        pairs: To which it belongs.
        arms: Folders of fused images below `folder`.
        folder: Of the grey pictures.
    """
    coloured = [source for source in pairs.sources if not known(source).is_grey]
    of = dict.fromkeys(arms, chroma)
    for source, file in zip(pairs.sources, pairs.files.get(name, ()), strict=False):
        own = decode.colour(file)[1] if source in coloured else None
        if own is not None and own.shape == chroma.shape:
            of[source] = own
    for place, colours in of.items():
        grey = folder / place / f"{name}.png"
        if not grey.exists():
            continue
        with Image.open(grey) as opened:
            picture = recombine(np.asarray(opened), colours)
        target = folder.with_name(COLOUR) / place / grey.name
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(target)


def _network(run: TrainedRun) -> nn.Module | None:
    if not (run.folder / WEIGHTS).exists():
        return None
    try:
        return run.network()
    except StoreError as error:
        logger.warning("%s; pictures that only it can make are left out", error)
        return None


def _picture(kept: Path, network: nn.Module | None, pair: Pair, target: Path) -> bool:
    """Write what a run fused of a pair and return whether it could."""
    if is_whole_png(kept):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, target)
    elif network is not None:
        cpu = torch.device("cpu")
        with torch.no_grad():
            fused = network(
                infrared=image_tensor(pair.infrared, cpu), visible=image_tensor(pair.visible, cpu)
            )
        save_png(fused.float(), target)
    return target.exists()


def _phases(facts: StudyDocument) -> list[str]:
    """Return the phase that is shown: an answer, else a comparison, else a confirmation."""
    designs = {name: phase.design for name, phase in facts.phases.items()}
    answers = [name for name, design in designs.items() if design == BLOCKED]
    compared = [
        name for name, one in designs.items() if one not in (SEARCH, SOBOL, AT_BUDGET, CONFIRM)
    ]
    several = [name for name in compared if designs[name] != BASELINE_ONLY]
    confirmed = [one.phase for one in facts.confirmations if one.arms]
    return answers[:1] or several[:1] or confirmed[:1] or compared[:1]


def _best_searched(facts: StudyDocument, runs: pd.DataFrame) -> dict[str, str]:
    """Return arm id -> run id of the best healthy runs of searches, the best first."""
    searches = [name for name, phase in facts.phases.items() if phase.design in SEARCHES]
    if facts.objective not in runs:
        return {}
    found = runs[runs["phase"].isin(searches) & (runs["state"] == "finished")]
    found = found[found["health"].isin(("", "healthy"))] if "health" in found else found
    is_lower = is_lower_better(facts.objective)
    ranked = found.dropna(subset=[facts.objective]).sort_values(
        facts.objective, ascending=is_lower, kind="stable"
    )
    best = ranked.drop_duplicates("arm_id").head(BEST_SEARCHED)
    return dict(zip(best["arm_id"], best["run_id"], strict=True))


def _winners(facts: StudyDocument, runs: pd.DataFrame, *, place: Place) -> pd.DataFrame:
    """Return the run of every arm and block (or seed) that is best on the objective.

    Unhealthy runs win no block, and a block that was redrawn has no winners.
    """
    objective = facts.objective
    runs = runs[runs["health"].isin(("", "healthy"))] if "health" in runs else runs
    dropped = [(name, block) for name, phase in facts.phases.items() for block, _ in phase.redrawn]
    for name, block in dropped:
        runs = runs[(runs["phase"] != name) | (runs["block"] != block)]
    if objective not in runs:
        return runs[:0]
    is_lower = is_lower_better(objective)
    ranked = runs.sort_values([objective, "run_id"], ascending=[is_lower, True], kind="stable")
    return ranked.drop_duplicates([place, "arm_id"]).sort_index()


def _scores(
    question: QuestionFacts,
    winners: pd.DataFrame,
    images: pd.DataFrame,
    *,
    metric: str,
    place: Place,
) -> pd.DataFrame:
    """Return a column per value, a row per block and image that has all of them."""
    columns = {}
    part = images[(images["split"] == "test") & (images["metric"] == metric)]
    for value, arm in question.arms:
        mine = winners.loc[winners["arm_id"] == arm, ["run_id", place]]
        columns[value] = part.merge(mine, on="run_id").set_index([place, "image"])["value"]
    return pd.DataFrame(columns).dropna()


def _by_rule(gains: pd.Series) -> tuple[ShownImage, ...]:
    ordered = gains.sort_values(ascending=False, kind="stable")
    last = len(ordered) - 1
    rule = {
        0: "largest gain" if ordered.iloc[0] >= 0 else "smallest loss",
        last: "largest loss" if ordered.iloc[-1] < 0 else "smallest gain",
    }
    rule = {0: rule[0], last // 2: "median", **rule} if last > 1 else rule
    return tuple(
        ShownImage(image=str(ordered.index[at]), why=rule[at], gain=float(ordered.iloc[at]))
        for at in sorted(rule)
    )
