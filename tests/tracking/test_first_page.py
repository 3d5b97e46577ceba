"""The first page of `ablate ui`: what a browser is told, and that texts of a store stay texts."""

import json
import re
from pathlib import Path

from mlflow.tracking import MlflowClient

from ablate.tracking.first_page import BEGIN, notes, page
from ablate.tracking.store import experiment
from ablate.tracking.views import experiment_tags

HTML = "<!doctype html><html><head><title>MLflow</title></head><body></body></html>"


def said(html: str) -> dict[str, str]:
    (text,) = re.findall(r"Object.entries\((.*)\)\)$", html, flags=re.MULTILINE)
    return dict(json.loads(text))


def test_a_study_begins_with_its_trials(client: MlflowClient, store: Path) -> None:
    number = experiment(client, "begins", store=store)
    given = experiment_tags(note="n", phases=[], metrics=["test/vif"], objective="val/vif")
    for name, value in given.items():
        client.set_experiment_tag(number, name, value)
    found = notes(store)
    assert BEGIN.items() <= found.items()
    state = json.loads(
        found[f'MLflowLocalStorage-1.1-ExperimentPage-["{number}"]-ReactComponentState']
    )
    assert state["searchFilter"] == "tags.`ablate.kind` != 'run'"
    assert state["orderByKey"] == "metrics.`final/val/vif`"


def test_the_script_stands_before_all_others_and_says_what_was_given() -> None:
    made = page(HTML, {"a": "b"})
    assert said(made) == {"a": "b"}
    assert made.index("<script>") < made.index("<title>")


def test_no_text_of_a_store_ends_the_script() -> None:
    hostile = {"k": "</script><script>alert(1)</script><!--"}
    made = page(HTML, hostile)
    assert made.count("<script>") == made.count("</script>") == 1
    assert said(made) == hostile
