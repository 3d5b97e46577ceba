"""Any two folders whose images pair by stem, or one folder whose names tell the source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import Files, match_keys, pair_up
from ablate.data.folder_sets import divided, gather
from ablate.data.layout import arrangement, flat, sides
from ablate.data.pairs import PairSet
from ablate.data.problems import Problem
from ablate.errors import DataError
from ablate.homes import expanded
from ablate.settings.data import OwnSplit, named_sources
from ablate.settings.setting import field
from ablate.settings.sources import INFRARED_VISIBLE, Sources

FOLDERS = FACTS.register("folders")(
    Facts(
        title="folders",
        about="your own pairs: equal names in two folders, or one folder whose names tell the "
        "source; data.sources says what the two are called",
        layout="{ir,vi}/NAME.png, with train and test in either order, or IR1.png beside VIS1.png",
        counts={},
        source="yours",
        licence="yours",
        get="data.root=FOLDER, or data.infrared=FOLDER data.visible=FOLDER; other sources: "
        "data.root=FOLDER 'data.sources=[NAME, NAME]' with a folder of each name",
    )
)
Named = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSettings(OwnSplit):
    """Settings of `folders`: its root holds both sources, or infrared and visible name them."""

    sources: Sequence[str] = named_sources(*INFRARED_VISIBLE, choices=())
    infrared: str | None = field(
        "text",
        None,
        may_be_null=True,
        may_be_absent=True,
        meaning="Folder of infrared images; null: found below root.",
    )
    visible: str | None = field(
        "text",
        None,
        may_be_null=True,
        may_be_absent=True,
        meaning="Folder of visible images; null: found below root.",
    )


@DATASETS.register("folders", settings=FolderSettings)
def folders(settings: FolderSettings) -> PairSet:
    """Pairs of two folders; splits are those of files or folders, else blocks of neighbours.

    A file groups.csv (columns name and group) beside them says which images show one scene.

    The root holds both sources (ir/ and vi/, or another usual wording), with train/ and test/
    above or below them where there are such; or images such as IR1.jpg and VIS1.jpg, Camp1_IR.png
    and Camp1_Vis.png.

    Raises:
        DataError: No folder is given.
    """
    infrared, root = settings.infrared, settings.root
    sources = Sources(*settings.sources)
    if not sources.are_usual and (infrared or settings.visible):
        key = "infrared" if infrared else "visible"
        raise DataError(
            f"data.{key}: the sources are {' and '.join(sources)}; give data.root, with a folder "
            "of each"
        )
    files, named, problems = _find(infrared, settings.visible, root, sources)
    label = Path(root).name if root else Path(str(infrared)).parent.name
    facts = replace(FOLDERS, title=label or "folders")
    folder = expanded(root or str(infrared))
    return divided(files, problems, settings, facts=facts, folder=folder, named=named)


def _find(
    infrared: str | None, visible: str | None, root: str | None, sources: Sources
) -> tuple[Files, Named, list[Problem]]:
    if not root and not (infrared and visible):
        instead = ", or data.infrared and data.visible" if sources.are_usual else ""
        raise DataError(f"data.root: not set; folders need data.root{instead}")
    if infrared or visible:
        given = [expanded(folder) if folder else None for folder in (infrared, visible)]
        both, problems = (None, []) if all(given) else sides(expanded(str(root)))
        one, other = (folder or (both and both[k]) for k, folder in enumerate(given))
        if not one or not other:
            return {}, {}, problems
        files, more = pair_up((one, other))
        return files, {}, more
    place = expanded(str(root))
    if by_name := flat(place, sources):
        found_sides, problems = by_name
        first, second = (found_sides[name] for name in sources)
        files, more = match_keys(first, second, places=(place, place))
        return files, {}, problems + more
    found, problems = arrangement(place, sources)
    files, named, more = gather(found, sources)
    return files, named if {"train", "test"} <= set(named) else {}, problems + more
