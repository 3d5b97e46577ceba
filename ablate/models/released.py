"""Weights that a publication released, under the names of the network here that follows it.

Each network of a publication has a table of pairs (pattern, name here); a name of the release is
rewritten by the first pattern that matches it whole. Shapes are compared, so that weights of other
settings, or of the network with its differences on, are refused in one line.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.models.cddfuse import CDDFuse
from ablate.models.densefuse import DenseFuse
from ablate.models.restormer import Restormer
from ablate.models.seafusion import SeAFusion
from ablate.models.size import ORIGINALS

Names = tuple[tuple[str, str], ...]

_NORM: Final = r"body\.(weight|bias)"
_BLOCK: Final[Names] = (  # of Restormer and of the base branch of CDDFuse
    (rf"norm1\.{_NORM}", r"attention.0.\1"),
    (rf"norm2\.{_NORM}", r"feed_forward.0.\1"),
    (r"attn\.(?:temperature|scale)", r"attention.1.temperature"),
    (r"attn\.(?:qkv|qkv1)\.weight", r"attention.1.project.0.weight"),
    (r"attn\.(?:qkv_dwconv|qkv2)\.weight", r"attention.1.project.1.weight"),
    (r"attn\.(?:project_out|proj)\.weight", r"attention.1.out.weight"),
    (r"(?:ffn|mlp)\.project_in\.weight", r"feed_forward.1.into.0.weight"),
    (r"(?:ffn|mlp)\.dwconv\.weight", r"feed_forward.1.into.1.weight"),
    (r"(?:ffn|mlp)\.project_out\.weight", r"feed_forward.1.out.weight"),
)
_COUPLING: Final[Names] = (
    (r"shffleconv\.(weight|bias)", r"mix.\1"),
    *(
        (rf"{theirs}\.bottleneckBlock\.{index}\.weight", rf"{ours}.{layer}.weight")
        for theirs, ours in (
            ("theta_phi", "shift_second"),
            ("theta_rho", "scale_first"),
            ("theta_eta", "shift_first"),
        )
        for index, layer in ((0, "widen"), (3, "filter"), (5, "narrow"))
    ),
)


def _inside(theirs: str, ours: str, names: Names) -> Iterator[tuple[str, str]]:
    """Yield the names of a block for where it stands; `theirs` has no group, or one for a number.

    A group's number stands where `ours` has a {}.
    """
    groups, here = theirs.count("("), ours.replace("{}", r"\1")
    for pattern, name in names:
        shifted = re.sub(r"\\(\d)", lambda found: rf"\{int(found[1]) + groups}", name)
        yield rf"{theirs}\.{pattern}", f"{here}.{shifted}"


def _seafusion() -> Iterator[tuple[str, str]]:
    kinds = r"(weight|bias)"
    for theirs, ours in (("vis", "visible"), ("inf", "infrared")):
        yield rf"{theirs}_conv\.conv\.{kinds}", rf"{ours}.0.\1"
        for block in (1, 2):
            at, here = rf"{theirs}_rgbd{block}", f"{ours}.{block + 1}"
            yield rf"{at}\.dense\.conv1\.conv\.{kinds}", rf"{here}.first.0.\1"
            yield rf"{at}\.dense\.conv2\.conv\.{kinds}", rf"{here}.second.0.\1"
            yield rf"{at}\.convdown\.conv\.{kinds}", rf"{here}.dense.\1"
            yield rf"{at}\.convup\.conv\.{kinds}", rf"{here}.residual.\1"
            yield rf"{at}\.sobelconv\.conv([xy])\.weight", rf"{here}.kernels/\1"
    for layer in (4, 3, 2, 1):
        yield rf"decode{layer}\.conv\.{kinds}", rf"decoder.{2 * (4 - layer)}.\1"
        yield rf"decode{layer}\.bn\..*", ""  # declared there, never called


def _densefuse() -> Iterator[tuple[str, str]]:
    kinds = r"conv2d\.(weight|bias)"
    yield rf"conv1\.{kinds}", r"encoder.0.0.\1"
    for layer in range(3):
        yield rf"DB1\.denseblock\.{layer}\.dense_conv\.{kinds}", rf"encoder.{layer + 1}.0.\1"
    for layer in (2, 3, 4):
        yield rf"conv{layer}\.{kinds}", rf"decoder.{layer - 2}.0.\1"
    yield rf"conv5\.{kinds}", r"decoder.3.\1"


def _cddfuse() -> Iterator[tuple[str, str]]:
    encoder, decoder = "DIDF_Encoder", "DIDF_Decoder"
    yield rf"{encoder}\.patch_embed\.proj\.weight", "encoder.0.weight"
    yield from _inside(rf"{encoder}\.encoder_level1\.(\d+)", "encoder.1.{}", _BLOCK)
    yield from _inside(rf"{encoder}\.baseFeature", "base", _BLOCK)
    yield from _inside(rf"{encoder}\.detailFeature\.net\.(\d+)", "detail.{}", _COUPLING)
    yield from _inside("BaseFuseLayer", "fused_base", _BLOCK)
    yield from _inside(r"DetailFuseLayer\.net\.0", "fused_detail", _COUPLING)
    yield rf"{decoder}\.reduce_channel\.weight", "decoder.0.weight"
    yield from _inside(rf"{decoder}\.encoder_level2\.(\d+)", "decoder.1.{}", _BLOCK)
    yield rf"{decoder}\.output\.([02])\.weight", r"last.\1.weight"


def _restormer(levels: int = 4) -> Iterator[tuple[str, str]]:
    yield r"patch_embed\.proj\.weight", "first.weight"
    for level in range(1, levels):
        deeper, up = level + 1, levels - 1 - level
        at = rf"encoder_level{level}\.(\d+)"
        yield from _inside(at, f"encoder.{level - 1}.{{}}", _BLOCK)
        yield rf"down{level}_{deeper}\.body\.0\.weight", f"down.{level - 1}.0.weight"
        yield rf"up{deeper}_{level}\.body\.0\.weight", f"up.{up}.0.weight"
        yield rf"reduce_chan_level{level}\.weight", f"decoder.{up}.0.weight"
        inner = "{}" if level == 1 else "1.{}"
        yield from _inside(rf"decoder_level{level}\.(\d+)", f"decoder.{up}.{inner}", _BLOCK)
    yield from _inside(r"latent\.(\d+)", "bottom.{}", _BLOCK)
    yield from _inside(r"refinement\.(\d+)", "refine.{}", _BLOCK)
    yield r"output\.weight", "last.weight"


NAMES: Final[Mapping[type[nn.Module], Names]] = {
    SeAFusion: tuple(_seafusion()),
    DenseFuse: tuple(_densefuse()),
    CDDFuse: tuple(_cddfuse()),
    Restormer: tuple(_restormer()),
}


def follows_release(model: nn.Module) -> bool:
    """Return whether the names of a release are known for this network."""
    return type(model) in NAMES


def renamed(released: Mapping[str, Any], model: nn.Module) -> dict[str, Tensor]:
    """Return the weights of a release under the names of `model`, as it takes them.

    Args:
        released: The state dict of the original, or a mapping of those of its parts; a `module.`
            that training on several devices left in names is dropped.
        model: Of the settings in `ablate.models.size.ORIGINALS`, unless the release has others.

    Raises:
        ConfigError: The network follows no release, or the weights are not those of the original
            at these settings.

    Source:
        FusionNet.py of Linfeng-Tang/SeAFusion at 5fd9c52; net.py of hli1221/densefuse-pytorch at
        4394b63; net.py of Zhaozixiang1228/MMIF-CDDFuse at fd8da1f;
        basicsr/models/archs/restormer_arch.py of swz30/Restormer at df766d5.
    """
    names = NAMES.get(type(model))
    if names is None:
        known = ", ".join(sorted(kind.__name__ for kind in NAMES))
        raise ConfigError(
            f"released weights: {type(model).__name__} follows no release; known are those of "
            f"{known}"
        )
    found: dict[str, Tensor] = {}
    strange = []
    for theirs, value in _flat(released):
        name = _renamed(theirs, names)
        if name is None:
            strange.append(theirs)
        elif name:
            found[name] = value
    found = _with_kernels(found)
    wanted = model.state_dict()
    original = ORIGINALS[type(model).__name__.lower()].settings
    hint = f"the original has {', '.join(f'{key}: {value}' for key, value in original.items())}"
    faults = [f"released weights: {name}: no such layer in the original" for name in strange]
    faults += [
        f"released weights: {name} is missing"
        if name not in found
        else f"released weights: {name} is not one of this network; {hint}"
        for name in sorted(set(found) ^ set(wanted))
    ]
    faults += [
        f"released weights: {name} has {tuple(found[name].shape)} in the release and "
        f"{tuple(wanted[name].shape)} in this network; {hint}"
        for name in wanted
        if name in found and found[name].shape != wanted[name].shape
    ]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ConfigError(f"{faults[0]}{more}")
    return {name: found[name].to(wanted[name].dtype) for name in wanted}


def read(path: Path) -> Mapping[str, Any]:
    """Return what a file of weights holds: safetensors, or one of `torch.save`.

    Nothing in the file is run: a pickle may hold tensors and plain containers alone.

    Raises:
        ConfigError: The file is damaged, or holds other things than weights.
    """
    import pickle

    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        if path.suffix == ".safetensors":
            return load(path.read_bytes())
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        first = str(error).split("\n", 1)[0]
        raise ConfigError(f"not a file of weights ({first})") from error
    if not isinstance(content, Mapping):
        raise ConfigError(f"holds {type(content).__name__}, not weights by name")
    return content


def _flat(released: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield name and tensor of a state dict, or of a mapping of state dicts."""
    for name, value in released.items():
        whole = f"{before}{name}".removeprefix("module.").replace(".module.", ".")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{whole}.")
        elif isinstance(value, Tensor):
            yield whole, value


def _renamed(name: str, names: Names) -> str | None:
    """Return the name here, "" for a layer that is not called, None where no pattern matches."""
    for pattern, here in names:
        found = re.fullmatch(pattern, name)
        if found:
            return found.expand(here)
    return None


def _with_kernels(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights with the kernels along x and y in turn, channel by channel."""
    kernels = [name.removesuffix("/x") for name in found if name.endswith("/x")]
    rest = {name: value for name, value in found.items() if "/" not in name}
    for name in kernels:
        if f"{name}/y" in found:
            both = torch.stack([found[f"{name}/x"], found[f"{name}/y"]], dim=1)
            rest[name] = both.flatten(0, 1)
    return rest
