"""Evaluation protocols: named bundles of the conventions that move the numbers."""

from dataclasses import asdict, dataclass
from typing import Final, Literal

from ablate.errors import UnknownNameError, nearest
from ablate.identity import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The switches of one family of published evaluators.

    Args:
        name: How tables and commands call it.
        quantise: How [0, 1] floats become grey levels 0..255.
        mi_unit: "nats" or "bits" of the mutual information.
        en_offset: Added to each probability inside the logarithm of EN.
        qabf_padding: What the Sobel filter of Qabf sees beyond the frame.
        vif_noise: Variance of the visual noise of VIF, in squared grey levels.
        vif_of_constant_source: What the 0/0 of a constant source counts.
        source: Where the conventions are published.
    """

    name: str
    quantise: Literal["round", "truncate"] = "round"
    mi_unit: Literal["nats", "bits"] = "nats"
    en_offset: float = 0.0
    qabf_padding: Literal["zeros", "replicate"] = "zeros"
    vif_noise: float = 2.0
    vif_of_constant_source: float = 1.0
    source: str = ""


PROTOCOLS: Final[dict[str, Protocol]] = {
    entry.name: entry
    for entry in (
        Protocol(
            name="cddfuse-py",
            source="Zhao et al. 2023, MMIF-CDDFuse, utils/Evaluator.py (float64 input)",
        ),
        Protocol(
            name="tang-py",
            mi_unit="bits",
            en_offset=1e-7,
            source="Tang et al., the Metric_Python family (MI in bits, EN with 1e-7 in the log)",
        ),
    )
}


def protocol(name: str) -> Protocol:
    """Return the protocol called `name`.

    Raises:
        UnknownNameError: No such protocol; the text offers the nearest one.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise UnknownNameError(
            f"metrics.protocol: no protocol is called {name!r}; {nearest(name, PROTOCOLS)}"
        ) from None


def protocol_hash(name: str, *, dtype: str = "float64") -> str:
    """Return the hash of every switch and the floating-point type.

    Tables of different hashes must not be merged or ranked together.

    Args:
        name: A registered protocol.
        dtype: "float64" for reported values, "float32" for monitoring.
    """
    switches = asdict(protocol(name))
    del switches["name"], switches["source"]
    return digest({**switches, "dtype": dtype, "grey_levels": 256})
