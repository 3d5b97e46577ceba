"""References of a study: fused images of others, or released weights, scored as its runs are."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ablate import models
from ablate.config.schema import Reference, StudyConfig
from ablate.config.settings import absent_sections, task_of
from ablate.data import decode
from ablate.data.items import Examples
from ablate.data.manifest import file_hash
from ablate.data.pairs import Pair, PairSet
from ablate.data.problems import Problem, in_lines
from ablate.errors import ConfigError, DataError
from ablate.identity import digest
from ablate.published import ReferenceFacts
from ablate.scoring.folders import NAMED, by_stem, size_problem
from ablate.training.checkpoints import read_weights
from ablate.training.scoring import Row, image_tensor, to_uint8
from ablate.training.trivial_baselines import score_methods

REFIT: Final = "set model to the settings that they were trained with"


def left_out(config: StudyConfig) -> str:
    """Return why the references of a study are not scored, "" where they are or there are none."""
    if not config.references:
        return ""
    if "data" in absent_sections(task := task_of(config.base)):
        return f"the task {task} fuses no images"
    if config.base.get("model", {}).get("name") == "probe":
        return "the probe optimises crops and fuses no whole image; choose a network"
    return ""


def check(config: StudyConfig, examples: Examples) -> None:
    """Decode every image, compare sizes, and fit every file of weights to its network.

    Nothing is looked at where the study scores no references.

    Raises:
        DataError: Every problem of every reference, one line each: an absent folder, a test pair
            without an image, an image of another size or broken, weights that do not fit.
    """
    pairs = _pairs(config, examples)
    problems = [
        problem
        for name, reference in (config.references if pairs else {}).items()
        for problem in (
            _image_problems(_path(reference.folder), pairs)
            if reference.folder is not None
            else _weight_problems(name, reference)
        )
    ]
    if problems:
        raise DataError("\n".join(in_lines(problems)))


def score(config: StudyConfig, examples: Examples) -> dict[str, list[Row]]:
    """Return test rows by reference, under the study's metrics and protocol; see `check`."""
    pairs = _pairs(config, examples)
    if not pairs:
        return {}
    check(config, examples)
    return _scored(config.references, pairs, settings=config.base)


def score_on(config: StudyConfig, pairs: PairSet, *, name: str) -> dict[str, list[Row]]:
    """Return the same rows on a further test set: of weights, and of folders with one of its name.

    Args:
        config: The study.
        pairs: Of the set.
        name: Of the set; the images of a folder FOLDER for it lie in FOLDER/NAME.
    """
    if left_out(config):
        return {}
    return _scored(_on(config, name), pairs.pairs("test"), settings=config.base)


def faults_on(config: StudyConfig, pairs: PairSet, *, name: str) -> list[str]:
    """Return what is wrong with the images that references have for a set; as of `score_on`."""
    folders = [one.folder for one in _on(config, name).values() if one.folder is not None]
    found = [_image_problems(_path(one), pairs.pairs("test")) for one in folders]
    return [str(problem) for problems in found for problem in problems]


def _on(config: StudyConfig, name: str) -> dict[str, Reference]:
    """Return the references that can be scored on a further set."""
    found = {}
    for key, one in config.references.items():
        if one.folder is None:
            found[key] = one
        elif (place := _path(one.folder) / name).is_dir():
            found[key] = replace(one, folder=str(place))
    return found


def _scored(
    references: Mapping[str, Reference], pairs: Sequence[Pair], *, settings: Mapping[str, Any]
) -> dict[str, list[Row]]:
    if not references:
        return {}
    sources = {name: _fuser(reference) for name, reference in references.items()}
    return score_methods(
        pairs,
        lambda pair: {name: fuse(pair) for name, fuse in sources.items()},
        settings=settings,
    )


def facts(config: StudyConfig, examples: Examples) -> tuple[ReferenceFacts, ...]:
    """Return name, kind and content hash of every scored reference; no paths."""
    pairs = _pairs(config, examples)
    return tuple(_facts(name, one, pairs) for name, one in config.references.items() if pairs)


