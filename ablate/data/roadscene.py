"""RoadScene as published: cropinfrared and crop_LR_visible, flat; our split by blocks."""

from collections.abc import Sequence

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import pair_up, root_of
from ablate.data.folder_sets import divided
from ablate.data.groups import by_number
from ablate.data.pairs import PairSet
from ablate.settings.data import OwnSplit

ROADSCENE = FACTS.register("roadscene")(
    Facts(
        title="RoadScene",
        about="frames of FLIR's driving video, all sizes differ",
        layout="{cropinfrared,crop_LR_visible}/FLIR_NNNNN.jpg",
        counts={"all": 221},
        source="Xu et al., AAAI 2020 and TPAMI 2020 (U2Fusion); github.com/hanna-xu/RoadScene",
        licence="none stated; the authors ask to be cited. Cut from FLIR's driving video",
        get="ablate data fetch roadscene; by hand from github.com/hanna-xu/RoadScene",
    )
)


@DATASETS.register("roadscene", settings=OwnSplit)
def roadscene(settings: OwnSplit) -> PairSet:
    """RoadScene layout; test and val are carved in stretches of the video (groups).

    Frames with numbers up to 100 apart are one stretch, which spans 300 numbers at most.
    Only these two folders are aligned: crop_HR_visible has another size, infrared is uncropped.
    """
    folder = root_of(settings.root, "RoadScene")
    files, problems = pair_up((folder / "cropinfrared", folder / "crop_LR_visible"))
    return divided(
        files,
        problems,
        settings,
        facts=ROADSCENE,
        folder=folder,
        rule=by_stretch,
    )


def by_stretch(stems: Sequence[str]) -> dict[str, str]:
    """Return stem -> stretch of the video that the frame is from."""
    return by_number(stems, gap=100, longest=300)
