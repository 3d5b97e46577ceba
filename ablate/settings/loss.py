"""The section `loss`: the gradient term, step by step, and the mix that is trained on.

A step (operator, components, selection, penalty, resampler) may have settings of its own, such as
the knee of a penalty. They stand in the file of the step, and are settings of this section too.
"""

import dataclasses
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from ablate.settings.members import Member, members, state
from ablate.settings.setting import Setting, absent_of, field, settings_of

TERM, CHOICE, SIZE, MIX, NAMED = "term", "choice", "size", "mix", "named"
STEPS: Final[Mapping[str, tuple[str, ...]]] = {  # setting -> kinds of its members
    "operator": ("operators", "laplacians"),
    "components": ("components",),
    "selection": ("selections",),
    "penalty": ("penalties",),
    "resampler": ("resamplers",),
}
MAGNITUDES: Final = ("magnitude_l1", "magnitude_l2")
SUMS: Final = ("signed_sum", "image_mean")
SAME_EVERYWHERE: Final = ("mean", "visible", "infrared")  # selections that look at no gradient
TERM_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")
Loss = Mapping[str, Any]


def step_members(setting: str) -> dict[str, Member]:
    """Return the members of a step by name, in the order of their definition."""
    return {name: one for kind in STEPS[setting] for name, one in members(kind).items()}


def takes(setting: str, name: object, parameter: str) -> bool:
    """Return whether the member of a step that is called `name` has a parameter, such as a knee."""
    return any(parameter in of.takes for of in _members_called(setting, name))


def is_laplacian(operator: object) -> bool:
    """Return whether an operator has one response per pixel instead of two axes."""
    return isinstance(operator, str) and operator in members("laplacians")


def _members_called(setting: str, name: object) -> list[Member]:
    if not isinstance(name, str):
        return []
    found = (members(kind).get(name) for kind in STEPS[setting])
    return [one for one in found if one is not None]


def _components(loss: Loss) -> Any:
    return "scalar" if is_laplacian(loss["operator"]) else loss["components"]


def _has_pyramid(loss: Loss) -> bool:
    """Return whether the one level there may be is made by resampling, or there are several."""
    scales = loss["scales"]
    is_at_full_size = not isinstance(scales, list) or scales[:1] == [1.0]
    return bool(loss["levels"] != 1) or not is_at_full_size


def _is_recursion_seen(loss: Loss) -> bool:
    scales = loss["scales"]
    is_at_full_size = not isinstance(scales, list) or scales[:1] == [1.0]
    return loss["levels"] != 1 and not (loss["levels"] == 2 and is_at_full_size)


def _has_choice(loss: Loss) -> bool:
    return loss["selection"] not in SAME_EVERYWHERE


def _is_chosen_elsewhere(loss: Loss) -> bool:
    return loss["selected"] == "once" and _has_pyramid(loss) and _has_choice(loss)


def _do_ties_matter(loss: Loss) -> bool:
    """Return whether the choice between two equal responses can change the loss.

    Not where nothing is compared, nor where the response that is compared is the target itself:
    then the target is the same whichever source it comes from.
    """
    if not takes("selection", loss["selection"], "tolerance"):
        return False
    if loss["compared"] != "as_is" or _is_chosen_elsewhere(loss):
        return True
    components = _components(loss)
    is_signed = components in SUMS or (loss["sign"] == "kept" and components not in MAGNITUDES)
    return bool(loss["selection"] != "signed_max") and (
        is_signed or loss["selection"] != "per_axis_max"
    )


