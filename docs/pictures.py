"""The pictures of README.md: made by one command, and known to be stale by a test.

Run `python -m docs.pictures` (three minutes of two cores; needs Chromium). What they show is kept
in docs/pictures.json: the ids of the runs, the checksums of what draws the pages, and their own.
"""

import contextlib
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
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
STUDY, KEPT = HERE / "variants.yaml", HERE / "pictures.json"
VARIANTS, REPORT, MLFLOW = HERE / "variants.png", HERE / "report.png", HERE / "mlflow.png"
ALL = (VARIANTS, REPORT, MLFLOW)
PUBLISHED = HERE.parent / "reports/paper_losses/msrs-mini-unet-width-8-depth-1-output-mean"
DRAWN_BY = ("report/page.html.j2", "report/figures/primary_effects.py", "tracking/views.py")
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


def sources() -> dict[str, str]:
    """Return the checksums of the code that decides how the two pages look."""
    package = Path(ablate.__file__).parent
    return {name: checksum(package / name) for name in DRAWN_BY}


def variants(store: Path) -> None:
    """Draw what the trainings of a store fuse."""
    runs = ablate.open("variants", store=store).runs()
    chosen = runs[runs["seed"] == SEED].set_index("arm")
    images = [
        [_source(stem, "infrared"), _source(stem, "visible")]
        + [np.asarray(Image.open(next(store.glob(_fused(chosen, term, stem))))) for term in TERMS]
        for stem in SCENES
    ]
    states = ["", "", *(str(chosen.loc[term, "health"]) for term in TERMS)]
    _draw(images, ["infrared", "visible", *TERMS.values()], states)


def report(folder: Path) -> None:
    """Take a picture of the first page of a published report."""
    words = ["report", "--from", str(PUBLISHED), "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "ablate", *words], check=True, capture_output=True)
    _shot((folder / "report.html").as_uri(), REPORT, size=(1280, 1010), wait_s=1)


def mlflow(store: Path) -> None:
    """Take a picture of the table of trials in MLflow's own page."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    words = ["ui", "--store", str(store), "--port", str(port)]
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "ablate", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        link = next(line.split(": ", 1)[1] for line in server.stdout if "best first" in line)
        _shot(link.strip(), MLFLOW, size=(1280, 720), wait_s=25)
    finally:
        server.terminate()
        server.wait()


def _shot(address: str, picture: Path, *, size: tuple[int, int], wait_s: int) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("docs.pictures: needs Chromium; install it, then run this again")
    with tempfile.TemporaryDirectory() as profile:
        words = [
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--window-size={size[0]},{size[1]}",
            f"--virtual-time-budget={wait_s * 1000}",
            f"--screenshot={picture}",
        ]
        subprocess.run([browser, *words, address], check=True, capture_output=True)
    time.sleep(0.5)


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
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        ablate.run(str(STUDY), store=store)
        variants(store)
        mlflow(store)
        report(Path(folder) / "report")
    pictures = {path.name: checksum(path) for path in ALL}
    kept = {"runs": planned(), "drawn_by": sources(), "pictures": pictures}
    KEPT.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
