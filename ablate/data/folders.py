"""Any two folders whose images pair by stem, or one folder whose names tell the modality."""

from pathlib import Path

from ablate.data.contract import DATASETS
from ablate.data.folder_pairs import Files, Problem, match_keys, pair_set, pair_up
from ablate.data.layout import flat, sides
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
        infrared: Folder of infrared images; found below root if absent.
        visible: Folder of visible images; found below root if absent.
        root: Folder that holds both (ir/ and vi/, or another usual wording), or images such as
            IR1.jpg and VIS1.jpg, Camp1_IR.png and Camp1_Vis.png.
        test_share: Part that becomes test.
        val_share: Part of the rest that becomes val.
    """
    files, faults = _find(infrared, visible, root)
    train, test = carve(list(files), share=test_share) if files else ((), ())
    rest, val = carve(train, share=val_share) if train else ((), ())
    label = Path(root).name if root else Path(str(infrared)).parent.name
    return pair_set(
        files, faults, label=label or "folders", splits={"train": rest, "val": val, "test": test}
    )


def _find(
    infrared: str | None, visible: str | None, root: str | None
) -> tuple[Files, list[Problem]]:
    if infrared and visible:
        return pair_up(Path(infrared).expanduser(), Path(visible).expanduser())
    if not root:
        raise DataError(
            "data.root: not set; folders need data.root, or data.infrared and data.visible"
        )
    place = Path(root).expanduser()
    if not infrared and not visible and (both := flat(place)):
        return match_keys(both["infrared"], both["visible"], places=(place, place))
    if infrared:
        return pair_up(Path(infrared).expanduser(), sides(place)[1])
    if visible:
        return pair_up(sides(place)[0], Path(visible).expanduser())
    return pair_up(*sides(place))
