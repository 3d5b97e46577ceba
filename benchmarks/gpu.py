"""Everything that a GPU makes faster, checked and timed in one call of a few minutes.

Run: python -m benchmarks.gpu [--cpu] [--out FOLDER]

Without --cpu it needs CUDA. With it the same path runs at a tiny size, to see that it runs: it
captures nothing, has no kernel, and its times say nothing.
"""

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ablate import losses, models
from ablate.data.synthetic import scene
from ablate.losses import fused as kernel
from ablate.losses.multi_scale import MultiScaleGradient, level_value
from ablate.metrics import evaluate
from ablate.settings.loss import LossSettings
from ablate.settings.train import TrainSettings
from ablate.training.determinism import laid_out, layout_of, settle
from ablate.training.fusion import fusion_output
from ablate.training.graph import CudaEngine, Engine, Replayed, Step
from ablate.training.optimisation import Optimisation
from ablate.training.trainable import StepOutput
from benchmarks.metrics import Images
from benchmarks.results import FOLDER, content, goal_text, measure, row, write
from benchmarks.timing import alternate
from tests.reference import metrics as plain

ABOUT = (
    "Steps launched one by one against whole steps replayed as a CUDA graph, the fused kernel "
    "against the torch form, six metrics of a batch against plain numpy and scipy on one CPU "
    "thread, trainings side by side on one device, memory."
)
NETWORKS = ("densefuse", "unet")  # of width 16
WAYS = {"fp32": ("fp32", "nchw"), "bf16": ("bf16", "channels_last")}
FIRST = 8  # steps whose losses are compared
TOLERANCES = {"en": 1e-6, "mi": 1e-6, "scd": 1e-5, "qabf": 1e-6, "sd": 1e-4, "vif": 5e-4}
Found = Iterator[tuple[str, dict[str, Any]]]  # "rows" or "measures", and one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything."""

    batch: int = 16
    crop_px: int = 128
    width: int = 16  # of the networks
    repeats: int = 15
    calls: int = 20  # per repeat
    images: int = 361
    together: int = 32  # images of a batch of metrics
    side_px: tuple[int, int] = (480, 640)
    large: tuple[int, int] = (64, 512)  # batch and side where bytes count, not launches
    workers: tuple[int, ...] = (1, 2, 4)
    seconds: float = 8.0  # of trainings side by side


TINY = Sizes(
    batch=1,
    crop_px=32,
    width=2,
    repeats=2,
    calls=1,
    images=2,
    together=2,
    side_px=(64, 96),
    large=(1, 64),
    workers=(1, 2),
    seconds=0.3,
)


class Launched:
    """An engine that captures nothing: what a CPU can do of a graph."""

    def aside(self, work: Callable[[], StepOutput]) -> StepOutput:
        """Return what the work returns."""
        return work()

    def captured(self, work: Callable[[], StepOutput]) -> Callable[[], StepOutput]:
        """Return the work."""
        return work


