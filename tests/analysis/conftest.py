"""One study as the verdict engine receives it."""

from collections.abc import Callable
from typing import Any

import pytest

from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted
from ablate.analysis.verdict import Verdict

Judged = Callable[..., Verdict]


@pytest.fixture
def judged() -> Judged:
    """Return the verdict on planted effects; metric -> effects of the values a, b, ..."""

    def answer(
        effects: dict[str, list[float]],
        *,
        facts: Any = planted.FACTS,
        selected: dict[str, Any] | None = None,
        blocks: int = 8,
        images: int = 40,
        sd: float = 0.02,
        **changes: Any,
    ) -> Verdict:
        values = planted.VALUES[: len(next(iter(effects.values())))]
        arrays = {
            metric: planted.scores(
                planted.generator(metric),
                effects=of_values,
                blocks=blocks,
                images=images,
                seed_sd=sd,
                image_sd=sd,
                noise_sd=sd,
            )
            for metric, of_values in effects.items()
        }
        changes.setdefault("smallest_effect", dict.fromkeys(effects, 0.1))
        changes.setdefault("primary", tuple(effects))
        question = planted.question(values=values, **changes)
        return judge(question, planted.chosen(arrays, values=values, **(selected or {})), facts)

    return answer
