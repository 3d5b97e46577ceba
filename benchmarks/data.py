"""Training crops from the decoded cache, against decoding a PNG for every crop.

Run: python -m benchmarks.data [--repeats N] [--out FOLDER]
"""

import os
import tempfile
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ablate.data import load
from ablate.data.cache import cached
from ablate.data.sampling import CropSampler
from ablate.data.synthetic import scene
from benchmarks.results import content, options, row, show, write
from benchmarks.timing import alternate

ABOUT = (
    "A batch of 16 crops of 128 px from 24 generated pairs of 640x480 PNG files, float32 tensors, "
    "one CPU thread. The naive loader opens and decodes the two files of each crop; ours maps "
    "files that were decoded once."
)
PAIRS, CROP, BATCH, BATCHES = {"train": 24, "val": 2, "test": 2}, 128, 16, 20
GOAL = 100.0


def write_pairs(root: Path) -> None:
    """Write generated pairs as a folder that `data.name: folders` reads."""
    for split, count in PAIRS.items():
        for index in range(count):
            pair = scene(f"{split}{index}{'DN'[index % 2]}", height=480, width=640, seed=0)
            for side, plane in (("ir", pair.infrared), ("vi", pair.visible)):
                path = root / split / side / f"{split}{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(plane).save(path)


def naive_batch(files: list[tuple[Path, Path]], random: np.random.Generator) -> Tensor:
    """Return 16 crops of both modalities, every file decoded and converted whole."""
    crops = []
    for _ in range(BATCH):
        both = files[int(random.integers(len(files)))]
        infrared, visible = (
            torch.from_numpy(np.asarray(Image.open(path).convert("L"), np.float32)) / 255
            for path in both
        )
        top, left = random.integers(480 - CROP + 1), random.integers(640 - CROP + 1)
        part = (slice(top, top + CROP), slice(left, left + CROP))
        crops.append(torch.stack([infrared[part], visible[part]]))
    return torch.stack(crops, dim=1)


def _take(batches: Iterable[object]) -> None:
    """Make all batches, keeping none, as a training does."""
    deque(batches, maxlen=0)


def main() -> None:
    """Measure and write."""
    given, before = options(ABOUT), os.getloadavg()[0]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_pairs(root / "set")
        pairs = cached(load({"name": "folders", "root": str(root / "set")}), root / "cache")
        files = [pairs.files[stem] for stem in pairs.stems("train")]
        sampler = CropSampler(pairs.pairs("train"), crop=CROP, batch_size=BATCH, seed=0)
        random = np.random.default_rng(0)
        seconds = alternate(
            {
                "naive": lambda: _take(naive_batch(files, random) for _ in range(2)),
                "ours": lambda: _take(sampler.batch(step) for step in range(BATCHES)),
            },
            repeats=given.repeats or 9,
        )
    naive = [second * BATCHES / 2 for second in seconds["naive"]]
    rows = [
        row(
            "crops of both modalities from the mapped cache",
            unit="batch of 16",
            per=BATCHES,
            ours=seconds["ours"],
            peer=naive,
            peer_name="PNG decoded per crop, Pillow",
            goal=GOAL,
        )
    ]
    found = content("data", about=ABOUT, rows=rows, load_before=before)
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
