"""docs/reference/study.md: the keys of a study file, from the models that read it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from pydantic.fields import FieldInfo

from ablate.config import schema
from ablate.config.dimensions import DIMENSIONS, ConstraintEntry
from ablate.config.entries import Entry
from ablate.config.phases import PHASES, PhaseEntry
from ablate.config.questions import FactorEntry, InteractionEntry, QuestionEntry, TableEntry
from ablate.config.settings import settings_of_executor
from ablate.config.study_file import ReferenceEntry, StudyEntry
from ablate.settings.members import members
from docs.docstrings import codes, docstring, head, in_code, table

LINKS = {  # key of a section -> the page that has more
    "base": "[settings](settings.md)",
    "executor": "[executors](executors.md)",
    "design": "[designs](designs.md)",
    "sampler": "[samplers](samplers.md)",
    "pruner": "[pruners](samplers.md#pruners)",
    "model": "[networks](models.md)",
}


def study_file() -> Iterator[str]:
    """Yield the blocks of the page."""
    yield from head(
        "The study file",
        "A YAML file below `studies/` whose first line is `# @package _global_`. Its `defaults` "
        "name search spaces: `defaults: [/search_spaces@space: variants, _self_]`. A key that does "
        "not exist is refused with the nearest one; `ablate check FILE` prints all errors at once, "
        "and `ablate schema study` the JSON Schema by which an editor completes and checks the "
        "file. What stands under `base` is on the page [settings](settings.md), the designs of a "
        "phase and their options on [designs](designs.md); [a study on your own "
        "question](../extend/study.md) is an example.",
    )
    yield from _keys(StudyEntry)
    yield from _section("questions.NAME", schema.Question, QuestionEntry)
    for model in (InteractionEntry, TableEntry):
        yield f"{docstring(model).text} Its keys are {codes(model.model_fields)}."
    yield from _section("factors.NAME", schema.Factor, FactorEntry)
    yield from _kinds("phases.NAME", "design", PHASES, PhaseEntry)
    yield from _section("references.NAME", schema.Reference, ReferenceEntry)
    yield from _kinds("space.dimensions.NAME", "type", DIMENSIONS, schema.Dimension)
    yield from _section("space.constraints.NAME", schema.Constraint, ConstraintEntry)
    yield "## executor"
    yield f"Where runs are trained. What each does, and what its settings are: {LINKS['executor']}."
    yield from table(
        ["name", "keys"],
        [(f"`{name}`", codes(settings_of_executor(name))) for name in members("executors")],
    )


def _section(title: str, of: type, model: type[Entry]) -> Iterator[str]:
    yield f"## {title}"
    yield docstring(of).text
    yield from _keys(model)


def _kinds(
    title: str, key: str, models: Mapping[str, type[Entry]], of: type | None
) -> Iterator[str]:
    """Yield a section whose key `key` decides which other keys there are."""
    yield f"## {title}"
    yield docstring(of).text
    yield from table(
        [key, "", "keys"],
        [
            (
                f"`{kind}`",
                docstring(model).text,
                codes(one for one in model.model_fields if one != key),
            )
            for kind, model in models.items()
        ],
    )
    yield from _keys(*dict.fromkeys(models.values()))


def _keys(*models: type[Entry]) -> Iterator[str]:
    """Yield the table of all keys of models; where their words differ, all of them."""
    found: dict[str, list[FieldInfo]] = {}
    for model in models:
        for key, one in model.model_fields.items():
            found.setdefault(key, []).append(one)
    rows = []
    for key, those in found.items():
        words = " ".join(dict.fromkeys(one.description or _choices(those) for one in those))
        link = f" See {LINKS[key]}." if key in LINKS else ""
        rows.append((f"`{key}`", words + link, _default(those)))
    yield from table(["key", "", "default"], rows)


def _choices(those: Iterable[FieldInfo]) -> str:
    """Return the names that a key chooses from."""
    names = (name for one in those for name in get_args(one.annotation) if isinstance(name, str))
    return f"One of {codes(names)}."


def _default(those: list[FieldInfo]) -> str:
    if all(one.is_required() for one in those):
        return "required"
    default = next((one.default for one in those if not one.is_required()), None)
    return in_code(default) if default not in (None, [], {}) else ""
