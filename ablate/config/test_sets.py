"""Test sets beside the one of the training data: `base.data.tests` of a study file."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from ablate.config.apply import leaves
from ablate.config.defaults import group_defaults
from ablate.config.errors import Errors, short
from ablate.config.layers import merged
from ablate.config.schema import FurtherSet
from ablate.config.settings import Context
from ablate.settings.data import OWN
from ablate.settings.members import members
from ablate.settings.metrics import MetricSettings
from ablate.settings.setting import Known, settings_of

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,29}")
SPLITS: Final = ("train", "val", "test")
OF_TRAINING: Final = ("crop", "small", "limit.train", "limit.val")
MOST: Final = 20


def take_tests(errors: Errors, base: dict[str, Any], known: Known) -> dict[str, FurtherSet | None]:
    """Take the test sets out of the settings of a run, of which they form no part.

    One with errors is None.

    Args:
        errors: Where errors go.
        base: Its section `data` loses the key `tests`.
        known: Names by kind.
    """
    section = base.get("data")
    if not isinstance(section, dict) or "tests" not in section:
        return {}
    base["data"] = {key: value for key, value in section.items() if key != "tests"}
    written = errors.mapping("base.data.tests", section["tests"])
    if len(written) > MOST:
        errors.add("base.data.tests", f"has {len(written)} test sets, at most {MOST}; remove some")
    return {
        str(name): read_test(errors, f"base.data.tests.{name}", str(name), values, known)
        for name, values in written.items()
    }


def read_test(errors: Errors, at: str, name: str, values: Any, known: Known) -> FurtherSet | None:
    """Return one test set as it is written, None where it has errors."""
    before = len(errors.lines)
    _check_name(errors, at, name, metrics=known["metrics"])
    values = {"name": values} if isinstance(values, str) else values
    if not isinstance(values, Mapping):
        example = "{name: tno, root: FOLDER}"
        errors.add(at, f"must be the name of a data set or settings such as {example}")
        return None
    data = {key: value for key, value in values.items() if key not in ("part", "protocol")}
    part, protocol = values.get("part"), values.get("protocol")
    rules = settings_of(MetricSettings)["protocol"]
    if protocol is not None and (text := rules.fault(protocol, known)):
        errors.add(f"{at}.protocol", text)
    if part not in (None, "test", "all"):
        errors.add(f"{at}.part", f"must be test or all, got {short(part)}")
    if not data:
        if protocol is None:
            errors.add(at, "names no data set; write name: such as tno, or a protocol of its own")
        elif part is not None:
            errors.add(f"{at}.part", "is for other data; remove it")
    else:
        _check_data(errors, at, data, known)
    if len(errors.lines) > before:
        return None
    section = None
    if data:
        filled = merged(group_defaults("data", data["name"]) or {}, data)
        section = {key: value for key, value in filled.items() if key not in OF_TRAINING}
        part = part or ("all" if _is_unsplit(section) else "test")
    return FurtherSet(data=section, part=part or "test", protocol=protocol)


def _check_name(errors: Errors, at: str, name: str, *, metrics: Collection[str]) -> None:
    if name in (OWN, *SPLITS, *metrics):
        what = "the test part of the training data" if name == OWN else "a split"
        what = "a metric" if name in metrics else what
        errors.add(at, f"{name!r} is the name of {what}; choose another name")
    elif not NAME.fullmatch(name):
        errors.add(at, "a test set has lower-case letters, digits and _, at most 30; rename it")


def _check_data(errors: Errors, at: str, data: Mapping[str, Any], known: Known) -> None:
    name = data.get("name")
    if not isinstance(name, str):
        errors.add(f"{at}.name", "is missing; name a data set such as tno")
        return
    errors.known(f"{at}.name", name, known["data"], "data set")
    own = Context(errors, {"data": dict(data)}, known)
    for path, value in leaves(data):
        if path in OF_TRAINING:
            errors.add(f"{at}.{path}", "is for training; a test set has none, remove it")
        elif path != "name" and (text := own.setting_fault(f"data.{path}", value)):
            errors.add(f"{at}.{path}", text)


def _is_unsplit(section: Mapping[str, Any]) -> bool:
    """Return whether a set has no split of its authors: all of it is unseen."""
    member = members("data").get(str(section["name"]))
    is_ours = member is not None and "test_share" in member.settings
    return is_ours and not section.get("splits")
