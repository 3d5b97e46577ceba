"""What a person waits for in the MLflow UI of a large study, in a real browser.

Run: python -m benchmarks.ui [--runs 2000] [--out FOLDER]; needs Chromium, its driver and Selenium
(Debian: chromium, chromium-driver; pip install 'ablate[browser]').
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.tracking import MlflowClient

from ablate.study.driver import run
from ablate.tracking.views import NAMES, TREE, TRIALS, links
from benchmarks.growth import SLOTS, answers, free_port
from benchmarks.results import FOLDER, content, measure, show, write
from benchmarks.simulated import study

ABOUT = (
    "`ablate ui` on a designed study of simulated trials, in headless Chromium: the elapsed time "
    "from asking for a link that the command prints until names of runs stand on the screen: the "
    "study itself in the tree, its best trials in the flat view. A new browser has seen nothing "
    "before and also loads the UI itself; after that the same browser loads the page anew. "
    "`asked` is what the page's own request for runs took, as the browser measured it. Beside them "
    "MLflow's own list of the same runs, without a saved view: its times are MLflow's alone."
)
PLAIN = "MLflow's own list"
GOAL_S, PATIENCE_S, REPEATS = 2.0, 120, 5
SHOWN = """
const cells = [...document.querySelectorAll('.ag-row [col-id="attributes.`Run Name`"]')];
return cells.some(cell => cell.textContent.trim());
"""
ASKED = """
return performance.getEntriesByType('resource')
  .filter(entry => entry.name.includes('runs/search')).map(entry => entry.duration);
"""


@contextmanager
def served(store: Path) -> Iterator[int]:
    """Yield the port of `ablate ui` over a store."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "ablate", "ui", "--store", str(store), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers(f"http://127.0.0.1:{port}"):
            if server.poll() is not None:
                raise SystemExit("ablate ui ended")
            time.sleep(0.2)
        yield port
    finally:
        os.killpg(server.pid, 15)
        server.wait()


@contextmanager
def browser() -> Iterator[Any]:
    """Yield a headless browser that has seen nothing."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    programs = [shutil.which(program) for program in ("chromium", "chromedriver")]
    if None in programs:
        raise SystemExit("no chromium or chromedriver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = str(programs[0])
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1500,1000",
    ):
        options.add_argument(word)
    made = webdriver.Chrome(options=options, service=Service(str(programs[1])))
    try:
        yield made
    finally:
        made.quit()


def seen(page: Any, link: str) -> tuple[float, float]:
    """Return the seconds until a page shows runs, and those of its longest request for runs."""
    from selenium.webdriver.support.wait import WebDriverWait

    page.get("about:blank")
    started = time.perf_counter()
    page.get(link)
    WebDriverWait(page, PATIENCE_S, poll_frequency=0.02).until(
        lambda shown: shown.execute_script(SHOWN)
    )
    took = time.perf_counter() - started
    return took, max(page.execute_script(ASKED)) / 1e3


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=FOLDER)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    found: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = study(folder, trials=given.runs, slots=SLOTS)
        run(config, store=folder / "store", listen=lambda _: None)
        client = MlflowClient(f"sqlite:///{folder / 'store' / 'mlflow.db'}")
        experiment = client.get_experiment_by_name(config.name)
        with served(folder / "store") as port:
            every = links(experiment.experiment_id, experiment.tags, port=port)
            every |= {PLAIN: links(experiment.experiment_id, {}, port=port)["runs"]}
            for view in (NAMES[TREE], NAMES[TRIALS], PLAIN):
                link = every[view]
                times = found.setdefault(view, {"new": [], "again": [], "asked": []})
                for _ in range(REPEATS):
                    with browser() as page:
                        times["new"].append(seen(page, link)[0])
                        again, asked = seen(page, link)
                        times["again"].append(again)
                        times["asked"].append(asked)
    result = content(
        "ui",
        about=ABOUT,
        load_before=load,
        sides="one, of its own",
        clock="elapsed time",
        rows=[],
        measures=[
            one
            for view, times in found.items()
            for one in (
                measure(
                    f"{view}, {given.runs} runs, a new browser",
                    unit="s",
                    values=times["new"],
                    at_most=None if view == PLAIN else GOAL_S,
                ),
                measure(
                    f"{view}, {given.runs} runs, loaded anew",
                    unit="s",
                    values=times["again"],
                    at_most=None if view == PLAIN else GOAL_S,
                ),
                measure(f"{view}, {given.runs} runs, asked", unit="s", values=times["asked"]),
            )
        ],
        notes=["server and browser share this machine's cores"],
    )
    show(result, write(result, folder=given.out))


if __name__ == "__main__":
    main()
