"""What the first page of `ablate ui` tells a browser that has seen nothing.

MLflow keeps what a browser shows in that browser. One that has seen nothing opens an experiment on
a page about language models, with a chat beside it, and shows runs without their columns. The first
page therefore brings a script that writes three notes where the browser has none yet: model
training, no chat, and for each study its view of trials. What a user changes later stays.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mlflow.tracking import MlflowClient

from ablate.tracking.address import tracking_uri
from ablate.tracking.views import TRIALS, saved

HEAD: Final = "<head>"
SCRIPT: Final = """<script>
for (const [key, value] of Object.entries(NOTES))
  if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
</script>"""
BEGIN: Final = {
    "mlflow.workflowType_v1": json.dumps("machine_learning"),
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": json.dumps(True),
}


def notes(store: Path) -> dict[str, str]:
    """Return what a browser is to know: its key in the browser's storage -> text."""
    found = dict(BEGIN)
    for one in MlflowClient(tracking_uri=tracking_uri(store)).search_experiments():
        state = next((state for key, _, state in saved(one.tags) if key == TRIALS), None)
        if state is not None:
            place = json.dumps([one.experiment_id])
            key = f"MLflowLocalStorage-1.1-ExperimentPage-{place}-ReactComponentState"
            found[key] = json.dumps(state)
    return found


def page(html: str, said: Mapping[str, str]) -> str:
    """Return MLflow's first page with the script in it, before all others."""
    text = json.dumps(said).replace("<", "\\u003c")  # no text of a store ends the script
    return html.replace(HEAD, HEAD + SCRIPT.replace("NOTES", text), 1)
