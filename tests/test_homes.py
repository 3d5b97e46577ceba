"""A user without HOME and without a name."""

import getpass
import os
import pwd
from pathlib import Path

import pytest

from ablate.errors import ConfigError
from ablate.homes import NOWHERE, expanded, set_absent


def test_without_a_home_a_tilde_is_one_line_and_other_paths_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert expanded("/srv/x") == Path("/srv/x")
    with pytest.raises(ConfigError, match="no home folder to stand for ~"):
        expanded("~/x")


def test_libraries_find_a_home_and_a_name_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "")  # so that they are as before at the end
        monkeypatch.delenv(name)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    set_absent()
    assert Path.home() == Path(NOWHERE)
    assert getpass.getuser() == str(os.getuid())


def test_a_tilde_is_the_home_folder() -> None:
    assert expanded("~/x") == Path(os.path.expanduser("~"), "x")  # noqa: PTH111 -- to compare
