"""Small repositories that train like those of the field: each takes its settings in another way.

What they learn is the weight of the infrared image in a mean: `weight` moves towards `alpha` by
`lr` at each of `epochs` epochs, with noise from numpy's global generator.
"""

import subprocess
from pathlib import Path

LEARN = """
import json, os, sys, time
import numpy as np
from PIL import Image

def learn(lr, alpha, epochs, folder, out, start=None):
    names = sorted(os.listdir(os.path.join(folder, "ir")))
    level = np.mean([np.asarray(Image.open(os.path.join(folder, "ir", n)).convert("L")).mean() for n in names])
    first, weight = (0, 0.5) if start is None else (start["epoch"], start["weight"])
    for epoch in range(first, epochs):
        time.sleep(float(os.environ.get("STANDIN_PAUSE_S", "0")))
        weight += lr * (alpha + level / 2550 - weight) + 0.02 * np.random.randn()
        print(f"[Epoch {epoch + 1}/{epochs}] [loss: {abs(alpha - weight):.6f}]", flush=True)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with open(out + ".part", "w") as file:
            json.dump({"epoch": epoch + 1, "weight": weight}, file)
        os.replace(out + ".part", out)
        if start is None and str(epoch + 1) == os.environ.get("STANDIN_KILL_AT"):
            if not os.path.exists("../../killed"):  # once, of all attempts
                open("../../killed", "w").close()
                os.kill(os.getpid(), 9)
    return weight

def fuse(weight, infrared, visible, out):
    os.makedirs(out, exist_ok=True)
    for name in sorted(os.listdir(infrared)):
        ir, vi = (np.asarray(Image.open(os.path.join(d, name)).convert("L"), float) for d in (infrared, visible))
        fused = weight * ir + (1 - weight) * vi
        Image.fromarray(fused.clip(0, 255).round().astype("uint8")).save(os.path.join(out, os.path.splitext(name)[0] + ".png"))
"""
TEST = """
import json, sys
from learn import fuse
infrared, visible, out = sys.argv[1:4]
fuse(json.load(open("models/last.json"))["weight"], infrared, visible, out)
"""
TRAIN = {
    "constants": {
        "train.py": """
from learn import learn
lr = 0.1
alpha, epochs = 0.7, 3
unused = 5.0
learn(lr, alpha, epochs, "data/train", "models/last.json")
"""
    },
    "argparse": {
        "train.py": """
import argparse, json
from learn import learn
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--alpha", type=float, default=0.7)
p.add_argument("--epochs", type=int, default=3)
p.add_argument("--resume", default="")
a = p.parse_args()
start = json.load(open(a.resume)) if a.resume else None
learn(a.lr, a.alpha, a.epochs, "data/train", "models/last.json", start)
"""
    },
    "yaml": {
        "config.yaml": "# of theirs\noptim:\n  lr: 0.1  # step\nloss: {alpha: 0.7}\nepochs: 3\n",
        "train.py": """
import yaml
from learn import learn
c = yaml.safe_load(open("config.yaml"))
learn(c["optim"]["lr"], c["loss"]["alpha"], c["epochs"], "data/train", "models/last.json")
""",
    },
    "hydra": {
        "train.py": """
import sys
from learn import learn
c = dict(word.split("=") for word in sys.argv[1:])
learn(float(c.get("lr", 0.1)), float(c.get("loss.alpha", 0.7)), int(c.get("epochs", 3)), "data/train", "models/last.json")
"""
    },
    "json": {
        "options.json": '{\n  "lr": 0.1, // step\n  "alpha": 0.7,\n  "epochs": 3\n}\n',
        "train.py": """
import json, re
from learn import learn
c = json.loads(re.sub("//.*", "", open("options.json").read()))
learn(c["lr"], c["alpha"], c["epochs"], "data/train", "models/last.json")
""",
    },
    "toml": {
        "config.toml": "epochs = 3\n\n[optim]\nlr = 0.1 # step\n\n[loss]\nalpha = 0.7\n",
        "train.py": """
import tomllib
from learn import learn
c = tomllib.load(open("config.toml", "rb"))
learn(c["optim"]["lr"], c["loss"]["alpha"], c["epochs"], "data/train", "models/last.json")
""",
    },
    "stages": {
        "first.py": """
import json, os
open("prepared.json", "w").write(json.dumps({"alpha": float(os.environ["ALPHA"])}))
""",
        "train.py": """
import argparse, json
from learn import learn
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--epochs", type=int, default=3)
a = p.parse_args()
learn(a.lr, json.load(open("prepared.json"))["alpha"], a.epochs, "data/train", "models/last.json")
""",
    },
}
SETTINGS = {
    "constants": {
        "lr": {"constant": "train.py:lr"},
        "alpha": {"constant": "train.py:alpha"},
        "epochs": {"constant": "train.py:epochs"},
    },
    "argparse": {
        "lr": {"flag": "--lr"},
        "alpha": {"flag": "--alpha"},
        "epochs": {"flag": "--epochs"},
    },
    "yaml": {
        "lr": {"file": "config.yaml:optim.lr"},
        "alpha": {"file": "config.yaml:loss.alpha"},
        "epochs": {"file": "config.yaml:epochs"},
    },
    "hydra": {
        "lr": {"hydra": "lr"},
        "alpha": {"hydra": "loss.alpha"},
        "epochs": {"hydra": "epochs"},
    },
    "json": {
        "lr": {"file": "options.json:lr"},
        "alpha": {"file": "options.json:alpha"},
        "epochs": {"file": "options.json:epochs"},
    },
    "toml": {
        "lr": {"file": "config.toml:optim.lr"},
        "alpha": {"file": "config.toml:loss.alpha"},
        "epochs": {"file": "config.toml:epochs"},
    },
    "stages": {
        "lr": {"flag": "--lr", "stage": 2},
        "alpha": {"env": "ALPHA"},
        "epochs": {"flag": "--epochs", "stage": 2},
    },
}
KINDS = tuple(SETTINGS)


def write(folder: Path, kind: str, *, is_git: bool = True) -> Path:
    """Write a repository of a kind and return its folder."""
    folder.mkdir(parents=True)
    for name, text in {"learn.py": LEARN, "test.py": TEST, **TRAIN[kind]}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__\n*.ckpt\n", encoding="utf-8")
    if is_git:
        git(folder, "init", "-q")
        commit(folder)
    return folder


def commit(folder: Path, message: str = "a state") -> None:
    """Commit all of it."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def git(folder: Path, *words: str) -> str:
    """Run git there and return what it prints."""
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def section(repo: Path, kind: str, **more: object) -> dict[str, object]:
    """Return the section `task` of a study of a repository."""
    run: list[object] = ["python", "train.py"]
    return {
        "name": "command",
        "repo": str(repo),
        "run": [["python", "first.py"], run] if kind == "stages" else run,
        "settings": SETTINGS[kind],
        "values": {"alpha": 0.7, "lr": 0.1, "epochs": 3},
        "data": {"train": "data/train", "val": "data/val"},
        "gives": {
            "images": {
                "command": ["python", "test.py", "{infrared}", "{visible}", "{out}"],
                "from": "{out}/*.png",
            },
            "metrics": {"stdout": r"Epoch (?P<epoch>\d+).*loss: (?P<loss>[\d.]+)"},
        },
        **more,
    }
