"""What is read of repositories of every kind, and what is refused."""

from pathlib import Path

import pytest

from ablate.adopting import repository
from ablate.adopting.found import Found, find
from ablate.adopting.roles import VARIED
from ablate.errors import DataError
from tests.adopting.standins import COMMON, KINDS, PLACES, made, write


def of_role(found: Found, role: str) -> dict[str, tuple[str, object]]:
    """Return name -> place and value of the settings of a role."""
    return {
        one.name: (str(one.place), one.value)
        for one in found.settings
        if one.role == role and not one.why
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_setting_is_found(tmp_path: Path, kind: str) -> None:
    found = find(made(tmp_path, kind))
    rate, weight, epochs = PLACES[kind]
    assert list(of_role(found, "learning rate").values()) == [(rate, 1e-4)]
    assert list(of_role(found, "loss weight").values()) == [(weight, 10)]
    assert list(of_role(found, "epochs").values()) == [(epochs, 40)]
    assert [value for _, value in of_role(found, "batch size").values()] == [8]
    assert (found.script.path, found.fuser and found.fuser.path) == ("train.py", "test.py")


def test_the_line_is_that_of_the_value(tmp_path: Path) -> None:
    root = made(tmp_path, "json")
    for one in find(root).settings:
        if one.role in VARIED:
            line = (root / one.file).read_text().splitlines()[one.line - 1]
            assert f"{one.name.rpartition('.')[2]}" in line


LOSSES = """
import torch.nn as nn
from torch.optim import SGD
GRAD, UNUSED, mean = 5.0, 6.0, 0.5

class Loss(nn.Module):
    def __init__(self, colour=12, dead=3):
        self.w_colour = colour
        self.ratio = 0.25

    def gray(self, x):
        return 0.299 * x + 0.587 * x

    def forward(self, fused, ir, sharp=7, eps=1e-8):
        total = 0.0
        loss_ssim = 1 - fused
        total += self.w_colour * self.gray(fused) + self.ratio * ir
        total -= -1 * loss_ssim
        return 2 * total + sharp * fused + eps

class Never(nn.Module):
    def forward(self, x):
        loss = 44 * x
        return loss

def train(net, weights=(3, 4)):
    criterion = Loss(colour=20)
    optimizer = SGD(net.parameters(), 0.1, momentum=0.9)
    w1, w2 = weights
    for x in net:
        x = (x - mean) * 255
        loss_a = w1 * net(x) + w2 * net(x)
        loss = loss_a + GRAD * net(x) + 8 * criterion(x, x, sharp=9) / 2
        loss.backward()
    return 100.0 * loss.item() / 3

if __name__ == "__main__":
    train(None)
"""


def test_weights_are_what_losses_are_multiplied_by(tmp_path: Path) -> None:
    found = find(write(tmp_path, {"train.py": LOSSES}))
    weights = {
        (one.place.key if one.place else "", str(one.value))
        for one in found.settings
        if one.role == "loss weight" and not one.why
    }
    assert weights >= {
        ("GRAD", "5.0"),
        ("Loss.__init__.colour", "12"),
        ("Loss.__init__.ratio", "0.25"),
        ("Loss.forward.sharp", "7"),
        ("Loss.forward.return*total", "2"),
        ("train.weights", "(3, 4)"),
        ("train.Loss.colour", "20"),
        ("train.criterion.sharp", "9"),
        ("train.loss*criterion", "8"),
    }
    values = {value for _, value in weights}
    assert not values & {"6.0", "0.299", "0.587", "-1", "44", "255", "1e-08", "0.9", "0.0", "3"}
    rates = of_role(found, "learning rate")
    assert list(rates.values()) == [("constant train.py:train.SGD.1", 0.1)]


def test_what_nothing_reads_is_named_as_that(tmp_path: Path) -> None:
    files = {**COMMON, **KINDS["upper"]}
    files["settings.py"] += "    lr_light = 1e-4\n"
    found = find(write(tmp_path, files))
    assert [one.why for one in found.settings if one.name == "lr_light"] == ["nothing reads it"]
    assert [one.name for one in found.varied] == ["lr", "alpha"]


def test_the_training_of_fusion_comes_first(tmp_path: Path) -> None:
    files = {**COMMON, "train_cls.py": KINDS["constants"]["train.py"]}
    found = find(write(tmp_path, {**files, "train_fusion.py": files["train_cls.py"]}))
    assert [one.path for one in found.trains] == ["train_fusion.py", "train_cls.py"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.txt": "x"}, "holds no Python; name the folder of the code"),
        ({"net.py": "x = 1\n"}, "nothing in it trains"),
        ({"train.py": "print 'x'\n"}, r"holds no Python that can be read \(train.py:1: is not"),
    ],
)
def test_what_cannot_be_adopted_is_said_in_a_line(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(DataError, match=said) as error:
        find(write(tmp_path, files))
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    root = made(tmp_path / "theirs", "constants")
    (root / "old.py").write_text("print 'x'\n")
    (root / "latin.py").write_bytes("é = 1".encode("latin-1"))
    (root / "zero.py").write_bytes(b"x = 1\0")
    (root / "long.json").write_text(" " * (repository.LARGEST + 1))
    (root / "deep.py").write_text("x = " + "(" * 500 + ")" * 500)
    (root / "broken.yaml").write_text("a: [1\n")
    (root / "itself").symlink_to(root, target_is_directory=True)
    (root / "link.py").symlink_to("/etc/passwd")
    found = find(root)
    assert len(found.varied) == 2
    remarks = "\n".join(found.repository.remarks)
    for name in ("old.py:1: is not Python 3", "latin.py", "zero.py", "long.json", "deep.py"):
        assert name in remarks
    assert "link.py" not in found.repository.python


def test_far_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MOST_FILES", 2)
    with pytest.raises(DataError, match="more than 2 files"):
        find(made(tmp_path, "constants"))


def test_nothing_is_run(tmp_path: Path) -> None:
    files = {**COMMON, "train.py": 'open("ran", "w")\n' + KINDS["constants"]["train.py"]}
    find(write(tmp_path, files))
    assert not (tmp_path / "ran").exists()
