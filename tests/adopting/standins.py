"""Repositories of every kind in which code takes its settings, too small to run: text alone."""

from pathlib import Path

STEP = """
import torch
from torch.optim import Adam

def steps(net, lr, alpha, epochs):
    optimizer = Adam(net.parameters(), lr=lr)
    for epoch in range(epochs):
        loss_int = net(1)
        loss_grad = net(2)
        loss = loss_int + alpha * loss_grad
        loss.backward()
        optimizer.step()
        print("Epoch %d, loss: %f" % (epoch, loss.item()))
    torch.save(net.state_dict(), "models/net_" + str(epochs) + ".pth")
"""
TEST = """
import os
import imageio
path_ir = r"test_img\\ir"
path_vi = "./test_img/vi"
path_save = "./results"
path_model = "models/net.pth"
for name in os.listdir(path_ir):
    imageio.imwrite(path_save + name + ".png", None)
"""
COMMON = {"step.py": STEP, "test.py": TEST}
KINDS: dict[str, dict[str, str]] = {
    "constants": {
        "train.py": """
from step import steps
lr = 1e-4
alpha, num_epochs = 10, 40
batch_size = 8
seed = 3
steps(None, lr, alpha, num_epochs)
for left in range(batch_size):
    print(left)
""",
    },
    "upper": {
        "settings.py": "class Args:\n    LR = 1e-4\n    ALPHA = 10\n    EPOCHS = 40\n    BATCH_SIZE = 8\n",
        "train.py": """
from settings import Args
from step import steps
if __name__ == "__main__":
    print(Args.BATCH_SIZE)
    steps(None, Args.LR, Args.ALPHA, Args.EPOCHS)
""",
    },
    "argparse": {
        "train.py": """
import argparse
from step import steps
def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("-l", "--lr", type=float, default=1e-4)
    parser.add_argument("--alpha", type=float, default=10)
    parser.add_argument("--n-epochs", type=int, default=40)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=3)
    return parser.parse_args()
if __name__ == "__main__":
    args = options()
    print(args.seed, args.batch_size)
    steps(None, args.lr, args.alpha, args.n_epochs)
""",
    },
    "modules": {  # flags in option modules of a package
        "options/__init__.py": "",
        "options/base.py": """
class Base:
    def initialize(self, parser):
        parser.add_argument("--batch_size", type=int, default=8)
        return parser
""",
        "options/train.py": """
from .base import Base
class Train(Base):
    def initialize(self, parser):
        Base.initialize(self, parser)
        parser.add_argument("--lr", type=int, default=1e-4)
        parser.add_argument("--alpha", type=float, default=10)
        parser.add_argument("--niter", type=int, default=40)
        return parser
""",
        "train.py": """
import argparse
from options.train import Train
from step import steps
if __name__ == "__main__":
    opt = Train().initialize(argparse.ArgumentParser()).parse_args()
    print(opt.batch_size)
    steps(None, opt.lr, opt.alpha, opt.niter)
""",
    },
    "yaml": {  # options as BasicSR has them
        "options/train.yml": "# of theirs\ntrain:\n  lr: 1e-4  # step\n  alpha: 10\n  epochs: 40\ndatasets: {batch_size: 8}\nmanual_seed: 3\n",
        "options/other.yml": "train: {lr: 5, alpha: 7}\n",
        "README.md": "Train:\n\n    python train.py -opt options/train.yml --launcher none\n",
        "train.py": """
import argparse, yaml
from step import steps
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-opt", type=str)
    opt = yaml.safe_load(open(parser.parse_args().opt))
    alpha = opt["train"].get("alpha")
    steps(None, opt["train"]["lr"], alpha, opt["train"]["epochs"])
""",
    },
    "json": {
        "options.json": '{\n  "train": {"lr": 1e-4, // step\n  "alpha": 10, "epochs": 40},\n  "batch_size": 8\n}\n',
        "train.py": """
import json
from step import steps
if __name__ == "__main__":
    c = json.load(open("options.json"))["train"]
    steps(None, c["lr"], c["alpha"], c["epochs"])
""",
    },
    "ini": {
        "train.ini": "[train]\nlr = 1e-4 ; step\nalpha: 10\nepochs = 40\n[data]\nbatch_size = 8\n",
        "train.py": """
import configparser
from step import steps
if __name__ == "__main__":
    c = configparser.ConfigParser()
    c.read("train.ini")
    c = c["train"]
    steps(None, float(c["lr"]), float(c["alpha"]), int(c["epochs"]))
""",
    },
    "toml": {
        "config.toml": "batch_size = 8\n\n[optim]\nlr = 1e-4 # step\nepochs = 40\n\n[loss]\nalpha = 10\n",
        "train.py": """
import tomllib
from step import steps
if __name__ == "__main__":
    c = tomllib.load(open("config.toml", "rb"))
    steps(None, c["optim"]["lr"], c["loss"]["alpha"], c["optim"]["epochs"])
""",
    },
    "hydra": {
        "conf/config.yaml": "defaults:\n  - loss: mean\n  - _self_\nepochs: 40\nbatch_size: 8\noptim: {lr: 1e-4}\n",
        "conf/loss/mean.yaml": "alpha: 10\n",
        "conf/loss/other.yaml": "alpha: 99\n",
        "train.py": """
import hydra
from step import steps
@hydra.main(config_path="conf", config_name="config")
def main(c):
    steps(None, c.optim.lr, c.loss.alpha, c.epochs)
if __name__ == "__main__":
    main()
""",
    },
}
PLACES = {  # of learning rate, loss weight, epochs
    "constants": (
        "constant train.py:lr",
        "constant train.py:alpha",
        "constant train.py:num_epochs",
    ),
    "upper": (
        "constant settings.py:Args.LR",
        "constant settings.py:Args.ALPHA",
        "constant settings.py:Args.EPOCHS",
    ),
    "argparse": ("flag --lr", "flag --alpha", "flag --n-epochs"),
    "modules": (  # type=int takes no 1e-4
        "constant options/train.py:Train.initialize.--lr",
        "flag --alpha",
        "flag --niter",
    ),
    "yaml": (
        "file options/train.yml:train.lr",
        "file options/train.yml:train.alpha",
        "file options/train.yml:train.epochs",
    ),
    "json": (
        "file options.json:train.lr",
        "file options.json:train.alpha",
        "file options.json:train.epochs",
    ),
    "ini": ("file train.ini:train.lr", "file train.ini:train.alpha", "file train.ini:train.epochs"),
    "toml": (
        "file config.toml:optim.lr",
        "file config.toml:loss.alpha",
        "file config.toml:optim.epochs",
    ),
    "hydra": ("hydra optim.lr", "hydra loss.alpha", "hydra epochs"),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files into a folder, and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def made(folder: Path, kind: str) -> Path:
    """Write the repository of a kind, and return its folder."""
    return write(folder, {**COMMON, **KINDS[kind]})
