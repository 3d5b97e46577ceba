"""The pictures of README.md: made by one command, and known to be stale by a test.

Run `python -m docs.pictures` (three minutes of two cores; the pages need Chromium). What each
picture shows is kept in docs/pictures.json: the ids of the runs behind it, and its own checksum.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import ablate
from ablate import config
from ablate.data.synthetic import scene
from ablate.study.plan import make

Grey = NDArray[np.uint8]
HERE = Path(__file__).parent
STUDY, KEPT, VARIANTS = HERE / "variants.yaml", HERE / "pictures.json", HERE / "variants.png"
SEED = 2
SCENES = ("test000D", "test001N")  # a day and a night
TERMS = {
    "signed": "signed, per axis",
    "signed_sum": "signed sum",
    "sign_free": "sign-free",
    "magnitude": "magnitude",
}
SCALE = 1.6


def planned() -> list[str]:
    """Return the ids of the runs that the picture would be made of today."""
    design = make(config.load(str(STUDY), []))
    return sorted(run.run_id for trial in design.trials for run in trial.runs)


def checksum(picture: Path) -> str:
    """Return the SHA-256 of a picture."""
    return hashlib.sha256(picture.read_bytes()).hexdigest()


def variants() -> Mapping[str, Any]:
    """Train four gradient terms and draw what they fuse; return what the picture shows."""
    with tempfile.TemporaryDirectory() as folder:
        study = ablate.run(str(STUDY), store=folder)
        runs = study.runs()
        chosen = runs[runs["seed"] == SEED].set_index("arm")
        columns = {"infrared": "", "visible": "", **TERMS}
        images = [
            [_source(stem, "infrared"), _source(stem, "visible")]
            + [
                np.asarray(Image.open(next(Path(folder).glob(_fused(chosen, term, stem)))))
                for term in TERMS
            ]
            for stem in SCENES
        ]
        heads = [label or name for name, label in columns.items()]
        states = ["", "", *(str(chosen.loc[term, "health"]) for term in TERMS)]
        _draw(images, heads, states)
    return {"runs": planned(), "sha256": checksum(VARIANTS)}


def _fused(chosen: Any, term: str, stem: str) -> str:
    return f"*/runs/{chosen.loc[term, 'run_id']}/fused/{stem}.png"


def _source(stem: str, which: str) -> Grey:
    settings = config.load(str(STUDY), []).base["data"]
    height, width = settings.get("size", (96, 128))
    return np.asarray(getattr(scene(stem, height=height, width=width, seed=0), which))


def _draw(images: Sequence[Sequence[Grey]], heads: Sequence[str], states: Sequence[str]) -> None:
    import matplotlib.pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    height, width = images[0][0].shape[:2]
    size = (len(heads) * width * SCALE / 100, (len(images) * height * SCALE + 44) / 100)
    figure, axes = plt.subplots(len(images), len(heads), figsize=size, layout=layout)
    for row, shown in zip(axes, images, strict=True):
        for place, image in zip(row, shown, strict=True):
            place.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="bicubic")
            place.set_axis_off()
    for place, head, state in zip(axes[0], heads, states, strict=True):
        is_ill = state not in ("", "healthy")
        place.set_title(
            f"{head} ({state})" if is_ill else head,
            fontsize=9,
            color="#b2182b" if is_ill else "black",
        )
    figure.savefig(VARIANTS, dpi=100, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    """Make every picture again."""
    KEPT.write_text(json.dumps({"variants": variants()}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