def _facts(name: str, reference: Reference, pairs: tuple[Pair, ...]) -> ReferenceFacts:
    if reference.folder is None:
        found = file_hash(_path(reference.weights))[:12]
        return ReferenceFacts(name=name, kind="weights", hash=found, model=dict(reference.model))
    files, _ = by_stem(_path(reference.folder))
    hashes = {pair.stem: file_hash(files[pair.stem]) for pair in pairs}
    return ReferenceFacts(name=name, kind="images", hash=digest(hashes), images=len(hashes))


def _pairs(config: StudyConfig, examples: Examples) -> tuple[Pair, ...]:
    """Return what references are scored on; nothing where the study scores none."""
    if not config.references or left_out(config) or not isinstance(examples, PairSet):
        return ()
    return examples.pairs("test")


def _path(text: str | None) -> Path:
    return Path(str(text)).expanduser()


def _image_problems(folder: Path, pairs: tuple[Pair, ...]) -> list[Problem]:
    files, problems = by_stem(folder)
    wanted = {pair.stem: pair for pair in pairs}
    problems = [one for one in problems if one.file == folder or one.file.stem in wanted]
    if files and not files.keys() & wanted.keys():
        some = ", ".join(list(wanted)[:NAMED])
        what = (
            f"no image has the name of a test pair ({some}{', ...' if len(wanted) > NAMED else ''})"
        )
        return [*problems, Problem(file=folder, what=what, fix="rename them alike")]
    for stem, pair in wanted.items() if files else ():
        path = files.get(stem)
        if path is None:
            what = f"has no image for the test pair {stem}"
            problems.append(Problem(file=folder, what=what, fix="add it"))
            continue
        try:
            height, width = decode.grey(path).shape
        except DataError as error:
            problems.append(Problem.of(path, error))
            continue
        if other := size_problem(path, (height, width), pair.infrared.shape[:2]):
            problems.append(other)
    return problems


def _weight_problems(name: str, reference: Reference) -> list[Problem]:
    """Return why a file of weights cannot be used: at most one problem."""
    path = _path(reference.weights)
    if not path.is_file():
        return [Problem(file=path, what="no such file", fix="check the path")]
    try:
        wanted = {key: list(one.shape) for key, one in _built(reference).state_dict().items()}
        with safe_open(path, framework="pt") as file:
            names = file.keys()  # the file itself cannot be iterated over
            held = {key: list(file.get_slice(key).get_shape()) for key in names}
    except ConfigError as error:
        return [Problem(file=path, what=f"references.{name}: {error}", fix=REFIT)]
    except (SafetensorError, OSError) as error:
        what = f"no safetensors file ({' '.join(str(error).split())[:100]})"
        return [Problem(file=path, what=what, fix="export the weights anew")]
    apart = [f"lacks {key}" for key in wanted if key not in held]
    apart += [f"{key} is not in the network" for key in held if key not in wanted]
    apart += [
        f"{key} is {held[key]}, in the network {wanted[key]}"
        for key in wanted
        if key in held and held[key] != wanted[key]
    ]
    if not apart:
        return []
    more = f", and {len(apart) - 1} more" if apart[1:] else ""
    network = f"{reference.model['name']} of references.{name}"
    what = f"weights do not fit the network {network}: {apart[0]}{more}"
    return [Problem(file=path, what=what, fix=REFIT)]


def _built(reference: Reference) -> nn.Module:
    model: nn.Module = models.build(dict(reference.model))
    return model


def _fuser(reference: Reference) -> Callable[[Pair], Tensor]:
    """Return what gives the fused image of a pair, uint8 (1, 1, height, width), on the CPU."""
    if reference.folder is not None:
        files, _ = by_stem(_path(reference.folder))
        return functools.partial(_read, files)
    network = _built(reference)
    read_weights(network, _path(reference.weights))
    return functools.partial(_fused, network.eval())


def _read(files: Mapping[str, Path], pair: Pair) -> Tensor:
    return torch.tensor(decode.grey(files[pair.stem]))[None, None]


@torch.no_grad()
def _fused(network: nn.Module, pair: Pair) -> Tensor:
    cpu = torch.device("cpu")
    fused = network(
        infrared=image_tensor(pair.infrared, cpu), visible=image_tensor(pair.visible, cpu)
    )
    if not bool(torch.isfinite(fused).all()):
        raise DataError(f"{pair.stem}: a reference's fused image is not finite; check its weights")
    return to_uint8(fused)
