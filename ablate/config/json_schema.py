"""JSON Schema of study and space files, by which editors complete and check them.

It follows from the models of a study file and from the settings of a training. A file may leave
things to the files in its defaults, so nothing is required here; `check` knows what is missing.
Names that plug-ins may add are offered, and others are allowed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from ablate.config.defaults import groups
from ablate.config.settings import merged_names, settings_of_executor, table_of
from ablate.config.study_file import SpaceEntry, StudyEntry
from ablate.settings.loss import TERM_NAME
from ablate.settings.setting import NOTHING, Known, Setting
from ablate.settings.terms import kinds, of_kind

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_OFFERED: Final = {  # field of a model -> kind of the names that it takes
    "sampler": "samplers",
    "pruner": "pruners",
    "primary": "metrics",
    "secondary": "metrics",
    "guardrails": "metrics",
}
_NAMED: Final = {"data": "data", "model": "models"}  # section whose `name` decides its settings
_BOUNDS: Final = {"gt": "exclusiveMinimum", "ge": "minimum", "le": "maximum"}
_TESTS: Final[Schema] = {
    "description": "Name -> further test set: the settings of its data set, part (test or all), "
    "protocol. Weights are scored on it as they are.",
    "type": ["object", "null"],
    "additionalProperties": {"type": ["object", "string"]},
}
_DEFAULTS: Final[Schema] = {
    "description": "Search spaces to use, and studies to build on.",
    "type": "array",
    "items": {"type": ["string", "object"]},
}


def study_schema(known: Known | None = None) -> Schema:
    """Return the schema of a study file.

    Args:
        known: Names by kind, those of plug-ins among them; they are offered.
    """
    names = merged_names(known)
    schema = _of_model(StudyEntry, names)
    models: dict[str, Schema] = schema["$defs"]
    designs = [
        name
        for entry in models.values()
        for name in _names_in(entry.get("properties", {}).get("design", {}))
    ]
    plug_in = models["PlugInEntry"]
    plug_in["properties"]["design"] = _other_than(designs, names["designs"])
    plug_in["required"] = ["design"]
    models["UnknownEntry"]["properties"]["design"] = False  # it stands in another file
    schema["properties"]["base"] = _of_base(names)
    tables = {name: _below("executor", settings_of_executor(name)) for name in names["executors"]}
    schema["properties"]["executor"] |= _of_named("executor", tables, names)
    return schema


def space_schema(known: Known | None = None) -> Schema:
    """Return the schema of a search-space file; see `study_schema`."""
    return _of_model(SpaceEntry, merged_names(known))


def _of_model(model: type[StudyEntry | SpaceEntry], names: Known) -> Schema:
    """Return the schema of the models, with the names of settings and plug-ins."""
    schema: Schema = {"$schema": DRAFT, **_plain(model.model_json_schema())}
    schema["properties"]["defaults"] = _DEFAULTS
    named = [{section: {"name": name}} for section, kind in _NAMED.items() for name in names[kind]]
    paths = sorted({path for base in named for path in table_of(base)})
    for entry in (schema, *schema["$defs"].values()):
        for key, one in entry.get("properties", {}).items():
            if "$ref" in one:  # an entry inside another one: null leaves it out
                one["anyOf"] = [{"$ref": one.pop("$ref")}, {"type": "null"}]
            elif key == "path":
                _offer(one, paths)
            elif key in _OFFERED:
                _offer(one, names.get(_OFFERED[key], ()))
    return schema


def _plain(schema: Any) -> Any:
    """Return a schema of pydantic without requirements, empty defaults and unknown keywords."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        _BOUNDS.get(key, key): _plain(value)
        for key, value in schema.items()
        if key not in ("required", "needed") and not (key == "default" and not value)
    }
    if "patternProperties" in found:
        found["additionalProperties"] = False
    return found


def _names_in(one: Schema) -> list[str]:
    return [*one.get("enum", [one["const"]] if "const" in one else [])]


def _open(names: Iterable[str]) -> Schema:
    """Return the schema of a name of which some are offered and others are allowed."""
    return {"anyOf": [{"enum": [*names]}, {"type": "string", "pattern": "\\S"}]}


def _other_than(packaged: Iterable[str], names: Iterable[str]) -> Schema:
    """Return the schema of a name of a plug-in."""
    known = [*packaged]
    return {**_open(name for name in names if name not in known), "not": {"enum": known}}


def _offer(one: Schema, names: Iterable[str]) -> None:
    """Offer names wherever a schema takes a text."""
    for inner in one.get("anyOf", [one]):
        if inner.get("type") == "array":
            _offer(inner["items"], names)
        elif inner.get("type") == "string":
            for key in ("type", "pattern"):
                inner.pop(key, None)
            inner.update(_open(names))


