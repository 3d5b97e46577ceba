"""A trained network as one ONNX file of any batch, height and width, checked against torch."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ablate.errors import ConfigError, ExportError, one_line, with_extra
from ablate.models.contract import Fused, FusionNetwork
from ablate.settings.sources import INFRARED_VISIBLE, Sources
from ablate.writing import replacing

MOST_DIFFERENCE = 1e-4  # of grey levels in [0, 1]; the packaged networks stay below 1e-6
SHAPES = ((1, 64, 96), (2, 37, 53), (1, 7, 133), (3, 2, 2), (1, 1, 1))  # batch, height, width
INPUTS, OUTPUT = INFRARED_VISIBLE, "fused"  # as torch has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An ONNX file, and how far its answers are from those of torch."""

    path: Path
    largest_difference: float  # over all pixels of all shapes, grey levels in [0, 1]
    shapes: tuple[tuple[int, int, int], ...]  # batch, height, width
    bytes: int


def export(
    model: nn.Module,
    path: Path,
    *,
    labels: Mapping[str, str],
    overwrites: bool = False,
    sources: Sources = INFRARED_VISIBLE,
) -> Checked:
    """Write a network as an ONNX file and return how far it is from torch; whole or absent.

    Inputs are called as the sources, the output is `fused`: float32 of (batch, 1, height, width) in
    [0, 1]. Sides that are not multiples of what the network takes are padded inside the
    graph, by repeating the edge, and cropped, as in torch.

    Args:
        model: A trained network, on the CPU.
        path: The file; its folder is made.
        labels: Metadata of the file.
        overwrites: Whether a file that is there is replaced.
        sources: What the two are called.

    Raises:
        ConfigError: The file is there.
        ExportError: A library is missing, the network cannot be traced, or its graph does not
            compute the same.
    """
    onnx, runtime = _libraries()
    if path.is_dir() or (path.exists() and not overwrites):
        raise ConfigError(f"{path}: exists; name another file, or say --overwrite")
    model = model.eval()
    smallest = model.smallest_px if isinstance(model, FusionNetwork) else 1
    shapes = tuple(shape for shape in SHAPES if min(shape[1:]) >= smallest)
    program = _traced(model, sources)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, is_synced=True) as beside:
        with _quiet():
            program.save(beside, external_data=False)
        made = onnx.load(beside)
        _label(made, {**labels, "ablate.smallest_px": str(smallest)}, sources)
        onnx.checker.check_model(made, full_check=True)
        beside.write_bytes(made.SerializeToString(deterministic=True))
        worst = _compared(model, runtime, beside, shapes, sources)
    return Checked(path=path, largest_difference=worst, shapes=shapes, bytes=path.stat().st_size)


class _AnySize(nn.Module):
    """A fusion network whose padding is a choice of rows and columns, which needs no branches."""

    def __init__(self, network: FusionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, infrared: Tensor, visible: Tensor) -> Tensor:
        multiple = self.network.multiple_px
        height, width = infrared.shape[-2:]
        if multiple > 1:
            rows, columns = (
                torch.arange((side + multiple - 1) // multiple * multiple).clamp(max=side - 1)
                for side in (height, width)
            )
            infrared, visible = (image[:, :, rows][..., columns] for image in (infrared, visible))
        found = self.network.fuse(infrared=infrared, visible=visible)
        fused = found.image if isinstance(found, Fused) else found
        return fused[..., :height, :width]


def _traced(model: nn.Module, sources: Sources) -> Any:
    """Return the ONNX program of a network.

    Raises:
        ExportError: It cannot be traced, or only for one size.
    """
    is_padded = isinstance(model, FusionNetwork) and type(model).forward is FusionNetwork.forward
    whole = _AnySize(model).eval() if is_padded else model  # type: ignore[arg-type]
    multiple = model.multiple_px if isinstance(model, FusionNetwork) else 8
    side = 5 * multiple + 3  # no multiple, and not the side of any channel count
    pair = {name: torch.rand(2, 1, side, side + multiple + 1) for name in INPUTS}
    dynamic = {name: {0: "batch", 2: "height", 3: "width"} for name in INPUTS}
    try:
        with _quiet(), torch.no_grad():
            return torch.onnx.export(
                whole,
                (),
                kwargs=pair,
                dynamo=True,
                dynamic_shapes=dynamic,
                input_names=list(sources),
                output_names=[OUTPUT],
                verbose=False,
            )
    except Exception as error:  # whatever tracing a user's network raises
        raise ExportError(
            f"{type(model).__name__}: cannot be written as ONNX ({_reason(error)}); branches on "
            "pixel values or sizes cannot be: write them with torch.where and slices"
        ) from error


def _reason(error: BaseException) -> str:
    """Return the first informative line of the deepest error."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return one_line(f"{type(error).__name__}: {lines[0] if lines else ''}", longest=200)


def _label(made: Any, labels: Mapping[str, str], sources: Sources) -> None:
    """Replace the exporter's facts about this machine by a description of the file."""
    for part in (made.graph, *made.functions):
        del part.metadata_props[:]
        for node in part.node:
            del node.metadata_props[:]
            node.doc_string = ""
        for value in (*part.value_info, *getattr(part, "input", ()), *getattr(part, "output", ())):
            if hasattr(value, "metadata_props"):
                del value.metadata_props[:]
    for tensor in made.graph.initializer:
        del tensor.metadata_props[:]
    del made.metadata_props[:]
    for name, text in sorted(labels.items()):
        made.metadata_props.add(key=name, value=text)
    made.doc_string = (
        f"{', '.join(sources)} -> fused: float32 (batch, 1, height, width), luminance in [0, 1]; "
        f"sides of at least {labels['ablate.smallest_px']} pixels"
    )


def _compared(
    model: nn.Module,
    runtime: Any,
    path: Path,
    shapes: tuple[tuple[int, int, int], ...],
    sources: Sources,
) -> float:
    """Return the largest difference between the file and torch.

    Raises:
        ExportError: The file does not run for a shape, or is further off than MOST_DIFFERENCE.
    """
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    random = torch.Generator().manual_seed(0)
    worst = 0.0
    for batch, height, width in shapes:
        pair = {name: torch.rand(batch, 1, height, width, generator=random) for name in INPUTS}
        with torch.inference_mode():
            wanted = model(**pair).float().numpy()
        try:
            given = zip(sources, pair.values(), strict=True)
            (got,) = session.run([OUTPUT], {name: image.numpy() for name, image in given})
        except Exception as error:  # its exceptions do not share a base class
            raise ExportError(
                f"{type(model).__name__}: its ONNX graph does not run on {height}x{width} "
                f"({_reason(error)}); nothing was written"
            ) from error
        off = np.inf if got.shape != wanted.shape else float(np.abs(got - wanted).max())
        if not off <= MOST_DIFFERENCE:
            raise ExportError(
                f"{type(model).__name__}: its ONNX graph differs from torch by {off:.2g} of the "
                f"range on {height}x{width}, at most {MOST_DIFFERENCE:g} is let through; nothing "
                "was written"
            )
        worst = max(worst, off)
    return worst


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's notes on torchvision, versions and training mode to itself."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def check_installed() -> None:
    """Raise ConfigError where the extra is not installed."""
    _libraries()


def _libraries() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  torch writes with it
    except ImportError as error:
        raise ExportError(
            f"{error.name} is not installed; add the extra with: {with_extra('onnx')}"
        ) from None
    return onnx, onnxruntime
