"""Published total losses, written as terms, against the code of their repositories.

Nothing of a repository is kept here: `--sources` names a folder of bare clones, OWNER+NAME/repo,
whose files are read at the commits below and run beside the loss that the YAML says. On real crops,
each alone, in float64: value and gradient by the fused image. The crops are dithered by less than
half a grey level: else rounding decides which of two equal gradients of 8-bit images is the target.

Run: python -m benchmarks.published_losses --sources FOLDER [--pairs FOLDER] [--out FOLDER]
"""

import argparse
import ast
import importlib.util
import json
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch
import yaml
from PIL import Image
from torch import Tensor

from ablate import losses

SIDE_PX, SMALL_PX, CROPS = 192, 72, 2
CLOSE = 1e-6
NAMES = ("infrared_base", "visible_base", "infrared_detail", "visible_detail")
Theirs = Callable[[Any, Tensor, Tensor, Tensor, Any], Any]  # a Tensor, of code without types
INTENSITY_AND_GRADIENT = """
components: magnitude_l1
levels: 1
intensity_weight: {intensity}
gradient_weight: {gradient}
"""
SSIM = "terms: {{ssim: {{kind: ssim, weight: {weight}, padding: zeros, added: 0{more}}}}}"
TEXT_IF = """
sign: free
levels: 1
padding: replicate
intensity_weight: {intensity}
gradient_weight: {gradient}
"""
WINDOW_48 = "window_px: 48, padding: valid, added: 0"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One published loss.

    Args:
        name: Of the method, and of the task where a repository has several losses.
        repo: OWNER/NAME.
        commit: Read and run.
        file: With the loss.
        what: Class or lines of the total loss.
        yaml: The section loss.
        theirs: Calls the repository's code: of modules by name, infrared, visible, fused, features.
        beside: Module name -> further file that the loss imports.
        side_px: Of the crops; smaller where its windows make the repository's code slow.
        remark: What a reader should know.
    """

    name: str
    repo: str
    commit: str
    file: str
    what: str
    yaml: str
    theirs: Theirs
    beside: Mapping[str, str] = field(default_factory=dict)
    side_px: int = SIDE_PX
    remark: str = ""


def _thrice(image: Tensor) -> Tensor:
    """Return a grey image as RGB, as repositories that fuse in colour take it."""
    return image.expand(-1, 3, -1, -1)


def _swin(task: str, yaml_text: str) -> Case:
    def theirs(m: Any, ir: Tensor, vi: Tensor, f: Tensor, _: Any) -> Any:
        return getattr(m["loss"], f"fusion_loss_{task}")()(ir, vi, f)[0]

    return Case(
        name=f"SwinFusion ({task})",
        repo="Linfeng-Tang/SwinFusion",
        commit="ceeec3f",
        file=f"models/loss_{task}.py",
        what=f"fusion_loss_{task}",
        yaml=yaml_text,
        theirs=theirs,
        beside={"models.loss_ssim": "models/loss_ssim.py"},
    )


def _like_swin(name: str, repo: str, commit: str, yaml_text: str, **more: Any) -> Case:
    def theirs(m: Any, ir: Tensor, vi: Tensor, f: Tensor, _: Any) -> Any:
        return m["loss"].fusion_loss_vif()(ir, vi, f)[0]

    beside = more.pop("beside", {"models.loss_ssim": "models/loss_ssim.py"})
    return Case(
        name=name,
        repo=repo,
        commit=commit,
        file="models/loss_vif.py",
        what="fusion_loss_vif",
        yaml=yaml_text,
        theirs=theirs,
        beside=beside,
        **more,
    )


def _mix(intensity: float, gradient: float, more: str = "") -> str:
    return INTENSITY_AND_GRADIENT.format(intensity=intensity, gradient=gradient) + more


def _ssim(weight: float, more: str = "") -> str:
    return SSIM.format(weight=weight, more=more)


def _text_if(name: str, repo: str, commit: str, task: str, yaml_text: str) -> Case:
    def theirs(m: Any, ir: Tensor, vi: Tensor, f: Tensor, _: Any) -> Any:
        loss = m["loss"].fusion_prompt_loss()
        return loss(_thrice(vi), _thrice(ir), _thrice(f), [task] * len(f))[0]

    return Case(
        name=name,
        repo=repo,
        commit=commit,
        file="scripts/losses.py",
        what=f"fusion_prompt_loss, {task}",
        yaml=yaml_text,
        theirs=theirs,
        side_px=SMALL_PX,
        remark="the images are grey: the colour term is 0, as it is where chroma is carried over",
    )


def _decomposed(m: Any, features: Mapping[str, Tensor]) -> Any:
    base, other_base, detail, other_detail = (features[name] for name in NAMES)
    return m.cc(detail, other_detail) ** 2 / (1.01 + m.cc(base, other_base))


def _cddfuse(m: Any, ir: Tensor, vi: Tensor, f: Tensor, features: Any) -> Any:
    return m["loss"].Fusionloss()(vi, ir, f)[0] + 2 * _decomposed(m["loss"], features)


def _dcevo(m: Any, ir: Tensor, vi: Tensor, f: Tensor, features: Any) -> Any:
    import kornia

    ssim = kornia.losses.ssim_loss
    similar = 2 * ssim(vi, f, 11) + 2 * ssim(ir, f, 11)
    return m["loss"].Fusionloss()(vi, ir, f)[0] + 2 * _decomposed(m["loss"], features) + similar


def _of_tthinking(m: Any, ir: Tensor, vi: Tensor, f: Tensor, _: Any) -> Any:
    one, other, thrice, further = m["weights"]
    loss = m["loss"]
    if hasattr(loss, "gra_loss"):  # DATFuse
        total = one * loss.ir_loss(f, ir) + other * loss.vi_loss(f, vi)
        return total + thrice * loss.ssim_loss(f, ir, vi) + further * loss.gra_loss(f, ir, vi)
    if hasattr(loss, "sf_loss_ir"):  # YDTR
        total = one * loss.ssim_loss_ir(f, ir) + other * loss.ssim_loss_vi(f, vi)
        return total + thrice * loss.sf_loss_ir(f, ir) + further * loss.sf_loss_vi(f, vi)
    total = one * loss.CharbonnierLoss_ir(f, ir) + other * loss.CharbonnierLoss_vi(f, vi)
    total = total - 0.001 * (one + other)  # ITFuse: its Charbonnier is not 0 at 0
    return total + thrice * loss.ssim_loss_ir(f, ir) + further * loss.ssim_loss_vi(f, vi)


def _tthinking(
    name: str, commit: str, weights: tuple[float, ...], yaml_text: str, remark: str = ""
) -> Case:
    return Case(
        name=name,
        repo=f"tthinking/{name}",
        commit=commit,
        file="losses/__init__.py",
        what=f"Train.py: the sum of four terms, weights {list(weights)}",
        yaml=yaml_text,
        theirs=lambda m, *rest: _of_tthinking({**m, "weights": weights}, *rest),
        remark=remark,
    )


def _tc_moa(m: Any, ir: Tensor, vi: Tensor, f: Tensor, _: Any) -> Any:
    loss, of = m["loss"], (_thrice(f), _thrice(vi), _thrice(ir))
    similar = sum(1 - loss.SSIM()(of[0], source, normalize=True) for source in of[1:]) / 2
    return 1.5 * loss.MaxGradLoss(3)(*of) + 1.5 * loss.MaxPixelLoss()(*of) + 2 * similar


def _tedfusion(m: Any, ir: Tensor, vi: Tensor, f: Tensor, features: Any) -> Any:
    of = (_thrice(vi), _thrice(ir), _thrice(f), None, None, features["distance"].mean(), None)
    return m["loss"].fusion_prompt_loss()(*of)[0]


def _hybridfusion(m: Any, ir: Tensor, vi: Tensor, f: Tensor, _: Any) -> Any:
    return m["loss"].FusionLoss()(_thrice(vi), _thrice(ir), _thrice(f))


def _follow_up(m: Any, ir: Tensor, vi: Tensor, f: Tensor, _: Any) -> Any:
    return m["loss"].fusion_loss()(ir, vi, f)[0]


BOTH_48 = f"""
  of_visible: {{kind: ssim, to: visible, {WINDOW_48}}}
  of_infrared: {{kind: ssim, to: infrared, {WINDOW_48}}}
