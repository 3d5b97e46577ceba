"""The section `executor`: where runs are trained, how many at a time, and what a worker gets."""

from dataclasses import dataclass
from typing import Any, Final

from ablate.settings.setting import field

DEFAULT: Final = "processes"  # of a study that names none
AUTO: Final = "auto"  # a run per core at most; of executors that measure how many fit
LEASE_S: Final = 600.0
MINUTES: Final = 24 * 60
LOGS: Final = "ablate-slurm"


def _optional(type: Any, meaning: str, **rest: Any) -> Any:
    """Return a setting that is left to the cluster where it is absent."""
    return field(type, None, may_be_null=True, written=False, meaning=meaning, **rest)


@dataclass(frozen=True, kw_only=True)
class ExecutorSettings:
    """What every executor has; none of it is part of a study's design or moves a number."""

    slots: int | str = field("int", 1, low=1, unit="runs", meaning="Runs at a time.")


@dataclass(frozen=True, kw_only=True)
class InlineSettings(ExecutorSettings):
    """Runs in the process of the driver."""

    slots: int = field("int", 1, low=1, written=False, unit="runs", meaning="Always 1.")


@dataclass(frozen=True, kw_only=True)
class WorkerSettings(ExecutorSettings):
    """Runs in processes of their own."""

    lease_s: float = field(
        "float",
        LEASE_S,
        above=0,
        written=False,
        unit="s",
        meaning="Time without a heartbeat after which a worker counts as hung and is replaced.",
    )


@dataclass(frozen=True, kw_only=True)
class MeasuredSettings(WorkerSettings):
    """As many processes as memory and cores hold."""

    slots: int | str = field(
        "int",
        AUTO,
        low=1,
        choices=(AUTO,),
        unit="runs",
        meaning="The most runs at a time; auto: one per core.",
    )


KEY_FILE: Final = (
    "File of the key that driver and workers share, of mode 600, at the same path on every "
    "machine; absent: one is made for this driver alone, in "
)


@dataclass(frozen=True, kw_only=True)
class RaySettings(WorkerSettings):
    """Workers in a Ray cluster."""

    address: str | None = _optional(
        "text", "Of the cluster, as `ray.init` takes it; absent: a cluster of this machine alone."
    )
    host: str | None = _optional(
        "text", "Address of this machine that workers can reach; absent: that of its Ray node."
    )
    cpus: float = field(
        "float", 1.0, above=0, written=False, unit="cores", meaning="Processors of a worker."
    )
    gpus: float = field(
        "float",
        0.0,
        low=0,
        written=False,
        unit="devices",
        meaning="Devices of a worker; 0.5 lets two share one.",
    )
    memory_mib: int | None = _optional(
        "int", "Memory of a worker that Ray sets aside.", low=1, unit="MiB"
    )
    secret: str | None = _optional(
        "text", KEY_FILE + "the temporary folder, or ablate-ray of the project in a cluster."
    )


@dataclass(frozen=True, kw_only=True)
class SlurmSettings(WorkerSettings):
    """Workers as jobs of a Slurm cluster."""

    host: str | None = _optional(
        "text", "Address of this machine that the nodes can reach; absent: that of its name."
    )
    cpus: int = field(
        "int", 1, low=1, written=False, unit="cores", meaning="Processors of a worker."
    )
    gpus: int | None = _optional("int", "Devices of a worker.", low=1, unit="devices")
    memory_mib: int | None = _optional(
        "int", "Memory of a worker; absent: the partition's default.", low=1, unit="MiB"
    )
    minutes: int = field(
        "int", MINUTES, low=1, written=False, unit="min", meaning="Longest time of a job."
    )
    partition: str | None = _optional("text", "Of the cluster; absent: its default.")
    account: str | None = _optional("text", "That is charged; absent: the user's default.")
    cluster: str = field(
        "text",
        "slurm",
        written=False,
        meaning="slurm, or local: processes of this machine, to try a study out.",
    )
    logs: str = field(
        "text",
        LOGS,
        written=False,
        meaning="Folder that the nodes share, for the files of the jobs.",
    )
    secret: str | None = _optional("text", KEY_FILE + "the folder `logs`.")
