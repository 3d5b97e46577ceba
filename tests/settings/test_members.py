"""The table of members is what the members declare, and is passed over where it is out of date."""

import inspect
import json
from pathlib import Path

import pytest

from ablate.settings import members as table_of
from ablate.settings.members import KINDS, TABLE, described, members, table, written
from ablate.settings.setting import NOTHING, Setting, defaults_of, settings_of


def test_the_table_is_what_the_members_declare() -> None:
    """Where this fails, run `make fix`."""
    assert TABLE.read_text("utf-8") == written(table())


@pytest.mark.parametrize("kind", KINDS)
def test_read_from_the_table_a_member_is_what_it_declares(kind: str) -> None:
    assert dict(members(kind)) == described(kind)


def test_every_setting_of_a_member_says_what_it_means() -> None:
    for kind in ("data", "models", "executors", "penalties", "selections"):
        for name, member in members(kind).items():
            for path, setting in member.settings.items():
                assert setting.meaning.endswith("."), f"{kind} {name} {path}"


def test_a_default_of_a_signature_is_that_of_the_settings_class() -> None:
    """A step takes its settings one by one: where it has defaults, they are not others."""
    for kind, place in KINDS.items():
        registry = place.members()
        for name, member in members(kind).items():
            known = inspect.signature(registry.get(name)).parameters
            for path, setting in member.settings.items():
                if path in known and known[path].default is not inspect.Parameter.empty:
                    assert known[path].default == setting.default, f"{kind} {name} {path}"


def test_a_kind_whose_files_have_changed_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = json.loads(TABLE.read_text("utf-8"))
    stale["penalties"] = {"files": "of another day", "members": {}}
    monkeypatch.setattr(table_of, "_read", lambda: stale)
    table_of._packaged.cache_clear()
    try:
        assert set(members("penalties")) == {"l1", "l2", "charbonnier", "huber"}
    finally:
        table_of._packaged.cache_clear()


def test_without_a_table_everything_is_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(table_of, "TABLE", tmp_path / "none.json")
    table_of._read.cache_clear()
    table_of._packaged.cache_clear()
    try:
        assert members("models")["unet"].settings["width"].high == 4096
    finally:
        monkeypatch.undo()
        table_of._read.cache_clear()
        table_of._packaged.cache_clear()


def test_code_cannot_stand_in_the_table() -> None:
    with pytest.raises(TypeError, match="matters is code"):
        table_of._said("width", Setting(type="int", matters=lambda _: True))


def test_every_default_can_be_written() -> None:
    """The packaged defaults are values that their own settings take."""
    for kind in ("data", "models"):
        for name, member in members(kind).items():
            for path, setting in member.settings.items():
                if setting.default is not NOTHING:
                    assert setting.fault(setting.default, {}) is None, f"{name} {path}"
    assert defaults_of({"a.b": Setting(type="int", default=1)}) == {"a": {"b": 1}}
    assert settings_of(Setting) == {}