"""
CASES = (
    _swin("vif", _mix(20, 20, _ssim(10, ", share: by_gradient"))),
    _swin("mef", _mix(20, 20, "intensity: mean\n" + _ssim(10))),
    _swin("mff", _mix(20, 20, "intensity: mean\n" + _ssim(10, ", share: by_gradient"))),
    _swin("med", _mix(20, 100, _ssim(50))),
    _swin("nir", _mix(20, 20, "intensity: mean\n" + _ssim(10, ", share: by_gradient"))),
    _like_swin(
        "TITA", "huxingyuabc/TITA", "d5ca890", _mix(20, 20, _ssim(10, ", share: by_gradient"))
    ),
    _like_swin(
        "UniFusion",
        "dusongcheng/UniFusion",
        "8ad2fe3",
        _mix(20, 20, _ssim(10, ", share: by_gradient")),
    ),
    _like_swin("CMMAEFuse", "bclambda/CMMAEFuse", "5dde75b", _mix(2, 1, _ssim(2))),
    _like_swin("W-Mamba", "Lmmh058/W-Mamba", "a3de719", _mix(10, 1), beside={}),
    _like_swin(
        "TEA-Net",
        "supersupercong/TEA-Net",
        "c48cf18",
        _mix(20, 1)
        + """
terms:
  ssim: {kind: ssim, weight: 0.5, share: by_gradient, padding: zeros, added: 0}
