"""MSRS as published: {train,test}/{ir,vi}/NNNNN{D,N}.png, D by day and N by night."""

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import root_of
from ablate.data.folder_sets import published
from ablate.data.pairs import PairSet

MSRS = FACTS.register("msrs")(
    Facts(
        title="MSRS",
        about="road scenes by day and night, 640x480, colour and enhanced infrared",
        layout="{train,test}/{ir,vi}/NNNNN{D,N}.png",
        counts={"train": 1083, "test": 361},
        source="Tang et al., PIAFusion, Information Fusion 2022; github.com/Linfeng-Tang/MSRS",
        licence="none stated; the authors ask to be cited. Derived from MFNet",
        get="ablate data fetch msrs; by hand from github.com/Linfeng-Tang/MSRS",
    )
)


@DATASETS.register("msrs")
def msrs(*, root: str | None = None, splits: str | None = None, val_share: float = 0.15) -> PairSet:
    """MSRS layout; train minus blocks of neighbours (val), and the test folder.

    Called MSRS only with the official counts, else MSRS-mini.

    Args:
        root: Folder with train/ and test/; else ABLATE_DATA/MSRS or ABLATE_DATA/MSRS-mini.
        splits: Split files that go before the folders.
        val_share: Part of train that becomes val, of day and night alike.
    """
    return published(
        root_of(root, "MSRS", "MSRS-mini"),
        facts=MSRS,
        splits=splits,
        val_share=val_share,
        group=lambda stem: stem[-1:] if stem[-1:] in "DN" else "",
    )
