"""TNO as fusion repositories carry it: {ir,vi}/NN.png, both grey; our split by blocks."""

from ablate.data.contract import DATASETS
from ablate.data.folder_pairs import pair_set, pair_up, root_of
from ablate.data.layout import sides
from ablate.data.pairs import PairSet
from ablate.data.splits import carve


@DATASETS.register("tno")
def tno(*, root: str | None = None, test_share: float = 0.25, val_share: float = 0.15) -> PairSet:
    """TNO layout; test and val are carved in blocks of neighbouring names.

    The literature uses TNO for testing only; its 25 pairs are few to train on.

    Args:
        root: Folder with ir/ and vi/; else ABLATE_DATA/TNO.
        test_share: Part that becomes test.
        val_share: Part of the rest that becomes val.

    Source:
        Toet, TNO Image Fusion Dataset, figshare 1008029; the 25 pairs of CDDFuse.
    """
    files, faults = pair_up(*sides(root_of(root, "TNO")))
    train, test = carve(list(files), share=test_share) if files else ((), ())
    rest, val = carve(train, share=val_share) if train else ((), ())
    return pair_set(files, faults, label="TNO", splits={"train": rest, "val": val, "test": test})