"""
        + "".join(
            f"  {part}_{source}: {{kind: frequency, weight: 0.05, part: {part}, scaled: raw, "
            f"target: {source}}}\n"
            for part in ("complex", "angle", "amplitude")
            for source in ("infrared", "visible")
        ),
        beside={
            "models.loss_ssim": "models/loss_ssim.py",
            "models.fourier_loss": "models/fourier_loss.py",
        },
    ),
    Case(
        name="CDDFuse (phase II)",
        repo="Zhaozixiang1228/MMIF-CDDFuse",
        commit="fd8da1f",
        file="utils/loss.py",
        what="train.py, phase II: Fusionloss + 2 loss_decomp",
        yaml=_mix(1, 10, "terms: {decomposition: {kind: correlation, weight: 2}}"),
        theirs=_cddfuse,
    ),
    Case(
        name="DCEvo (fusion, phase II)",
        repo="Beate-Suy-Zhang/DCEvo",
        commit="0577689",
        file="utils/loss_fusion.py",
        what="Fusion_train.py, phase II",
        yaml=_mix(
            1,
            10,
            "terms: {decomposition: {kind: correlation, weight: 2}, ssim: {kind: ssim, weight: 2}}",
        ),
        theirs=_dcevo,
        remark="kornia's ssim_loss is half of 1 - SSIM",
    ),
    Case(
        name="IF-FILM",
        repo="Zhaozixiang1228/IF-FILM",
        commit="26a2f01",
        file="utils/lossfun.py",
        what="train.py: Fusionloss(coeff_grad=20), loss_ssim 0",
        yaml=_mix(1, 20),
        theirs=lambda m, ir, vi, f, _: m["loss"].Fusionloss(coeff_grad=20, device="cpu")(ir, vi, f)[
            0
        ],
    ),
    Case(
        name="Dif-Fusion",
        repo="GeoVectorMatrix/Dif-Fusion",
        commit="484dc2d",
        file="models/fs_loss.py",
        what="Fusionloss, loss_in + loss_grad",
        yaml=_mix(1, 1),
        theirs=lambda m, ir, vi, f, _: sum(m["loss"].Fusionloss()(_thrice(vi), ir, _thrice(f))),
        remark="of three equal channels",
    ),
    _text_if(
        "Text-IF (low light)",
        "XunpengYi/Text-IF",
        "92d5cbe",
        "low_light",
        TEXT_IF.format(intensity=8, gradient=10) + "terms:" + BOTH_48,
    ),
    _text_if(
        "Text-IF (over-exposure)",
        "XunpengYi/Text-IF",
        "92d5cbe",
        "over_exposure",
        TEXT_IF.format(intensity=4, gradient=2),
    ),
    _text_if(
        "ControlFusion",
        "Linfeng-Tang/ControlFusion",
        "6430808",
        "ControlFusion",
        TEXT_IF.format(intensity=8, gradient=10) + "terms:" + BOTH_48,
    ),
    Case(
        name="DAFFusion",
        repo="Xiaoxing0503/DAFFusion",
        commit="f95c0a5",
        file="scripts/losses.py",
        what="fusion_loss2",
        yaml=TEXT_IF.format(intensity=1, gradient=5)
        + "terms: {visible: {kind: intensity, target: visible}, "
        "infrared: {kind: intensity, target: infrared}}",
        theirs=lambda m, ir, vi, f, _: m["loss"].fusion_loss2()(vi, ir, f)[0],
    ),
    Case(
        name="LUT-Fuse",
        repo="zyb5/LUT-Fuse",
        commit="ab5878e",
        file="scripts/loss_lut.py",
        what="fusion_loss",
        yaml="gradient_weight: 0\nintensity_weight: 0\nterms:" + BOTH_48,
        theirs=lambda m, ir, vi, f, _: m["loss"].fusion_loss()(vi, ir, f),
        side_px=SMALL_PX,
        remark="its total is the SSIM alone",
    ),
    Case(
        name="HybridFusion",
        repo="Zirconium233/HybridFusion",
        commit="089ca46",
        file="loss/loss.py",
        what="FusionLoss with its defaults",
        yaml=TEXT_IF.format(intensity=10, gradient=40)
        + "terms:"
        + BOTH_48
        + """  visible: {kind: intensity, target: visible, weight: 1}
  infrared: {kind: intensity, target: infrared, weight: 2}
