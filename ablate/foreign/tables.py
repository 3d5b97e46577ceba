"""From rows of text to the run table and the table of images that a study publishes."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from ablate.errors import ConfigError, DataError, one_line
from ablate.foreign.csv_file import LINE
from ablate.foreign.naming import SPLITS, Naming
from ablate.metrics.catalogue import BETTER
from ablate.published import Value
from ablate.stats.health import STATES

WHOLE: Final = "all"  # the image of a score that is one of the run as a whole
ANSWER: Final = "answer"
SCORE: Final = ("metric", "score", "split", "image", "scene", LINE)  # the other columns are of runs
FIRST: Final = ("run_id", "arm_id", "arm", "recipe_id", "phase", "trial", "seed", "block", "point",
                "split_seed", "dummy", "state", "reason", "health")  # fmt: skip
TEXTS: Final = ("run_id", "arm_id", "arm", "recipe_id", "phase", "state", "reason", "health")
WHOLE_NUMBERS: Final = ("trial", "seed", "block", "point")
NAMED: Final = ("value", "run", "image", "scene", "metric", "phase", "arm", "reason")
OF_TRIAL: Final = ("phase", "arm_id", "block", "point")
MAPPED: Final = {"run": "run_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the runs of others say, in the form of a study.

    Args:
        runs: A row per run.
        images: A row per run, split, image and metric.
        values: What is compared, in the order of the table; value -> id of its arm.
        metrics: Names, in their order.
        scenes: Test image -> its scene; empty where the table names none.
        has_images: Whether scores are of images; else each is one of its run as a whole.
    """

    runs: pd.DataFrame
    images: pd.DataFrame
    values: tuple[tuple[Value, str], ...]
    metrics: tuple[str, ...]
    scenes: dict[str, str]
    has_images: bool


def tables_of(rows: pd.DataFrame, naming: Naming, *, where: str) -> Tables:
    """Return the tables of a study.

    Args:
        rows: Of text, in our names of columns; as the readers of this package return them.
        naming: Of metrics.
        where: What was read, for messages.

    Raises:
        ConfigError: A metric whose direction nobody knows.
        DataError: A column is missing, a score is no number, or there are two for one place.
    """
    for needed, why in (("value", "what is compared"), ("metric", ""), ("score", "")):
        if needed not in rows:
            raise DataError(f"{where}: no column {needed} {why}".rstrip() + f"; {_hint(needed)}")
    if "seed" not in rows and "block" not in rows:
        raise DataError(
            f"{where}: no column seed or block: which runs belong together is not known, and "
            f"single trainings show nothing; {_hint('seed')}"
        )
    table = rows.reset_index(drop=True)
    _check_printable(table, _Where(where=where, lines=table.get(LINE)))
    at = _Where(where=where, lines=table.get(LINE))
    scene_as_image = "image" not in table and "scene" in table
    table = table.assign(image=table["scene"]) if scene_as_image else table
    table = _with_ids(table, at)
    runs = _runs(table, at)
    scored = _scored(table, naming, at)
    means, images = _means_and_images(scored, at)
    runs = runs.join(means, on="run_id")
    values = tuple((_number(text), text) for text in dict.fromkeys(runs["arm_id"]))
    if any(isinstance(value, str) for value, _ in values):
        values = tuple((text, text) for _, text in values)
    of_images = images["image"] != WHOLE
    return Tables(
        runs=runs,
        images=images,
        values=values,
        metrics=tuple(dict.fromkeys(scored["name"])),
        scenes=_scenes(scored),
        has_images=bool(of_images.any()),
    )


@dataclass(frozen=True, slots=True)
class _Where:
    """Where a row stands, for messages."""

    where: str
    lines: "pd.Series[Any] | None"

    def of(self, place: Any) -> str:
        return self.where if self.lines is None else f"{self.where}:{self.lines[place]}"


def _check_printable(table: pd.DataFrame, at: _Where) -> None:
    """Raise DataError where a name holds control characters: names are drawn and printed."""
    for name in (one for one in NAMED if one in table):
        for text in table[name].unique():
            if not str(text).isprintable():
                place = table.index[table[name] == text][0]
                raise DataError(
                    f"{at.of(place)}: {name} {one_line(str(text), longest=40)} holds control "
                    "characters; rename it"
                )


def _hint(column: str) -> str:
    return f"name it: --column {column}=THEIRS"


