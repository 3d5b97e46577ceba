"""The training recipe at work: optimiser, rate schedule, clipping, moving average, stages."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ablate.errors import ConfigError, nearest
from ablate.models.contract import FusionNetwork
from ablate.settings.stages import FUSION, Stage, stages_of
from ablate.settings.train import TrainSettings

BESIDE = "beside the network"  # the group of parameters of no part


class Optimisation:
    """Moves the weights of a model by the recipe of the section `train`.

    Everything but the optimiser's moments and the moving average follows from the number of the
    step, so a training that goes on from `state` is equal to one that never stopped.

    Args:
        model: Already on its device, with the weights that it starts from.
        train: The recipe.
        is_captured: Whether the steps are captured in a CUDA graph.
        beside: Parameters of no part of the model that move at every step: those of the loss.

    Raises:
        ConfigError: A stage names a part or an objective that the network does not have.
    """

    def __init__(
        self,
        model: nn.Module,
        train: TrainSettings,
        *,
        is_captured: bool = False,
        beside: Sequence[nn.Parameter] = (),
    ) -> None:
        assert train.steps is not None  # epochs are written out as steps before a run
        self.model, self.train, self.steps = model, train, train.steps
        if faults := stage_faults(train.stages or (), model):
            raise ConfigError(*faults)
        self.stages = stages_of(train.stages, steps=self.steps)
        self._parts = _parts(model)
        self._groups = _groups(self._parts, train)
        self._beside = tuple(beside)
        if self._beside:
            group = {"params": list(self._beside), "weight_decay": 0.0, "part": BESIDE}
            self._groups.append(group)
        self.optimizer = _optimizer(self._groups, train, is_captured=is_captured)
        self._averaged = _averaged(model, train.ema) if train.ema else None
        self._stage: Stage | None = None

    @property
    def scored(self) -> nn.Module:
        """Return the model that is scored and kept: the moving average where there is one."""
        return self.model if self._averaged is None else self._averaged.module

    def stage_at(self, step: int) -> Stage:
        """Return the stage that a step belongs to."""
        return next(stage for stage in self.stages if step <= stage.last)

    def begin(self, step: int) -> Stage:
        """Set the learning rates of a step and which parts move; return its stage."""
        stage = self.stage_at(step)
        if stage is not self._stage:
            self._stage = stage
            for name, parameters in self._parts.items():
                for parameter in parameters:
                    parameter.requires_grad_(not stage.parts or name in stage.parts)
                    parameter.grad = None
        for group in self.optimizer.param_groups:
            factor = rate_factor(
                step, self.train, steps=self.steps, first=self._first_step(group["part"])
            )
            rate = self.train.learning_rate * max(0.0, factor)
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)  # a captured step reads it where it lies
            else:
                group["lr"] = rate
        return stage

    def step(self, loss: Tensor) -> None:
        """Move the weights once down the gradient of a loss, a scalar."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.train.clip_norm:
            every = (
                self._parts.values()
                if self.train.clip_by == "part"
                else [[one for part in self._parts.values() for one in part]]
            )
            for parameters in every:
                nn.utils.clip_grad_norm_(parameters, self.train.clip_norm)
        self.optimizer.step()

    def end(self) -> None:
        """Update the moving average of the weights, after a step."""
        if self._averaged is not None:
            self._averaged.update_parameters(self.model)

    @contextlib.contextmanager
    def averaged_in(self, model: nn.Module) -> Iterator[None]:
        """Hold the moving average of the weights in the model itself, where there is one."""
        if self._averaged is None:
            yield
            return
        kept = {name: value.clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.scored.state_dict())
        try:
            yield
        finally:
            model.load_state_dict(kept)

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint, as tensors and numbers."""
        averaged = {} if self._averaged is None else {"averaged": self._averaged.state_dict()}
        return {
            "weights": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            **({"beside": [one.detach().clone() for one in self._beside]} if self._beside else {}),
            **averaged,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.model.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        for one, kept in zip(self._beside, state.get("beside", ()), strict=True):
            one.data.copy_(kept)
        if self._averaged is not None:
            self._averaged.load_state_dict(state["averaged"])

    def _first_step(self, part: str) -> int:
        """Return the first step at which a part moves: its schedule counts from there."""
        moving = (one.first for one in self.stages if not one.parts or part in one.parts)
        return next(moving, 1)


def _parts(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Return the trainable parameters of each part; those of no part stand under ""."""
    named: Mapping[str, Sequence[nn.Module]] = (
        model.parts() if isinstance(model, FusionNetwork) else {}
    )
    found = {
        name: [one for module in modules for one in module.parameters() if one.requires_grad]
        for name, modules in named.items()
    }
    known = {id(one) for some in found.values() for one in some}
    rest = [one for one in model.parameters() if one.requires_grad and id(one) not in known]
    found = {name: some for name, some in found.items() if some}
    return {**found, "": rest} if rest else found


