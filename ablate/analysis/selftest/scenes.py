"""Traps of test images that show few scenes, and of scores with many ties."""

import numpy as np

from ablate.analysis.selftest import planted
from ablate.analysis.selftest.check import Check
from ablate.stats.arrays import Floats
from ablate.stats.best_set import best_set
from ablate.stats.crossed import crossed_t
from ablate.stats.multiplicity import holm

ALPHA, MOST = 0.05, 0.065
STUDIES, BEST_STUDIES = 1000, 200
BLOCKS = 16
SIZES = (2, 5, 5, 5, 3, 5, 5)  # images of each scene in the test part of MSRS-mini
WITHIN = (0.0, 0.5, 0.7)  # share of the variance of images that is one of scenes
COUNT = len(planted.VALUES)


def frames(*, times: int = 1) -> Check:
    """Equal values whose differences are alike within a scene, by trainings of little noise."""
    random = planted.generator("scenes")
    scenes = np.repeat(np.arange(len(SIZES)), SIZES)
    ours, usual = [], []
    for share in WITHIN:
        shape = (STUDIES * times, 1, COUNT)
        of_scene = np.sqrt(share) * random.normal(size=(*shape, len(SIZES)))[..., scenes]
        of_image = np.sqrt(1 - share) * random.normal(size=(*shape, len(scenes)))
        of_run = 0.5 * random.normal(size=(STUDIES * times, BLOCKS, COUNT, 1))
        noise = 0.5 * random.normal(size=(STUDIES * times, BLOCKS, COUNT, len(scenes)))
        d = planted.against_first(of_scene + of_image + of_run + noise)
        ours.append(_family_wise(crossed_t(d, groups=scenes.tolist()).p))
        usual.append(_family_wise(crossed_t(d).p))
    return Check(
        name="frames of seven scenes",
        bar=f"<= {MOST} false",
        ours=" ".join(f"{rate:.3f}" for rate in ours),
        is_met=max(ours) <= MOST,
        usual=f"each frame a case; correlation {', '.join(f'{share:g}' for share in WITHIN)}",
        usual_result=" ".join(f"{rate:.3f}" for rate in usual),
        is_usual_met=max(usual) <= MOST,
    )


def ties(*, times: int = 1) -> Check:
    """Equal values by a metric that is 0 or 1 per image, as a detection is."""
    random = planted.generator("ties")
    luck = 0.05 * random.normal(size=(STUDIES * times, BLOCKS, COUNT, 1))
    hits = random.random((STUDIES * times, BLOCKS, COUNT, 30)) < 0.8 + luck
    d = planted.against_first(hits.astype(np.float64))
    ours = _family_wise(crossed_t(d).p)
    _, _, p = planted.t_over(d.reshape(*d.shape[:2], -1))
    usual = float((p < ALPHA).any(axis=1).mean())
    return Check(
        name="scores of 0 and 1",
        bar=f"<= {MOST} false",
        ours=f"{ours:.3f}",
        is_met=ours <= MOST,
        usual="t over all seeds x images, uncorrected",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= MOST,
    )


def best(*, times: int = 1) -> Check:
    """The best value by little, where images differ far more than trainings."""
    random = planted.generator("best set")
    studies = BEST_STUDIES * times
    arrays = planted.scores(
        random,
        effects=[0.0, 0.0, 0.0, 0.1],
        studies=studies,
        seed_sd=0.1,
        image_sd=1.0,
        noise_sd=0.2,
    )
    truth = COUNT - 1
    ours = sum(truth not in best_set(study) for study in arrays) / studies
    usual = sum(truth not in best_set(study, images="fixed") for study in arrays) / studies
    return Check(
        name="best in bold, images vary",
        bar=f"<= {MOST} left out",
        ours=f"{ours:.3f}",
        is_met=ours <= MOST,
        usual="t over blocks, these images alone",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= MOST,
    )


def _family_wise(p: Floats) -> float:
    """Return the share of studies with any claim, p [studies, contrasts]."""
    return float((holm(p) < ALPHA).any(axis=1).mean())
