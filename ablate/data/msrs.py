"""MSRS as published: {train,test}/{ir,vi}/NNNNN{D,N}.png."""

from ablate.data.contract import DATASETS
from ablate.data.folder_pairs import pair_set, pair_up, root_of
from ablate.data.pairs import PairSet
from ablate.data.splits import carve

OFFICIAL = {"train": 1083, "test": 361}


@DATASETS.register("msrs")
def msrs(*, root: str | None = None, val_share: float = 0.15) -> PairSet:
    """MSRS layout; train minus blocks of neighbours (val), and the test folder.

    Called MSRS only with the official counts, else MSRS-mini.

    Args:
        root: Folder with train/ and test/; else ABLATE_DATA/MSRS or ABLATE_DATA/MSRS-mini.
        val_share: Part of train that becomes val.

    Source:
        Tang et al., PIAFusion, Information Fusion 2022; Linfeng-Tang/MSRS.
    """
    folder = root_of(root, "MSRS", "MSRS-mini")
    train, faults = pair_up(folder / "train" / "ir", folder / "train" / "vi")
    test, more = pair_up(folder / "test" / "ir", folder / "test" / "vi")
    for stem in sorted(set(train) & set(test)):
        more.append((test[stem][0], "also stands in train", "remove one"))
    is_official = {"train": len(train), "test": len(test)} == OFFICIAL
    # day and night are carved apart, so that val has both
    rest: list[str] = []
    val: list[str] = []
    for light in ("D", "N", ""):
        some = [s for s in train if (s[-1:] if s[-1:] in "DN" else "") == light]
        if some:
            kept, part = carve(some, share=val_share)
            rest += kept
            val += part
    return pair_set(
        train | test,
        [*faults, *more],
        label="MSRS" if is_official else "MSRS-mini",
        splits={"train": tuple(rest), "val": tuple(val), "test": tuple(test)},
    )
