"""FMB as published: {train,test}/{Infrared,Visible}/NNNNN.png."""

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import root_of
from ablate.data.folder_sets import published
from ablate.data.pairs import PairSet

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


@DATASETS.register("fmb")
def fmb(*, root: str | None = None, splits: str | None = None, val_share: float = 0.15) -> PairSet:
    """FMB layout; train minus blocks of neighbours (val), and the test folder.

    Args:
        root: Folder with train/ and test/; else ABLATE_DATA/FMB.
        splits: Split files that go before the folders.
        val_share: Part of train that becomes val.
    """
    return published(root_of(root, "FMB"), facts=FMB, splits=splits, val_share=val_share)