""",
        theirs=_hybridfusion,
        side_px=SMALL_PX,
        remark="grey: the colour term is 0",
    ),
    Case(
        name="TEDFusion",
        repo="Shaoyun2023/TEDFusion",
        commit="64ee25d",
        file="scripts/losses.py",
        what="fusion_prompt_loss",
        yaml=TEXT_IF.format(intensity=15, gradient=65)
        + "terms:"
        + BOTH_48
        + """  visible: {kind: intensity, target: visible, weight: 2}
  infrared: {kind: intensity, target: infrared, weight: 2}
  hyperbolic: {kind: network, feature: distance, weight: 0.005}
""",
        theirs=_tedfusion,
        side_px=SMALL_PX,
        remark="grey: the colour term is 0; distance_all is an output of the network",
    ),
    _tthinking(
        "DATFuse",
        "0cd93f1",
        (1, 1, 10, 100),
        """
components: image_mean
selection: signed_max
y_axis: up
levels: 1
gradient_weight: 100
intensity: squares
terms: {ssim: {kind: ssim, weight: 10, to: max, padding: valid, added: 0}}
""",
        "upstream takes one number for the whole batch; crops are compared one by one",
    ),
    _tthinking(
        "YDTR",
        "b1f01b4",
        (1, 0.05, 0.0006, 0.00025),
        """
gradient_weight: 0
intensity_weight: 0
terms:
  ssim_infrared: {kind: ssim, to: infrared, weight: 1, padding: valid, added: 0}
  ssim_visible: {kind: ssim, to: visible, weight: 0.05, padding: valid, added: 0}
  sf_infrared: {kind: spatial_frequency, to: infrared, weight: 0.0006}
  sf_visible: {kind: spatial_frequency, to: visible, weight: 0.00025}
""",
    ),
    _tthinking(
        "ITFuse",
        "26137ef",
        (1, 1, 4, 4),
        """
gradient_weight: 0
intensity_weight: 0
terms:
  infrared: {kind: intensity, target: infrared, penalty: charbonnier, knee: 0.001}
  visible: {kind: intensity, target: visible, penalty: charbonnier, knee: 0.001}
  ssim_infrared: {kind: ssim, to: infrared, weight: 4, padding: valid, added: 0}
  ssim_visible: {kind: ssim, to: visible, weight: 4, padding: valid, added: 0}
