"""No HOME, a user without a name, an ASCII locale, no git, no asserts: every ordinary command works.

Each of these surroundings is a process that types all commands, so that libraries are loaded once.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.test_odd_names import project, works

ROOT = Path(__file__).resolve().parents[2]
TYPE_ALL = """
import sys
from pathlib import Path
from tests.faults.test_surroundings import type_all
type_all(Path(sys.argv[1]))
print("all typed")
"""
SURROUNDINGS: dict[str, tuple[dict[str, str | None], list[str]]] = {
    "no home": ({"HOME": None, "USER": None, "LOGNAME": None}, []),
    "a home that cannot be": ({"HOME": "/nonexistent", "XDG_CACHE_HOME": None}, []),
    "ascii": ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, []),
    "no git": ({"PATH": "/nonexistent"}, []),
    "no asserts": ({}, ["-O"]),
}


def type_all(root: Path) -> None:
    """Type every ordinary command in a project; each must succeed."""
    study, store, data = "studies/tiny.yaml", root / "st", root / "data"
    images = ("--infrared", data / "ir", "--visible", data / "vi")
    commands: list[tuple[object, ...]] = [
        ("check", study),
        ("plan", study),
        ("data", "verify", "folders", data),
        ("run", study, "--store", store),
        ("status", study, "--store", store),
        ("report", study, "--store", store, "--out", root / "report"),
        ("best", study, "--store", store),
        ("doctor", study, "--store", store),
        ("backup", study, root / "copy", "--store", store),
        ("fuse", "--study", "tiny", "--best", *images, "--out", root / "f", "--store", store),
        ("score", *images, "--fused", f"ü={root / 'f'}", "--metrics", "en"),
    ]
    for words in commands:
        works(*words, cwd=root)


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_every_command_works_in_odd_surroundings(name: str, tmp_path: Path) -> None:
    changes, flags = SURROUNDINGS[name]
    root = project(tmp_path / ("plain" if name == "ascii" else "prüfung"))  # else no store: a line
    kept = {**os.environ, "PYTHONPATH": str(ROOT)}
    kept.pop("PYTHONIOENCODING", None)
    environment = {key: value for key, value in kept.items() if key not in changes}
    environment |= {key: value for key, value in changes.items() if value is not None}
    done = subprocess.run(
        [sys.executable, *flags, "-c", TYPE_ALL, str(root)],
        cwd=root,
        env=environment,
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode(errors="backslashreplace")
    assert done.returncode == 0, said[-3000:]
    assert done.stdout.endswith(b"all typed\n")
    assert "Traceback" not in said


def test_no_command_relies_on_an_assert_that_python_leaves_out() -> None:
    """Under -O an assert is not run: none may do work, as by a walrus or a call that changes."""
    import ast

    for path in (ROOT / "ablate").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assert):
                inside = list(ast.walk(node.test))
                assert not any(isinstance(one, ast.NamedExpr | ast.Await) for one in inside), path
                names = {
                    one.func.attr
                    for one in inside
                    if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
                }
                assert not names & {"pop", "append", "add", "remove", "write", "acquire"}, path
