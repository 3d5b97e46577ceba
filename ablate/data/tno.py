"""TNO as fusion repositories carry it: {ir,vi}/NN.png, both grey; our split by blocks."""

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


@DATASETS.register("tno", settings=OwnSplit)
def tno(settings: OwnSplit) -> PairSet:
    """TNO layout; test and val are carved in blocks of neighbouring names.

    The literature uses TNO for testing only; its 25 pairs are few to train on.
    """
    both, problems = sides(root_of(settings.root, "TNO"))
    files, more = pair_up(both) if both else ({}, [])
    return divided(files, problems + more, settings, facts=TNO)
