"""RoadScene as published: cropinfrared and crop_LR_visible, flat; our split by blocks."""

from pathlib import Path

from ablate.data.contract import DATASETS
from ablate.data.folder_pairs import pair_set, pair_up, root_of
from ablate.data.pairs import PairSet
from ablate.data.splits import carve
from ablate.errors import DataError


@DATASETS.register("roadscene")
def roadscene(
    *, root: str | None = None, test_list: str | None = None, val_share: float = 0.15
) -> PairSet:
    """RoadScene layout; the last quarter by blocks of neighbours is test.

    Args:
        root: Folder with cropinfrared/ and crop_LR_visible/; else ABLATE_DATA/RoadScene.
        test_list: File with one test stem a line, instead of the blocks.
        val_share: Part of train that becomes val.

    Source:
        Xu et al., U2Fusion, TPAMI 2020; hanna-xu/RoadScene.
    """
    folder = root_of(root, "RoadScene")
    files, faults = pair_up(folder / "cropinfrared", folder / "crop_LR_visible")
    if test_list:
        wanted = Path(test_list).expanduser().read_text(encoding="utf-8").split()
        missing = sorted(set(wanted) - set(files))
        if missing:
            raise DataError(f"{test_list}: {missing[0]} and {len(missing) - 1} more are not there")
        test = tuple(wanted)
        train = tuple(stem for stem in files if stem not in set(wanted))
    else:
        train, test = carve(list(files), share=0.25) if files else ((), ())
    rest, val = carve(train, share=val_share) if train else ((), ())
    return pair_set(
        files, faults, label="RoadScene", splits={"train": rest, "val": val, "test": test}
    )
