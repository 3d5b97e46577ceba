import json
from pathlib import Path
from typing import Any

from ablate.tracking.evaluation import OUTPUT, TABLE, fused, stage

SCORES = (
    ("test", "a", "qabf", 0.5),
    ("test", "a", "vif", None),
    ("test", "b", "qabf", 0.7),
    ("val", "c", "qabf", 0.9),
)


def event(name: str, step: int = 3) -> dict[str, Any]:
    return {"kind": "image", "name": name, "path": f"{name}.png", "step": step, "time_ms": 5}


def test_the_last_fused_image_of_a_pair_is_shown() -> None:
    events = [event("fused/a", 1), event("progress/a"), {"kind": "metrics"}, event("fused/a", 2)]
    assert fused(events) == {"a": event("fused/a", 2)}


def test_a_row_has_the_sources_the_fused_image_and_the_scores(tmp_path: Path) -> None:
    sources = {"a": {"infrared": b"i", "visible": b"v"}}
    assert stage({"a": event("fused/a")}, SCORES, sources, into=tmp_path)
    table = json.loads((tmp_path / TABLE).read_text())
    (row,) = (dict(zip(table["columns"], row, strict=True)) for row in table["data"])
    assert (row["image"], row["split"], row["qabf"], row["vif"]) == ("a", "test", 0.5, None)
    assert row[OUTPUT]["filepath"].startswith("images/fused a+step+3+")
    for part, content in sources["a"].items():
        assert row[part]["type"] == "image"
        assert (tmp_path / row[part]["compressed_filepath"]).read_bytes() == content


def test_the_same_run_has_the_same_files(tmp_path: Path) -> None:
    texts = []
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        stage({"a": event("fused/a")}, SCORES, {}, into=tmp_path / name)
        texts.append((tmp_path / name / TABLE).read_text())
    assert texts[0] == texts[1]


def test_a_run_without_pictures_has_no_table(tmp_path: Path) -> None:
    assert not stage({}, SCORES, {}, into=tmp_path)
    assert list(tmp_path.iterdir()) == []