def _with_ids(table: pd.DataFrame, at: _Where) -> pd.DataFrame:
    """Return the rows with phase, run and point, each checked to be one per run."""
    by = "block" if "block" in table else "seed"
    needed = {"value": "say what was trained there", by: "runs without pairing are not compared"}
    if "phase" in table:  # a pilot and an exploration have no blocks
        del needed[by]
    for name, fix in needed.items():
        empty = table.index[table[name] == ""]
        if len(empty):
            raise DataError(f"{at.of(empty[0])}: has no {name}; {fix}")
    if "phase" not in table:
        table = table.assign(phase=ANSWER)
    ids = [name for name in ("phase", "value", "block", "seed", "point") if name in table]
    if "run" not in table:
        table = table.assign(run=table[ids].agg(" ".join, axis=1))
    for name in ids:
        first = table.groupby("run")[name].transform("first")
        other = table.index[table[name] != first]
        if len(other):
            row = table.loc[other[0]]
            raise DataError(
                f"{at.of(other[0])}: run {one_line(row['run'], longest=60)!r} has {name} "
                f"{row[name]!r}, before {first[other[0]]!r}; a run has one"
            )
    if "point" in table:
        return table
    runs = table.drop_duplicates("run")
    points = runs.groupby(["phase", "value", by], sort=False).cumcount() + 1
    return table.assign(point=table["run"].map(dict(zip(runs["run"], points, strict=True))))


def _runs(table: pd.DataFrame, at: _Where) -> pd.DataFrame:
    """Return a row per run with all that the rows say of it."""
    kept = [name for name in table if name not in SCORE]
    runs = table[kept].drop_duplicates("run").rename(columns=MAPPED)
    runs = runs.rename(columns={"value": "arm_id"})
    if "block" not in runs:
        places = {seed: place for place, seed in enumerate(_sorted(set(runs["seed"])), 1)}
        runs = runs.assign(block=runs["seed"].map(places))
    if "seed" not in runs:
        runs = runs.assign(seed=runs["block"])
    runs = runs.assign(block=_numbered(runs["block"]), seed=_numbered(runs["seed"]))
    runs = runs.assign(**_missing(runs))
    if "trial" not in runs:
        keys = list(zip(*(runs[name] for name in OF_TRIAL), strict=True))
        trials = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        runs = runs.assign(trial=[trials[key] for key in keys])
    runs = runs.assign(**{str(name): _typed(runs[name], str(name), at) for name in runs})
    bad = sorted(set(runs["health"]) - {"", *STATES})
    if bad:
        raise DataError(
            f"{at.where}: health {bad[0]!r} is none of {', '.join(STATES)}; leave it empty"
        )
    return runs[[*FIRST, *(name for name in runs if name not in FIRST)]].reset_index(drop=True)


