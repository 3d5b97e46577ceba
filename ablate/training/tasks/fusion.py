"""The task of a study that names none: fuse infrared and visible pairs.

What trains is imported where it is used: a plan asks for `faults` alone and needs no torch.
"""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from ablate import data, losses
from ablate.errors import ConfigError, DataError, StoreError
from ablate.losses.named import is_learned, opponents
from ablate.metrics import protocol_hash
from ablate.settings.members import members
from ablate.settings.sources import sources_of
from ablate.settings.train import TrainSettings, faults_of
from ablate.training.tasks.contract import FUSION, TASKS, Measure, Task, Trained

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ablate.data.pairs import PairSet
    from ablate.training.run import Run
    from ablate.training.scoring import Row

PROBE_PADS: Final = (
    "data.small: pad: the probe is fitted to crops of val and test and pads none; set data.crop to "
    "the smallest side of an image or less, or choose a network"
)


@TASKS.register(FUSION)
class Fusion(Task):
    """Networks, or the probe, that fuse pairs; its settings are the sections data, model and loss.

    Args:
        settings: All sections of a run.
    """

    measures: ClassVar[Mapping[str, Measure]] = {}  # those of ablate.metrics
    items: ClassVar[str] = "pairs"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.copies = self.sources = sources_of(settings.get("data"))
        self._settings = self.sources.in_places(settings)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the task with these settings; they are checked where they are used."""
        return cls(settings)

    def examples(self) -> "PairSet":
        """Return the pairs of the section data."""
        return data.load(self._settings["data"])

    def kept_examples(self, folder: Path) -> "PairSet":
        """Return the pairs, each file decoded once for all workers."""
        return _kept(json.dumps(self._settings["data"], sort_keys=True), folder)

    def check_examples(self, examples: "PairSet", arms: Iterable[Mapping[str, Any]]) -> None:
        """Check that the data, the stages and the initial weights of all arms can be used.

        The limits of the arms are tried too, where an arm has one of its own.

        Raises:
            DataError: An image is smaller than the largest training crop.
            ConfigError: A stage names a part or an objective that the network does not have, or
                initial weights do not fit.
        """
        every = [self._settings, *map(self.sources.in_places, arms)]
        sections = [settings["data"] for settings in every]
        tried = [self._settings["data"].get("limit")]
        for section in sections:
            if (limit := section.get("limit")) not in tried:
                tried.append(limit)
                data.load(section)
        fits_probe = any(settings["model"]["name"] == "probe" for settings in every)
        largest = max(int(section["crop"]) for section in sections)
        check_crop(examples, largest, fits_probe=fits_probe)
        check_starts(every)

    def remarks(self, examples: "PairSet") -> list[str]:
        """Say what lies in the folder of the pairs and is not used."""
        from ablate.data.unused import in_one_line, unused_beside

        found = in_one_line(unused_beside(examples))
        return [f"{found}; ablate data verify lists them"] if found else []

    def faults(self) -> list[str]:
        """Return the errors of recipe and loss, of every stage, at this crop and budget."""
        found = self._faults_of(TrainSettings.of(self._settings["train"]))
        return self.sources.in_names(found)

    def _faults_of(self, train: TrainSettings) -> list[str]:
        parts = self._settings
        crop_px = parts["data"]["crop"]
        stages = [stage.get("loss", {}) for stage in train.stages or ()]
        features = _features_of(parts["model"])
        faults = [
            *([PROBE_PADS] if _is_padded_probe(parts) else []),
            *faults_of(train),
            *losses.check(parts["loss"], crop_px, steps=train.steps, features=features),
            *(
                f"train.stages: {text}"
                for own in stages
                if own
                for text in losses.check({**parts["loss"], **own}, crop_px, features=features)
            ),
        ]
        if any(stages) and is_learned(parts["loss"].get("terms")):
            faults.append(
                "train.stages: a stage with a loss of its own has no use for a learned weight of "
                "loss.terms; write numbers, or the same loss in every stage"
            )
        faults += _faults_of_opponents(train, [parts["loss"], *stages])
        return list(dict.fromkeys(faults))

    def scope(self) -> str:
        """Return crop and network."""
        return f"crop {self._settings['data']['crop']}, {self._settings['model']['name']}"

    def protocol(self) -> tuple[str, str]:
        """Return the named protocol and the hash of its conventions."""
        name = self._settings["metrics"]["protocol"]
        return name, protocol_hash(name)

    def trivial_baselines(
        self, examples: "PairSet", *, seeds: Sequence[int]
    ) -> "dict[str, list[Row]]":
        """Return the rows of both sources unchanged and of rules that fuse them."""
        from ablate.training.trivial_baselines import trivial_baselines

        return trivial_baselines(examples, self._settings, seeds=seeds)

    def fit(self, run: "Run") -> Trained:
        """Train the network on crops, or fit the probe; score whole images, or its crops."""
        from ablate import models
        from ablate.models.contract import parameter_count
        from ablate.models.probe import Probe
        from ablate.training.fusion import NetworkTraining, calibrate
        from ablate.training.loop import train_loop
        from ablate.training.probing import ProbeTraining

        settings, device, pairs = self._settings, run.device, run.examples
        if faults := self._faults_of(run.recipe):
            raise ConfigError(*faults)
        crop_px = settings["data"]["crop"]
        loss = losses.FusionLoss(losses.typed(settings["loss"])).to(device)
        constants = calibrate(loss, pairs, crop_px=crop_px, device=device)
        model = models.build(settings["model"])
        kind = ProbeTraining if isinstance(model, Probe) else NetworkTraining
        training = kind(run, model, loss)
        trained = train_loop(run, training)
        training.save()
        facts = {
            **trained.facts,
            "parameters": parameter_count(model),
            **_arithmetic(model, side_px=crop_px),
            "protocol": settings["metrics"]["protocol"],
            "arithmetic": _computed(run.recipe, model, device),
            **({"loss_constants": constants} if constants else {}),
        }
        return replace(trained, facts=facts)


def _faults_of_opponents(train: TrainSettings, losses_: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return where terms that learn against the network cannot be used."""
    names = [f"loss.terms.{name}" for one in losses_ for name in opponents(one.get("terms"))]
    if not names:
        return []
    faults = []
    if any(losses_[1:]):
        faults.append(
            f"train.stages: {names[0]} learns against the network all the way, so no stage can "
            "have a loss of its own; use its from, until and schedule"
        )
    if train.graph == "always":
        faults.append(
            f"train.graph: always: {names[0]} learns between the steps of the network, which no "
            "graph holds; use auto or never"
        )
    return faults


