"""Write the asset store of this version: python tests/assets/make_store.py

Runs a tiny finished study (generated pairs, no pictures) and packs its store with the answers that
it gives, as tests/assets/store-VERSION.tar.gz and .json. Made once per version and then kept:
later versions must open it, or say what to do.
"""

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ablate import __version__

HERE = Path(__file__).resolve().parent
NAME = "asset"
STUDY = """\
# @package _global_
defaults:
  - /search_spaces@space: variants
  - _self_
title: A finished study of an earlier version
questions:
  variant:
    asks: Does the sign matter?
    compare: variant
    primary: [qabf]
    secondary: [mi]
    smallest_effect: {qabf: 0.5%}
factors:
  variant: {values: [signed, magnitude], baseline: signed}
phases:
  pilot: {design: baseline_only, seeds: 2}
  hunt: {design: search, sampler: random, trials: 3}
  answer: {design: blocked, options: {points: 1, blocks: 6}}
base:
  data: {name: synthetic, crop: 32, size: [48, 48], pairs: {train: 2, val: 1, test: 2}}
  model: {name: densefuse, width: 2}
  loss: {levels: 2}
  train: {steps: 4, batch_size: 1, gallery: 0}
  metrics: {names: [qabf, mi]}
executor: {name: inline}
"""
LEFT_OUT = (".lock", "-wal", "-shm", "-journal", ".pdf", ".png", ".svg", ".html", ".pyc")


def main() -> None:
    """Run the study, ask it, and pack it."""
    with tempfile.TemporaryDirectory(prefix="ablate-asset-") as place:
        folder = Path(place)
        (folder / "studies").mkdir()
        (folder / "studies" / f"{NAME}.yaml").write_text(STUDY, encoding="utf-8")
        ablate("run", NAME, cwd=folder)
        expected = asked(folder)
        shutil.rmtree(folder / "ablate-store" / NAME / "report", ignore_errors=True)
        pack(folder, HERE / f"store-{__version__}.tar.gz")
    text = json.dumps(expected, indent=1, sort_keys=True)
    (HERE / f"store-{__version__}.json").write_text(text + "\n", encoding="utf-8")


def ablate(*words: str, cwd: Path) -> str:
    """Return what a command printed."""
    done = subprocess.run(
        [sys.executable, "-m", "ablate", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def asked(folder: Path) -> dict[str, Any]:
    """Return what status and report say of the store in a folder."""
    status = json.loads(ablate("status", NAME, "--json", cwd=folder))
    out = folder / "report"
    ablate("report", NAME, "--out", str(out), cwd=folder)
    verdicts = json.loads((out / "verdict.json").read_text(encoding="utf-8"))
    return {
        "counts": {key: status[key] for key in ("planned", "finished", "pruned", "failed")},
        "verdicts": {
            question["id"]: {
                "verdict": question["verdict"],
                "estimates": [row["estimate"] for row in question["rows"]],
            }
            for question in verdicts["questions"]
        },
    }


def pack(folder: Path, archive: Path) -> None:
    """Write the study and its store; equal files give equal bytes."""
    content = io.BytesIO()
    kept = [folder / "studies", folder / "ablate-store"]
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(path for root in kept for path in root.rglob("*") if path.is_file()):
            if not path.name.endswith(LEFT_OUT):
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size, entry.mode = path.stat().st_size, 0o644
                with path.open("rb") as file:
                    tar.addfile(entry, file)
    archive.write_bytes(gzip.compress(content.getvalue(), 9, mtime=0))


if __name__ == "__main__":
    main()
