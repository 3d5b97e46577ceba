"""A sample of a set: even, the same everywhere, told as a sample, refused above what is there."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate import config, data
from ablate.data.pairs import PairSet
from ablate.data.splits import evenly
from ablate.errors import ConfigError, DataError
from ablate.study.names import known
from ablate.study.plan import make
from ablate.training.tasks import task_of

SYNTHETIC = {"name": "synthetic", "size": [32, 32], "seed": 0, "crop": 16}


def sample(**limit: int) -> PairSet:
    return data.load({**SYNTHETIC, "limit": limit})


@given(st.integers(1, 60), st.data())
def test_a_sample_is_evenly_spaced_and_does_not_depend_on_the_order(
    total: int, given_data: st.DataObject
) -> None:
    count = given_data.draw(st.integers(1, total))
    stems = [f"img{n}" for n in range(total)]
    kept = evenly(stems, count=count)
    assert len(kept) == count
    shuffled = given_data.draw(st.permutations(stems))
    again = evenly(shuffled, count=count)
    assert set(again) == set(kept)
    assert list(again) == [stem for stem in shuffled if stem in again]
    places = [int(stem[3:]) for stem in kept]
    gaps = {b - a for a, b in itertools.pairwise(places)}
    assert max(gaps, default=0) - min(gaps, default=0) <= 1
    if count > 1:
        assert (places[0], places[-1]) == (0, total - 1)


def test_half_of_alternating_scenes_are_not_all_of_one_kind() -> None:
    kinds = [stem[-1] for stem in sample(train=12, val=4).stems("train")]
    assert kinds.count("D") == kinds.count("N") == 6  # every second one would be all day


def test_a_sample_says_what_it_is_of_and_has_a_hash_of_its_own() -> None:
    whole, some = data.load(SYNTHETIC), sample(train=6, test=2)
    assert whole.manifest.label == "generated pairs"
    assert some.manifest.label == "generated pairs (sample: 6 of 24 train, 8 of 8 val, 2 of 8 test)"
    assert some.manifest.counts == {"train": 6, "val": 8, "test": 2}
    assert set(some.manifest.files) == {s for part in some.manifest.splits.values() for s in part}
    assert some.manifest.hash not in {whole.manifest.hash, sample(train=6, test=3).manifest.hash}
    again = sample(train=24, val=8, test=8).manifest
    assert (again.label, again.hash) == (whole.manifest.label, whole.manifest.hash)


def test_a_sample_of_files_names_and_hashes_its_own_files(msrs_folder: Path) -> None:
    settings = {"name": "msrs", "root": str(msrs_folder), "crop": 16}
    some = data.load({**settings, "limit": {"train": 4, "val": 2, "test": 3}})
    stems = {stem for split in ("train", "val", "test") for stem in some.stems(split)}
    assert len(stems) == 9
    assert set(some.files) == stems
    assert set(some.manifest.files) == {f"{s}/{side}" for s in stems for side in ("ir", "vi")}
    assert some.manifest.label.startswith("MSRS-mini (sample: 4 of 20 train")
    assert {stem[-1] for stem in some.stems("train")} == {"D", "N"}
    folders = {"name": "folders", "root": str(msrs_folder), "crop": 16}
    assert data.load({**folders, "limit": {"test": 2}}).manifest.counts["test"] == 2


def test_train_and_val_are_drawn_anew_within_the_sample() -> None:
    some = sample(train=9, val=3, test=2)
    pool = {*some.stems("train"), *some.stems("val")}
    drawn = [some.redrawn(seed) for seed in range(20)]
    assert all({*one.stems("train"), *one.stems("val")} == pool for one in drawn)
    assert all(len(one.stems("val")) == 3 for one in drawn)
    assert len({one.stems("val") for one in drawn}) > 5
    assert {one.stems("test") for one in drawn} == {some.stems("test")}


def test_more_than_there_is_is_refused_in_one_line_with_the_counts() -> None:
    with pytest.raises(DataError) as refused:
        sample(train=20, val=9, test=100)
    assert str(refused.value) == (
        "data.limit: asks for 9 val, 100 test pairs; generated pairs has 24 train, 8 val, 8 test; "
        "lower it to data.limit={train:20,val:8,test:8}"
    )
    with pytest.raises(ConfigError, match=r"no such setting; did you mean 'limit\.test'"):
        data.load({**SYNTHETIC, "limit": {"tests": 3}})


def test_an_arm_that_asks_for_more_is_refused_before_anything_is_trained() -> None:
    base = config.load("quickstart", ["data.limit.train=8"], known=known()).base
    arm = {**base, "data": {**base["data"], "limit": {"train": 25}}}
    task = task_of(base)
    with pytest.raises(DataError, match="asks for 25 train pairs"):
        task.check_examples(task.examples(), [base, arm])


def hash_of(*words: str) -> str:
    return make(config.load("quickstart", words, known=known())).design_hash


def test_a_limit_is_part_of_what_a_study_is_and_none_is_like_absent() -> None:
    assert hash_of("data.limit=null") == hash_of("data.limit={val: null}") == hash_of()
    some = {hash_of(), hash_of("data.limit.train=8"), hash_of("data.limit.test=8")}
    assert len(some) == 3


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("data.limit.train=0", "base.data.limit.train: must be a whole number of at least 1"),
        ("data.limit=8", "base.data.limit: must be a mapping"),
        ("data.limit.tests=8", "base.data.limit.tests: no such setting"),
    ],
)
def test_a_limit_that_says_nothing_is_refused(word: str, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config.load("quickstart", [word], known=known())
    assert text in str(refused.value)


def test_a_limit_stays_when_another_set_is_chosen(tmp_path: Path) -> None:
    study = tmp_path / "mine.yaml"
    study.write_text(
        "base: {data: {name: msrs, limit: {train: 8}}}\nphases: {all: {design: baseline_only}}\n"
    )
    base = config.load(study, ["data=synthetic"], known=known()).base
    assert json.dumps(base["data"]["limit"]) == '{"train": 8}'
