"""Any two folders whose images pair by stem."""

from pathlib import Path

from ablate.data.contract import DATASETS
from ablate.data.folder_pairs import pair_set, pair_up
from ablate.data.pairs import PairSet
from ablate.data.splits import carve
from ablate.errors import DataError


@DATASETS.register("folders")
def folders(
    *,
    infrared: str | None = None,
    visible: str | None = None,
    root: str | None = None,
    test_share: float = 0.25,
    val_share: float = 0.15,
) -> PairSet:
    """Two folders; test and val are carved in blocks of neighbouring names.

    Args:
        infrared: Folder of infrared images; root/ir if absent.
        visible: Folder of visible images; root/vi if absent.
        root: Folder that holds ir/ and vi/.
        test_share: Part that becomes test.
        val_share: Part of the rest that becomes val.
    """
    if not root and not (infrared and visible):
        raise DataError("data: folders need data.infrared and data.visible, or data.root")
    one = Path(infrared) if infrared else Path(str(root)) / "ir"
    other = Path(visible) if visible else Path(str(root)) / "vi"
    files, faults = pair_up(one.expanduser(), other.expanduser())
    train, test = carve(list(files), share=test_share) if files else ((), ())
    rest, val = carve(train, share=val_share) if train else ((), ())
    label = one.parent.name or "folders"
    return pair_set(files, faults, label=label, splits={"train": rest, "val": val, "test": test})
