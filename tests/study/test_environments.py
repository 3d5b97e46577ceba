"""A study that goes on in another environment: refused, or accepted and told apart."""

from pathlib import Path

import pytest

from ablate.errors import StoreError
from ablate.study import environments
from ablate.study.ledger import Ledger
from ablate.training.environment import Environment
from ablate.training.spec import RunResult
from ablate.writing import write_json

OLD = Environment(code={"losses/total.py": "1"}, versions={"torch": "2.12"})
NEW = Environment(code={"losses/total.py": "2"}, versions={"torch": "2.13"})


def started(folder: Path) -> Ledger:
    ledger = Ledger(folder)
    ledger.start({"design_hash": "h", "data_hash": "d", "code_hash": "c"})
    return ledger


def end(ledger: Ledger, run_id: str, stratum: str | None) -> RunResult:
    facts = {} if stratum is None else {"stratum": stratum}
    result = RunResult(run_id=run_id, state="finished", facts=facts)
    ledger.run_folder(run_id).mkdir(parents=True)
    write_json(ledger.run_folder(run_id) / "result.json", result.to_json())
    ledger.end(result)
    return result


def check(folder: Path, now: Environment, *, accepts: bool = False, code_hash: str = "c") -> Ledger:
    ledger = Ledger(folder)
    environments.check(ledger, now, code_hash=code_hash, accepts=accepts)
    return ledger


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return the folder of a study with one run in the old environment."""
    ledger = started(tmp_path)
    environments.check(ledger, OLD, code_hash="c", accepts=False)
    end(ledger, "one", OLD.id)
    return tmp_path


def test_the_same_environment_goes_on_and_writes_nothing(study: Path) -> None:
    before = (study / "ledger.jsonl").read_bytes()
    check(study, OLD)
    assert (study / "ledger.jsonl").read_bytes() == before


def test_another_one_is_refused_in_one_line_that_says_what_changed(study: Path) -> None:
    before = (study / "ledger.jsonl").read_bytes()
    with pytest.raises(StoreError) as caught:
        check(study, NEW)
    said = str(caught.value)
    assert "\n" not in said
    assert "torch 2.12 -> 2.13; losses/total.py changed" in said
    assert "--store, or add --accept-drift" in said
    assert (study / "ledger.jsonl").read_bytes() == before


def test_an_accepted_drift_is_accepted_once_and_for_all(
    study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = check(study, NEW, accepts=True)
    assert "another environment: torch 2.12 -> 2.13" in caplog.text
    end(ledger, "two", NEW.id)
    check(study, NEW)
    ledger = check(study, OLD)
    first, second = environments.of_results(ledger)
    assert (first.id, first.runs, first.differs) == (OLD.id, 1, ())
    assert second.differs == ("torch 2.12 -> 2.13", "losses/total.py changed")
    assert environments.lines(environments.of_results(Ledger(study))) == [
        f"environment {OLD.id}: 1 runs",
        f"environment {NEW.id}: 1 runs (torch 2.12 -> 2.13; losses/total.py changed)",
    ]


def test_without_results_nothing_can_be_mixed(tmp_path: Path) -> None:
    environments.check(started(tmp_path), OLD, code_hash="c", accepts=False)
    check(tmp_path, NEW)


def test_one_stratum_is_not_worth_a_word(study: Path) -> None:
    assert environments.lines(environments.of_results(Ledger(study))) == []


def test_a_run_that_failed_with_its_workers_is_no_environment(study: Path) -> None:
    ledger = Ledger(study)
    lost = RunResult(run_id="lost", state="failed", reason="hung", facts={"workers_hung": 3})
    ledger.run_folder("lost").mkdir(parents=True)
    write_json(ledger.run_folder("lost") / "result.json", lost.to_json())
    ledger.end(lost)
    assert [one.id for one in environments.of_results(Ledger(study))] == [OLD.id]


def test_a_run_from_elsewhere_is_told_and_the_next_start_refuses(
    study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(study)
    result = end(ledger, "two", NEW.id)
    assert not environments.is_noted(ledger, result)
    environments.notice(ledger, result, NEW)
    assert "two: made in another environment than the study: torch 2.12 -> 2.13" in caplog.text
    assert environments.is_noted(ledger, result)
    with pytest.raises(StoreError, match=r"torch 2\.12 -> 2\.13"):
        check(study, NEW)
    check(study, NEW, accepts=True)
    check(study, NEW)


def test_a_run_of_an_unknown_machine_says_so(study: Path, caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(study)
    environments.notice(ledger, end(ledger, "two", "f00"), OLD)
    assert environments.UNKNOWN in caplog.text
    assert environments.of_results(Ledger(study))[1].differs == (environments.UNKNOWN,)


@pytest.mark.parametrize(("code_hash", "is_refused"), [("c", False), ("other", True)])
def test_a_store_of_an_earlier_version_has_its_code_hash(
    tmp_path: Path, code_hash: str, is_refused: bool
) -> None:
    ledger = started(tmp_path)
    assert environments.is_noted(ledger, end(ledger, "one", None))
    if is_refused:
        with pytest.raises(StoreError, match="code c -> other"):
            check(tmp_path, NEW, code_hash=code_hash)
    else:
        check(tmp_path, NEW, code_hash=code_hash)
        assert [one.id for one in environments.of_results(Ledger(tmp_path))] == [""]


def test_a_plug_in_file_that_came_later_blocks_nothing(study: Path) -> None:
    more = Environment(code={**OLD.code, "plugins/more.py": "x"}, versions=OLD.versions)
    ledger = check(study, more)
    end(ledger, "two", more.id)
    again = Ledger(study)
    assert {result.facts["stratum"] for result in again.results.values()} == {OLD.id}
    assert len(environments.of_results(again)) == 1
    check(study, OLD)  # it may go again
    changed = Environment(code={**OLD.code, "plugins/more.py": "y"}, versions=OLD.versions)
    check(study, changed)
    with pytest.raises(StoreError):
        check(study, Environment(code={**NEW.code, "plugins/more.py": "x"}, versions=OLD.versions))
