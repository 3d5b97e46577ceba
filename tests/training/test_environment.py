"""What counts as another environment, and what does not."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from ablate import fingerprint
from ablate.fingerprint import numeric_code
from ablate.training import environment
from ablate.training.determinism import settle
from ablate.training.environment import (
    Environment,
    changes,
    environment_of,
    measure,
)

SOURCE = '''"""What it is."""


def double(x):
    """Return twice x."""
    # why
    return 2 * x
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in fingerprint.NUMERIC_FOLDERS:
        (tmp_path / folder).mkdir()
    (tmp_path / "identity.py").write_text("seed = 1\n")
    (tmp_path / "losses" / "double.py").write_text(SOURCE)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "page.py").write_text("x = 1\n")
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path)
    return tmp_path


def test_comments_docstrings_and_layout_are_no_change(package: Path) -> None:
    before = numeric_code()
    assert list(before) == ["identity.py", "losses/double.py"]
    (package / "losses" / "double.py").write_text("def double(x):\n\n    return (2 * x)\n")
    (package / "report" / "page.py").write_text("x = 2\n")
    assert numeric_code() == before


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("losses/double.py", SOURCE.replace("2 *", "3 *"), "losses/double.py changed"),
        ("identity.py", "seed = 2\n", "identity.py changed"),
        ("models/new.py", "x = 1\n", "models/new.py added"),
        ("losses/double.py", None, "losses/double.py removed"),
        ("losses/double.py", "def (:", "losses/double.py changed"),
    ],
)
def test_one_changed_file_is_another_environment_and_is_named(
    package: Path, file: str, text: str | None, said: str
) -> None:
    before = Environment(code=numeric_code())
    (package / file).unlink(missing_ok=True)
    if text is not None:
        (package / file).write_text(text)
    after = Environment(code=numeric_code())
    assert after.id != before.id
    assert changes(before, after) == (said,)
    assert changes(before, before) == ()


def test_plug_ins_libraries_and_arithmetic_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = measure("cpu")
    assert set(before.versions) == {"python", "torch", "numpy", "kornia", "pillow"}
    assert before.arithmetic["threads"] == 1
    assert Environment(**before.to_json()) == before
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "environment_test.py").write_text("x = 1\n")
    monkeypatch.setattr(
        environment, "version", lambda name: "0.1" if name == "torch" else version(name)
    )
    found = changes(before, measure("cpu"))
    assert found == (f"torch {version('torch')} -> 0.1", "plugins/environment_test.py added")


def test_each_project_of_a_process_has_an_environment_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook, or where one process runs the studies of two folders."""
    plugged, bare = tmp_path / "plugged", tmp_path / "bare"
    (plugged / "plugins").mkdir(parents=True)
    bare.mkdir()
    (plugged / "plugins" / "environment_own.py").write_text("x = 1\n")
    monkeypatch.chdir(plugged)
    settle()
    first = environment_of("cpu")
    monkeypatch.chdir(bare)
    assert changes(first, environment_of("cpu")) == ("plugins/environment_own.py removed",)
    monkeypatch.chdir(plugged)
    (plugged / "plugins" / "environment_later.py").write_text("x = 1\n")
    assert environment_of("cpu") is first  # what came later no run of this process has used


@pytest.mark.slow
def test_a_process_settles_without_the_compiler_of_torch_which_is_deterministic_too() -> None:
    code = """if True:
        import sys, torch
        from ablate.training.determinism import settle
        from ablate.training.environment import determinism
        settle()
        assert "torch._inductor" not in sys.modules
        before = determinism()
        assert before["deterministic_algorithms"] and before["warn_only"]
        import torch._inductor.config
        assert torch._inductor.config.deterministic
        settle()
        assert torch._inductor.config.deterministic and determinism() == before
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_many_files_are_counted() -> None:
    old = Environment(code={f"losses/{k}.py": "1" for k in range(9)})
    new = Environment(code={f"losses/{k}.py": "2" for k in range(9)})
    assert changes(old, new)[-1] == "5 more files"
    assert len(changes(old, new)) == 5


@pytest.mark.parametrize("name", ["MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE"])
def test_variables_that_choose_kernels_are_another_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in environment.CHOOSE_KERNELS:
        monkeypatch.delenv(one, raising=False)
    before = measure("cpu", code={})
    monkeypatch.setenv(name, "AVX")
    now = measure("cpu", code={})
    assert now.id != before.id
    assert changes(before, now) == (f"{name} none -> AVX",)
    monkeypatch.setenv(name, "")
    assert measure("cpu", code={}).id == before.id
