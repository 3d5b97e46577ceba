"""The same study on another machine is the same study; its executor is checked."""

import pytest

from ablate import config
from ablate.config.schema import PATHS
from ablate.config.settings import settings_of_executor
from ablate.errors import ConfigError
from ablate.study.names import known
from ablate.study.plan import make


@pytest.mark.parametrize("name", PATHS)
def test_folders_of_this_machine_are_no_part_of_a_study(name: str) -> None:
    words = ("data=folders",)
    here = config.load("quickstart", (*words, f"data.{name}=/here"))
    there = config.load("quickstart", (*words, f"data.{name}=/mnt/there"))
    assert here.base["data"][name] != there.base["data"][name]
    assert here.digest == there.digest
    assert make(here).design_hash == make(there).design_hash


def test_what_the_data_are_is_part_of_it() -> None:
    one, other = (config.load("quickstart", (f"data.seed={seed}",)) for seed in (0, 1))
    assert one.digest != other.digest
    assert make(one).design_hash != make(other).design_hash


def test_a_lease_is_a_number_of_seconds_of_the_executor_with_processes() -> None:
    assert config.load("quickstart", ("executor.lease_s=90",)).executor["lease_s"] == 90
    assert "lease_s" not in config.load("quickstart", ()).executor
    for value in (0, -1, "soon", "true"):
        with pytest.raises(ConfigError, match=r"executor\.lease_s: must be a number"):
            config.load("quickstart", (f"executor.lease_s={value}",))
    with pytest.raises(ConfigError, match="no such setting of inline"):
        config.load("quickstart", ("executor=inline", "executor.lease_s=90"))


def test_settings_of_a_plug_in_s_executor_are_known_by_their_names() -> None:
    names = {"executors": ("processes", "threads"), "executor.threads": ("stack_mib",)}
    words = ("executor=threads", "executor.stack_mib=8")
    assert config.load("quickstart", words, known=names).executor["stack_mib"] == 8
    with pytest.raises(ConfigError, match=r"executor\.stack_mb: .* did you mean 'stack_mib'\?"):
        config.load("quickstart", ("executor=threads", "executor.stack_mb=8"), known=names)


@pytest.mark.parametrize("name", ["ray", "slurm"])
def test_what_is_checked_of_an_executor_is_what_it_takes(name: str) -> None:
    taken = set(settings_of_executor(name)) - {"slots"}
    assert set(known()[f"executor.{name}"]) == taken
