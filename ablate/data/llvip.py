"""LLVIP as published: {infrared,visible}/{train,test}/NNNNNN.jpg."""

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import root_of
from ablate.data.folder_sets import published
from ablate.data.groups import by_pattern
from ablate.data.pairs import PairSet
from ablate.settings.data import PublishedSplit

LLVIP = FACTS.register("llvip")(
    Facts(
        title="LLVIP",
        about="pedestrians in streets at night from fixed cameras, 1280x1024",
        layout="{infrared,visible}/{train,test}/NNNNNN.jpg",
        counts={"train": 12025, "test": 3463},
        source="Jia et al., ICCV workshops 2021, arXiv 2108.10831; github.com/bupt-ai-cz/LLVIP",
        licence="own terms: non-commercial use, no redistribution, cite (LLVIP terms of use)",
        get="through the links in github.com/bupt-ai-cz/LLVIP/blob/main/download_dataset.md",
    )
)


@DATASETS.register("llvip", settings=PublishedSplit)
def llvip(settings: PublishedSplit) -> PairSet:
    """LLVIP layout; train minus whole scenes (val), and the test folder.

    The first two digits of a name are the camera, whose images show one scene.
    """
    return published(
        root_of(settings.root, "LLVIP"),
        settings,
        facts=LLVIP,
        rule=lambda stems: by_pattern(stems, pattern=r"(?:train-|test-)?(\d\d|.+)"),
    )
