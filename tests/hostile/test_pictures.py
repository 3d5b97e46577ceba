"""Hostile image files: each is one line that names it, whatever command meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.hostile.pictures import PICTURES

PAIRS = 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a set of good pairs of 32x32 pixels."""
    for number in range(PAIRS):
        for shift, side in enumerate(("ir", "vi")):
            path = tmp_path / "set" / side / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = np.random.default_rng([number, shift]).integers(0, 256, (32, 32), np.uint8)
            Image.fromarray(values).save(path)
    return tmp_path / "set"


def test_there_are_enough_of_them() -> None:
    assert len(PICTURES) >= 30


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.timeout(60)
def test_a_hostile_picture_is_named_by_verify_and_by_score(
    ablate: Callable[..., Any], folder: Path, name: str
) -> None:
    content, expected = PICTURES[name]
    path = folder / "ir" / "3.png"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    answer = ablate("data", "verify", "folders", folder, "--json")
    assert answer.code == 2
    (problem,) = json.loads(answer.out)["problems"]
    assert problem["file"] == str(path)
    assert expected in problem["problem"]
    assert problem["mend"]
    score = ["score", "--infrared", folder / "ir", "--visible", folder / "vi"]
    ablate(*score, "--fused", folder / "vi", "--metrics", "sd").refuses("3.png")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", "a\u202eb", "a\u2028b"], ids=ascii)
def test_a_name_that_does_not_print_is_a_problem_of_one_line(
    ablate: Callable[..., Any], folder: Path, name: str
) -> None:
    for side in ("ir", "vi"):
        (folder / side / "3.png").rename(folder / side / f"{name}.png")
    answer = ablate("data", "verify", "folders", folder)
    assert answer.code == 2
    assert "has characters that do not print; rename it" in answer.out
    assert all(line.isprintable() for line in answer.out.splitlines())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"../../../etc/passwd\n", "no pair is called ../../../etc/passwd"),
        (b"/etc/passwd\n", "no pair is called /etc/passwd"),
        (b"x" * 10_000 + b"\n", "..."),
        (b"3\n3\x1b[2J\n", "no pair is called 3\\x1b[2J"),
        (b"\xff\xfe3\n", "is not text in UTF-8"),
        (b"\0\0\0\n", "no pair is called \\x00"),
        (b"", "names no pair"),
        (b"3\n" * 6_000_000, "is larger than 10 MB"),
    ],
    ids=lambda value: ascii(value[:20]) if isinstance(value, bytes) else "",
)
def test_a_hostile_split_file_is_refused(
    ablate: Callable[..., Any], folder: Path, content: bytes, expected: str
) -> None:
    splits = folder.parent / "test.txt"
    splits.write_bytes(content)
    answer = ablate("data", "verify", "folders", folder, "--splits", splits)
    assert answer.code == 2
    told = answer.out + answer.err
    assert expected in told
    assert all(line.isprintable() and len(line) < 700 for line in told.splitlines())
    assert "a bug" not in told


def test_links_and_devices_are_no_images(ablate: Callable[..., Any], folder: Path) -> None:
    (folder / "ir" / "9.png").symlink_to("/dev/zero")
    (folder / "vi" / "9.png").symlink_to("/nowhere")
    (folder / "ir" / "10.png").mkdir()
    answer = ablate("data", "verify", "folders", folder)
    assert "8 pairs" in answer.out
