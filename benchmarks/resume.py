"""A study of 1,000 trials is started again: seconds until the next suggestion is made.

Run: python -m benchmarks.resume [--repeats N] [--out FOLDER]
"""

import os
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from ablate.study.ledger import Ledger
from ablate.study.plan import make
from ablate.study.trials import Trials
from benchmarks.results import content, measure, options, show, write
from benchmarks.simulated import study, written

ABOUT = (
    "A search by TPE of 1,010 trials, of which 1,000 have ended and lie in the ledger and in their "
    "folders. From the file of the study to the next suggestion, imports not counted: the plan is "
    "made, the ledger and every result are read, all results are known, one is asked."
)
ENDED, MORE = 1000, 10


def drawn(*, number: int, **more: Any) -> dict[str, Any]:
    """Return a suggestion without a sampler: filling the store is not what is measured."""
    draw, levels = Random(number), 1 + number % 3
    ratio = {"ratio": draw.uniform(0.4, 0.84)} if levels > 1 else {}
    return {"learning_rate": 10 ** draw.uniform(-4, -2), "levels": levels, **ratio}


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    seconds: dict[str, list[float]] = {"elapsed": [], "cpu": [], "ledger": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = study(folder, trials=ENDED + MORE, kind="random")
        plan = make(config)
        ledger = Ledger(folder / "store")
        trials = Trials(plan, ledger)
        with patch("ablate.study.ledger.os.fsync"), patch("ablate.study.trials.suggest", drawn):
            for _ in range(ENDED):
                spec = trials.next()
                assert spec is not None
                ledger.end(written(spec, ledger.run_folder(spec.run_id)))
                trials.finish(spec.trial)
        again = study(folder, trials=ENDED + MORE, kind="tpe")
        for turn in range(1 + (given.repeats or 5)):
            started, cpu = time.perf_counter(), time.process_time()
            ledger = Ledger(folder / "store")
            read = time.perf_counter()
            ledger.ask = lambda *_, **__: None  # type: ignore[method-assign]
            trials = Trials(make(again), ledger)
            spec = trials.next()
            assert spec is not None
            assert spec.trial >= ENDED
            if turn:
                seconds["elapsed"].append(time.perf_counter() - started)
                seconds["cpu"].append(time.process_time() - cpu)
                seconds["ledger"].append(read - started)
    found = content(
        "resume",
        about=ABOUT,
        load_before=load,
        clock="time of day",
        sides="one side",
        measures=[
            measure(
                "next suggestion after 1,000 trials", unit="s", values=seconds["elapsed"], at_most=1
            ),
            measure("of that CPU time", unit="s", values=seconds["cpu"]),
            measure(
                "of that reading the ledger and 1,000 results", unit="s", values=seconds["ledger"]
            ),
        ],
        notes=["the first of the rounds is not counted"],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
