"""Places of Python source: what a key names, and that each place has a key of its own."""

import ast
from pathlib import Path

import pytest

from ablate.errors import ConfigError
from ablate.settings.command import Place
from ablate.settings.python_places import named, parse, places, spans
from ablate.training.tasks.command.planting import plant

SOURCE = """\
import os
deep = {'loss': {'alpha': 1}, 'list': [2, 3]}
lr = 4
os.environ['GPU'] = '0'
class Loss:
    scale = 5
    def forward(self, x, beta=6, *, gamma=7):
        lr = 8
        total = self.a(x) + 9 * self.b(x) + self.c(x) * 10.
        total += 0.5 * (1 - x.ssim(x))
        return total + 11 * self.b(x)
def options(p, lr=12):
    p.add_argument('-w', '--weight', default=13, type=int)
    Adam(p, 14, lr=15)
    match lr:
        case 1:
            chosen = 16
        case _:
            chosen = 17
"""


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("deep.loss.alpha", [1]),
        ("deep.list.1", [3]),
        ("lr", [4]),
        ("GPU", ["0"]),
        ("Loss.scale", [5]),
        ("Loss.forward.beta", [6]),
        ("Loss.forward.gamma", [7]),
        ("Loss.forward.lr", [8]),
        ("Loss.forward.total*self.b", [9]),
        ("Loss.forward.total*self.c", [10.0]),
        ("Loss.forward.total*x.ssim", [0.5]),
        ("Loss.forward.return*self.b", [11]),
        ("options.lr", [12]),
        ("options.--weight", [13]),
        ("options.-w", [13]),
        ("options.Adam.1", [14]),
        ("options.Adam.lr", [15]),
        ("options.chosen", [16, 17]),
        ("options.chosen#2", [17]),
        ("options.chosen#3", []),
        ("options.chosen#0", []),
        ("options.chosen#x", []),
        ("total", []),
    ],
)
def test_what_a_key_names(key: str, values: list[object]) -> None:
    found = named(key, places(parse(SOURCE)))
    assert [ast.literal_eval(one.value) for one in found] == values


def test_a_variable_hides_the_parameter_of_its_name() -> None:
    text = "def train(lr=1):\n    lr = 2\n"
    assert [ast.literal_eval(one.value) for one in named("train.lr", places(parse(text)))] == [2]


def test_every_place_can_be_planted_and_nothing_else_changes(tmp_path: Path) -> None:
    every = places(parse(SOURCE))
    for key in {one.key for one in every}:
        same = named(key, every)
        for number, (start, end) in enumerate(spans(SOURCE, same), start=1):
            (tmp_path / "a.py").write_text(SOURCE)
            at = f"a.py:{key}#{number}"
            plant(tmp_path, Place(kind="constant", at=at), 987)
            wanted = f"{SOURCE[:start]}987{SOURCE[end:]}"
            assert (tmp_path / "a.py").read_text() == wanted, at


def test_several_places_are_told_apart_by_a_number(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE)
    with pytest.raises(ConfigError, match=r"at 2 places: .*append #1 to #2, or use a patch"):
        plant(tmp_path, Place(kind="constant", at="a.py:options.chosen"), 1)
    plant(tmp_path, Place(kind="constant", at="a.py:options.chosen#2"), 99)
    assert "chosen = 16" in (tmp_path / "a.py").read_text()
    assert "chosen = 99" in (tmp_path / "a.py").read_text()