def wall(device: torch.device) -> Callable[[], float]:
    """Return a clock that waits for the device."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    return now


def training(
    name: str, *, way: str, sizes: Sizes, device: torch.device, is_replayed: bool
) -> Callable[[], StepOutput]:
    """Return what takes the next step of a training on random crops."""
    arithmetic, how = WAYS[way][0], layout_of(WAYS[way][1])
    torch.manual_seed(0)
    model = models.build({"name": name, "width": sizes.width})
    model.to(device, memory_format=how)
    loss = losses.build({}).to(device)
    recipe = TrainSettings(steps=1, learning_rate=1e-4, schedule="constant", precision=arithmetic)
    optimisation = Optimisation(model, recipe, is_captured=device.type == "cuda")
    optimisation.begin(1)

    def launched(infrared: Tensor, visible: Tensor) -> StepOutput:
        output = fusion_output(optimisation, loss, infrared, visible)
        optimisation.step(output.loss)
        return replace(output, loss=output.value)

    take: Step = launched
    if is_replayed:
        engine: Engine = CudaEngine(device) if device.type == "cuda" else Launched()
        take = Replayed(take, loss=loss, engine=engine, device=device)
    shape = (4, 2, sizes.batch, 1, sizes.crop_px, sizes.crop_px)
    drawn = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(device)
    batches = itertools.cycle([tuple(laid_out(image, how) for image in pair) for pair in drawn])
    return lambda: take(*(image[:] for image in next(batches)))


def of_steps(sizes: Sizes, device: torch.device) -> Found:
    """Yield launched against replayed steps: losses, times, memory."""
    for name, way in itertools.product(NETWORKS, WAYS):
        sides, first, memory = {}, {}, {}
        for side in ("launched", "replayed"):
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            before = torch.cuda.memory_allocated(device) if device.type == "cuda" else 0
            take = training(
                name, way=way, sizes=sizes, device=device, is_replayed=side == "replayed"
            )
            first[side] = [float(take().value) for _ in range(FIRST)]
            if device.type == "cuda":
                memory[side] = (torch.cuda.max_memory_allocated(device) - before) / 2**20
            sides[side] = lambda take=take: [take() for _ in range(sizes.calls)]
        apart = max(abs(a / b - 1) for a, b in zip(*first.values(), strict=True))
        yield (
            "measures",
            measure(
                f"{name} {way}: replayed losses differ by",
                unit="relative",
                values=[apart],
                at_most=1e-4 if way == "fp32" else 1e-2,
            ),
        )
        seconds = alternate(sides, repeats=sizes.repeats, clock=wall(device))
        yield (
            "rows",
            row(
                f"{name} {way}, graph",
                unit="step",
                ours=seconds["replayed"],
                peer=seconds["launched"],
                peer_name="launched one by one",
                per=sizes.calls,
                goal=1.8,
                largest_error=apart,
            ),
        )
        for side, used in memory.items():
            yield "measures", measure(f"{name} {way}: {side}", unit="MiB", values=[used])


def of_the_loss(sizes: Sizes, device: torch.device) -> Found:
    """Yield the kernel against the torch form, and both against the bytes that must move."""
    term = MultiScaleGradient().to(device)
    one, other, image = _drawn(sizes.batch, sizes.crop_px, device)

    def ours(leaf: Tensor) -> Tensor:
        loss: Tensor = term(infrared=one[:], visible=other[:], fused=leaf)  # other tensors: anew
        return loss

    def in_torch(leaf: Tensor) -> Tensor:
        maps = term.maps(infrared=one[:], visible=other[:], fused=leaf)
        return term.total([level_value(each) for each in maps])

    both = [_with_slope(loss, image) for loss in (ours, in_torch)]
    apart = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(*both, strict=True))
    yield (
        "measures",
        measure("kernel: value and slope differ by", unit="relative", values=[apart], at_most=1e-4),
    )
    same = _with_slope(lambda leaf: term(infrared=one, visible=one, fused=leaf), one)[0]
    yield (
        "measures",
        measure("kernel: loss of a perfect image", unit="", values=[float(same)], at_most=0),
    )
    seconds = alternate(
        {
            "ours": lambda: [_with_slope(ours, image) for _ in range(sizes.calls)],
            "torch": lambda: [_with_slope(in_torch, image) for _ in range(sizes.calls)],
        },
        repeats=sizes.repeats,
        clock=wall(device),
    )
    yield (
        "rows",
        row(
            "loss of three levels, kernel",
            unit="call",
            ours=seconds["ours"],
            peer=seconds["torch"],
            peer_name="torch form",
            per=sizes.calls,
            largest_error=apart,
        ),
    )
    yield from _of_bytes(sizes, device)


def _of_bytes(sizes: Sizes, device: torch.device) -> Found:
    """Yield one large level: three images are read, two slopes written and read, one written."""
    batch, side = sizes.large
    level = MultiScaleGradient(LossSettings(levels=1)).to(device)
    sources = _drawn(batch, side, device)
    moved = batch * side * side * (3 * 4 + 2 + 2 + 4)
    block = torch.empty(moved // 8 + 1, dtype=torch.float32, device=device)
    target = torch.empty_like(block)  # a copy reads and writes: as many bytes as must move
    seconds = alternate(
        {
            "level": lambda: _with_slope(
                lambda leaf: level(infrared=sources[0], visible=sources[1], fused=leaf), sources[2]
            ),
            "copy": lambda: target.copy_(block),
        },
        repeats=sizes.repeats,
        warm_up=3,
        clock=wall(device),
    )
    yield (
        "rows",
        row(
            f"copy of the bytes of a {batch}x{side}x{side} level",
            unit="call",
            ours=seconds["copy"],
            peer=seconds["level"],
            peer_name="kernel, both ways",
        ),
    )
    yield (
        "measures",
        measure(
            "kernel over the byte floor",
            unit="times",
            at_most=3,
            values=[a / b for a, b in zip(seconds["level"], seconds["copy"], strict=True)],
        ),
    )


def of_metrics(sizes: Sizes, device: torch.device) -> Found:
    """Yield six metrics of all images on the device against the plain form of one of them."""
    height, width = sizes.side_px
    pair = scene("bench000D", height=height, width=width, seed=0)
    noise = np.random.default_rng(0).normal(0, 3, (height, width))
    mean = (pair.infrared.astype(np.float64) + pair.visible) / 2 + noise
    planes = (pair.infrared, pair.visible, np.rint(mean).clip(0, 255).astype(np.uint8))
    infrared, visible, fused = (
        torch.tensor(plane).to(device).expand(sizes.together, 1, height, width).clone()
        for plane in planes
    )
    batch = Images(infrared=infrared, visible=visible, fused=fused)
    wanted = {name: float(form(*planes)) for name, form in plain.SIX.items()}
    rounds = -(-sizes.images // sizes.together)
    for dtype in (torch.float64, torch.float32):
        found = evaluate(**batch, dtype=dtype)
        worst = max(
            float((found[name] - value).abs().max()) / TOLERANCES[name]
            for name, value in wanted.items()
        )
        kind = str(dtype)[6:]
        yield (
            "measures",
            measure(f"metrics {kind}: error", unit="tolerances", values=[worst], at_most=1),
        )
        ours = alternate(
            {"ours": lambda dtype=dtype: [evaluate(**batch, dtype=dtype) for _ in range(rounds)]},  # type: ignore[misc]
            repeats=3,
            clock=wall(device),
        )["ours"]
        others = alternate(
            {"plain": lambda: [form(*planes) for form in plain.SIX.values()]},
            repeats=2,
            clock=time.perf_counter,
        )["plain"]
        count = rounds * sizes.together
        yield (
            "rows",
            row(
                f"six metrics, {kind}, {sizes.together} together",
                unit="image",
                ours=[taken / count for taken in ours],
                peer=others,
                peer_name="numpy and scipy, one thread",
                goal=500 if dtype is torch.float32 else None,
                largest_error=worst,
            ),
        )
        yield (
            "measures",
            measure(
                f"{sizes.images} images, {kind}",
                unit="s",
                values=[taken * sizes.images / count for taken in ours],
                at_most=1.0 if dtype is torch.float32 else None,
            ),
        )


def of_workers(sizes: Sizes, device: torch.device) -> Found:
    """Yield the steps per second of several processes that train on one device at a time."""
    alone = 0.0
    for count in sizes.workers:
        total = sum(_side_by_side(count, device))
        alone = alone or total
        yield (
            "measures",
            measure(f"steps per second, {count} at a time", unit="steps/s", values=[total]),
        )
        if count > 1:
            yield "measures", measure(f"of {count}, over one", unit="times", values=[total / alone])


def _side_by_side(count: int, device: torch.device) -> list[float]:
    words = [sys.executable, "-m", "benchmarks.gpu", "--worker"]
    words += ["--cpu"] if device.type == "cpu" else []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers: list[subprocess.Popen[str]] = [subprocess.Popen(words, **pipes) for _ in range(count)]  # type: ignore[call-overload]
    try:
        ready = [worker.stdout.readline() for worker in workers if worker.stdout]
        if ready != ["ready\n"] * count:
            raise SystemExit("a worker did not start; run with --worker to see why")
        return [json.loads(out) for out in map(_finished, workers)]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def _finished(worker: "subprocess.Popen[str]") -> str:
    return worker.communicate()[0]


def work(sizes: Sizes, device: torch.device) -> None:
    """Take steps as a process of its own, from when something is read until the time is over."""
    take = training(NETWORKS[0], way="bf16", sizes=sizes, device=device, is_replayed=True)
    for _ in range(FIRST):
        take()
    now = wall(device)
    now()
    print("ready", flush=True)
    sys.stdin.readline()
    started, steps = now(), 0
    while time.perf_counter() - started < sizes.seconds:
        for _ in range(sizes.calls):
            take()
        now()
        steps += sizes.calls
    print(json.dumps(steps / (now() - started)))


def measured(sizes: Sizes, device: torch.device) -> dict[str, Any]:
    """Return the content of a result file."""
    load, started = os.getloadavg()[0], time.monotonic()
    found: dict[str, list[dict[str, Any]]] = {"rows": [], "measures": []}
    for part in (of_steps, of_the_loss, of_metrics, of_workers):
        for kind, one in part(sizes, device):
            found[kind].append(one)
            print(line(one), flush=True)
    found["measures"].append(
        measure("all of this", unit="s", values=[time.monotonic() - started], at_most=600)
    )
    print(line(found["measures"][-1]))
    has_kernel = kernel.is_usable(torch.zeros(1, device=device), smallest_px=sizes.crop_px)
    notes = [f"batch {sizes.batch}, crop {sizes.crop_px} px, networks of width {sizes.width}"]
    if not has_kernel:
        notes.append("no kernel: the torch form is on both sides")
    if device.type == "cpu":
        notes.append("on a CPU nothing is captured: the steps are launched on both sides")
    return content(
        "gpu",
        about=ABOUT,
        rows=found["rows"],
        measures=found["measures"],
        load_before=load,
        device=named(device),
        clock="wall time, the device waited for",
        notes=notes,
    )


def named(device: torch.device) -> str:
    """Return the name of a GPU as file names have it; "cpu" for a CPU."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def line(one: dict[str, Any]) -> str:
    """Return a comparison or a measure in at most 80 columns."""
    mark = {None: "", True: "met", False: "MISSED"}[one["is_met"]]
    if "ratio" not in one:
        value, unit, goal = f"{one['value']:.4g}", one["unit"], goal_text(one)
        return f"{one['what']:<38.38}{value:>10} {unit:<11}{goal:<10} {mark}".rstrip()
    times = f"{one['ours']['median_ms']:>10.4g} ms {one['ratio']:>7.4g}x"
    goal = "" if one["goal"] is None else f"goal {one['goal']:g}"
    return f"{one['what']:<38.38}{times}{'':<2}{goal:<9}{mark}".rstrip()


def _drawn(batch: int, side: int, device: torch.device) -> tuple[Tensor, ...]:
    shape = (3, batch, 1, side, side)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)).to(device).unbind()


def _with_slope(loss: Callable[[Tensor], Tensor], image: Tensor) -> tuple[Tensor, Tensor]:
    leaf = image.detach().requires_grad_()
    value = loss(leaf)
    return value.detach(), torch.autograd.grad(value, leaf)[0]


def main() -> None:
    """Measure and write; on a CPU only where --out says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cpu", action="store_true", help="a tiny size on the CPU")
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.cpu and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device; --cpu runs the same path at a tiny size")
    device, sizes = torch.device("cpu" if given.cpu else "cuda"), TINY if given.cpu else Sizes()
    settle()
    if given.worker:
        work(sizes, device)
        return
    found = measured(sizes, device)
    folder = given.out or (Path(tempfile.mkdtemp()) if given.cpu else FOLDER)
    print(write(found, folder=folder))


if __name__ == "__main__":
    main()
