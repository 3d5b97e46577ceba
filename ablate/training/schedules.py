"""The learning rate of a step, as a factor of `train.learning_rate`."""

import math

from ablate.settings.train import TrainSettings


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
