"""Slices of the Whole Brain Atlas as repositories carry them: PET-MRI/{MRI,PET}/CCSSS.png."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import root_of
from ablate.data.folder_sets import divided, gather
from ablate.data.groups import by_number
from ablate.data.layout import arrangement, folders, is_named_for
from ablate.data.pairs import PairSet
from ablate.data.problems import Problem
from ablate.settings.data import OwnSplit, named_sources
from ablate.settings.sources import Sources

HARVARD = FACTS.register("harvard")(
    Facts(
        title="Harvard",
        about="registered slices of brains, 256x256: MRI with PET, SPECT (both in false colours) "
        "or CT; data.sources names the two",
        layout="{PET-MRI,SPECT-MRI,CT-MRI}/{MRI,PET,SPECT,CT}/CCSSS.png, CC the case and SSS the "
        "slice; or one of these folders",
        counts={},
        source="Johnson and Becker, The Whole Brain Atlas (AANLIB), med.harvard.edu/AANLIB",
        licence="see the atlas; none in the repositories that carry copies",
        get="github.com/xianming-gu/Havard-Medical-Image-Fusion-Datasets (269, 357 and 184 pairs); "
        "test_img of github.com/Zhaozixiang1228/MMIF-CDDFuse (without cases)",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvardSettings(OwnSplit):
    """Settings of `harvard`: the two sources are the folders that are read."""

    sources: Sequence[str] = named_sources("MRI", "PET", choices=("CT", "MRI", "PET", "SPECT"))


@DATASETS.register("harvard", settings=HarvardSettings)
def harvard(settings: HarvardSettings) -> PairSet:
    """Harvard layout; test and val are whole patients (groups).

    Neighbouring slices resemble each other, so a split that repositories made slice by slice is not
    followed: what stands in train/ and test/ is taken together.
    """
    root, sources = root_of(settings.root, "Harvard"), Sources(*settings.sources)
    place = _folder(root, sources)
    found, problems = arrangement(place, sources)
    if problems:
        what = f"has no folders with {' and '.join(sources)} images"
        problems = [Problem(file=place, what=what, fix=f"expected {HARVARD.layout}")]
    files, _, more = gather(found, sources)
    return divided(
        files,
        [*problems, *more],
        settings,
        facts=replace(HARVARD, title=f"Harvard {'-'.join(sources)}"),
        folder=root,
        rule=patients,
    )


def patients(stems: Sequence[str]) -> dict[str, str]:
    """Return the patient of every slice: its number without the last three digits.

    Of copies whose slices are numbered through, stretches of neighbouring numbers.

    Example:
        >>> patients(["8045", "25015", "25016"])
        {'8045': 'case 8', '25015': 'case 25', '25016': 'case 25'}
    """
    numbers = [stem.removeprefix("train-").removeprefix("test-") for stem in stems]
    if all(number.isdigit() and len(number) > 3 for number in numbers):
        cases = (f"case {number[:-3]}" for number in numbers)
        return dict(zip(stems, cases, strict=True))
    return by_number(stems)


def _folder(root: Path, sources: Sources) -> Path:
    """Return the folder of this pair of sources: one below the root, or the root itself."""
    both = [
        path for path in folders(root) if all(is_named_for(path.name, source) for source in sources)
    ]
    return both[0] if len(both) == 1 else root
