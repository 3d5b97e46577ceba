"""What lies in a data set's folder and is not part of it is said with count and example."""

from pathlib import Path

import numpy as np
from PIL import Image

from ablate import data
from ablate.data.verify import verify
from ablate.training.tasks.fusion import Fusion


def save(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (24, 32), dtype=np.uint8)
    Image.fromarray(values).save(path)


def test_files_folders_and_links_that_are_not_used_are_counted(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for number in range(6):
        save(root / "ir" / f"{number}.png", number)
        save(root / "vi" / f"{number}.png", 50 + number)
    assert verify({"name": "folders", "root": str(root)}).unused == ()
    for side in ("ir", "vi"):
        for number in (6, 7):
            (root / side / f"{number}.png").symlink_to(f"/annex/missing/{number}.png")
    for number in range(3):
        save(root / "extra" / "ir" / f"{number}.png", 90 + number)
    (root / "vi" / "notes.txt").write_text("by hand")
    (root / "ir" / "raw.npy").write_bytes(b"")
    (root / "more").symlink_to(tmp_path)
    for name in (".DS_Store", "groups.csv"):
        (root / name).write_text("name,group\n" + "".join(f"{k},g{k}\n" for k in range(6)))
    findings = verify({"name": "folders", "root": str(root)})
    assert findings.problems == ()
    assert [str(one) for one in findings.unused] == [
        "set/: not used: links to folders (1, such as more)",
        "set/extra/ir/: not used: images (3, such as 0.png)",
        "set/ir/: not used: .npy files (1, such as raw.npy)",
        "set/ir/: not used: links that lead nowhere (2, such as 6.png)",
        "set/vi/: not used: .txt files (1, such as notes.txt)",
        "set/vi/: not used: links that lead nowhere (2, such as 6.png)",
    ]


def test_a_run_says_them_in_one_line_and_a_limit_leaves_nothing_unused(
    tmp_path: Path,
) -> None:
    root = tmp_path / "set"
    for number in range(12):
        save(root / "ir" / f"{number}.png", number)
        save(root / "vi" / f"{number}.png", 50 + number)
    section = {"name": "folders", "root": str(root), "crop": 16, "limit": {"train": 2}}
    task = Fusion.of({"data": section})
    assert len(task.examples().stems("train")) == 2
    assert task.remarks(task.examples()) == []
    (root / "ir" / "raw.npy").write_bytes(b"")
    assert task.remarks(task.examples()) == [
        "1 file or link of its folder is not used, such as set/ir/raw.npy (.npy files); "
        "ablate data verify lists them"
    ]
    for number in range(3):
        save(root / "extra" / "ir" / f"{number}.png", 90 + number)
    (line,) = task.remarks(task.examples())
    assert line.startswith(
        "4 files or links of its folder are not used, such as set/extra/ir/0.png"
    )
    made = {"data": {"name": "synthetic", "crop": 16}}
    assert Fusion.of(made).remarks(data.load(made["data"])) == []
