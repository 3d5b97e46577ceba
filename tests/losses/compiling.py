"""Compile the kernels for a GPU that need not be there; prints how many were made.

Run in a process of its own: the interpreter of the other tests compiles nothing.
"""

import itertools

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from ablate.losses import kernels
from ablate.losses.selection import TIE

TARGET = GPUTarget("cuda", 90, 32)  # an H200
TYPES = {
    "infrared": "*fp32",
    "visible": "*fp32",
    "fused": "*fp32",
    "sums": "*fp32",
    "slopes": "*i8",
    "upstream": "*fp32",
    "grad": "*fp32",
    "scale": "fp32",
}


def compiled(kernel: triton.JITFunction, **constants: object) -> str:
    """Return the PTX of a kernel."""
    signature = {
        name: "constexpr" if name in constants else TYPES.get(name, "i32")
        for name in kernel.arg_names
    }
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    options = {"enable_fp_fusion": False}
    return triton.compile(source, target=TARGET, options=options).asm["ptx"]


def main() -> None:
    made = set()
    taps = {"EDGE": 1.0, "CENTRE": 2.0, "BLOCK": kernels.BLOCK}
    for padding in range(4):
        made.add(compiled(kernels.backward, PADDING=padding, **taps))
    forms = [
        (0, False, False, 0.0),
        (0, False, False, TIE),
        (0, True, False, 0.0),
        (0, False, True, 0.0),
        (0, True, True, 0.0),
        (1, True, False, 0.0),
        (2, False, False, 0.0),
    ]
    for padding, (components, is_free, is_joint, tolerance) in itertools.product(range(4), forms):
        made.add(
            compiled(
                kernels.forward,
                PADDING=padding,
                COMPONENTS=components,
                SIGN_FREE=is_free,
                JOINT=is_joint,
                UP=components == 2,
                TOLERANCE=tolerance,
                **taps,
            )
        )
    print(len(made))


if __name__ == "__main__":
    main()