def _is_gain_seen(loss: Loss) -> bool:
    """Return whether the gain of the operator changes the loss.

    Where the loss is proportional to a power of the response, what divides by its size divides the
    gain out.
    """
    if not takes("operator", loss["operator"], "gain"):
        return False
    is_divided = loss["lambda_policy"] == "norm_matched" or loss["norm"] != "none"
    is_homogeneous = loss["components"] != "magnitude_l2" and loss["target_exponent"] == 1
    if not (is_divided and is_homogeneous):
        return True
    return any(takes(step, loss[step], name) for step in STEPS for name in of_steps())


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSettings:
    """The loss that is trained on.

    With its defaults the gradient term is the proposed loss of the paper: per level s (resized from
    full size, then Sobel), mean|gx_f - tx| + mean|gy_f - ty|, where t is per pixel and axis the
    source gradient of larger absolute value with its sign; levels are averaged.

    What matters is asked of the settings with all defaults filled in, after those that can be
    written in two ways are written alike (`ablate.losses.settings.canonical`).
    """

    preset: str | None = field(
        "name",
        kind="losses.preset",
        meaning="A published loss, which fixes the whole gradient term.",
    )
    mix: str = field(
        "name",
        "own",
        written=False,
        choices=("own", "published"),
        meaning="Whether the weights beside the gradient term are the study's or, published, those "
        "of the repository of the preset.",
    )
    operator: str = field(
        "name",
        "sobel",
        group=TERM,
        kind="losses.operator",
        meaning="Image gradient: two axes, or the one response of a Laplacian.",
    )
    gain: str = field(
        "name",
        "raw",
        group=TERM,
        choices=("raw", "unit"),
        matters=_is_gain_seen,
        meaning="raw: the taps as published; unit: a ramp of slope 1 per pixel answers 1.",
    )
    y_axis: str = field(
        "name",
        "down",
        group=TERM,
        choices=("down", "up"),
        matters=lambda loss: (
            _components(loss) in SUMS
            or (_components(loss) == "axis_wise" and loss["selection"] == "signed_max")
        ),
        meaning="Where y grows: down the rows, or up, as repositories with the kernel [1 2 1; 0 0 "
        "0; -1 -2 -1] have it; only where axes are added or signed values compared.",
    )
    components: str = field(
        "name",
        "axis_wise",
        group=TERM,
        kind="losses.components",
        matters=lambda loss: _components(loss) != "scalar",
        meaning="Which parts of a gradient are compared; a Laplacian has only `scalar`.",
    )
    sign: str = field(
        "name",
        "kept",
        group=TERM,
        choices=("kept", "free"),
        matters=lambda loss: _components(loss) not in (*MAGNITUDES, *SUMS),
        meaning="free: absolute responses are compared; of axis_wise and scalar only.",
    )
    selection: str = field(
        "name",
        "per_axis_max",
        group=TERM,
        kind="losses.selection",
        matters=lambda loss: (
            _components(loss) == "axis_wise" or loss["selection"] != "per_axis_max"
        ),
        meaning="Which source's response is the target at a pixel.",
    )
    compared: str = field(
        "name",
        "as_is",
        written=False,
        group=TERM,
        choices=("as_is", "low_pass"),
        absent="as_is",
        matters=_has_choice,
        meaning="What the selection compares: the responses, or those after a 3x3 low pass.",
        source="SDNet (low_pass)",
    )
    ties: str = field(
        "name",
        "tolerant",
        group=CHOICE,
        choices=("exact", "tolerant"),
        absent="exact",
        matters=lambda loss: (
            _do_ties_matter(loss) or loss["lambda_policy"] == "norm_matched"  # has the paper's
        ),
        meaning="What counts as equally large: tolerant: what float32 cannot tell apart; exact: "
        "equal floats.",
    )
    selected: str = field(
        "name",
        "per_level",
        group=TERM,
        choices=("per_level", "once"),
        matters=lambda loss: _has_choice(loss) and _has_pyramid(loss),
        meaning="once: chosen at full size, the share of the infrared resized.",
    )
    tied_target: str = field(
        "name",
        "visible",
        written=False,
        group=TERM,
        choices=("visible", "infrared"),
        absent="visible",
        matters=_do_ties_matter,
        meaning="The target where both sources are equally large.",
    )
    target_exponent: float = field(
        "float",
        1.0,
        written=False,
        group=TERM,
        above=0,
        absent=1.0,
        meaning="The target t becomes sign(t) |t|^target_exponent.",
        source="MURF (.7)",
    )
    penalty: str = field(
        "name",
        "l1",
        group=TERM,
        kind="losses.penalty",
        meaning="How a difference of responses counts.",
    )
    levels: int = field("int", 3, group=TERM, low=1, high=8, meaning="Levels of the pyramid.")
    scales: str | Sequence[float] = field(
        "numbers",
        "powers",
        group=TERM,
        choices=("powers",),
        matters=_has_pyramid,
        meaning="Size of every level relative to full size: powers of the ratio, the first at full "
        "size; or a list that falls, each above 0 and at most 1.",
    )
    ratio: float = field(
        "float",
        0.5,
        group=TERM,
        above=0,
        high=0.99,
        matters=lambda loss: loss["levels"] != 1 and loss["scales"] == "powers",
        meaning="Side of a level over the side of the next finer one.",
    )
    resampler: str = field(
        "name",
        "bilinear",
        group=TERM,
        kind="losses.resampler",
        matters=_has_pyramid,
        meaning="How a level is made.",
    )
    resampled_from: str = field(
        "name",
        "full_size",
        group=TERM,
        choices=("full_size", "finer_level"),
        matters=_is_recursion_seen,
        meaning="What a level is made from; finer_level is recursive.",
    )
    weights: str | Sequence[float] = field(
        "numbers",
        "equal",
        group=TERM,
        choices=("equal", "geometric"),
        matters=lambda loss: loss["levels"] != 1,
        meaning="Weights of the levels, finest first, scaled to the sum 1.",
    )
    weight_growth: float = field(
        "float",
        1.0,
        group=TERM,
        above=0,
        high=1000,  # beyond, the coarsest level alone counts, and far beyond it overflows
        matters=lambda loss: loss["levels"] != 1 and loss["weights"] == "geometric",
        meaning="Weight of a level over the next finer one, of geometric weights.",
    )
    padding: str = field(
        "name",
        "zeros",
        group=TERM,
        choices=("zeros", "replicate", "reflect", "valid"),
        meaning="What the operator sees beyond the frame; valid: only what lies inside is used.",
    )
    norm: str = field(
        "name",
        "none",
        group=SIZE,
        choices=("none", "value", "grad"),
        matters=lambda loss: not (loss["lambda_policy"] == "norm_matched" and loss["levels"] == 1),
        meaning="What a level is divided by: its value, or the size of its gradient, both on "
        "calibration images at the mean of the sources.",
    )
    lambda_policy: str = field(
        "name",
        "shared",
        group=SIZE,
        choices=("shared", "norm_matched", "tuned"),
        meaning="norm_matched: gradient_weight is scaled so that the term pulls at the mean of the "
        "sources as hard as the paper's would; tuned: the study searches it for every arm.",
    )
    warmup_steps: int = field(
        "int",
        0,
        group=SIZE,
        low=0,
        high=10**9,
        unit="steps",
        meaning="First steps, without the gradient term.",
    )
    gradient_weight: float = field(
        "float", 10.0, group=MIX, low=0, meaning="Weight of the gradient term."
    )
    intensity: str = field(
        "name",
        "max",
        group=MIX,
        choices=("max", "mean", "squares"),
        matters=lambda loss: loss["intensity_weight"] != 0,
        meaning="Target of the mean absolute difference: the maximum or the mean of the sources; "
        "squares: the mean squared differences to both, added.",
    )
    intensity_weight: float = field(
        "float", 1.0, group=MIX, low=0, meaning="Weight of the intensity term."
    )
    ssim_weight: float = field(
        "float", 0.0, group=MIX, low=0, meaning="Weight of 1 minus the SSIM."
    )
    ssim_to: str = field(
        "name",
        "both",
        written=False,
        group=MIX,
        choices=("both", "by_gradient", "max"),
        absent="both",
        matters=lambda loss: loss["ssim_weight"] != 0 and loss["ssim_to"] != "both",
        meaning="both: mean of the SSIM to each source; by_gradient: weighted by the share of each "
        "in their mean Sobel magnitudes; max: to the larger of the two.",
    )
    ssim_padding: str = field(
        "name",
        "reflect",
        written=False,
        group=MIX,
        choices=("reflect", "zeros", "valid"),
        absent="reflect",
        matters=lambda loss: loss["ssim_weight"] != 0 and loss["ssim_padding"] != "reflect",
        meaning="What windows see beyond the frame; valid: only windows that lie inside.",
    )
    terms: Mapping[str, Mapping[str, Any]] | None = field(
        "checked",
        written=False,
        group=NAMED,
        absent={},
        may_be_null=True,
        matters=lambda loss: bool(loss["terms"]),
        check=lambda terms: terms_fault(terms),  # noqa: PLW0108  # it stands below
        meaning="Further terms by name, each {kind: KIND, weight: NUMBER, ...}, added to those of "
        "the settings above (intensity, gradient, ssim).",
    )
    of_steps: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Self:
        """Return the typed settings of a recorded section `loss`, its preset written out.

        What the section lacks is what studies meant that were recorded before it existed.
        """
        known = settings_of(cls)
        given = {name: value for name, value in section.items() if name in known}
        own = {name: value for name, value in section.items() if name not in known}
        return cls(**{**absent_of(cls), **given}, of_steps=own)

    def options(self, step: str) -> dict[str, Any]:
        """Return the values of the settings that the chosen member of a step has of its own."""
        return {
            name: self.of_steps.get(name, of_steps()[name].default)
            for member in _members_called(step, getattr(self, step))
            for name in member.takes
            if name in of_steps()
        }


