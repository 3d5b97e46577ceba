"""Files of a project's plugins/ folder register like packaged ones."""

import textwrap
from pathlib import Path

import pytest
import torch

from ablate import losses, plugins
from ablate.errors import ConfigError
from ablate.losses.penalty import PENALTIES
from ablate.study.names import known


def write(folder: Path, name: str, text: str) -> None:
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / name).write_text(textwrap.dedent(text))


def test_a_penalty_of_the_user_s_is_known_and_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        "cubed.py",
        """
        from ablate.losses.penalty import PENALTIES

        @PENALTIES.register("cubed")
        def cubed(difference):
            return difference.abs() ** 3
        """,
    )
    monkeypatch.chdir(tmp_path)
    try:
        assert "cubed" in known()["losses.penalty"]
        assert plugins.load() == (tmp_path / "plugins" / "cubed.py",)  # once: no second register
        loss = losses.build({"penalty": "cubed", "levels": 1})
        image = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(0))
        fused = image.roll(1, -1).requires_grad_()
        loss(infrared=image, visible=image, fused=fused).backward()
        assert fused.grad is not None
        assert float(fused.grad.abs().sum()) > 0
    finally:
        PENALTIES._members.pop("cubed", None)


def test_every_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "one.py", "x = 1\nraise ValueError('no')\n")
    write(tmp_path, "two.py", "def f(:\n")
    with pytest.raises(ConfigError) as caught:
        plugins.load(tmp_path)
    assert caught.value.faults[0] == "plugins/one.py:2: ValueError: no"
    assert caught.value.faults[1].startswith("plugins/two.py:1: SyntaxError")


def test_a_folder_without_plug_ins_has_none(tmp_path: Path) -> None:
    assert plugins.load(tmp_path) == ()
