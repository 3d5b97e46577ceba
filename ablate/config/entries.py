"""Entries of a study file as models: typed fields, rules between them, every error with its fix.

A field says by its type what it takes, and by `Said` how a message calls that. `_problems` of an
entry yields what is wrong between its fields, or with other parts of the file; it looks only at
fields that are right, so that one mistake gives one message and hides no other.
"""

import difflib
import functools
import keyword
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Optional, TypeVar, cast, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from ablate.config.errors import Errors, short
from ablate.config.schema import Dimension, Factor
from ablate.config.settings import Context
from ablate.errors import nearest
from ablate.settings.setting import NEWEST

Problem = tuple[str, str]  # path inside the entry, what is wrong with the fix
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_OURS = "ablate"  # type of the errors whose text is already a message
_TAG = "~"  # first letter of the tags of unions; they are not part of a path


@dataclass(frozen=True, slots=True)
class Said:
    """How messages call the values of a type: "must be {words}, got ..."."""

    words: str = ""  # by default the list of choices

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Replace what pydantic says by one sentence."""
        choices = [str(one) for one in get_args(source)] if not self.words else []
        words = self.words or f"one of {', '.join(choices)}"

        def check(value: Any, inner: Callable[[Any], Any]) -> Any:
            try:
                return inner(value)
            except ValidationError:
                text = f"must be {words}, got {short(value)}{or_close(value, choices)}"
                raise wrong(text) from None

        return core_schema.no_info_wrap_validator_function(check, handler(source))


def or_close(value: object, choices: Sequence[str]) -> str:
    """Return the tail of a message that offers a choice like the value, "" if none is like it."""
    close = difflib.get_close_matches(str(value)[:80], choices, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def wrong(text: str) -> PydanticCustomError:
    """Return the error by which a validator refuses a value."""
    return PydanticCustomError(_OURS, "{text}", {"text": text})


def _name(value: str) -> str:
    if text := name_error(value):
        raise wrong(text)
    return value


def name_error(name: object) -> str | None:
    """Return why a name cannot stand in expressions and overrides, None if it can."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return (
            "a name has letters, digits and _, starts with a letter and has at most 64; rename it"
        )
    if keyword.iskeyword(name) or name in ("true", "false", "null"):
        return f"{name!r} is a word of the expression language; rename it"
    return None


_NUMBER = WithJsonSchema({"type": "number"})
Text = Annotated[str, StringConstraints(pattern=r"\S"), Said("a text")]
Flag = Annotated[bool, Said("true or false")]
Name = Annotated[
    str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})
]
Whole = Annotated[int, Said("a whole number")]
Count = Annotated[int, Field(ge=0), Said("a whole number of at least 0")]
Positive = Annotated[int, Field(ge=1), Said("a whole number of at least 1")]
Number = Annotated[int | float, Said("a number"), _NUMBER]  # kept as it is written: 1 is not 1.0
AboveZero = Annotated[float, Field(gt=0), Said("a number above 0")]
Scalar = Annotated[str | int | float | bool, Said("one value")]


@dataclass(kw_only=True)
class Parts:
    """The parts of a study file that are read so far; rules look names up here.

    Args:
        settings: The base settings, the names of plug-ins, and where errors go.
        written: Every dimension of the space as it is written, wrong ones included.
        dimensions: The dimensions that are right.
        compared: Names of all factors, wrong ones included.
        factors: The factors that are right.
        defaults: Version of the packaged defaults.
        tests: Names of the further test sets.
    """

    settings: Context
    written: Mapping[str, Any] = field(default_factory=dict)
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)
    compared: Collection[str] = ()
    factors: Mapping[str, Factor] = field(default_factory=dict)
    defaults: int = NEWEST
    tests: Collection[str] = ()

    @property
    def errors(self) -> Errors:
        """Where the errors of the file are collected."""
        return self.settings.faults

    @property
    def known(self) -> Mapping[str, Collection[str]]:
        """Names by kind, such as "designs" or "metrics"."""
        return self.settings.known


def _title(model: type) -> str:
    words = re.findall(r"[A-Z][a-z]+", model.__name__.removesuffix("Entry"))
    return " ".join(words).capitalize()