""",
        "the constant of its Charbonnier, twice 0.001, is taken off: it changes no gradient",
    ),
    Case(
        name="FusionMamba",
        repo="millieXie/FusionMamba",
        commit="3ee1e7a",
        file="loss.py",
        what="Fusionloss",
        yaml=_mix(
            0,
            1,
            """
terms:
  intensity: {kind: intensity, weight: 10, penalty: l2}
  ssim:
    {kind: ssim, weight: 10, scales: 5, padding: valid, added: 0, negative: shifted,
     last_scale: at_every_scale}
""",
        ),
        theirs=lambda m, ir, vi, f, _: m["loss"].Fusionloss()(vi, ir, None, f, 0)[0],
        beside={"pytorch_msssim": "pytorch_msssim/__init__.py"},
    ),
    Case(
        name="TC-MoA",
        repo="YangSun22/TC-MoA",
        commit="48e4a54",
        file="util/fusion_loss.py",
        what="model/ViT_MAE.py, forward_loss_taskRGBT after the warm-up, without the prompt loss",
        yaml="""
operator: taps
components: signed_sum
y_axis: up
levels: 1
gradient_weight: 13.5
intensity_weight: 1.5
terms: {ssim: {kind: ssim, weight: 2, padding: zeros, added: 0}}
""",
        theirs=_tc_moa,
        remark="prompt and auxiliary loss are outputs of the network: kind network; here 0",
    ),
)
NOT_EXPRESSED = {  # read, and why the settings do not say it
    "Zhaozixiang1228/MMIF-EMMA 9983ca2 utils.py": "compares what learned sensors make of the image",
    "XunpengYi/Diff-IF 19030f5 loss.py": "adds the larger gradients of both axes, then compares",
    "wdhudiekou/UMF-CMGR 17a7af5 loss/fusion_loss.py": "weights by maps that its data loader makes",
    "runjia0124/CoCoNet fae29b4 models/train_tasks.py": "shares are a softmax of measured shares",
    "hli1221/CrossFuse bb00cb4 network/loss.py": "rectifies Laplacians",
    "JinyuanLiu-CV/SegMiF 12eb8ee core/loss.py": "its target is a file of the data set",
    "CrisT777-JN/MFS-Fusion f1d3f22 models/loss_vif.py": "Laplacians with inserted zeros",
    "YQ-097/MPCFusion 6dd9104 models/loss_vif.py": "MS-SSIM of guided-filter layers",
    "linklist2/PIAFusion_pytorch dc1abc3 train_fusion_model.py": "weights by a trained classifier",
    "lqz2/SFDFusion 769ab04 utils/loss.py": "masks are files of the data set",
    "RollingPlain/SAGE_IVIF 377fdbe model_sub/losses.py": "targets and masks of another model",
}


def modules(case: Case, folder: Path) -> dict[str, Any]:
    """Return the repository's modules, run on a CPU in float64."""
    for name, file in case.beside.items():
        sys.modules[name] = _module(case, folder, file, name)
    found = {"loss": _module(case, folder, case.file, "models.loss" if case.beside else "loss")}
    for name in case.beside:
        del sys.modules[name]
    return found


def _module(case: Case, folder: Path, file: str, name: str) -> types.ModuleType:
    where = folder / case.repo.replace("/", "+") / "repo"
    command = ["git", "-C", str(where), "show", f"{case.commit}:{file}"]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    for theirs, ours in (
        (".cuda(device)", ""),
        (".cuda('cuda:0')", ""),
        (".cuda()", ""),
        ("cuda:0", "cpu"),
        ("torch.FloatTensor", "torch.DoubleTensor"),
        (".float()", ".double()"),
        ("dtype=torch.float32", "dtype=torch.float64"),
        ("from .", "from models."),
    ):
        text = text.replace(theirs, ours)
    module = types.ModuleType(name)
    stand_ins = {one: MagicMock(name=one) for one in _absent(text) if one not in sys.modules}
    sys.modules |= stand_ins
    try:
        exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102  # the point of it
    finally:
        for each in stand_ins:
            del sys.modules[each]
    return module


