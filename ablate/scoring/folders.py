"""Which images are scored: sources paired by stem, and the fused images of each method."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Names
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from ablate.data import decode
from ablate.data.folder_pairs import Files, pair_up
from ablate.data.layout import images
from ablate.data.modalities import Suspicions
from ablate.data.problems import Problem, in_lines
from ablate.data.scaling import Scaling, scalings
from ablate.errors import ConfigError, DataError
from ablate.settings.sources import INFRARED_VISIBLE, Sources
from ablate.training.trivial_baselines import rules_over

NAMED: Final = 5  # stems that a note lists before it only counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The images to score.

    Args:
        sources: The files of both sources by stem, those with a fused image only.
        methods: Fused file by stem, for each method by its name.
        notes: What was left out, one line each.
        scalings: What becomes of more than 8 bits in the files of either source.
        names: What the two sources are called.
    """

    sources: Files
    methods: Mapping[str, Mapping[str, Path]]
    notes: tuple[str, ...]
    scalings: tuple[Scaling, Scaling] = (Scaling(), Scaling())
    names: Sources = INFRARED_VISIBLE


def gather(
    *,
    infrared: Path,
    visible: Path,
    fused: Sequence[str],
    names: Sources = INFRARED_VISIBLE,
    scaling: str = decode.HIGH_BYTE,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Collection:
    """Return the images to score, every one of them decoded once.

    A fused image without sources, and a pair of sources without a fused image, is noted and left
    out. What only looks wrong with the sources is noted (see `ablate.data.modalities`). Anything
    wrong with an image that is needed is fatal.

    Args:
        infrared: Folder of the first source.
        visible: Folder of the second.
        fused: Folders of fused images, each as FOLDER or NAME=FOLDER.
        names: What the two sources are called.
        scaling: What becomes of sources of more than 8 bits (`ablate.data.scaling`).
        step: Called with how many of how many files are checked.

    Raises:
        ConfigError: Method names cannot be distinguished.
        DataError: Every problem of every folder and file together, one line each.
    """
    folders = named_folders(fused, names)
    pairs, of_sources = pair_up((infrared, visible), names)
    methods: dict[str, dict[str, Path]] = {}
    problems: list[Problem] = []
    for name, folder in list(folders.items()):
        files, faults = by_stem(folder)
        problems += faults
        for method, some in _methods_in(
            name, _as_sources(files, pairs), pairs, {*methods, *rules_over(names)}
        ).items():
            methods[method], folders[method] = some, folder
    wanted = {stem for files in methods.values() for stem in files}
    problems += [fault for fault in of_sources if not _is_idle(fault, wanted)]
    broken = {fault.file.stem for fault in of_sources}
    notes = _notes(methods, {stem for stem in pairs if stem not in broken}, broken)
    methods = {
        name: {stem: path for stem, path in files.items() if stem in pairs}
        for name, files in methods.items()
    }
    for name, files in methods.items():
        if pairs and not files and folders[name] not in {fault.file for fault in problems}:
            what = f"no image has the name of a source ({next(iter(pairs.values()))[0].name})"
            problems.append(Problem(file=folders[name], what=what, fix="rename them alike"))
    sources = {
        stem: pairs[stem] for stem in pairs if any(stem in files for files in methods.values())
    }
    known = {fault.file for fault in problems}
    suspicions = Suspicions(sources=names)
    made = Collection(
        sources=sources,
        methods=methods,
        notes=(),
        scalings=scalings(scaling, sources.values()),
        names=names,
    )
    problems += _decoded(made, known=known, step=step, suspicions=suspicions)
    if problems:
        raise DataError("\n".join(in_lines(problems)))
    notes += [str(problem) for problem in suspicions.problems()]
    notes += [
        f"{side}: {one.range} become 0 to 255 ({scaling})"
        for side, one in zip(names, made.scalings, strict=True)
        if one.range
    ]
    return replace(made, notes=tuple(notes))


def _as_sources(files: Mapping[str, Path], pairs: Files) -> dict[str, Path]:
    """Return fused files under the names of the sources, however their letters are composed."""
    known = {normalize("NFC", stem): stem for stem in pairs}
    return {
        stem if stem in pairs else known.get(normalize("NFC", stem), stem): path
        for stem, path in files.items()
    }


def _methods_in(
    name: str, files: dict[str, Path], pairs: Files, taken: Names[str]
) -> dict[str, dict[str, Path]]:
    """Return the methods of a folder: several where its files are called SOURCE_METHOD.

    Args:
        name: Of the folder; stands before methods whose names are taken.
        files: By stem.
        pairs: The sources.
        taken: Methods of other folders, and trivial baselines.
    """
    if not pairs or set(files) & set(pairs):
        return {name: files}
    longest = sorted(pairs, key=len, reverse=True)
    found: dict[str, dict[str, Path]] = {}
    for stem, path in files.items():
        source = next((one for one in longest if stem.startswith((f"{one}_", f"{one}-"))), None)
        if source is None or len(stem) == len(source) + 1:
            return {name: files}
        found.setdefault(stem[len(source) + 1 :], {})[source] = path
    return {f"{name}/{one}" if one in taken else one: some for one, some in found.items()}


def named_folders(fused: Sequence[str], sources: Sources = INFRARED_VISIBLE) -> dict[str, Path]:
    """Return folder by method name; without a name, a method is called as its folder.

    Raises:
        ConfigError: A name is empty, is given twice, or is that of a trivial baseline.

    Example:
        >>> named_folders(["ours=out/run=7", "/data/CDDFuse"])
        {'ours': PosixPath('out/run=7'), 'CDDFuse': PosixPath('/data/CDDFuse')}
    """
    found: dict[str, Path] = {}
    faults: list[str] = []
    rules = rules_over(sources)
    for text in fused:
        name, sign, place = text.partition("=")
        if not sign or "/" in name or Path(text).is_dir():
            name, place = Path(text).resolve().name, text
        if not name or not place:
            faults.append(f"--fused {text}: needs a name and a folder; write NAME=FOLDER")
        elif name in rules:
            what = f"{name!r} is a trivial baseline of the table"
            faults.append(f"--fused {text}: {what}; write NAME=FOLDER")
        elif name in found:
            faults.append(f"--fused {text}: a second method {name!r}; write NAME=FOLDER")
        found[name] = Path(place).expanduser()
    if faults:
        raise ConfigError(*faults)
    return found


def by_stem(folder: Path) -> tuple[dict[str, Path], list[Problem]]:
    """Return the images of a folder by stem, and what is wrong with the folder."""
    if not folder.is_dir():
        return {}, [Problem(file=folder, what="no such folder", fix="check the path")]
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    for path in images(folder):
        if path.stem in found:
            what = f"same stem as {found[path.stem].name}"
            problems.append(Problem(file=path, what=what, fix="remove one"))
        found[path.stem] = path
    if not found:
        problems.append(Problem(file=folder, what="has no images", fix="check the path"))
    return found, problems


def _is_idle(fault: Problem, wanted: set[str]) -> bool:
    """Return whether a fault of the sources concerns an image that nobody asked to score."""
    return fault.file.is_file() and fault.file.stem not in wanted


def _notes(
    methods: Mapping[str, Mapping[str, Path]], pairs: set[str], broken: set[str]
) -> list[str]:
    notes: list[str] = []
    wanted = {stem for files in methods.values() for stem in files}
    if idle := sorted(broken - wanted):
        notes.append(f"sources: {counted(idle, 'faulty image')} without a fused one, left out")
    for name, files in methods.items():
        if files and (missing := sorted(pairs - set(files))):
            notes.append(f"{name}: no fused image for {counted(missing, 'pair')}")
        if extra := sorted(set(files) - pairs - broken):
            notes.append(f"{name}: {counted(extra, 'image')} without sources, left out")
    return notes


def counted(stems: Sequence[str], noun: str) -> str:
    """Return how many there are, and the first of them.

    Example:
        >>> counted(["01", "02"], "pair")
        '2 pairs (01, 02)'
    """
    some = ", ".join(stems[:NAMED]) + (", ..." if len(stems) > NAMED else "")
    return f"{len(stems)} {noun}{'' if len(stems) == 1 else 's'} ({some})"


def _decoded(
    made: Collection,
    *,
    known: set[Path],
    step: Callable[[int, int], None],
    suspicions: Suspicions,
) -> list[Problem]:
    """Return what is wrong with the images, each of them decoded; suspicions get every pair."""
    sources, methods = made.sources, made.methods
    levels = {
        path: scaling.levels
        for pair in sources.values()
        for path, scaling in zip(pair, made.scalings, strict=True)
    }
    problems: list[Problem] = []
    sizes: dict[Path, tuple[int, int]] = {}
    first: tuple[Path, tuple[NDArray[np.uint8], decode.Colour]] | None = None
    partners = dict(sources.values())
    fused = [path for files in methods.values() for path in files.values()]
    paths = [*(path for pair in sources.values() for path in pair), *fused]
    for done, path in enumerate(paths, start=1):
        try:
            if path not in known:
                image = decode.grey_and_colour(path, levels=levels.get(path, decode.high_byte))
                height, width = image[0].shape
                sizes[path] = height, width
                if path in partners:
                    first = path, image
                elif first and partners[first[0]] == path and first[1][0].shape == (height, width):
                    suspicions.add((first[0], path), infrared=first[1], visible=image)
        except DataError as error:
            problems.append(Problem.of(path, error))
        step(done, len(paths))
    whole = [stem for stem, pair in sources.items() if not known & set(pair)]
    for stem in whole:
        size = next((sizes[path] for path in sources[stem] if path in sizes), None)
        for path in (files[stem] for files in methods.values() if stem in files):
            if size and (one := size_problem(path, sizes.get(path, size), size)):
                problems.append(one)
    return problems


def size_problem(path: Path, size: tuple[int, int], of_sources: tuple[int, int]) -> Problem | None:
    """Return what is wrong with a fused image whose size is not that of its sources.

    Args:
        path: The fused image.
        size: Its height and width in pixels.
        of_sources: Those of its sources.
    """
    if size == of_sources:
        return None
    (h1, w1), (h2, w2) = size, of_sources
    what = f"is {w1}x{h1}, its sources {w2}x{h2}"
    return Problem(file=path, what=what, fix="save fused images at the size of the sources")
