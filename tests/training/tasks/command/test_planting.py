"""Values in a copy of somebody's code: one place, and nothing else changes."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate.errors import ConfigError
from ablate.settings.command import Place
from ablate.training.tasks.command.planting import plant

PYTHON = """\
# of theirs: é
é = 'ü'; lr = 1e-4 # step
first, second = 1, 2
class Args:
    width = 8
config = {'weights': [1, 2], 'deep': 3}
other = dict(rate=.5)
import os
os.environ['CUDA_VISIBLE_DEVICES'] = '0'
def train():
    depth = 4
    return depth
if first:
    twice = 1
else:
    twice = 2
"""


def planted(folder: Path, name: str, text: str, key: str, value: Any) -> str:
    (folder / name).write_bytes(text.encode())
    kind: Any = "constant" if name.endswith(".py") else "file"
    plant(folder, Place(kind=kind, at=f"{name}:{key}"), value)
    return (folder / name).read_bytes().decode()


@pytest.mark.parametrize(
    ("key", "old", "value", "new"),
    [
        ("lr", "1e-4", 0.25, "0.25"),
        ("second", "1, 2\n", [3], "1, [3]\n"),
        ("Args.width", "8", 16, "16"),
        ("config.weights", "[1, 2]", [0.5], "[0.5]"),
        ("other.rate", ".5", 1.5, "1.5"),
        ("CUDA_VISIBLE_DEVICES", "'0'", "", "''"),
        ("train.depth", "depth = 4", None, "depth = None"),
    ],
)
def test_a_constant(tmp_path: Path, key: str, old: str, value: Any, new: str) -> None:
    assert planted(tmp_path, "a.py", PYTHON, key, value) == PYTHON.replace(old, new, 1)


CODE = """\
for name in ["TNO", "RoadScene"]:
    pass
def fuse(folder='a', sides=2):
    for num in range(1, 3):
        path = 'in/{}.bmp'.format(
            num)
    sides = sides or 1
    log = []
    log = log.append(num)
    return 10 * len(log)
"""


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("name", '["TNO"]', '["TNO", "RoadScene"]', "['TNO']"),
        ("fuse.num", "sorted(os.listdir('in'))", "range(1, 3)", "sorted(os.listdir('in'))"),
        ("fuse.path", "'in/' +\n num", "'in/{}.bmp'.format(\n            num)", "'in/' + num"),
        ("fuse.folder", "os.sep", "'a'", "os.sep"),
        ("fuse.sides", "3 if num else 4", "sides or 1", "3 if num else 4"),
        ("fuse.log#2", "[*log, num]", "log.append(num)", "[*log, num]"),
    ],
)
def test_an_expression(tmp_path: Path, key: str, value: str, old: str, new: str) -> None:
    (tmp_path / "a.py").write_text(CODE)
    place = Place(kind="code", at=f"a.py:{key}")
    for _ in range(2):  # before every command
        plant(tmp_path, place, value)
        assert (tmp_path / "a.py").read_text() == CODE.replace(old, new, 1)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("fuse.num", "import os", "import os is not an expression of Python (invalid syntax)"),
        ("fuse.return*len", "1 + num", "there a number or a text has to stand"),
    ],
)
def test_code_that_cannot_stand_there(tmp_path: Path, key: str, value: str, said: str) -> None:
    (tmp_path / "a.py").write_text(CODE)
    with pytest.raises(ConfigError) as error:
        plant(tmp_path, Place(kind="code", at=f"a.py:{key}"), value)
    assert said in str(error.value)
    assert (tmp_path / "a.py").read_text() == CODE


def test_line_ends_stay(tmp_path: Path) -> None:
    text = PYTHON.replace("\n", "\r\n")
    assert planted(tmp_path, "a.py", text, "Args.width", 9) == text.replace("8", "9", 1)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("twice", "is assigned at 2 places: a.py:14 (1), a.py:16 (2)"),
        ("lrr", "a.py has no such name; did you mean 'lr'?"),
    ],
)
def test_exactly_one_place(tmp_path: Path, key: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        planted(tmp_path, "a.py", PYTHON, key, 1)
    assert said in str(error.value)
    assert (tmp_path / "a.py").read_text() == PYTHON


YAML = "a:\n  lr: 1e-4  # step\n  list: [1, 2]\n  parts:\n  - {k: 1}\nlr: &x 3\n"


@pytest.mark.parametrize(
    ("key", "value"), [("a.lr", 1e-5), ("a.list", [1e-6, 2]), ("a.parts.0.k", True), ("lr", "t")]
)
def test_a_key_of_yaml(tmp_path: Path, key: str, value: Any) -> None:
    text = planted(tmp_path, "c.yaml", YAML, key, value)
    found = yaml.safe_load(text)
    for part in key.split("."):
        found = found[int(part) if part.isdigit() else part]
    assert found == value
    assert len(text.splitlines()) == len(YAML.splitlines())
    assert "# step" in text


def test_json_with_comments(tmp_path: Path) -> None:
    text = '{\n\t"n": {"lr": 1, // "lr": 2\n "url": "http://x"}, "b": 2 }'
    assert planted(tmp_path, "o.json", text, "n.lr", 1e-5) == text.replace("1", "1e-05", 1)
    assert planted(tmp_path, "o.json", text, "n.url", "y") == text.replace("http://x", "y")
    with pytest.raises(ConfigError, match=r"did you mean 'n\.lr'"):
        planted(tmp_path, "o.json", text, "n.l", 1)


def test_toml(tmp_path: Path) -> None:
    text = 'x = 1\n[a.b]\nlr = 1.5 # c\ns = "p # q" # c\nl = [1, 2]\n'
    assert tomllib.loads(planted(tmp_path, "t.toml", text, "a.b.lr", 2))["a"]["b"]["lr"] == 2
    assert planted(tmp_path, "t.toml", text, "a.b.s", "n") == text.replace("p # q", "n")
    assert planted(tmp_path, "t.toml", text, "x", True) == text.replace("x = 1", "x = true")
    with pytest.raises(ConfigError, match="cannot be read with its value"):
        planted(tmp_path, "t.toml", "l = [1,\n 2]\n", "l", [3])


def test_ini(tmp_path: Path) -> None:
    text = "[train]\nlr = 1 ; c\nlr_2: 5\n[test]\nlr = 3\n"
    assert planted(tmp_path, "t.ini", text, "train.lr", 0.5) == text.replace("1 ;", "0.5 ;")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the repository has no file a\.py"):
        plant(tmp_path, Place(kind="constant", at="a.py:lr"), 1)


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "theirs.json").write_text('{"lr": 1}')
    (tmp_path / "o.json").symlink_to(tmp_path / "theirs.json")
    plant(tmp_path, Place(kind="file", at="o.json:lr"), 2)
    assert json.loads((tmp_path / "theirs.json").read_text()) == {"lr": 1}
    assert json.loads((tmp_path / "o.json").read_text()) == {"lr": 2}
