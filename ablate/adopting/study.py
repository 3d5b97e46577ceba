"""The study file of a repository that was read: what is known as settings, the rest as comments."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from ablate.adopting.dimensions import MOST_FACTORS, Varied, identifier
from ablate.adopting.found import Found
from ablate.adopting.given import curves, folders_of, said, saved, suffix, taken
from ablate.adopting.roles import VARIED
from ablate.adopting.setting import Setting
from ablate.settings.command import Place

WIDTH: Final = 110  # of a line of the file
MOST_LISTED: Final = 20  # settings in one comment
FUSES: Final = "fuse.py"  # stands in the file where no script fuses


def study(found: Found, *, repo: str, name: str) -> str:
    """Return the text of a study file.

    Args:
        found: What was read.
        repo: The folder as the study names it.
        name: Of the study.
    """
    dimensions = found.varied
    factors = [one for one in dimensions if one.values][:MOST_FACTORS]
    lines = [
        "# @package _global_",
        f"# Written by `ablate adopt {repo}` from the source, which was not run.",
        "# Read it: EDIT marks what the source does not say. Then try it: what starts, what has no",
        f"# effect: ablate check {name}",
        f"title: {_text(f'Loss weights of {PurePosixPath(repo).name}')}",
        *_space(dimensions),
        *_questions(factors),
        "nuisance: {learning_rate: fixed}",
        "phases:",
        f"  compare: {{design: {'one_factor' if factors else 'baseline_only'}, seeds: 2}}",
        "base:",
        "  # EDIT: your pairs, such as {name: folders, infrared: DIR, visible: DIR} (docs/data.md)",
        "  data: {name: synthetic, size: [96, 96], pairs: {train: 8, val: 2, test: 4}}",
        *_task(found, repo),
        *_left(found),
    ]
    return "\n".join(lines) + "\n"


def _space(dimensions: Sequence[Varied]) -> Iterator[str]:
    if not dimensions:
        yield "# EDIT: no loss weight and no learning rate was recognised; add dimensions here"
        return
    yield "space:"
    yield "  dimensions:"
    for one in dimensions:
        entries = {"path": f"task.values.{one.name}", **one.spec, "baseline": one.value}
        yield f"    {one.name}: {_flow(entries)}"


def _questions(factors: Sequence[Varied]) -> Iterator[str]:
    if not factors:
        return
    yield "# a question, a factor and its values for each loss weight; remove what you do not ask"
    yield "questions:"
    for one in factors:
        asks = _text(f"Does {one.name} change Qabf?")
        yield f"  {one.name}: {{asks: {asks}, compare: {one.name}, primary: [qabf],"
        yield "    smallest_effect: {qabf: 1%}}"
    yield "factors:"
    for one in factors:
        entries = {"values": list(one.values), "baseline": one.values[0]}
        yield f"  {one.name}: {_flow(entries)}"


def _task(found: Found, repo: str) -> Iterator[str]:
    script = found.script
    settings = {one.name: one.place for one in found.varied}
    values = {one.name: one.value for one in found.varied}
    comments, given = {}, [one for one in found.settings if one.place and not one.why]
    for one in found.varied:
        comments[one.name] = f"{one.setting.file}:{one.setting.line}"
    smoke: dict[str, Any] = {}
    for role, short in (("epochs", 1), ("batch size", None)):
        mine = next((each for each in given if each.role == role and _is_used(each, found)), None)
        if mine is not None and mine.place is not None:
            name = _free(identifier(mine.name), settings)
            settings[name], values[name] = mine.place, mine.value
            comments[name] = f"{mine.file}:{mine.line}"
            if short is not None:
                smoke[name] = short
    words, of_fusing = _fusing(found)
    for short_name, (place, value, where) in of_fusing.items():
        name = _free(short_name, settings)
        settings[name], values[name], comments[name] = place, value, where
    yield "  task:"
    yield "    name: command"
    yield f"    repo: {_text(repo)}"
    if script.quoted:
        yield f"    # its page says: {script.quoted}"[: WIDTH + 40]
    yield f"    run: {_flow(['python', script.path, *script.words])}"
    others = [one.path for one in found.others]
    if others:
        yield f"    # these train too, and are not run: {', '.join(others)}"[: WIDTH + 40]
    if settings:
        yield "    settings:"
        for name, place in settings.items():
            yield f"      {name}: {_flow({place.kind: place.at})}  # {comments[name]}"
        yield "    values:"
        yield from (f"      {name}: {_flow(value)}" for name, value in values.items())
    if smoke:
        yield f"    smoke: {_flow(smoke)}"
    yield from _seed(given)
    yield from _data([one for one in given if one.role == "data" and _is_used(one, found)])
    yield from _gives(found, words)


def _is_used(one: Setting, found: Found) -> bool:
    return one.place is not None and (one.place.kind != "file" or one.file == found.config)


def _free(name: str, taken_names: dict[str, Place]) -> str:
    number = 2
    free = name
    while free in taken_names:
        free, number = f"{name}_{number}", number + 1
    return free


def _seed(given: Sequence[Setting]) -> Iterator[str]:
    seeds = [one for one in given if one.role == "seed" and one.place is not None]
    seeds.sort(key=lambda one: one.place is not None and one.place.kind != "flag")
    if seeds and seeds[0].place is not None:
        one = seeds[0]
        place = seeds[0].place
        yield f"    seed: {_flow({place.kind: place.at})}  # {one.file}:{one.line}"
    else:
        yield "    # random, numpy, torch and cudnn are seeded before the first line of theirs"


def _data(places: Sequence[Setting]) -> Iterator[str]:
    folders = {
        split: both for split in ("train", "val") if (both := folders_of(split, places)) is not None
    }
    if folders:
        yield f"    data: {_flow(folders)}  # filled with links to your pairs"
    else:
        yield "    # EDIT: where the training looks for its pairs; it gets folders of links:"
        yield "    # data: {train: {infrared: FOLDER, visible: FOLDER}}"
    for one in places[: 0 if folders else MOST_LISTED]:
        yield f"    #   {one.name} = {_text(str(one.value))}  {one.file}:{one.line}"


def _fusing(found: Found) -> tuple[list[str], dict[str, tuple[Place, Any, str]]]:
    """Return the words of the command that fuses, and values that are put into its source."""
    if found.fuser is None:
        return ["python", FUSES, "{infrared}", "{visible}", "{out}"], {}
    words = ["python", found.fuser.path, *found.fuser.words]
    planted: dict[str, tuple[Place, Any, str]] = {}
    own = [one for one in found.of_fuser if one.file == found.fuser.path or one.place is None]
    for one in taken(own):
        place = one.setting.place
        assert place is not None
        if place.kind == "flag":
            words += [place.at, f"{{{one.hole}}}"]
        elif place.kind == "constant":
            where = f"{one.setting.file}:{one.setting.line}"
            planted[identifier(one.setting.name)] = (place, f"{{{one.hole}}}", where)
    return words, planted


def _gives(found: Found, words: Sequence[str]) -> Iterator[str]:
    fuser = found.fuser
    yield "    gives:"
    holes = " ".join(words) + json.dumps([one.hole for one in taken(found.of_fuser)])
    if fuser is None:
        yield "      # EDIT: no script that fuses was found; this one stands for it"
    else:
        if found.further_fusers:
            others = ", ".join(one.path for one in found.further_fusers)
            yield f"      # these may fuse too: {others}"[: WIDTH + 40]
        missing = [one for one in ("infrared", "visible", "out") if one not in holes]
        if missing:
            say = ", ".join({"out": "writes images"}.get(one, f"reads {one}") for one in missing)
            yield f"      # EDIT: where {fuser.path} {say}: data.test, words of command, from"
    ending = suffix(fuser) if fuser is not None else ".png"
    at = "{out}"
    if fuser is not None and "out" not in holes:
        at = next(
            (str(one.value).strip("./") for one in found.of_fuser if one.role == "output"), "{out}"
        )
        at = at.replace("\\", "/")
    pattern = f"{at}/*{ending}"
    yield f"      images: {{command: {_flow(list(words))}, from: {_text(pattern)}}}"
    yield from _metrics(found)
    files = saved(found.script, found.settings)
    if files:
        yield f"      checkpoint: {{save: {_text(files[0])}}}"
        yield from (f"      # it also saves {one}" for one in files[1:4])
    else:
        yield "      # EDIT: what the training saves: checkpoint: {save: models/*.pth}"


def _metrics(found: Found) -> Iterator[str]:
    writers = curves(found.script, found.settings)
    folders = [folder for folder, _, _ in writers if folder]
    printed = said(found.script)
    if folders:
        where = ":".join(map(str, writers[0][1:]))
        yield f"      metrics: {{tensorboard: {_text(folders[0])}}}  # {where}"
    elif printed:
        quoted = printed.replace("'", "''")
        yield f"      metrics: {{stdout: '{quoted}'}}"
    else:
        yield "      # EDIT: where its losses are read: metrics: {stdout: 'loss: (?P<loss>\\S+)'}"
    for _, path, line in writers if not folders else ():
        yield f"      # {path}:{line} writes TensorBoard files in a folder that is not known before"


def _left(found: Found) -> Iterator[str]:
    """Yield comments on settings that were recognised and stand nowhere above."""
    here = {id(one.setting) for one in found.varied}
    rest = [
        (script, one)
        for script, some in found.every()
        for one in some
        if one.role in VARIED and id(one) not in here
    ]
    if not rest:
        return
    yield "# Recognised, and not varied above:"
    for script, one in rest[: 3 * MOST_LISTED]:
        why = one.why or ("" if script is found.script else f"of {script.path}")
        why = why or ("another settings file or task" if one.place else "has no place")
        place = f" {{{one.place.kind}: {_text(one.place.at)}}}" if one.place else ""
        yield f"#   {one.role} {one.name} = {one.value}  {one.file}:{one.line}{place} ({why})"
    if len(rest) > 3 * MOST_LISTED:
        yield f"#   and {len(rest) - 3 * MOST_LISTED} more"


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, float):  # YAML 1.1 reads 1e-05 as a text
        return re.sub(r"^(-?\d+)e", r"\1.0e", repr(value))
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    is_plain = re.fullmatch(r"[A-Za-z_./][\w./-]*", value) is not None
    is_word = value.lower() in ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    return value if is_plain and not is_word else json.dumps(value, ensure_ascii=False)
