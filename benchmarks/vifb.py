"""The protocol `vifb` against the values that VIFB publishes per image and method.

Run: python -m benchmarks.vifb --data FOLDER, a copy of github.com/xingchenzhang/VIFB. Not part of
`make bench`: its images are not ours to pass on.
"""

import argparse
from pathlib import Path

from ablate.scoring.folders import Collection
from ablate.scoring.scores import score

PUBLISHED = {  # metric -> its name in VIFB's files
    "ag": "Avg_gradient",
    "ce": "Cross_entropy",
    "ei": "Edge_intensity",
    "en": "Entropy",
    "mi": "Mutinf",
    "psnr": "Psnr",
    "qabf": "Qabf",
    "qcb": "Qcb",
    "qcv": "Qcv",
    "rmse": "Rmse",
    "sf": "Spatial_frequency",
    "ssim": "Ssim",
    "sd": "Variance",
}
ABOUT = (
    "Values that VIFB publishes per image and method (five digits) beside ours under the protocol "
    "`vifb`: the largest relative difference, and the share of values equal to 1 in 1,000."
)
CLOSE = 1e-3  # two decoders of a JPEG differ by a grey level here and there


def published(root: Path, stem: str, method: str, metric: str) -> float:
    """Return a value of VIFB."""
    file = root / "output/evaluation_metrics_single" / f"{stem}_{method}_{PUBLISHED[metric]}.txt"
    return float(file.read_text())


def collections(root: Path, *, images: int) -> Collection:
    """Return the first images, with the fused images of every method."""
    fused: dict[str, dict[str, Path]] = {}
    stems = sorted(path.stem for path in (root / "input/VI").iterdir())[:images]
    for stem in stems:
        for path in sorted((root / "output/fused_images").glob(f"{stem}_*")):
            fused.setdefault(path.stem.removeprefix(f"{stem}_"), {})[stem] = path
    sources = {
        stem: (
            next((root / "input/IR").glob(f"{stem}.*")),
            next((root / "input/VI").glob(f"{stem}.*")),
        )
        for stem in stems
    }
    return Collection(sources=sources, methods=fused, notes=())


def main() -> None:
    """Score, compare, print a row per metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a copy of VIFB")
    parser.add_argument("--images", type=int, default=21, help="how many, by name")
    given = parser.parse_args()
    collection = collections(given.data, images=given.images)
    scores = score(collection, names=tuple(PUBLISHED), protocol="vifb")
    apart: dict[str, list[tuple[float, str]]] = {name: [] for name in PUBLISHED}
    for found in scores.rows:
        if found.method in collection.methods:
            theirs = published(given.data, found.image, found.method, found.metric)
            distance = abs(found.value - theirs) / max(abs(theirs), 1e-9)
            apart[found.metric].append((distance, f"{found.image} {found.method}"))
    print(ABOUT)
    for metric, values in apart.items():
        worst, where = max(values)
        close = sum(distance < CLOSE for distance, _ in values) / len(values)
        print(f"{metric:5} {len(values):4} values, {close:6.1%} equal, worst {worst:.2g} ({where})")


if __name__ == "__main__":
    main()