def check_starts(every: Iterable[Mapping[str, Any]]) -> None:
    """Check stages and initial weights; networks without either are not built.

    Raises:
        ConfigError: All stages that name a part or an objective that the network does not have,
            and all weights that are not there or belong to another network.
    """
    asked: dict[str, tuple[Any, Any, Mapping[str, Any]]] = {}
    for settings in every:
        train = settings["train"]
        stages, initial = train.get("stages"), train.get("initial_weights")
        if stages or initial:
            key = json.dumps([stages, initial, settings["model"]], sort_keys=True)
            asked[key] = stages, initial, settings["model"]
    if not asked:
        return
    from ablate import models
    from ablate.training.checkpoints import read_weights
    from ablate.training.initialisation import OF_A_RUN, weights_file
    from ablate.training.optimisation import stage_faults

    faults: list[str] = []
    for stages, initial, section in asked.values():
        model = models.build(dict(section))
        faults += stage_faults(stages or (), model)
        if initial and not str(initial).startswith(OF_A_RUN):
            try:
                read_weights(model, weights_file(str(initial), store=Path.cwd()))
            except ConfigError as error:
                faults += error.faults
            except StoreError as error:
                faults.append(f"train.initial_weights: {error}")
    if faults:
        raise ConfigError(*dict.fromkeys(faults))


def _features_of(model: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a network hands out beside its image."""
    member = members("models").get(model["name"])
    return tuple(member.facts.get("features", "").split()) if member else ()


def _is_padded_probe(settings: Mapping[str, Any]) -> bool:
    is_probe: bool = settings["model"]["name"] == "probe"
    return is_probe and settings["data"].get("small") == "pad"


def check_crop(pairs: "PairSet", crop_px: int, *, fits_probe: bool = False) -> None:
    """Raise DataError when an image is smaller than the training crop, all of them named.

    A probe is fitted to crops of val and test, which are never padded.
    """
    if pairs.pads_to_px >= crop_px:
        return
    small = [
        f"{pair.stem} ({pair.infrared.shape[1]}x{pair.infrared.shape[0]})"
        for split in ("train", "val", *(["test"] if fits_probe else []))
        for pair in pairs.pairs(split)
        if min(pair.infrared.shape) < crop_px
    ]
    if small:
        raise DataError(
            f"data.crop: {crop_px} is larger than {len(small)} images: {', '.join(small[:5])}"
            f"{' ...' if len(small) > 5 else ''}; set data.crop to the smallest side or less"
            f"{'' if fits_probe else ', or data.small=pad'}"
        )


@functools.lru_cache(maxsize=2)
def _kept(settings: str, folder: Path) -> "PairSet":
    """Return the decoded data; a worker keeps it from one run to the next."""
    from ablate.data.cache import cached

    return cached(data.load(json.loads(settings)), folder)


def _computed(train: TrainSettings, model: "nn.Module", device: "torch.device") -> dict[str, Any]:
    """Return how the steps were computed, `auto` resolved."""
    from ablate.training.determinism import LAYOUTS, layout_of
    from ablate.training.graph import engine_of

    layout = layout_of(train.layout, model)
    return {
        "precision": train.precision,
        "layout": next(name for name, one in LAYOUTS.items() if one is layout),
        "graph": engine_of(train, device) is not None,
    }


def _arithmetic(model: "nn.Module", *, side_px: int) -> dict[str, Any]:
    """Return the cost of fusing one crop; nothing for the probe, which is optimised per image."""
    from ablate.models.cost import flops
    from ablate.models.probe import Probe

    if isinstance(model, Probe):
        return {}
    count = flops(model, height_px=side_px, width_px=side_px)
    return {"gflops": count / 1e9, "gmacs": count / 2e9, "gflops_of_px": [side_px, side_px]}
