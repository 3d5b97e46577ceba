"""The origin of a study: code, packages, machine, arithmetic, data and the command that ran it.

The environment of the process is never written down, nor a password of an address.
"""

import platform
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import distributions
from itertools import combinations
from pathlib import Path

import torch

from ablate.config.schema import PATHS, StudyConfig
from ablate.data.facts import FACTS
from ablate.data.items import Examples
from ablate.fingerprint import git_revision, numeric_hash, program_hash
from ablate.identity import digest
from ablate.published import (
    DataOrigin,
    Device,
    ExecutorFacts,
    MlflowFacts,
    OptunaFacts,
    Processor,
    Provenance,
)
from ablate.stored import decode
from ablate.tracking.address import public, published
from ablate.training.determinism import device_of, settle
from ablate.training.environment import cpu, determinism

FOLDER = re.compile(  # of one machine
    rf"^(\+*(?:data\.(?:tests\.\w+\.)?(?:{'|'.join(PATHS)})|data\.tests(?:\.\w+)?|references\.[^.=]+(?:\.weights)?))=.+$"
)


def provenance(
    config: StudyConfig, examples: Examples, *, overrides: Sequence[str], tracking_uri: str
) -> Provenance:
    """Describe the origin of a study's numbers for its report.

    Args:
        config: The study.
        examples: Its data.
        overrides: The words that the study was started with.
        tracking_uri: Where MLflow keeps it.
    """
    settle()  # as every worker does: the flags below are theirs
    device = device_of(config.base["train"]["device"])
    revision = git_revision()
    return Provenance(
        command=command(config.name, overrides),
        revision=revision,
        is_dirty=revision.endswith("+dirty"),
        program_hash=program_hash(),
        code_hash=numeric_hash(),
        packages=packages(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpu=decode(Processor, cpu(), where="cpu"),
        device=_device(device),
        executor=ExecutorFacts(
            name=str(config.executor["name"]), slots=int(config.executor.get("slots", 1))
        ),
        threads_per_run=torch.get_num_threads(),
        determinism=determinism(),
        data=_data(config, examples),
        optuna=OptunaFacts(
            study=config.name, storage=public(config.store.get("optuna") or "the store's own")
        ),
        mlflow=MlflowFacts(experiment=config.name, address=public(tracking_uri)),
    )


def command(study: str, overrides: Sequence[str]) -> str:
    """Return the command line that runs the study, without users, passwords, tokens and folders.

    Example:
        >>> command("q4", ["store.mlflow=http://me:word@host/x", "api_key=abc", "data.root=/my/a"])
        "ablate run q4 store.mlflow=http://host/x 'api_key=***' data.root=DIR"
    """
    words = [FOLDER.sub(r"\1=DIR", published(word)) for word in overrides]
    return shlex.join(["ablate", "run", study, *words])


def packages() -> dict[str, str]:
    """Return name -> version of every installed package, by name."""
    found = {one.metadata["Name"]: one.version for one in distributions() if one.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _device(device: torch.device) -> Device:
    found = Device(name=str(device), torch=torch.__version__, cuda=torch.version.cuda)
    if device.type != "cuda":
        return found
    driver = Path("/proc/driver/nvidia/version")
    version = re.search(r"\s(\d+\.[\d.]+)\s", driver.read_text()) if driver.exists() else None
    return replace(
        found,
        gpu=torch.cuda.get_device_name(device),
        cudnn=torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        driver=version[1] if version else "unknown",
    )


def _data(config: StudyConfig, examples: Examples) -> DataOrigin:
    """Return the hash of the manifest, and of each split the hash of its names."""
    manifest, section = examples.manifest, config.base.get("data", {})
    name = str(section.get("name", ""))
    known = FACTS.get(name) if name in FACTS.names() else None
    file = section.get("splits")
    stems = {split: set(names) for split, names in manifest.splits.items()}
    return DataOrigin(
        source=known.source if known else "",
        licence=known.licence if known else "",
        manifest_hash=manifest.hash,
        split_file=Path(str(file)).name if file else None,
        splits={split: digest(list(names)) for split, names in manifest.splits.items()},
        in_two_splits=sum(len(one & other) for one, other in combinations(stems.values(), 2)),
    )
