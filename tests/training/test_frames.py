"""A reader who follows one run from the worker to the optimiser passes few functions and files."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch.optim.optimizer import register_optimizer_step_pre_hook

import ablate
from ablate.execution.worker import work
from ablate.training.spec import RunSpec

PACKAGE = Path(ablate.__file__).parent


@pytest.mark.parametrize(
    "model", [{"name": "densefuse", "width": 2}, {"name": "probe", "noise": 0.1}]
)
def test_six_frames_in_four_files_lie_between_the_worker_and_the_optimiser(
    spec: Callable[..., RunSpec], tmp_path: Path, model: dict[str, Any]
) -> None:
    made = spec()
    made.settings["model"].clear()
    made.settings["model"].update(model)
    stacks: list[list[tuple[str, str]]] = []

    def note(*_: object) -> None:
        frames = [
            (Path(frame.filename).relative_to(PACKAGE).as_posix(), frame.name)
            for frame in traceback.extract_stack()
            if Path(frame.filename).is_relative_to(PACKAGE)
        ]
        stacks.append(frames)

    hook = register_optimizer_step_pre_hook(note)
    try:
        result = work(made, tmp_path / "s" / "runs" / "r", ask=lambda reports: False)
    finally:
        hook.remove()
    assert result.state == "finished", result.reason
    assert len(stacks) == made.settings["train"]["steps"]
    assert stacks[0] == [
        ("execution/worker.py", "work"),
        ("execution/worker.py", "_trained"),
        ("training/loop.py", "train"),
        ("training/tasks/fusion.py", "fit"),
        ("training/loop.py", "train_loop"),
        ("training/optimisation.py", "step"),
    ]
    assert len({file for file, _ in stacks[0]}) == 4