def _absent(text: str) -> Iterator[str]:
    """Yield the modules that a file imports and that are not here: none of them makes a loss."""
    for node in ast.walk(ast.parse(text)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            parts = name.split(".")
            if parts[0] not in sys.modules and importlib.util.find_spec(parts[0]) is None:
                yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def crops(folder: Path, side_px: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield infrared, visible and a fused image of real pairs, a square of side_px each."""
    files = sorted((folder / "cropinfrared").iterdir())
    drawn = torch.Generator().manual_seed(0)
    found = 0
    for file in files[:: max(1, len(files) // 12)]:
        pair = []
        for place in ("cropinfrared", "crop_LR_visible"):
            with Image.open(next((folder / place).glob(f"{file.stem}.*"))) as opened:
                grey = np.asarray(opened.convert("L"), dtype=np.float64) / 255
            top, left = ((side - side_px) // 2 for side in grey.shape)
            pair.append(
                torch.from_numpy(grey[top : top + side_px, left : left + side_px])[None, None]
            )
        if min(min(each.shape[-2:]) for each in pair) < side_px or min(top, left) < 0:
            continue
        pair = [
            each + (torch.rand(each.shape, generator=drawn, dtype=each.dtype) - 0.5) / 512
            for each in pair
        ]
        noise = torch.randn(pair[0].shape, generator=drawn, dtype=torch.float64)
        yield pair[0], pair[1], (0.6 * pair[0] + 0.4 * pair[1] + 0.03 * noise).clamp(0.01, 0.99)
        found += 1
        if found == CROPS:
            return


def compared(case: Case, folder: Path, pairs: Path) -> dict[str, float]:
    """Return the largest relative differences of value and gradient over the crops."""
    drawn = torch.Generator().manual_seed(1)
    features = {
        name: torch.randn(1, 4, 16, 16, generator=drawn, dtype=torch.float64)
        for name in (*NAMES, "distance")
    }
    section = {"ties": "exact", **(yaml.safe_load(case.yaml) or {})}
    if faults := losses.check(section, case.side_px, features=tuple(features)):
        raise SystemExit("\n".join(faults))
    ours = losses.build(section)
    theirs = modules(case, folder)
    found = {"value": 0.0, "gradient": 0.0}
    for infrared, visible, image in crops(pairs, case.side_px):
        at: list[tuple[Tensor, Tensor]] = []
        for which in (0, 1):
            fused = image.clone().requires_grad_()
            if which == 0:
                value = case.theirs(theirs, infrared, visible, fused, features)
            else:
                value = ours(infrared=infrared, visible=visible, fused=fused, features=features)
            (slope,) = torch.autograd.grad(value, fused)
            at.append((value.detach(), slope))
        (one, slope), (other, own) = at
        found["value"] = max(found["value"], abs(float(one - other)) / max(1, abs(float(one))))
        found["gradient"] = max(
            found["gradient"], float((slope - own).abs().max() / slope.abs().max())
        )
    return found


def main() -> None:
    """Compare all, print a table, write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, default=Path("../shared/data/RoadScene"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    rows = []
    for case in CASES:
        if asked.only.lower() not in case.name.lower():
            continue
        found = compared(case, asked.sources, asked.pairs)
        is_equal = max(found.values()) < CLOSE
        rows.append(
            {
                "name": case.name,
                "repository": case.repo,
                "commit": case.commit,
                "file": case.file,
                "what": case.what,
                "loss": yaml.safe_load(case.yaml),
                **{f"{name}_difference": float(f"{one:.2g}") for name, one in found.items()},
                "equal": is_equal,
                **({"remark": case.remark} if case.remark else {}),
            }
        )
        word = "=" if is_equal else "DIFFERS"
        print(f"{word:8} {found['value']:.1e} {found['gradient']:.1e}  {case.name}", flush=True)
    equal = sum(row["equal"] for row in rows)
    print(f"{equal} of {len(rows)} equal; {len(NOT_EXPRESSED)} read and not expressed")
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        content = {"about": __doc__, "losses": rows, "not_expressed": NOT_EXPRESSED}
        (asked.out / "published_losses.json").write_text(
            json.dumps(content, indent=1) + "\n", "utf-8"
        )


if __name__ == "__main__":
    main()