def stage_faults(stages: Sequence[Mapping[str, Any]], model: nn.Module) -> list[str]:
    """Return the parts and objectives that stages name and the network does not have."""
    parts = _parts(model)
    objectives = (FUSION, *(model.objectives() if isinstance(model, FusionNetwork) else ()))
    faults = [
        f"train.stages[{index}].parts: the network has no part {name!r}; {nearest(name, parts)}"
        for index, stage in enumerate(stages)
        for name in stage.get("parts", ())
        if name not in parts
    ]
    faults += [
        f"train.stages[{index}].objective: the network has no objective {name!r}; "
        f"{nearest(name, objectives)}"
        for index, stage in enumerate(stages)
        if (name := str(stage.get("objective", FUSION))) not in objectives
    ]
    return faults


def _groups(parts: Mapping[str, list[nn.Parameter]], train: TrainSettings) -> list[dict[str, Any]]:
    """Return a parameter group per part, and per kind of decay where only matrices decay."""
    groups = []
    for name, parameters in parts.items():
        kinds = {train.weight_decay: parameters}
        if train.weight_decay and train.decayed == "matrices":
            kinds = {
                train.weight_decay: [one for one in parameters if one.ndim > 1],
                0.0: [one for one in parameters if one.ndim <= 1],
            }
        groups += [
            {"params": some, "weight_decay": decay, "part": name}
            for decay, some in kinds.items()
            if some
        ]
    return groups


def _optimizer(
    groups: list[dict[str, Any]], train: TrainSettings, *, is_captured: bool
) -> torch.optim.Optimizer:
    """Return the optimiser, in one pass over a parameter's memory a step.

    torch's default takes a dozen passes: 5 ms against 0.5 ms for a probe of 31 crops of 128 px.
    """
    if train.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=train.learning_rate, momentum=train.momentum, fused=True)
    rate: float | Tensor = train.learning_rate
    if is_captured:
        rate = torch.tensor(rate, device=groups[0]["params"][0].device)
        groups = [{**group, "lr": rate.clone()} for group in groups]
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[train.optimizer]
    made: torch.optim.Optimizer = kind(
        groups, lr=rate, betas=(train.momentum, train.beta2), fused=True, capturable=is_captured
    )
    return made


def _averaged(model: nn.Module, decay: float) -> AveragedModel:
    """Return the moving average of the weights, which starts at the weights as they are."""
    averaged = AveragedModel(
        model,
        multi_avg_fn=get_ema_multi_avg_fn(decay),  # type: ignore[no-untyped-call]
        use_buffers=True,
    )
    averaged.n_averaged.fill_(1)  # else the first update would copy instead of averaging
    for parameter in averaged.parameters():
        parameter.requires_grad_(False)
    return averaged


def rate_factor(step: int, train: TrainSettings, *, steps: int, first: int = 1) -> float:
    """Return the learning rate of a step over the largest one, in [0, 1].

    Warm-up grows linearly from 0 at the first step; the schedule runs over the steps that follow
    it. As in torch, a step is at the rate of its beginning: the first one after warm-up has the
    whole rate, and the last one comes close to the final share without reaching it.

    Args:
        step: Counted from 1.
        train: The recipe.
        steps: Of the whole training.
        first: The step from which the schedule counts: the first at which a part moves.

    Source:
        Loshchilov and Hutter, ICLR 2017 (cosine); torch.optim.lr_scheduler.StepLR (step).

    Example:
        >>> recipe = TrainSettings(steps=4, schedule="cosine", final_share=0.0)
        >>> [round(rate_factor(step, recipe, steps=4), 3) for step in (1, 2, 3, 4)]
        [1.0, 0.854, 0.5, 0.146]
    """
    done = max(0, step - first)  # before a part moves its rate is of no effect
    if done < train.warmup_steps:
        return done / train.warmup_steps
    after, rest = done - train.warmup_steps, max(1, steps - first + 1 - train.warmup_steps)
    if train.schedule == "cosine":
        fall = (1 + math.cos(math.pi * after / rest)) / 2
        return train.final_share + (1 - train.final_share) * fall
    if train.schedule == "step":
        every = max(1, round(train.decay_every * steps))
        return max(train.final_share, train.decay_factor ** (after // every))
    return 1.0
