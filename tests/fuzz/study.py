"""Any bytes as a study file: read, laid over the defaults and checked, or a ConfigError."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ablate import conf
from ablate.config import reading
from ablate.config.check import check as check_study
from ablate.config.check import check_space
from ablate.config.defaults import group_defaults, trial_defaults
from ablate.config.errors import Errors
from ablate.config.layers import layered
from ablate.config.overrides import Overrides
from ablate.errors import LONGEST_LINE, ConfigError

FILE = "studies/fuzzed.yaml"
PLACE = Path(str(conf.__file__)).parent


@cache
def _file(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _group(section: str, name: str) -> dict[str, Any] | None:
    if made := group_defaults(section, name):
        return made
    path = PLACE / section / f"{name}.yaml"
    return _file(path) if name.isidentifier() and path.is_file() else None


def check(content: bytes) -> None:
    """Assert that the content is a study, or is refused in one-line faults."""
    raw, fault = reading.parse(content)
    assert isinstance(raw, dict)
    assert isinstance(fault, str)
    if fault:
        return
    tree = {str(key): value for key, value in raw.items() if key != "defaults"}
    for read in (_study, _space):
        for line in _faults(read, tree):
            assert line.startswith(f"{FILE}: ")
            assert line.isprintable()
            assert len(line) <= LONGEST_LINE


def _faults(read: Callable[[dict[str, Any]], None], tree: dict[str, Any]) -> tuple[str, ...]:
    try:
        read(tree)
    except ConfigError as error:
        return error.faults or ("no fault is told",)
    return ()


def refusals(tree: dict[str, Any]) -> tuple[str, ...]:
    """Return the errors of a study without its defaults list, none where it is fine."""
    return _faults(_study, {key: value for key, value in tree.items() if key != "defaults"})


def _study(tree: dict[str, Any]) -> None:
    faults = Errors(FILE)
    whole = layered(tree, {}, Overrides(), trial=trial_defaults(), group=_group, faults=faults)
    config = check_study(whole, name="fuzzed", file=FILE, faults=tuple(faults.lines))
    assert len(config.digest) == 12  # so all of it can be written as JSON


def _space(tree: dict[str, Any]) -> None:
    whole = layered({}, {}, Overrides(), trial=trial_defaults(), group=_group, faults=Errors(FILE))
    check_space({"base": whole["base"], "space": tree}, file=FILE)
