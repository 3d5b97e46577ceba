"""A small finished study in the MLflow UI, and a browser in front of it.

Skipped, with the reason, where Chromium, its driver or Selenium is missing (Debian: chromium,
chromium-driver; pip install 'ablate[browser]'). ABLATE_SCREENSHOTS=DIR keeps a picture of each page.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from ablate.tracking.address import tracking_uri
from ablate.tracking.views import links
from tests.command_line import typed

STUDY = """
# @package _global_
defaults: [/search_spaces@space: variants, _self_]
title: Signed or magnitude gradients
questions:
  variant: {asks: "Does the sign help?", compare: variant, primary: [vif, qabf]}
factors:
  variant: {values: [signed, magnitude], baseline: signed}
phases:
  compare: {design: one_factor, seeds: 2}
base:
  data: {name: synthetic, crop: 48, size: [64, 80], pairs: {train: 3, val: 1, test: 2}}
  model: {name: densefuse, width: 4}
  train: {steps: 8, batch_size: 2, gallery: 2}
"""
PATIENCE_S = 60


@dataclass(frozen=True, kw_only=True)
class Served:
    """A store with one study, and where its UI answers."""

    store: Path
    address: str
    port: int
    client: MlflowClient
    experiment: str

    def runs(self, **tags: str) -> list[Any]:
        """Return the MLflow runs with these tags of ours."""
        wanted = " and ".join(f"tags.`ablate.{name}` = '{value}'" for name, value in tags.items())
        return list(self.client.search_runs([self.experiment], filter_string=wanted))


@pytest.fixture(scope="session")
def driver_path() -> str:
    """Return the driver's path, or skip."""
    pytest.importorskip("selenium", reason="Selenium is missing: pip install 'ablate[browser]'")
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on this machine (Debian: chromium, chromium-driver)")
    return str(shutil.which("chromedriver"))


@pytest.fixture(scope="session")
def served(driver_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run the study, report it, and serve its store."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "seen.yaml").write_text(STUDY)
    words = ["--store", "store"]
    done = typed("run", "seen.yaml", "executor=inline", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    done = typed("report", "seen.yaml", "--out", "report", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "MLflow was not given" not in done.stderr
    yield from serving(folder / "store", study="seen")


def serving(store: Path, *, study: str) -> Iterator[Served]:
    """Start `ablate ui` on a store, wait until it answers, and stop it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    log = store.with_name("ui.log").open("wb")
    command = [sys.executable, "-m", "ablate", "ui", "--store", str(store), "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=store.parent,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_for(address, process)
        client = MlflowClient(tracking_uri(store))
        experiment = client.get_experiment_by_name(study).experiment_id
        yield Served(store=store, address=address, port=port, client=client, experiment=experiment)
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)
        log.close()


@pytest.fixture
def browser(driver_path: str) -> Iterator[Any]:
    """Return a headless browser without any history."""
    made = started(driver_path)
    yield made
    made.quit()


def started(driver_path: str, *words: str, width: int = 1500) -> Any:
    """Start a headless browser with more words on its command line."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--window-size={width},1000",
        *words,
    ):
        options.add_argument(word)
    return webdriver.Chrome(options=options, service=Service(driver_path))


@pytest.fixture
def page(
    served: Served, browser: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page of the UI and waits until it shows what is wanted.

    It takes an address or a part behind "#/", and texts; it returns the browser.
    """
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    def open_page(place: str, *texts: str) -> Any:
        browser.get(place if place.startswith("http") else f"{served.address}#/{place}")
        for close in browser.find_elements(By.CSS_SELECTOR, '[aria-label="Close"]'):
            close.click()  # the assistant, beside the page
        WebDriverWait(browser, PATIENCE_S).until(
            lambda seen: all(text in seen.find_element(By.TAG_NAME, "body").text for text in texts),
            f"{place} shows {texts}",
        )
        return browser

    yield open_page
    if folder := os.environ.get("ABLATE_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(Path(folder) / f"{request.node.name}.png"))


@pytest.fixture
def view(served: Served) -> dict[str, str]:
    """Return the links that `ablate ui` prints, by view."""
    tags = served.client.get_experiment(served.experiment).tags
    return links(served.experiment, tags, port=served.port)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, "the UI ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{address} did not answer in {PATIENCE_S} s")
