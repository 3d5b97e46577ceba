"""The environment of a run: the code, libraries and arithmetic that its numbers depend on.

Of the code only what it means counts, so that comments, docstrings and formatting may change. A
plug-in's file counts whole, whatever it registers; packages that it imports do not.
"""

import functools
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import plugins
from ablate.fingerprint import meaning, numeric_code, numeric_code_at_start
from ablate.identity import digest

if TYPE_CHECKING:
    import torch

LIBRARIES = ("torch", "numpy", "kornia", "pillow")
INSTRUCTION_SETS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512",
    "avx_vnni",
    "amx",
    "asimd",
    "sve",
    "bf16",
)
CHOOSE_KERNELS = (  # variables by which a library takes other instructions, and rounds otherwise
    "ATEN_CPU_CAPABILITY",
    *(
        f"{name}_{what}"
        for what in ("MAX_CPU_ISA", "CPU_ISA_HINTS", "DEFAULT_FPMATH_MODE")
        for name in ("ONEDNN", "DNNL")
    ),
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DEBUG_CPU_TYPE",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NVIDIA_TF32_OVERRIDE",
    "OPENBLAS_CORETYPE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)
MOST_NAMED = 4  # changed files in one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """All of it, each part as name -> hash, version or flag."""

    code: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    arithmetic: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The hash that runs of the same environment share."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def environment_of(device: str) -> Environment:
    """Return the environment of this process as it was at the first call; settle before it.

    Another project has other plug-ins, and with them an environment of its own.
    """
    return kept(device, Path.cwd())


def with_more(found: Environment, more: Mapping[str, str]) -> Environment:
    """Return the environment with what a task depends on beside it; the same where that is nothing.

    Args:
        found: Of a device.
        more: Name -> value, see `Task.environment`.
    """
    return replace(found, versions={**found.versions, **more}) if more else found


@functools.cache
def kept(device: str, project: Path) -> Environment:
    """Return the environment of a device and a project, measured at the first call."""
    return measure(device, code=numeric_code_at_start(), project=project)


def measure(
    device: str,
    *,
    code: Mapping[str, str] | None = None,
    project: Path | None = None,
) -> Environment:
    """Return the environment as it is now on disk and in this process.

    Args:
        device: As in train.device.
        code: Of the package, where it is known.
        project: Folder of the plug-ins' folder; the current one if absent.
    """
    import torch

    from ablate.training.determinism import device_of

    mine = {f"plugins/{path.name}": meaning(path) for path in plugins.load(project)}
    return Environment(
        code={**(numeric_code() if code is None else code), **mine},
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        arithmetic={
            **_processor(),
            "threads": torch.get_num_threads(),
            **determinism(),
            **{name: os.environ[name] for name in CHOOSE_KERNELS if os.environ.get(name)},
            **_gpu(device_of(device)),
        },
    )


def changes(before: Environment, after: Environment) -> tuple[str, ...]:
    """Return in words what differs, libraries first, many files counted.

    Example:
        >>> old = Environment(code={"losses/a.py": "1"}, versions={"torch": "2.12"})
        >>> changes(old, Environment(code={"losses/a.py": "2"}, versions={"torch": "2.13"}))
        ('torch 2.12 -> 2.13', 'losses/a.py changed')
    """
    words = []
    for old, new in ((before.versions, after.versions), (before.arithmetic, after.arithmetic)):
        words += [
            f"{_in_words(name)} {old.get(name, 'none')} -> {new.get(name, 'none')}"
            for name in dict.fromkeys([*old, *new])
            if old.get(name) != new.get(name)
        ]
    files = [
        _change(name, before.code, after.code)
        for name in sorted({*before.code, *after.code})
        if before.code.get(name) != after.code.get(name)
    ]
    shown = files[:MOST_NAMED]
    more = [f"{len(files) - MOST_NAMED} more files"] if len(files) > MOST_NAMED else []
    return (*words, *shown, *more)


def cpu_kind() -> str:
    """Return the name of the processor, without importing torch."""
    return _first_processor().get("model name", platform.processor() or platform.machine())


def _first_processor() -> dict[str, str]:
    """Return the system's facts about the first processor, empty where it gives none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found: list[tuple[str, str]] = re.findall(r"^([\w ]+?)\s*:\s*(.*)$", text, flags=re.MULTILINE)
    return dict(reversed(found))


def cpu() -> dict[str, Any]:
    """Return kind and instruction sets of the processor: the same table needs the same ones."""
    import torch

    entries = _first_processor()
    flags = entries.get("flags", entries.get("Features", "")).split()
    return {
        "kind": cpu_kind(),
        "used": torch.backends.cpu.get_cpu_capability(),
        "flags": sorted(flag for flag in flags if flag.startswith(INSTRUCTION_SETS)),
    }


def determinism() -> dict[str, Any]:
    """Return the flags of the arithmetic in this process."""
    import torch

    return {
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "warn_only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "tf32_matmul": torch.backends.cuda.matmul.allow_tf32,
        "tf32_cudnn": torch.backends.cudnn.allow_tf32,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
    }


def _processor() -> dict[str, str]:
    found = cpu()
    return {"cpu": found["kind"], "instructions": found["used"]}


def _gpu(device: "torch.device") -> dict[str, str]:
    """Return GPU, CUDA, cuDNN and Triton; nothing for a study on the CPU."""
    if device.type != "cuda":
        return {}
    import torch

    from ablate.losses.fused import has_triton

    cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return {
        "gpu": torch.cuda.get_device_name(device),
        "cuda": str(torch.version.cuda),
        "cudnn": str(cudnn),
        "triton": version("triton") if has_triton() else "none",
    }


def _in_words(name: str) -> str:
    return name if name.isupper() else name.replace("_", " ")  # variables stay as they are typed


def _change(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    if name not in before:
        return f"{name} added"
    return f"{name} removed" if name not in after else f"{name} changed"
