"""`ablate adopt` on public repositories of fusion against what was read in them.

adopt_truths.csv holds repository, commit, file, line, name and value of every loss weight and
learning rate; it was written before the tool was run. `counts` is yes; either where listing it or
not is right (a default that every call replaces, a factor of a schedule); added where the tool
named a weight that the reader had overlooked: those count neither way. `set` is unseen for
repositories that the tool was not changed for.

Nothing is fetched here: clone each repository at its commit to DIR/NAME, then

    python -m benchmarks.adopt --repositories DIR [--page docs/extend/adopt_scores.md]
"""

import argparse
import ast
import contextlib
import csv
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ablate.adopting.dimensions import identifier
from ablate.adopting.found import Found, find
from ablate.adopting.roles import VARIED
from ablate.adopting.setting import Setting
from ablate.adopting.study import study
from ablate.errors import AblateError

TRUTHS: Final = Path(__file__).with_name("adopt_truths.csv")
HEAD: Final = "| repository | kind | valid file | found | missed | wrong | dimensions |"
SOURCES: Final = {".py": "code", ".json": "JSON", ".yaml": "YAML", ".yml": "YAML"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A loss weight or learning rate that stands in a repository."""

    repository: str
    commit: str
    file: str
    line: int
    name: str
    value: str
    kind: str
    counts: str
    set: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the tool made of a repository.

    Args:
        repository: OWNER/NAME.
        found: Truths that were named, at their file and line, with value and kind.
        missed: Those that were not.
        wrong: What was named and is none.
        dimensions: Of the study file.
        fault: Why the study file is not valid, "" where it is.
    """

    repository: str
    found: int
    missed: tuple[Truth, ...]
    wrong: tuple[Setting, ...]
    dimensions: int
    fault: str


def truths(path: Path = TRUTHS) -> list[Truth]:
    """Return the rows of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [Truth(**{**row, "line": int(row["line"])}) for row in rows]  # type: ignore[arg-type]


def score(folder: Path, known: Sequence[Truth]) -> Score:
    """Return how the settings that are found compare with those that are known."""
    found = find(folder)
    named = [one for _, some in found.every() for one in some if one.role in VARIED and not one.why]
    left = list(named)
    missed, hits = [], 0
    for truth in known:
        match = next((one for one in left if _is_same(one, truth)), None)
        if match is not None:
            left.remove(match)
            hits += truth.counts == "yes"
        elif truth.counts == "yes":
            missed.append(truth)
    return Score(
        repository=known[0].repository,
        found=hits,
        missed=tuple(missed),
        wrong=tuple(left),
        dimensions=len(found.varied),
        fault=fault_of(found, folder),
    )


def _is_same(one: Setting, truth: Truth) -> bool:
    value: Any = truth.value
    with contextlib.suppress(ValueError, SyntaxError):
        value = ast.literal_eval(value)
    mine = list(one.value) if isinstance(one.value, tuple) else one.value
    at = (one.file, one.line, str(one.role))
    return at == (truth.file, truth.line, truth.kind) and mine == value


def fault_of(found: Found, folder: Path) -> str:
    """Return why a study file that was written is not valid, "" where it is.

    It is where `ablate plan` takes it, and every value finds its one place in a copy of the code.
    """
    from ablate.config.loading import load
    from ablate.settings.command import WITH_KEY, CommandSettings
    from ablate.study.plan import make
    from ablate.training.tasks.command.planting import plant
    from ablate.training.tasks.command.task import Command

    with tempfile.TemporaryDirectory(prefix="adopt-") as place:
        path = Path(place, f"{identifier(folder.name)}.yaml")
        text = study(found, repo=str(folder.resolve()), name=str(path))
        path.write_text(text, encoding="utf-8")
        try:
            config = load(path)
            plan = make(config)
            task = Command.of(plan.recipes.base)
            task.check_examples(
                task.examples(), [run.settings for t in plan.trials for run in t.runs]
            )
            copy = Path(place, "copy")
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".git"))
            section = CommandSettings.of(config.base["task"])
            for name, value in section.values.items():
                if section.settings[name].kind in WITH_KEY:
                    plant(copy, section.settings[name], value)
        except AblateError as error:
            return str(error).splitlines()[0]
    return ""


def table(scores: Sequence[Score], known: Sequence[Truth]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield HEAD
    yield "|---|---|---|--:|--:|--:|--:|"
    for one in scores:
        of = [truth for truth in known if truth.repository == one.repository]
        kinds = sorted({SOURCES[Path(truth.file).suffix] for truth in of})
        valid = "yes" if not one.fault else f"no: {one.fault}"
        yield (
            f"| [{one.repository}](https://github.com/{one.repository}/tree/{of[0].commit}) "
            f"| {', '.join(kinds)} | {valid} | {one.found} | {len(one.missed)} "
            f"| {len(one.wrong)} | {one.dimensions} |"
        )
    found, missed = sum(one.found for one in scores), sum(len(one.missed) for one in scores)
    wrong, valid_ones = sum(len(one.wrong) for one in scores), sum(not one.fault for one in scores)
    share = 100 * found / max(found + missed, 1)
    yield (
        f"| together | | {valid_ones} of {len(scores)} | {found} ({share:.0f} %) | {missed} "
        f"| {wrong} | {sum(one.dimensions for one in scores)} |"
    )


def main() -> None:
    """Print the table and, below it, what was missed and what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repositories", type=Path, required=True, metavar="DIR")
    parser.add_argument("--page", type=Path, help="write the tables there")
    args = parser.parse_args()
    known = truths()
    written = []
    for which in dict.fromkeys(one.set for one in known):
        of = [one for one in known if one.set == which]
        scores = [
            score(
                args.repositories / name.partition("/")[2],
                [truth for truth in of if truth.repository == name],
            )
            for name in dict.fromkeys(one.repository for one in of)
        ]
        lines = list(table(scores, of))
        written.append((which, lines))
        print(f"\n{which}\n", *lines, sep="\n")
        for one in scores:
            for truth in one.missed:
                print(
                    f"missed {one.repository} {truth.file}:{truth.line} {truth.name} {truth.value}"
                )
            for setting in one.wrong:
                where = f"{setting.file}:{setting.line}"
                print(
                    f"wrong {one.repository} {where} {setting.role} {setting.name} {setting.value}"
                )
    if args.page is not None:
        _write(args.page, written)


def _write(page: Path, written: Sequence[tuple[str, Sequence[str]]]) -> None:
    text = page.read_text(encoding="utf-8")
    for which, lines in written:
        start, end = f"<!-- {which} -->\n", f"<!-- end of {which} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n" + "\n".join(lines) + f"\n\n{end}" + rest.partition(end)[2]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
