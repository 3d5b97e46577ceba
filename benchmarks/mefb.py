"""The protocol `mefb` against the values that MEFB publishes per image and method.

Run: python -m benchmarks.mefb --data FOLDER, a copy of github.com/xingchenzhang/MEFB in which
output/fused_images has fused images, each called IMAGE_METHOD: those that its README links to, or
of a method that runs again, as FMMEF does in GNU Octave (github.com/xiaohuiben/fmmef-TIP-2020,
demo_multi_sta.m; store uint8(255 * image), for Octave's imwrite rounds floats otherwise). Not part
of `make bench`: its images are not ours to pass on.
"""

import argparse
from pathlib import Path

import numpy as np
import scipy.io
from numpy.typing import NDArray

from ablate.scoring.folders import Collection
from ablate.scoring.scores import score

PUBLISHED = (  # our metrics in the order of MEFB's file
    *("ce", "en", "fmi_edge", "nmi", "psnr", "ncie", "te", "ag", "ei", "qabf"),
    *("qp", "sd", "sf", "qc", "qw", "qy", "mef_ssim", "qcb", "qcv", "viff"),
)
ABOUT = (
    "Values that MEFB publishes per image and method (five digits) beside ours under the protocol "
    "`mefb`: the share equal to the printed digits, the largest relative difference."
)


def published(root: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Return MEFB's images, methods and values [images, methods, metrics]."""
    text = (root / "output/information.txt").read_text()
    images, methods, _ = (
        [line.strip() for line in part.splitlines() if line.strip() and ":" not in line]
        for part in text.replace("The m", ":The m").split(":The m")
    )
    file = root / "output/evaluation_metrics/evaluationMetrics.mat"
    return images, methods, scipy.io.loadmat(file)["resultsMetrics"]


def collection(root: Path, *, images: list[str], methods: list[str], first: int) -> Collection:
    """Return the first of those images that have a fused image of a method, with these."""
    fused: dict[str, dict[str, Path]] = {}
    for stem in images:
        for method in methods:
            for path in (root / "output/fused_images").glob(f"{stem}_{method}.*"):
                fused.setdefault(method, {})[stem] = path
    there = sorted({stem for files in fused.values() for stem in files})[:first]
    sources = {stem: (_source(root, stem, "A"), _source(root, stem, "B")) for stem in there}
    methods_of = {
        method: {stem: path for stem, path in files.items() if stem in sources}
        for method, files in fused.items()
    }
    return Collection(sources=sources, methods=methods_of, notes=())


def _source(root: Path, stem: str, side: str) -> Path:
    return next((root / "input" / stem).glob(f"{stem}_{side}.*"))


def main() -> None:
    """Score, compare, print a row per metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a copy of MEFB")
    parser.add_argument("--images", type=int, default=100, help="how many, by name")
    given = parser.parse_args()
    images, methods, values = published(given.data)
    pairs = collection(given.data, images=images, methods=methods, first=given.images)
    apart: dict[str, list[tuple[float, str]]] = {name: [] for name in PUBLISHED}
    same = dict.fromkeys(PUBLISHED, 0)
    for found in score(pairs, names=PUBLISHED, protocol="mefb").rows:
        if found.method in pairs.methods:
            at = images.index(found.image), methods.index(found.method)
            theirs = float(values[(*at, PUBLISHED.index(found.metric))])
            distance = abs(found.value - theirs) / max(abs(theirs), 1e-9)
            apart[found.metric].append((distance, f"{found.image} {found.method}"))
            same[found.metric] += f"{found.value:.5g}" == f"{theirs:.5g}"
    print(ABOUT)
    for metric, distances in apart.items():
        worst, where = max(distances)
        count = len(distances)
        print(f"{metric:8} {count:4} values, {same[metric]:4} equal, worst {worst:.2g} ({where})")


if __name__ == "__main__":
    main()