def _of_base(names: Known) -> Schema:
    """Return the schema of the settings of a run, section by section."""
    sections: dict[str, Schema] = {"task": {"type": ["string", "object", "null"]}}
    shared = table_of({})
    for section in dict.fromkeys(path.partition(".")[0] for path in shared):
        kind = _NAMED.get(section)
        if kind is None:
            sections[section] = {
                **_of_section(section, shared, names),
                "type": ["object", "null"],
            }
            continue
        tables = {name: table_of({section: {"name": name}}) for name in names[kind]}
        sections[section] = _of_named(section, tables, names)
    for one in sections["data"]["anyOf"]:
        if one.get("additionalProperties") is False:
            one["properties"]["tests"] = _TESTS
    sections["loss"]["properties"]["terms"] |= _of_terms(names)
    return {
        "description": StudyEntry.model_fields["base"].description,
        "type": ["object", "null"],
        "properties": sections,
        "additionalProperties": False,
    }


def _of_named(section: str, tables: Mapping[str, Mapping[str, Setting]], names: Known) -> Schema:
    """Return the schema of a section whose `name` decides its settings.

    Args:
        section: Its name.
        tables: Name -> settings by dotted path; of plug-ins that declare none, any are taken.
        names: Names by kind.
    """
    known = [name for name in tables if name in groups(section)]
    every: dict[str, Setting] = {}
    for table in tables.values():
        every.update(table)
    some = [_of_section(section, tables[name], names) for name in known]
    for name, one in zip(known, some, strict=True):
        one["properties"]["name"] = {"const": name}
    unnamed = _of_section(section, every, names)
    unnamed["properties"]["name"] = {"type": "null"}  # it stands in another file
    plug_in = {
        "type": "object",
        "properties": {"name": _other_than(known, tables)},
        "required": ["name"],
    }
    return {"anyOf": [_open(tables), {"type": "null"}, *some, unnamed, plug_in]}


def _of_terms(names: Known) -> Schema:
    """Return the schema of `loss.terms`: by name, a term whose `kind` decides its settings."""
    packaged = list(kinds())
    terms: list[Schema] = [{"type": "null"}]
    for kind in packaged:
        table = {
            f"term.{name}": replace(one, default=NOTHING) for name, one in of_kind(kind).items()
        }
        term = _of_section("term", table, names)
        term["properties"]["kind"] = {"const": kind}
        terms.append(term)
    others = _other_than(packaged, names.get("losses.terms", ()))
    terms.append({"type": "object", "properties": {"kind": others}, "required": ["kind"]})
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^{TERM_NAME.pattern}$"},
        "additionalProperties": {"anyOf": terms},
    }


def _below(section: str, settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return settings by dotted path; null leaves each out."""
    return {f"{section}.{name}": replace(one, may_be_null=True) for name, one in settings.items()}


def _of_section(section: str, table: Mapping[str, Setting], names: Known) -> Schema:
    """Return the schema of a section from its settings by dotted path."""
    made: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    for path, setting in table.items():
        first, *inner = path.split(".")
        if first != section:
            continue
        at = made
        for key in inner[:-1]:
            empty = {"type": ["object", "null"], "properties": {}, "additionalProperties": False}
            at = at["properties"].setdefault(key, empty)
        at["properties"][inner[-1]] = _of_setting(setting, names)
    return made


def _of_setting(setting: Setting, names: Known) -> Schema:
    """Return the schema of the values of one setting, with its default and meaning."""
    bounds = {
        "minimum": setting.low,
        "exclusiveMinimum": setting.above,
        "maximum": setting.high,
        "exclusiveMaximum": setting.below,
    }
    limits: Schema = {key: value for key, value in bounds.items() if math.isfinite(value)}
    name = {"enum": [*setting.choices]} if setting.choices else _open(names.get(setting.kind, ()))
    types: dict[str, Schema] = {
        "int": _or_name(setting, {"type": "integer", **limits}),
        "float": _or_name(setting, {"type": "number", **limits}),
        "text": {"type": "string", "pattern": "\\S"},
        "name": name,
        "names": {"type": "array", "minItems": 1, "items": name},
        "sources": {
            **_list_of({"enum": [*setting.choices]} if setting.choices else {"type": "string"}),
            "minItems": 2,
            "maxItems": 2,
            "uniqueItems": True,
        },
        "numbers": {"anyOf": [name, _list_of({"type": "number", "minimum": 0})]},
        "counts": {"anyOf": [{"type": "integer", **limits}, _list_of({"type": "integer"})]},
        "size": {**_list_of({"type": "integer", **limits}), "minItems": 2, "maxItems": 2},
    }
    made = dict(types.get(setting.type, {}))
    if setting.may_be_null and made:
        made = {"anyOf": [made, {"type": "null"}]}
    words = [setting.meaning, setting.unit and f"In {setting.unit}.", setting.source]
    if any(words):
        made["description"] = " ".join(filter(None, words))
    if setting.default is not NOTHING and setting.default is not None:
        is_list = isinstance(setting.default, tuple)
        made["default"] = list(setting.default) if is_list else setting.default
    return made


def _or_name(setting: Setting, number: Schema) -> Schema:
    """Return the schema of a number, or of a name in its place."""
    return {"anyOf": [number, {"enum": [*setting.choices]}]} if setting.choices else number


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}
