"""MFIFB and MEFB as published: a folder per scene, with NAME_A and NAME_B in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS, Facts
from ablate.data.folder_pairs import Files, match_keys, root_of
from ablate.data.folder_sets import divided
from ablate.data.groups import Rule
from ablate.data.layout import folders, images
from ablate.data.pairs import PairSet
from ablate.data.problems import Problem
from ablate.settings.data import OwnSplit, named_sources
from ablate.settings.sources import Sources

LETTERS: Final = ("a", "b")
SAME_SCENE: Final = {"tsai_12": "savic_18", "aymaz_20": "aymaz_07"}  # of MFIFB, by its pixels
MFIFB = FACTS.register("mfifb")(
    Facts(
        title="MFIFB",
        about="pairs of photographs focused near and far, colour and grey, 178x134 to 1024x768",
        layout="input/NAME/NAME_{A,B}.*, A focused near and B far in most",
        counts={"all": 105},
        source="Zhang, Deep Learning-based Multi-focus Image Fusion: A Survey and A Comparative "
        "Study, TPAMI 2021, arXiv 2005.01116; github.com/xingchenzhang/MFIFB",
        licence="none stated; the authors ask to be cited, and those of the sets it is made of",
        get="github.com/xingchenzhang/MFIFB",
    )
)
MEFB = FACTS.register("mefb")(
    Facts(
        title="MEFB",
        about="pairs of photographs exposed too short and too long, colour, 226x341 to 1200x809",
        layout="input/NAME/NAME_{A,B}.*, A the darker one",
        counts={"all": 100},
        source="Zhang, Benchmarking and comparing multi-exposure image fusion algorithms, "
        "Information Fusion 2021; github.com/xingchenzhang/MEFB",
        licence="none stated; the authors ask to be cited, and those of the sets it is made of",
        get="github.com/xingchenzhang/MEFB",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MfifbSettings(OwnSplit):
    """Settings of `mfifb`."""

    sources: Sequence[str] = named_sources("near", "far")


@dataclass(frozen=True, slots=True, kw_only=True)
class MefbSettings(OwnSplit):
    """Settings of `mefb`."""

    sources: Sequence[str] = named_sources("under", "over")


@DATASETS.register("mfifb", settings=MfifbSettings)
def mfifb(settings: MfifbSettings) -> PairSet:
    """MFIFB layout; test and val are carved in blocks; scenes that are there twice are one.

    A is called near: it is focused near in most of the pairs, not in all.
    """
    root = root_of(settings.root, "MFIFB")
    return _set(root, settings, facts=MFIFB, letters=("near", "far"), rule=of_two_names)


@DATASETS.register("mefb", settings=MefbSettings)
def mefb(settings: MefbSettings) -> PairSet:
    """MEFB layout; test and val are carved in blocks, every scene stands for itself."""
    return _set(root_of(settings.root, "MEFB"), settings, facts=MEFB, letters=("under", "over"))


def of_two_names(stems: Sequence[str]) -> dict[str, str]:
    """Return the scene of every pair of MFIFB: its name, but for those with two names."""
    return {stem: SAME_SCENE.get(stem, stem) for stem in stems}


def _set(
    root: Path,
    settings: OwnSplit,
    *,
    facts: Facts,
    letters: tuple[str, str],
    rule: Rule | None = None,
) -> PairSet:
    """Return the set; `letters` are the sources that A and B stand for."""
    sources = Sources(*settings.sources)
    inner = root / "input"
    order = [LETTERS[letters.index(name)] for name in sources]
    files, problems = scenes(inner if inner.is_dir() else root, order, layout=facts.layout)
    return divided(files, problems, settings, facts=facts, folder=root, rule=rule)


def scenes(root: Path, order: Sequence[str], *, layout: str) -> tuple[Files, list[Problem]]:
    """Return the pairs by name of their folder, and every problem.

    Args:
        root: Holds a folder per scene; other files in those are left alone.
        order: The letters, in lower case, that names of first and second sources end with.
        layout: What is expected, for the message where there is nothing.
    """
    sides: list[dict[str, Path]] = [{}, {}]
    problems: list[Problem] = []
    for folder in folders(root):
        for side, letter in zip(sides, order, strict=True):
            found = [path for path in images(folder) if path.stem.lower().endswith(f"_{letter}")]
            if len(found) == 1:
                side[folder.name] = found[0]
            elif found:
                names = " and ".join(path.name for path in found)
                problems.append(Problem(file=folder, what=f"has {names}", fix="keep one of them"))
    if not any(sides):
        what = "no folder of a scene in it has images that end with _A and _B"
        return {}, [*problems, Problem(file=root, what=what, fix=f"expected {layout}")]
    files, more = match_keys(sides[0], sides[1], places=(root, root))
    return files, problems + more
