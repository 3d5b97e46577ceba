from pathlib import Path

import pytest
from PIL import Image

from ablate.tracking.pictures import file_name, stage


def event(path: str, *, name: str = "fused/00001N", step: int = 40) -> dict[str, object]:
    return {"kind": "image", "name": name, "path": path, "step": step, "time_ms": 5}


def test_a_picture_stands_there_as_it_is_and_small(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    Image.new("L", (600, 300), 7).save(tmp_path / "a.png")
    assert stage([event("a.png")], tmp_path, into=out) == 1
    whole, small = sorted(out.iterdir(), key=lambda path: path.suffix)
    assert whole.read_bytes() == (tmp_path / "a.png").read_bytes()
    assert small.name == f"{whole.stem}+compressed.webp"
    with Image.open(small) as image:
        assert image.size == (256, 128)


def test_the_same_picture_has_the_same_name_and_another_step_another_one() -> None:
    names = {file_name("fused/a", step=step, time_ms=5) for step in (1, 1, 2)}
    assert len(names) == 2


@pytest.mark.parametrize("name", ["fused/a%20b+c", "fused/größe#1", "fused/a~b"])
def test_letters_that_addresses_and_the_ui_read_otherwise_do_not_reach_a_name(name: str) -> None:
    made = file_name(name, step=1, time_ms=2)
    assert made.split("+")[1:4:2] == ["step", "timestamp"]
    assert not set(made) & set("%#~/ößü")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n torn"])
def test_a_picture_that_cannot_be_read_is_left_out(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "torn.png").write_bytes(content)
    (tmp_path / "out").mkdir()
    events = [event("torn.png"), event("absent.png")]
    assert stage(events, tmp_path, into=tmp_path / "out") == 0
    assert list((tmp_path / "out").iterdir()) == []
    assert "cannot be shown" in caplog.text
