"""The settings of a run under names that MLflow takes."""

from mlflow.utils.validation import _validate_param_name

from ablate.tracking.runs import parameters
from tests.training.tasks.command.conftest import spec_of


def test_names_of_places_in_code_are_sent() -> None:
    sent = parameters(spec_of({"name": "command", "edits": {"a b.py": {"log#2": "[]", "é*x": 1}}}))
    for name in sent:
        _validate_param_name(name)
    assert sent["task.edits.a b.py.log_2"] == "[]"
