"""Names for the images whose scores are conventions or 0/0, so that a report can count them."""

from torch import Tensor

from ablate.metrics.images import grey_images
from ablate.metrics.protocol import protocol as find_protocol


def flags(
    *, infrared: Tensor, visible: Tensor, fused: Tensor, protocol: str = "cddfuse-py"
) -> tuple[tuple[str, ...], ...]:
    """Return, per image, what is degenerate about it; mostly an empty tuple.

    | flag | consequence |
    |---|---|
    | constant_infrared, constant_visible | VIF of that source counts 1, SCD and CC are NaN |
    | constant_fused | EN, SD, MI and VIF are 0, CC is NaN |
    | fused_equals_infrared, fused_equals_visible | SCD is NaN; both: PSNR is infinite |
    | fused_shifts_infrared, fused_shifts_visible | differs by a constant: SCD is NaN |
    | all_black | Qabf and SCD are NaN |

    Args:
        infrared: As for `evaluate`.
        visible: As for `evaluate`.
        fused: As for `evaluate`.
        protocol: Says how floats become grey levels.

    Raises:
        ShapeError: As for `evaluate`, size apart.
        DataError: As for `evaluate`.
    """
    images = grey_images(
        infrared=infrared, visible=visible, fused=fused, protocol=find_protocol(protocol)
    )
    planes = {
        name: getattr(images, name).flatten(1).int() for name in ("infrared", "visible", "fused")
    }
    found = {f"constant_{name}": _is_constant(plane) for name, plane in planes.items()}
    for name in ("infrared", "visible"):
        difference = planes["fused"] - planes[name]
        is_equal = (difference == 0).all(-1)
        found[f"fused_equals_{name}"] = is_equal
        found[f"fused_shifts_{name}"] = _is_constant(difference) & ~is_equal
    found["all_black"] = ((planes["infrared"] == 0) & (planes["visible"] == 0)).all(-1)
    columns = {name: column.tolist() for name, column in found.items()}
    return tuple(
        tuple(name for name, column in columns.items() if column[index])
        for index in range(images.batch)
    )


def _is_constant(plane: Tensor) -> Tensor:
    return plane.amin(-1) == plane.amax(-1)
