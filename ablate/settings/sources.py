"""What the two sources of a scene are called: infrared and visible, MRI and PET, near and far.

The data set names them (`data.sources`). Networks, losses and metrics know them by their place: the
first is their `infrared`, the second their `visible`, whatever they are. What people read and write
(study files, reports, tables, pictures, MLflow) has the names; `Sources` turns one into the other.
"""

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from ablate.errors import nearest, one_line

T = TypeVar("T")
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
KEPT: Final = frozenset(  # keys whose texts are people's words, names of plug-ins, or files
    {"title", "asks", "because", "label", "name", "kind", "preset", "network", "weights"}
    | {"initial_weights"}
)
_TERMS: Final = "terms"
_NEVER: Final = ("fused", "output", "image", "split", "mean", "max", "laplacian", "guided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a source with a usual name.

    Args:
        words: In names of folders and files that hold it, in lower case.
        further: Words that say so where none of the above stands.
        is_grey: Whether colour in it is a fault; else the fused image takes it over.
        is_photograph: Whether its partner is a photograph of the same light: the two resemble each
            other, and have colour both or neither.
        is_of_body: Whether scenes are registered bodies, which resemble each other without being
            the same.
    """

    words: frozenset[str]
    further: frozenset[str] = frozenset()
    is_grey: bool = False
    is_photograph: bool = False
    is_of_body: bool = False


KNOWN: Final[Mapping[str, Known]] = {  # by name in lower case
    "infrared": Known(
        words=frozenset({"ir", "inf", "infrared", "cropinfrared"}),
        further=frozenset({"thermal", "lwir", "tir"}),
        is_grey=True,
    ),
    "visible": Known(
        words=frozenset({"vi", "vis", "visible"}),
        further=frozenset({"rgb"}),  # it may be a rendering beside vi
    ),
    "mri": Known(words=frozenset({"mri", "mr"}), is_grey=True, is_of_body=True),
    "ct": Known(words=frozenset({"ct"}), is_grey=True, is_of_body=True),
    "pet": Known(words=frozenset({"pet"}), is_of_body=True),
    "spect": Known(words=frozenset({"spect"}), is_of_body=True),
    "near": Known(words=frozenset({"near", "a", "sourcea"}), is_photograph=True),
    "far": Known(words=frozenset({"far", "b", "sourceb"}), is_photograph=True),
    "under": Known(words=frozenset({"under", "underexposed", "ue"}), is_photograph=True),
    "over": Known(words=frozenset({"over", "overexposed", "oe"}), is_photograph=True),
}


class Sources(NamedTuple):
    """The names of both sources, in the order in which networks take them.

    Example:
        >>> both = Sources("MRI", "PET")
        >>> both.in_names({"loss": {"selection": "visible"}})
        {'loss': {'selection': 'PET'}}
        >>> both.in_places({"loss": {"selection": "PET"}})
        {'loss': {'selection': 'visible'}}
    """

    first: str
    second: str

    @property
    def are_usual(self) -> bool:
        """Whether they are infrared and visible: names and places are the same."""
        return self == INFRARED_VISIBLE

    def in_names(self, value: T) -> T:
        """Return settings, or a text, with infrared and visible replaced by these names.

        Args:
            value: A text, whose whole words are looked at, or mappings and lists of texts; what
                stands under one of `KEPT` stays.
        """
        if self.are_usual:
            return value
        named: T = _replaced(value, dict(zip(INFRARED_VISIBLE, self, strict=True)))
        return named

    def in_places(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of a training as networks and losses know them.

        Args:
            settings: By section; in `loss` (of a stage too) and `model` the names become infrared
                and visible. Names of terms stay.
        """
        if self.are_usual:
            return dict(settings)
        words = dict(zip(self, INFRARED_VISIBLE, strict=True))
        found = dict(settings)
        if isinstance(loss := settings.get("loss"), Mapping):
            found["loss"] = self.loss_in_places(loss)
        if isinstance(model := settings.get("model"), Mapping):
            found["model"] = _replaced(model, words)
        train = settings.get("train")
        stages = train.get("stages") if isinstance(train, Mapping) else None
        if isinstance(train, Mapping) and isinstance(stages, list | tuple):
            found["train"] = {**train, "stages": [self._stage(one) for one in stages]}
        return found

    def loss_in_places(self, loss: Mapping[str, Any]) -> dict[str, Any]:
        """Return a section `loss` as losses know it."""
        if self.are_usual:
            return dict(loss)
        words = dict(zip(self, INFRARED_VISIBLE, strict=True))
        rest = {key: one for key, one in loss.items() if key != _TERMS}
        found: dict[str, Any] = _replaced(rest, words)
        terms = loss.get(_TERMS)
        if isinstance(terms, Mapping):
            found[_TERMS] = {name: _replaced(term, words) for name, term in terms.items()}
        elif _TERMS in loss:
            found[_TERMS] = terms
        return found

    def _stage(self, stage: Any) -> Any:
        own = stage.get("loss") if isinstance(stage, Mapping) else None
        return {**stage, "loss": self.loss_in_places(own)} if isinstance(own, Mapping) else stage


INFRARED_VISIBLE: Final = Sources("infrared", "visible")


def sources_of(data: object) -> Sources:
    """Return the sources that a section `data` names, else those that its data set has.

    What cannot name two sources is as if it were not there: the error is reported elsewhere.
    """
    from ablate.settings.members import members

    if not isinstance(data, Mapping):
        return INFRARED_VISIBLE
    given, name = data.get("sources"), data.get("name")
    if given is not None and not fault_of(given):
        return Sources(*given)
    member = members("data").get(name) if isinstance(name, str) else None
    setting = member.settings.get("sources") if member else None
    return Sources(*setting.default) if setting else INFRARED_VISIBLE


def fault_of(value: Any, choices: Collection[str] = ()) -> str | None:
    """Return why a value does not name two sources, None if it does.

    Args:
        value: As a study file has it.
        choices: All that may be named; any name where empty.
    """
    usual = " and ".join(list(choices)[:2]) or "MRI and PET"
    if not isinstance(value, list | tuple) or len(value) != 2:
        return (
            f"must name two sources such as [{usual.replace(' and ', ', ')}], got {_short(value)}"
        )
    for name in value:
        if choices and name not in choices:
            alike = [
                f"did you mean {one!r}?" for one in choices if one.lower() == str(name).lower()
            ]
            return f"no such source as {name!r}; {(*alike, nearest(str(name), choices))[0]}"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            return f"{_short(name)} cannot name a source; use letters, digits and _, a letter first"
    first, second = value
    if first.lower() == second.lower():
        return f"names {first} twice; name the two sources, such as {usual}"
    if Sources(first, second).are_usual:
        return None
    for name in value:
        if name.lower() not in KNOWN and name.lower() in reserved():
            return f"{name!r} is the name of something else in a study; choose another name"
    return None


def known(name: str) -> Known:
    """Return what is known of a source; of one without a usual name, that folders are called so."""
    return KNOWN.get(name.lower()) or Known(words=frozenset({name.lower()}))


@functools.cache
def reserved() -> frozenset[str]:
    """Return the words that settings of losses and networks, and their values, are made of.

    A source of such a name could not be distinguished from them.
    """
    from ablate.settings.loss import loss_settings
    from ablate.settings.members import members
    from ablate.settings.setting import Setting
    from ablate.settings.terms import of_any_kind

    tables: list[Mapping[str, Setting]] = [loss_settings(), of_any_kind()]
    tables += [one.settings for one in members("models").values()]
    texts = {*_NEVER}
    for table in tables:
        texts |= {word for name, one in table.items() for word in (name, *one.choices)}
    for kind in ("operators", "components", "selections", "penalties", "regions", "terms"):
        texts |= set(members(kind))
    words = {part for text in texts for part in re.split(r"[_.]", text.lower())}
    words |= {text.lower() for text in texts}
    return frozenset(words - set(INFRARED_VISIBLE))


def _replaced(value: Any, words: Mapping[str, str]) -> Any:
    """Return a value with whole words replaced in every text of it, keys too."""
    if isinstance(value, str):
        form = "|".join(re.escape(word) for word in words)
        return re.sub(
            rf"(?<![A-Za-z0-9])(?:{form})(?![A-Za-z0-9])", lambda found: words[found[0]], value
        )
    if isinstance(value, Mapping):
        return {
            _replaced(key, words): one if key in KEPT else _replaced(one, words)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_replaced(one, words) for one in value]
    return value


def _short(value: Any) -> str:
    return one_line(repr(value), longest=60)