def _numbered(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return seeds or blocks as whole numbers: themselves, else their places in order."""
    numbers = ["" if cell == "" else _whole(cell) for cell in column]
    if None in numbers:
        places = {text: place for place, text in enumerate(_sorted(set(column) - {""}), 1)}
        numbers = [places.get(text, "") for text in column]
    return pd.Series(numbers, index=column.index, dtype=object)


def _missing(runs: pd.DataFrame) -> dict[str, Any]:
    """Return the columns of a run table that the rows do not have."""
    absent: dict[str, Any] = {
        "arm": runs["arm_id"],
        "recipe_id": runs["arm_id"],
        "split_seed": "",
        "dummy": "",
        "state": "finished",
        "reason": "",
        "health": "",
    }
    return {name: column for name, column in absent.items() if name not in runs}


def _typed(column: "pd.Series[Any]", name: str, at: _Where) -> "pd.Series[Any]":
    if name in TEXTS:
        return column.astype(str)
    if name in WHOLE_NUMBERS:
        wholes = [math.nan if cell == "" else _whole(cell) for cell in column]
        if None in wholes:
            cell = column.iloc[wholes.index(None)]
            raise DataError(f"{at.where}: {name} {cell!r} is not a whole number; number them")
        return pd.Series(wholes, index=column.index)
    numbers = [_number(cell) if cell != "" else math.nan for cell in column]
    if any(isinstance(one, str) for one in numbers):
        return column.astype(str)
    return pd.Series(numbers, index=column.index)


def _scored(table: pd.DataFrame, naming: Naming, at: _Where) -> pd.DataFrame:
    """Return the rows that have a score, with split, name and number."""
    scored = table[(table["metric"] != "") | (table["score"] != "")]
    known = {key: naming.metric_of(str(key)) for key in scored["metric"].unique()}
    unnamed = [key for key, (_, name) in known.items() if not name]
    if unnamed:
        place = scored.index[scored["metric"] == unnamed[0]][0]
        raise DataError(f"{at.of(place)}: {unnamed[0]!r} names no metric; fill the cell")
    names = scored["metric"].map({key: name for key, (_, name) in known.items()})
    sides = {**BETTER, **naming.better}
    lost = [key for key, (_, name) in known.items() if name not in sides]
    if lost:
        raise ConfigError(
            f"{at.where}: nobody says which side of {', '.join(sorted(map(str, lost)))} is better; "
            f"say it: --better {known[lost[0]][1]}=higher, or --metric qabf={lost[0]} where it is "
            "one of ablate's"
        )
    of_keys = scored["metric"].map({key: split for key, (split, _) in known.items()})
    splits = scored["split"] if "split" in scored else pd.Series("", index=scored.index)
    splits = splits.where(splits != "", of_keys).where(lambda one: one != "", "test")
    found = splits.str.lower().map(SPLITS)
    if found.isna().any():
        place = found.index[found.isna()][0]
        raise DataError(
            f"{at.of(place)}: split {splits[place]!r} is neither test nor val; {_hint('split')}"
        )
    image = scored.get("image", "")
    return scored.assign(name=names, split=found, number=list(_scores(scored, at)), image=image)


def _scores(scored: pd.DataFrame, at: _Where) -> Iterable[float]:
    for place, text in scored["score"].items():
        try:
            number = float(text)
        except ValueError:
            raise DataError(
                f"{at.of(place)}: score {one_line(str(text), longest=40)!r} is no number; write it "
                "with a point, or nan"
            ) from None
        yield number if math.isfinite(number) else math.nan


def _means_and_images(scored: pd.DataFrame, at: _Where) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return "split/metric" by run, and the scores of images on test."""
    keys = ["run", "split", "image", "name"]
    twice = scored[scored.duplicated(keys)]
    if len(twice):
        row = twice.iloc[0]
        what = f"image {row['image']}, " if row["image"] else ""
        raise DataError(
            f"{at.of(twice.index[0])}: {row['name']} of {row['value']} has two scores on "
            f"{row['split']} ({what}run {one_line(str(row['run']), longest=60)}); where they are "
            f"of several runs, {_hint('run')}"
        )
    is_whole = scored["image"] == ""
    by_image = scored[~is_whole].groupby(["run", "split", "name"], sort=False)["number"].mean()
    whole = scored[is_whole].set_index(["run", "split", "name"])["number"]
    means = whole.combine_first(by_image)
    means.index = pd.MultiIndex.from_tuples(
        [(run, f"{split}/{name}") for run, split, name in means.index], names=["run_id", None]
    )
    test = scored[scored["split"] == "test"]
    if test.empty:
        raise DataError(
            f"{at.where}: all scores are of val, which also chose; an answer needs scores of test"
        )
    has_images = set(test.loc[test["image"] != "", "run"])
    kept = test[(test["image"] != "") | ~test["run"].isin(has_images)]
    images = pd.DataFrame(
        {
            "run_id": kept["run"].astype(str),
            "split": kept["split"],
            "image": kept["image"].where(kept["image"] != "", WHOLE).astype(str),
            "metric": kept["name"],
            "value": kept["number"].astype(float),
        }
    )
    return means.unstack(sort=False), images.reset_index(drop=True)


def _scenes(scored: pd.DataFrame) -> dict[str, str]:
    if "scene" not in scored:
        return {}
    test = scored[(scored["split"] == "test") & (scored["image"] != "") & (scored["scene"] != "")]
    return dict(zip(test["image"].astype(str), test["scene"].astype(str), strict=True))


def _number(text: Any) -> Value:
    """Return a text as the number that it is, else as it is."""
    try:
        number = float(text)
    except ValueError:
        return str(text)
    if not math.isfinite(number):
        return str(text)
    return int(number) if number == int(number) and "." not in str(text) else number


def _whole(text: Any) -> int | None:
    number = _number(text)
    return int(number) if not isinstance(number, str) and number == int(number) else None


def _sorted(texts: Iterable[str]) -> list[str]:
    """Return seeds in order, by number where all are numbers."""
    every = list(texts)
    if all(not isinstance(_number(one), str) for one in every):
        return sorted(every, key=float)
    return sorted(every)
