"""The contract of an executor: every run that it is given comes back once, with its own result."""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ablate.errors import ConfigError
from ablate.execution.protocol import EXECUTORS
from ablate.training.spec import RESULT, RunResult, RunSpec

RUNS, WITHIN_S = 3, 30.0


def faults(name: str) -> Iterator[str]:
    """Yield every broken part of the contract of one executor; its runs have ended before."""
    make = EXECUTORS.get(name)
    try:
        executor = make(decide=_never, slots=2)
    except ConfigError:  # one that makes one run at a time refuses more
        executor = make(decide=_never, slots=1)
    try:
        missing = [
            part for part in ("slots", "submit", "poll", "close") if not hasattr(executor, part)
        ]
        if missing:
            yield f"has no {', '.join(missing)}; see ablate.execution.protocol.Executor"
            return
        if not isinstance(executor.slots, int) or executor.slots < 1:
            yield f"slots is {executor.slots!r}; say how many runs it takes at a time, at least 1"
            return
        if executor.poll(0.0):
            yield "poll returns results before any run was submitted; return those that ended"
        with tempfile.TemporaryDirectory(prefix="ablate-contract-") as place:
            yield from _ends(executor, Path(place))
    finally:
        if hasattr(executor, "close"):
            executor.close()


def _ends(executor: object, place: Path) -> Iterator[str]:
    """Yield what is wrong with the results of runs that a worker has nothing left to do for."""
    waiting = [_spec(number) for number in range(RUNS)]
    wanted = {spec.run_id for spec in waiting}
    ended: list[str] = []
    until = time.monotonic() + WITHIN_S
    while len(ended) < RUNS and time.monotonic() < until:
        while waiting and RUNS - len(waiting) - len(ended) < executor.slots:  # type: ignore[attr-defined]
            spec = waiting.pop(0)
            folder = place / "study" / "runs" / spec.run_id
            folder.mkdir(parents=True)
            done = RunResult(run_id=spec.run_id, state="finished")
            (folder / RESULT).write_text(json.dumps(done.to_json()), encoding="utf-8")
            executor.submit(spec, folder)  # type: ignore[attr-defined]
        for result in executor.poll(0.2):  # type: ignore[attr-defined]
            if not isinstance(result, RunResult):
                yield f"poll returned a {type(result).__name__}; return what `work` returned"
                return
            ended.append(result.run_id)
    if set(ended) - wanted or len(set(ended)) < len(ended):
        yield f"poll returned {', '.join(ended)}; return every run that was submitted, once"
    elif len(ended) < RUNS:
        yield (
            f"{len(ended)} of {RUNS} runs that had ended before came back within {WITHIN_S:g} s; "
            "submit must start `work`, poll must return what it returned"
        )


def _spec(number: int) -> RunSpec:
    return RunSpec(
        run_id=f"contract{number}",
        arm_id="contract",
        study="contract",
        phase="check",
        trial=number,
        seed=number,
        name=f"contract {number}",
        settings={"model": {}, "train": {}},
    )


def _never(spec: RunSpec, reports: Mapping[int, float]) -> bool:
    return False
