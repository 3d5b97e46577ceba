"""A search that has begun is given more trials; what may not change is named."""

from pathlib import Path
from typing import Any

import pytest

from ablate.errors import ConfigError, StoreError
from ablate.study.beginning import Begun, begun
from ablate.study.extending import extended, extensions, keys_of, one_search, plan_of, reserved_by
from ablate.study.inactive import never_active
from ablate.study.ledger import Ledger
from ablate.study.plan import make
from tests.study.test_search_phases import DIMENSIONS, searched, table_of
from tests.study.test_search_phases import plan_of as planned


def started(folder: Path, plan: Any) -> Ledger:
    ledger = Ledger(folder / "store")
    keys = keys_of(plan.config)
    header = {"design_hash": plan.design_hash, "data_hash": "d", "keys": keys, **reserved_by(plan)}
    ledger.start(header)
    return ledger


@pytest.mark.parametrize("defaults", [3, 4])
def test_a_store_goes_on_with_more_trials(tmp_path: Path, defaults: int) -> None:
    short = planned(tmp_path, phase={"sampler": "tpe"}, defaults=defaults)
    started(tmp_path, short)
    before = table_of(searched(tmp_path, short))
    long = planned(tmp_path, phase={"sampler": "tpe", "trials": 20}, defaults=defaults)
    assert (long.design_hash == short.design_hash) == (defaults == 4)
    plan = plan_of(long.config, begun(tmp_path / "store"))
    assert plan.design_hash == short.design_hash
    assert plan.searches[0].lag == short.searches[0].lag
    trials = searched(tmp_path, plan)
    assert table_of(trials)[: len(before)] == before
    search = trials.searches["hunt"]
    made = search.run if defaults == 4 else len(search.numbers)  # before, none was replaced
    assert made == 20


def test_what_was_extended_stays_so_without_the_words(tmp_path: Path) -> None:
    plan = planned(tmp_path, defaults=4)
    ledger = started(tmp_path, plan)
    longer = make(extended(plan.config, {"hunt": 20}), reserved={"hunt": 12})
    assert extensions(longer, ledger.extended) == {"hunt": 20}
    ledger.extend("hunt", trials=20)
    assert extensions(longer, ledger.extended) == {}
    found = begun(tmp_path / "store")
    assert (found.header["searches"], found.extended) == ({"hunt": 12}, {"hunt": 20})
    again = plan_of(extended(plan.config, found.extended), found)
    assert (again.searches[0].trials, again.searches[0].reserved) == (20, 12)
    assert begun(tmp_path / "none") == Begun(header={}, extended={})


def test_a_change_names_its_keys_and_the_ways_on(tmp_path: Path) -> None:
    plan = planned(tmp_path, phase={"sampler": "tpe"}, defaults=4)
    ledger = started(tmp_path, plan)
    other = planned(
        tmp_path,
        phase={"sampler": "random", "trials": 14},
        defaults=4,
        base={
            "data": {"name": "synthetic"},
            "metrics": {"names": ["qabf", "vif", "mse"]},
            "train": {"steps": 77},
        },
    )
    with pytest.raises(StoreError) as error:
        ledger.check(design_hash=other.design_hash, keys=keys_of(other.config))
    said = str(error.value)
    assert "phases.hunt.sampler tpe -> random" in said
    assert "base.train.steps" in said
    assert "-> 77" in said
    assert "trials" not in said
    for way in ("undo the change", "@2", "another --store"):
        assert way in said


def test_more_needs_exactly_one_search(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert one_search(plan.config) == "hunt"
    two = {"hunt": {"design": "search", "trials": 2}, "again": {"design": "search", "trials": 2}}
    with pytest.raises(ConfigError, match=r"phases\.\w+\.trials=NUMBER"):
        one_search(planned(tmp_path, phases=two).config)


def test_a_dimension_that_is_never_active_is_named(tmp_path: Path) -> None:
    never = {"type": "float", "path": "loss.ratio", "low": 0.3, "high": 0.8, "when": "levels > 3"}
    plan = planned(tmp_path, space={"dimensions": {**DIMENSIONS, "ratio": never}})
    (line,) = never_active(plan.config)
    assert line.startswith("ratio can never be active: levels > 3 holds at none")
