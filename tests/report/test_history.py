"""Search history: order, best so far, failures, and who was adaptive."""

from dataclasses import replace

from ablate.report.contents import Contents
from ablate.report.figures.history import History
from ablate.report.figures.parallel import Parallel
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents


def trials_of(contents: Contents) -> list[dict[str, object]]:
    numbers = numbers_of(History(), contents)
    records: list[dict[str, object]] = numbers[numbers["kind"] == "trial"].to_dict("records")  # type: ignore[assignment]
    return records


def test_the_best_so_far_is_the_largest_up_to_each_trial() -> None:
    rows = trials_of(explored_contents())
    scores = [float(str(row["score"])) for row in rows]
    assert [row["best"] for row in rows] == [max(scores[: at + 1]) for at in range(len(rows))]
    assert [row["order"] for row in rows] == list(range(44))
    assert [row["is_adaptive"] for row in rows] == [False] * 32 + [True] * 12


def test_a_metric_where_lower_is_better_falls_and_failures_have_no_score() -> None:
    contents = explored_contents()
    runs = contents.runs.rename(columns={"val/qabf": "val/mse"})
    lost = (runs["phase"] == "explore") & (runs["trial"] == 3)
    runs = runs.assign(state=runs["state"].where(~lost, "failed"))
    some = replace(contents, runs=runs, facts=replace(contents.facts, objective="val/mse"))
    rows = trials_of(some)
    best = [float(str(row["best"])) for row in rows]
    assert best == sorted(best, reverse=True)
    assert str(rows[3]["score"]) == "nan"
    drawn = History().draw(some, numbers_of(History(), some))
    assert drawn.axes[0].get_xlabel().startswith("trial")


def test_shares_of_a_value_end_at_one_and_keep_searched_trials_apart() -> None:
    numbers = numbers_of(History(), explored_contents())
    edf = numbers[numbers["kind"] == "edf"]
    for _, line in edf.groupby(["question", "value", "is_adaptive"]):
        assert line["share"].iloc[-1] == 1.0
        assert line["score"].is_monotonic_increasing
    assert set(edf["is_adaptive"]) == {False, True}


def test_lines_of_settings_lie_in_their_ranges_and_leave_the_dummy_out() -> None:
    numbers = numbers_of(Parallel(), explored_contents())
    assert numbers["place"].between(-1e-9, 1 + 1e-9).all()
    assert "dummy" not in set(numbers["dimension"])
    assert numbers.groupby("dimension")["trial"].count().eq(44).all()
    rate = numbers[numbers["dimension"] == "learning_rate"].iloc[0]
    assert abs(0.002 * 100 ** rate["place"] - float(rate["value"])) < 1e-9
