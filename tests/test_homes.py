"""A user without HOME and without a name."""

import os
import pwd
from pathlib import Path

import pytest

from ablate.errors import ConfigError
from ablate.homes import expanded


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


def test_a_tilde_is_the_home_folder() -> None:
    assert expanded("~/x") == Path(os.path.expanduser("~"), "x")  # noqa: PTH111 -- to compare
