"""TNO as fusion repositories carry it: {ir,vi}/NN.png, both grey; our split by blocks."""

from collections.abc import Sequence

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import pair_up, root_of
from ablate.data.folder_sets import divided
from ablate.data.layout import sides
from ablate.data.pairs import PairSet
from ablate.settings.data import OwnSplit

TNO = FACTS.register("tno")(
    Facts(
        title="TNO",
        about="military and surveillance scenes, both modalities grey; papers use selections, "
        "CDDFuse 25 pairs",
        layout="{ir,vi}/NN.png",
        counts={},
        source="Toet, TNO Image Fusion Dataset, figshare 1008029; the 25 pairs of CDDFuse",
        licence="see figshare 1008029; none in the repositories that carry copies",
        get="ablate data fetch tno; by hand: test_img/TNO of "
        "github.com/Zhaozixiang1228/MMIF-CDDFuse",
    )
)
SAME_PLACE = ("01 22", "02 23", "03 04", "12 13 15")  # of the 25 pairs, by looking at them


@DATASETS.register("tno", settings=OwnSplit)
def tno(settings: OwnSplit) -> PairSet:
    """TNO layout; test and val are carved from whole scenes (groups).

    The literature uses TNO for testing only; its 25 pairs are few to train on.
    """
    root = root_of(settings.root, "TNO")
    both, problems = sides(root)
    files, more = pair_up(both) if both else ({}, [])
    return divided(files, problems + more, settings, facts=TNO, folder=root, rule=scenes)


def scenes(stems: Sequence[str]) -> dict[str, str]:
    """Return the scene of every pair: several of CDDFuse's 25 show one place."""
    known = {stem: f"TNO-{stems.split()[0]}" for stems in SAME_PLACE for stem in stems.split()}
    is_that_selection = set(stems) == {f"{number:02d}" for number in range(1, 26)}
    return {stem: known.get(stem, stem) if is_that_selection else stem for stem in stems}
