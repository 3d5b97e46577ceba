"""What a worker says to its driver, read strictly: the driver believes no message by its looks.

A message is a line of JSON; the content of a file follows it where one is sent.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from ablate.errors import one_line
from ablate.execution.link import OddMessageError
from ablate.training.spec import RunResult

LARGEST_STEP: Final = 2**63 - 1
LONGEST_REASON: Final = 2000


@dataclass(frozen=True, slots=True)
class Beat:
    """There was progress."""

    step: int
    slowest_s: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Reports:
    """The objective at every rung so far, by step; the worker waits for an answer."""

    by_step: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Ended:
    """The run has ended."""

    result: RunResult


@dataclass(frozen=True, slots=True)
class Trouble:
    """The worker goes, and why."""

    kind: str  # one of TROUBLES
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The worker does not see the run's folder and asks for its files."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of the run, or a part of one; None as its content where it is gone."""

    name: str
    at: int | None
    content: bytes | None


Message = Beat | Reports | Ended | Trouble | Wanted | SentFile
TROUBLES: Final = ("left", "oom", "device", "fault")


def pack(values: Any, content: bytes | None = None) -> bytes:
    """Encode a message, and bytes that belong to it."""
    return json.dumps(values).encode() + (b"" if content is None else b"\n" + content)


def unpack(message: bytes) -> Any:
    """Decode the line of a message of `pack`.

    Raises:
        OddMessageError: It is not JSON.
    """
    try:
        return json.loads(message.partition(b"\n")[0])
    except (ValueError, RecursionError) as error:
        raise OddMessageError(one_line(str(error), longest=100)) from None


def content_of(message: bytes) -> bytes | None:
    """The bytes that belong to a message of `pack`, None without any."""
    _, separator, content = message.partition(b"\n")
    return content if separator else None


def heard(message: bytes) -> Message:
    """The message of a worker.

    Raises:
        OddMessageError: No worker of this version sends it.
    """
    match unpack(message):
        case {"beat": [step, slowest_s, peak_mib]} if _is_step(step) and all(
            _is_real(value) and math.isfinite(value) and value >= 0
            for value in (slowest_s, peak_mib)
        ):
            return Beat(step, float(slowest_s), float(peak_mib))
        case {"reports": dict() as reports} if all(
            _is_step_name(step) and _is_real(value) for step, value in reports.items()
        ):
            return Reports({int(step): float(value) for step, value in reports.items()})
        case {"result": dict() as result}:
            return Ended(_result(result))
        case {"wants": "files"}:
            return Wanted()
        case {"file": str() as name, "at": at} if at is None or _is_step(at):
            return SentFile(name, at, content_of(message))
        case {**one} if len(one) == 1:
            ((kind, reason),) = one.items()
            if kind in TROUBLES and isinstance(reason, str):
                return Trouble(str(kind), one_line(reason, longest=LONGEST_REASON))
    raise OddMessageError("a message that no worker sends")


def _result(values: Mapping[str, Any]) -> RunResult:
    try:
        return RunResult.from_json(values)
    except ValueError as error:
        raise OddMessageError(f"a result that no run has: {error}") from None


def _is_real(value: object) -> TypeGuard[int | float]:
    """Whether a value is a float, which may be none, or an int that fits into one."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= LARGEST_STEP)


def _is_step(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_STEP


def _is_step_name(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < len(str(LARGEST_STEP))
