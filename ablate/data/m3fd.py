"""M3FD as published: {Ir,Vis}/NNNNN.png, no split of its own; ours by blocks."""

from dataclasses import replace

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import pair_up, root_of
from ablate.data.folder_sets import divided
from ablate.data.groups import by_number
from ablate.data.layout import sides
from ablate.data.pairs import PairSet
from ablate.settings.data import OwnSplit

M3FD = FACTS.register("m3fd")(
    Facts(
        title="M3FD",
        about="campus, resort and road scenes, mostly 1024x768; 4200 pairs for detection and "
        "fusion (M3FD_Detection), 300 of other scenes for fusion (M3FD_Fusion)",
        layout="{Ir,Vis}/NNNNN.png",
        counts={"all": 4200},
        source="Liu et al., TarDAL, CVPR 2022, arXiv 2203.16220; github.com/JinyuanLiu-CV/TarDAL",
        licence="none stated for the images",
        get="through the links in github.com/JinyuanLiu-CV/TarDAL",
    )
)
FUSION = replace(M3FD, title="M3FD-Fusion", counts={"all": 300})


@DATASETS.register("m3fd", settings=OwnSplit)
def m3fd(settings: OwnSplit) -> PairSet:
    """M3FD layout; test and val are carved in stretches of neighbouring numbers (groups).

    Called M3FD with 4200 pairs, M3FD-Fusion with 300, else M3FD-mini.
    """
    root = root_of(settings.root, "M3FD", "M3FD_Fusion", "M3FD_Detection")
    both, problems = sides(root)
    files, more = pair_up(both) if both else ({}, [])
    facts = FUSION if len(files) == 300 else M3FD
    return divided(
        files,
        problems + more,
        settings,
        facts=facts,
        folder=root,
        rule=by_number,
    )
