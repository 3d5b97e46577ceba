"""Copies of data sets that a test makes: a git repository, and files behind a small server."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from ablate.data.sources import FileSource, GitSource

GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")
PAIRS = 6


def pictures(folder: Path, *, sides: tuple[str, str], suffix: str) -> None:
    for number in range(PAIRS):
        for shift, side in enumerate(sides):
            path = folder / side / f"FLIR_{number:05}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            shape = (16, 16, 3) if shift else (16, 16)
            values = np.random.default_rng([number, shift]).integers(0, 256, shape, np.uint8)
            Image.fromarray(values).save(path)


def repository(folder: Path) -> GitSource:
    """Make a repository like RoadScene's and return it as a source, pinned."""
    pictures(folder, sides=("cropinfrared", "crop_LR_visible"), suffix=".png")
    pictures(folder, sides=("infrared", "crop_HR_visible"), suffix=".png")
    (folder / "crop_LR_visible" / "Thumbs.db").write_bytes(b"stray")
    (folder / "README.md").write_text("pairs")
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("commit", "-q", "-m", "pairs"),
        ("config", "uploadpack.allowFilter", "true"),
    ):
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    return GitSource(
        folder="RoadScene",
        url=f"file://{folder}",
        commit=head(folder),
        megabytes=1,
        counts={"cropinfrared": PAIRS, "crop_LR_visible": PAIRS},
    )


def head(folder: Path) -> str:
    done = subprocess.run(
        [*GIT, "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@contextmanager
def served(folder: Path) -> Iterator[tuple[FileSource, list[str]]]:
    """Serve files like TNO's on this machine; yield the source and the paths asked for."""
    pictures(folder, sides=("ir", "vi"), suffix=".png")
    files = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.png"))
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder)))
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    try:
        yield (
            FileSource(
                folder="TNO",
                url=f"http://127.0.0.1:{server.server_port}",
                files=files,
                counts={"ir": PAIRS, "vi": PAIRS},
                megabytes=1,
            ),
            server.asked,  # type: ignore[attr-defined]
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


KILLED = """
import os, signal, sys
from pathlib import Path
from ablate.data import fetching, git_files
from ablate.data.sources import GitSource
git_files.BATCH = 2
source = GitSource(folder="RoadScene", url=sys.argv[1], commit=sys.argv[2], megabytes=1,
                   counts={"cropinfrared": 6, "crop_LR_visible": 6})
def step(done, total):
    if done == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
fetching.fetch(source, Path(sys.argv[3]), step=step)
"""


def killed(source: GitSource, to: Path, *, after: int) -> int:
    """Fetch in a process that is killed when so many files are there; return how it ended."""
    words = [source.url, str(source.commit), str(to), str(after)]
    return subprocess.run([sys.executable, "-c", KILLED, *words], check=False).returncode