def terms_fault(terms: Any) -> str | None:
    """Return why a value is not a mapping of mappings by usable names, None if it is."""
    if not isinstance(terms, Mapping):
        return "must be a mapping such as {edges: {kind: gradient, weight: 10}}"
    for name, term in terms.items():
        if not (isinstance(name, str) and TERM_NAME.fullmatch(name)):
            return f"{name!r} cannot name a term; use letters, digits and _, a letter first"
        if not isinstance(term, Mapping | None):
            return f"{name}: must be a mapping such as {{kind: gradient, weight: 10}}"
    return None


def of_steps() -> Mapping[str, Setting]:
    """Return name -> setting of what members of steps declare beside the class."""
    return _of_steps(_state())


def loss_settings() -> Mapping[str, Setting]:
    """Return name -> setting of the whole section, those of steps beside their step."""
    return _with_steps(_state())


def _state() -> object:
    return state(kind for kinds in STEPS.values() for kind in kinds)


@functools.lru_cache(maxsize=4)
def _of_steps(of: object) -> Mapping[str, Setting]:
    fixed = settings_of(LossSettings)
    return {name: one for name, one in _with_steps(of).items() if name not in fixed}


@functools.lru_cache(maxsize=4)
def _with_steps(of: object) -> Mapping[str, Setting]:
    del of  # a key: other members, other settings
    found: dict[str, Setting] = {}
    for name, one in settings_of(LossSettings).items():
        found[name] = one
        for member in step_members(name).values() if name in STEPS else ():
            found |= {
                own: dataclasses.replace(setting, group=TERM)
                for own, setting in member.settings.items()
            }
    return found


def names() -> dict[str, tuple[str, ...]]:
    """Return the valid names of every setting of the loss that takes one, in their order.

    Those of `preset` are left to `ablate.losses`, which has the catalogue.
    """
    fixed = {name: one.choices for name, one in settings_of(LossSettings).items() if one.choices}
    return {**{step: tuple(step_members(step)) for step in STEPS}, **fixed}
