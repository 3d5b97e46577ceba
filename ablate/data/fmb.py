"""FMB as published: {train,test}/{Infrared,Visible}/NNNNN.png."""

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import root_of
from ablate.data.folder_sets import published
from ablate.data.groups import by_number
from ablate.data.pairs import PairSet
from ablate.settings.data import PublishedSplit

FMB = FACTS.register("fmb")(
    Facts(
        title="FMB",
        about="full-time road scenes with segmentation labels, 800x600",
        layout="{train,test}/{Infrared,Visible}/NNNNN.png",
        counts={"train": 1220, "test": 280},
        source="Liu et al., SegMiF, ICCV 2023, arXiv 2308.02097; github.com/JinyuanLiu-CV/SegMiF",
        licence="none stated in the repository",
        get="download train.zip and test.zip through the links in github.com/JinyuanLiu-CV/SegMiF",
    )
)


@DATASETS.register("fmb", settings=PublishedSplit)
def fmb(settings: PublishedSplit) -> PairSet:
    """FMB layout; train minus scenes of neighbouring numbers (val), and the test folder."""
    return published(
        root_of(settings.root, "FMB"),
        settings,
        facts=FMB,
        rule=by_number,
    )
