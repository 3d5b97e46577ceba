"""docs/reference/study.md: the keys of a study file, from what its reader takes."""

from collections.abc import Iterable, Iterator, Mapping

from ablate.config import factors, overrides, phases, questions, references, schema, spaces
from ablate.design_names import BLOCKED
from docs.docstrings import codes, docstring, fields, head, table


def study_file() -> Iterator[str]:
    """Yield the blocks of the page."""
    yield from head(
        "The study file",
        "A YAML file below `studies/` whose first line is `# @package _global_`. Its `defaults` "
        "name search spaces: `defaults: [/search_spaces@space: variants, _self_]`. A key that does "
        "not exist is refused with the nearest one; "
        "`ablate check FILE` reports all errors at once. The keys of `base` are on the page "
        "[settings](settings.md), the designs of a phase and their options on "
        "[designs](designs.md); [a study on your own question](../extend/study.md) is an example.",
    )
    yield from _keys("", overrides.TOP, dict.fromkeys(overrides.TOP, ("", "")))
    parts: list[tuple[str, type, Iterable[str]]] = [
        ("questions.NAME", schema.Question, questions.KEYS),
        ("factors.NAME", schema.Factor, factors.KEYS),
        ("phases.NAME", schema.Phase, phases.KEYS),
        ("references.NAME", schema.Reference, references.KEYS),
    ]
    for title, of, keys in parts:
        yield f"## {title}"
        yield docstring(of).text
        yield from _keys(f"{title}.", keys, fields(of))
    yield "## space.dimensions.NAME"
    yield (docstring(schema.Dimension).text + " " + docstring(schema.VectorDimension).text)
    known_fields = {**fields(schema.Dimension), **fields(schema.VectorDimension)}
    yield from table(
        ["type", "keys"],
        [(f"`{kind}`", codes(spaces.KEYS[kind])) for kind in spaces.KEYS],
    )
    keys = dict.fromkeys(key for kind in spaces.KEYS.values() for key in kind)
    yield from _keys("dimension.", keys, known_fields)
    yield "## space.constraints"
    yield docstring(schema.Constraint).text
    yield from table(
        ["key", ""],
        [(f"`{name}`", ABOUT[f"constraint.{name}"]) for name in fields(schema.Constraint)],
    )


def _keys(prefix: str, keys: Iterable[str], fields: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield the table of a section's keys."""
    rows = []
    for key in keys:
        default, note = fields[key]
        note = ABOUT.get(prefix + key, note)
        default = "required" if prefix + key in NEEDED else DEFAULTS.get(prefix + key, default)
        rows.append((f"`{key}`", note[:1].upper() + note[1:].rstrip(".") + ".", default))
    yield from table(["key", "", "default"], rows)


NEEDED = (
    "phases",
    "questions.NAME.asks",
    "questions.NAME.compare",
    "questions.NAME.primary",
    "phases.NAME.design",
    "dimension.type",
    "references.NAME.weights",
    "references.NAME.model",
)
DEFAULTS = {  # where the reader of the file fills in more than the dataclass says
    "title": "the name",
    "seed": "`0`",
    "executor": "`processes`",
    "objective": "`val/qabf`",
    "phases.NAME.sampler": "`tpe`",
    "phases.NAME.preset": "`quick`",
    "phases.NAME.claims": "yes, but not with `smoke`",
    "phases.NAME.budgets": "`[1]`",
}
ABOUT = {  # what no docstring says, because the key is read before the dataclass is made
    "title": "What the report is headed with.",
    "questions": "Name -> question.",
    "space": "`dimensions` and `constraints`, mostly from the search spaces that `defaults` name.",
    "factors": "Name -> the values of a dimension that are compared.",
    "phases": "Name -> phase, in the order in which they run.",
    "base": "The settings of every run, where nothing varies them.",
    "objective": '"split/metric" that picks winners, is judged at rungs and given to samplers; a '
    "list for a search for trade-offs.",
    "nuisance": "Name -> range of what is tuned anew in every block: `{low: 1e-4, high: 1e-2}`, or "
    "`fixed`. Learning rate and gradient weight are always there, one decade either side.",
    "seed": "From which every other seed is derived.",
    "executor": "`name`, `slots` and the settings of the executor: [executors](executors.md).",
    "store": "`optuna` and `mlflow`: addresses instead of the databases inside the store.",
    "references": "Name -> folder of fused images, or `{weights: FILE, model: {name: NETWORK}}`: "
    "rows in every table, scored on the test pairs by the study's own protocol. They and their "
    "paths are not part of the design; a content hash is published. Studies of the probe leave "
    "them out.",
    "references.NAME.model": "`name` of a [network](models.md) and its settings, by default its "
    "own.",
    "defaults": "Search spaces by name, as Hydra composes them.",
    "questions.NAME.asks": "The question in words.",
    "questions.NAME.compare": "The factor, or a list of two for their interaction.",
    "questions.NAME.primary": "Metrics that decide, corrected together.",
    "questions.NAME.secondary": "Metrics that are corrected together and decide nothing.",
    "questions.NAME.guardrails": "Metrics that may veto a claim of better.",
    "questions.NAME.expects": "`higher`, `lower` or `differs`.",
    "questions.NAME.contrasts": "`[baseline]`, `[sequence]`, or name -> {value: weight}, sum 0.",
    "factors.NAME.dimension": "The dimension; by default that of the factor's name.",
    "factors.NAME.values": "At least two.",
    "factors.NAME.baseline": "By default that of the dimension.",
    "phases.NAME.design": "A [design](designs.md), or `search`.",
    "phases.NAME.seeds": "Runs per row.",
    "phases.NAME.sampler": "Of a search: a [sampler](samplers.md).",
    "phases.NAME.pruner": "Of a search: a [pruner](samplers.md#pruners).",
    "phases.NAME.options": "Of the design, the sampler and the pruner.",
    "phases.NAME.trials": "Of a search and of `sobol`: how many.",
    "phases.NAME.budgets": "Of `blocked`: multiples of `train.steps` at which the same blocks are "
    "trained. The first is 1 and decides; whether its effects hold at the others is said too.",
    "phases.NAME.rungs": "Steps at which the pruner looks.",
    "phases.NAME.preset": "Of `blocked`: "
    + ", ".join(
        f"`{name}` ({values['points']} points x {values['blocks']} blocks)"
        for name, values in phases.PRESETS[BLOCKED].items()
    )
    + ".",
    "dimension.type": "One of the table above.",
    "dimension.low": "Least value, included.",
    "dimension.high": "Greatest value, included.",
    "dimension.log": "Whether values are spread evenly in the logarithm.",
    "dimension.step": "Distance of neighbouring values; absent: any value.",
    "dimension.choices": "A list; of a bundle: choice -> {dotted path: value}.",
    "dimension.baseline": "Value of the baseline.",
    "dimension.label": "What figures call it.",
    "dimension.first": "First number of the list.",
    "constraint.name": "By which the report counts what it refused.",
    "constraint.require": "An expression over dimensions, such as `levels * ratio < 2`.",
    "constraint.because": "The reason, as the report prints it.",
}