class Entry(BaseModel):
    """A mapping of a study file whose keys are the fields of the model."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
        model_title_generator=_title,
        field_title_generator=lambda name, _: name.replace("_", " "),
    )
    what: ClassVar[str] = "setting"  # how messages call one of its keys
    _wrong: set[str] = PrivateAttr(default_factory=set)  # fields that are wrong or missing

    @classmethod
    def misplaced(cls, key: str, value: Any, at: str) -> str | None:
        """Return the message for a key that belongs elsewhere, "" if it does no harm there."""
        del key, value, at
        return None

    def has(self, *fields: str) -> bool:
        """Whether all of these fields are right; what needs a wrong one need not be asked."""
        return self._wrong.isdisjoint(fields)

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        """Yield what is wrong between fields, or with other parts of the file."""
        del parts
        yield from ()


E = TypeVar("E", bound=Entry)


def read(model: type[E], raw: Any, at: str, parts: Parts) -> E:
    """Return an entry of a file with defaults in place of wrong fields; its errors are added.

    An entry inside another one may be null, which is as good as leaving it out. One under a name
    that the file chose, such as a factor, says nothing then, and null is an error.

    Args:
        model: What the entry is.
        raw: What the file says.
        at: Dotted path of the entry.
        parts: What is read so far.

    Returns:
        The entry. Required fields that are wrong or missing are None; see `Entry.has`.
    """
    if not isinstance(raw, Mapping):
        parts.errors.add(at, _no_mapping(model, raw))
        blank = cast(type[E], _lenient(model)).model_validate({})
        blank._wrong.update(model.model_fields)
        return blank
    given = {str(key): value for key, value in raw.items()}
    for key, (inner, is_several) in _inner_entries(model).items():
        value, below = given.get(key), joined(at, key)
        if not is_several and (value is None or isinstance(value, Mapping)):
            given[key] = read(inner, value or {}, below, parts)
        elif is_several and isinstance(value, Mapping):
            given[key] = {
                str(name): read(inner, one, f"{below}.{name}", parts) for name, one in value.items()
            }
    wrong_fields: set[str] = set()
    try:
        made = model.model_validate(given)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            wrong_fields.add(str(one["loc"][0]) if one["loc"] else "")
            _tell(model, one, at, parts.errors, given)
        fine = {key: value for key, value in given.items() if key not in wrong_fields}
        made = cast(type[E], _lenient(model)).model_validate(fine)
    made._wrong.update(wrong_fields)
    for path, text in made._problems(parts):
        made._wrong.add(path.partition(".")[0])
        parts.errors.add(joined(at, path), text)
    return made


def _no_mapping(model: type[Entry], raw: Any) -> str:
    """Return the message for something else where an entry should stand."""
    if raw is not None:
        return f"must be a mapping of names, got {short(raw)}"
    needs_nothing = not any(one.is_required() for one in model.model_fields.values())
    empty = " ({} for its defaults)" if needs_nothing else ""
    return f"must be a mapping of names, got null; write its settings{empty} or remove it"


def joined(at: str, path: str) -> str:
    """Return a dotted path from two parts, of which each may be empty."""
    return f"{at}.{path}" if at and path else at or path


@functools.cache
def _inner_entries(model: type[Entry]) -> dict[str, tuple[type[Entry], bool]]:
    """Return field -> its model, and whether it is a mapping of such entries."""
    found = {}
    for name, one in model.model_fields.items():
        of, args = one.annotation, get_args(one.annotation)
        inner = args[-1] if get_origin(of) is dict else of
        if isinstance(inner, type) and issubclass(inner, Entry):
            found[name] = (inner, inner is not of)
    return found


@functools.cache
def _lenient(model: type[Entry]) -> type[Entry]:
    """Return the model with no field required."""
    fields: dict[str, Any] = {}
    for name, one in model.model_fields.items():
        if one.is_required():
            of = Annotated[(one.annotation, *one.metadata)] if one.metadata else one.annotation
            fields[name] = (Optional[of], None)  # noqa: UP045  it is only known at run time
    return create_model(model.__name__, __base__=model, **fields)


def _tell(
    model: type[Entry], error: ErrorDetails, at: str, errors: Errors, given: Mapping[str, Any]
) -> None:
    """Add what pydantic found as one line with its fix."""
    parts = [str(one) for one in error["loc"] if isinstance(one, str)]
    path = [one for one in parts if not one.startswith(_TAG) and one != "[key]"]
    where = joined(at, ".".join(path))
    key = path[-1] if path else ""
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        text = model.misplaced(key, value, at)
        if text is None:
            text = f"no such {model.what}; {nearest(key, model.model_fields)}"
        elif not text:
            return
    elif kind == "missing":
        others = [one for one in given if one not in model.model_fields]
        if or_close(key, others):  # it is there, misspelt
            return
        text = f"is missing; {_needed(model, key)}"
    elif kind == _OURS:
        text = str(error["msg"])
    elif kind in ("dict_type", "model_type"):
        text = f"must be a mapping of names, got {short(value)}"
    elif kind == "too_short":
        text = f"must have at least {error['ctx']['min_length']} entries, got {short(value)}"
    else:
        text = f"{error['msg'][:1].lower()}{error['msg'][1:]}, got {short(value)}"
    errors.add(where, text)


def _needed(model: type[Entry], key: str) -> str:
    """Return how to give a field that is missing."""
    one = model.model_fields[key]
    extra = one.json_schema_extra
    if isinstance(extra, dict) and "needed" in extra:
        return str(extra["needed"])
    said = [meta.words for meta in one.metadata if isinstance(meta, Said) and meta.words]
    return f"write {said[-1]}" if said else "write it"
