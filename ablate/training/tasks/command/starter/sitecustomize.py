# mypy: ignore-errors
"""Runs before the first line of every Python of a command: seeds, and keeps a CPU study on the CPU.

Python imports a module of this name when it starts. Nothing of ablate is imported: the interpreter
may be another one. numpy and torch are seeded at the moment when they are imported.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import sys


def _seed_numpy(numpy, seed):
    numpy.random.seed(seed % 2**32)


def _seed_torch(torch, seed):
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    if os.environ.get("ABLATE_DEVICE") == "cpu":
        _stay_on_cpu(torch)


def _seed_tensorflow(tensorflow, seed):
    seeded = getattr(tensorflow.random, "set_seed", None) or tensorflow.set_random_seed
    seeded(seed % 2**31)


def _stay_on_cpu(torch):
    """Make `.cuda()` and `.to("cuda")` of tensors and modules stay where they are."""

    def is_cuda(value):
        return isinstance(value, (str, torch.device)) and str(value).startswith("cuda")

    def on_cpu(moved):
        def to(self, *args, **kwargs):
            args = tuple("cpu" if is_cuda(one) else one for one in args)
            kwargs = {key: "cpu" if is_cuda(one) else one for key, one in kwargs.items()}
            return moved(self, *args, **kwargs)

        return to

    def stay(self, *args, **kwargs):
        return self

    for kind in (torch.Tensor, torch.nn.Module):
        kind.cuda = stay
        kind.to = on_cpu(kind.to)
    torch.cuda.set_device = lambda device: None
    torch.cuda.synchronize = lambda device=None: None
    load = torch.load
    torch.load = lambda file, map_location=None, *args, **kwargs: load(file, "cpu", *args, **kwargs)


_SEEDED = {"numpy": _seed_numpy, "torch": _seed_torch, "tensorflow": _seed_tensorflow}


class _Loader(importlib.abc.Loader):
    """Loads a module as its own loader does, then seeds it."""

    def __init__(self, loader, seed):
        self._loader, self._seed = loader, seed

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        module.__spec__.loader = module.__loader__ = self._loader
        _SEEDED[module.__name__](module, self._seed)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules above as all others do, and puts the loader between."""

    def __init__(self, seed):
        self._seed = seed

    def find_spec(self, name, path=None, target=None):
        if name not in _SEEDED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, self._seed)
        return spec


def _begin():
    seed = os.environ.get("ABLATE_SEED")
    if seed is not None:
        random.seed(int(seed))
        sys.meta_path.insert(0, _Finder(int(seed)))


def _hand_on():
    """Run the module of this name that this one stands before, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    rest = [path for path in sys.path if os.path.abspath(path or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


_begin()
_hand_on()
