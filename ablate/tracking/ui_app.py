"""MLflow's server as `ablate ui` starts it: MLflow's own, its first page told how to begin.

MLflow keeps what a browser shows in that browser. One that has seen nothing opens an experiment on
a page about language models, with a chat beside it, and shows runs without their columns. The first
page therefore brings a script that writes three notes where the browser has none yet: model
training, no chat, and for each study its view of trials. What a user changes later stays.
"""

import json
import os
from pathlib import Path

from mlflow.server import BACKEND_STORE_URI_ENV_VAR
from mlflow.server import app as pages
from mlflow.server.fastapi_app import app
from mlflow.server.handlers import initialize_backend_stores
from mlflow.tracking import MlflowClient

from ablate.tracking.address import STORE, tracking_uri
from ablate.tracking.views import TRIALS, saved

__all__ = ["app"]
MARK = "<head>"
SCRIPT = """<script>
for (const [key, value] of Object.entries(NOTES))
  if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
</script>"""
BEGIN = {
    "mlflow.workflowType_v1": json.dumps("machine_learning"),
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": json.dumps(True),
}


def notes(store: Path) -> dict[str, str]:
    """Return what a browser is to know: its key in the browser's storage -> text."""
    found = dict(BEGIN)
    for one in MlflowClient(tracking_uri=tracking_uri(store)).search_experiments():
        for key, _, state in saved(one.tags):
            if key == TRIALS:
                place = json.dumps([one.experiment_id])
                found[f"MLflowLocalStorage-1.1-ExperimentPage-{place}-ReactComponentState"] = (
                    json.dumps(state)
                )
    return found


def page(html: str, said: dict[str, str]) -> str:
    """Return the first page with the script in it."""
    text = json.dumps(said).replace("<", "\\u003c")  # no text of a store ends the script
    return html.replace(MARK, MARK + SCRIPT.replace("NOTES", text), 1)


def _first_page() -> str:
    html = (Path(str(pages.static_folder)) / "index.html").read_text(encoding="utf-8")
    return page(html, notes(Path(os.environ[STORE])))


if STORE in os.environ:
    uri = os.environ[BACKEND_STORE_URI_ENV_VAR] = tracking_uri(Path(os.environ[STORE]))
    initialize_backend_stores(uri, uri, str(Path(os.environ[STORE]) / "artifacts"))
    pages.view_functions["serve"] = _first_page
