"""A project folder without the right to write: every command works, or ends in one line.

Rights do not stop root, so that the commands run without the capabilities that make it so.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CAPABILITIES = "-dac_override,-dac_read_search,-fowner"
STUDY = Path(__file__).parents[1] / "chaos" / "cold.yaml"
PROGRAM = """
import json, os, pathlib, sys
from tests.command_line import typed
place = pathlib.Path(sys.argv[1])
assert not os.access(place, os.W_OK)
done = [typed(*words, cwd=place) for words in json.loads(sys.argv[2])]
print(json.dumps([(one.returncode, one.stderr) for one in done]))
"""
WORKS = (["plan", "s.yaml"], ["check", "s.yaml"], ["status", "s.yaml"], ["best", "s.yaml"])
REFUSED = (  # command, where, what, the fix
    (["run", "s.yaml"], "ablate-store: belongs to ", "cannot be written", "chmod -R u+rwX"),
    (["run", "s.yaml", "--store", "new"], "new: ", "Permission denied", "--store"),
    (["doctor", "s.yaml", "--repair"], "ablate-store: belongs to ", "cannot be", "chmod -R u+rwX"),
    (["report", "s.yaml"], "ablate-store/s/report: ", "Permission denied", "name another place"),
    (["backup", "s", "copy"], "copy: ", "Permission denied", "name a folder that can be"),
    (["new", "mine"], "mine: ", "Permission denied", "name another place"),
)


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="as root it needs setpriv"
)
def test_every_command_works_or_says_where_what_and_the_fix(tmp_path: Path) -> None:
    place = tmp_path / "project"
    place.mkdir()
    shutil.copy(STUDY, place / "s.yaml")
    command = [sys.executable, "-m", "ablate", "run", "s.yaml"]
    project = {"PYTHONPATH": str(Path(__file__).parents[2])}
    environment = {**os.environ, **project, "HOME": str(tmp_path)}
    subprocess.run(command, cwd=place, check=True, capture_output=True, env=environment)
    before = sorted((path, path.stat().st_mtime_ns) for path in place.rglob("*"))
    for path in (place, *place.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    words = [*WORKS, *(one[0] for one in REFUSED)]
    less = ["setpriv", f"--bounding-set={CAPABILITIES}"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*less, sys.executable, "-c", PROGRAM, str(place), json.dumps(words)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for path in (place, *place.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    assert [code for code, _ in answers] == [0] * len(WORKS) + [1] * len(REFUSED), answers
    for (asked, *parts), (_, said) in zip(REFUSED, answers[len(WORKS) :], strict=True):
        assert len(said.strip().splitlines()) == 1, (asked, said)
        assert said.startswith(parts[0]), (asked, said)
        assert all(part in said for part in parts), (asked, said)
    assert sorted((path, path.stat().st_mtime_ns) for path in place.rglob("*")) == before
