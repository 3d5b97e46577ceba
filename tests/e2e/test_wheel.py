"""The wheel in an empty folder: it carries studies, spaces and settings with it."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("ablate-*.whl")
    return made


def test_the_wheel_holds_what_a_study_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "ablate/_packaged/studies/quickstart.yaml",
        "ablate/_packaged/search_spaces/variants.yaml",
        "ablate/conf/earlier/1/trial.yaml",
        "ablate/settings/members.json",
        "ablate/report/page.html.j2",
        "ablate/py.typed",
    } <= names
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["check"], marks=pytest.mark.slow),  # tests/yaml checks every study by default
        ["plan", "quickstart"],
        ["list", "studies"],
    ],
)
def test_the_wheel_works_in_an_empty_folder(wheel: Path, tmp_path: Path, words: list[str]) -> None:
    code = "import ablate, sys; assert '_installed' in ablate.__file__; import ablate.__main__"
    inside = tmp_path / "_installed"
    zipfile.ZipFile(wheel).extractall(inside)
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path / "empty",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(inside)},
    )
    assert done.returncode == 0, done.stderr
    assert "quickstart" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_runs_from_the_installed_wheel_in_an_empty_folder(
    wheel: Path, tmp_path: Path
) -> None:
    home, empty = tmp_path / "venv", tmp_path / "empty"
    venv.create(home)
    empty.mkdir()
    (site,) = home.glob("lib/python*/site-packages")
    install = ["-m", "pip", "--python", str(home), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, *install, str(wheel)], check=True)
    dependencies = Path(pytest.__file__).parents[1]  # beside which the tree may be installed too
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    python = home / "bin" / "python"
    where = subprocess.run(
        [python, "-c", "import ablate; print(ablate.__file__)"],
        cwd=empty,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(site)
    done = subprocess.run(
        [home / "bin" / "ablate", "demo"],
        cwd=empty,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (empty / "ablate-store" / "quickstart" / "report" / "report.html").is_file()
    assert "report: ablate-store/quickstart/report/report.html" in done.stdout
