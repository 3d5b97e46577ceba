"""TNO as fusion repositories carry it: {ir,vi}/NN.png, both grey; our split by blocks."""

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import pair_up, root_of
from ablate.data.folder_sets import divided
from ablate.data.layout import sides
from ablate.data.pairs import PairSet

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


@DATASETS.register("tno")
def tno(
    *,
    root: str | None = None,
    splits: str | None = None,
    test_share: float = 0.25,
    val_share: float = 0.15,
) -> PairSet:
    """TNO layout; test and val are carved in blocks of neighbouring names.

    The literature uses TNO for testing only; its 25 pairs are few to train on.

    Args:
        root: Folder with ir/ and vi/; else ABLATE_DATA/TNO.
        splits: Split files instead of the blocks.
        test_share: Part that becomes test.
        val_share: Part of the rest that becomes val.
    """
    both, problems = sides(root_of(root, "TNO"))
    files, more = pair_up(both) if both else ({}, [])
    return divided(
        files,
        problems + more,
        facts=TNO,
        splits=splits,
        test_share=test_share,
        val_share=val_share,
    )
