"""Scalars of TensorBoard event files, read without TensorBoard.

A file is a row of records: length (8 bytes), its checksum (4), an Event as protocol buffer, its
checksum (4). Of an Event the step (field 2) and the summary (5) count; of a value its tag (1), a
float (2) or a tensor (8) of one float.

Source:
    tensorflow/core/util/event.proto, framework/summary.proto and lib/io/record_writer.h.
"""

import contextlib
import struct
from collections.abc import Iterator
from typing import Final

Scalar = tuple[int, str, float]  # step, tag, value
_HEAD, _FOOT = 12, 4
_STEP, _SUMMARY = 2, 5
_VALUE, _TAG, _SIMPLE, _TENSOR = 1, 1, 2, 8
_CONTENT, _FLOATS, _DOUBLES = 4, 5, 6  # of a tensor
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}


def scalars(content: bytes) -> tuple[list[Scalar], int]:
    """Return the scalars of the whole records, and how many bytes these are.

    Args:
        content: From the beginning of a record on; may end in the middle of one.
    """
    found: list[Scalar] = []
    at = 0
    while at + _HEAD <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        end = at + _HEAD + length + _FOOT
        if end > len(content):
            break
        with contextlib.suppress(IndexError, struct.error, UnicodeDecodeError):  # not such an event
            found += _of_event(content[at + _HEAD : end - _FOOT])
        at = end
    return found, at


def _of_event(event: bytes) -> Iterator[Scalar]:
    step, summaries = 0, []
    for number, value in _fields(event):
        if number == _STEP and isinstance(value, int):
            step = value
        elif number == _SUMMARY and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == _VALUE and isinstance(value, bytes):
                yield from _of_value(step, value)


def _of_value(step: int, message: bytes) -> Iterator[Scalar]:
    tag, scalar = "", None
    for number, value in _fields(message):
        if number == _TAG and isinstance(value, bytes):
            tag = value.decode("utf-8")
        elif number == _SIMPLE and isinstance(value, bytes):
            (scalar,) = struct.unpack("<f", value)
        elif number == _TENSOR and isinstance(value, bytes):
            scalar = _of_tensor(value)
    if scalar is not None:
        yield step, tag, float(scalar)


def _of_tensor(message: bytes) -> float | None:
    for number, value in _fields(message):
        if isinstance(value, bytes) and (number, len(value)) in ((_CONTENT, 4), (_FLOATS, 4)):
            return float(struct.unpack("<f", value)[0])
        if isinstance(value, bytes) and (number, len(value)) in ((_CONTENT, 8), (_DOUBLES, 8)):
            return float(struct.unpack("<d", value)[0])
    return None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the fields of a protocol buffer; fixed ones as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        else:
            size = _SIZES[kind] if kind in _SIZES else len(message) - at
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
