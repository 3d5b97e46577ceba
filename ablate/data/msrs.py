"""MSRS as published: {train,test}/{ir,vi}/NNNNN{D,N}.png, D by day and N by night."""

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import root_of
from ablate.data.folder_sets import published
from ablate.data.groups import by_number
from ablate.data.pairs import PairSet
from ablate.settings.data import PublishedSplit

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


@DATASETS.register("msrs", settings=PublishedSplit)
def msrs(settings: PublishedSplit) -> PairSet:
    """MSRS layout; train minus blocks of neighbours (val), and the test folder.

    Called MSRS only with the official counts, else MSRS-mini; val is carved from day and night
    alike. Runs of neighbouring numbers are one scene (groups).
    """
    return published(
        root_of(settings.root, "MSRS", "MSRS-mini"),
        settings,
        facts=MSRS,
        rule=by_number,
        kind=lambda stem: stem[-1:] if stem[-1:] in "DN" else "",
    )
