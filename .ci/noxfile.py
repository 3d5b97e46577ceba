"""Python x Optuna x MLflow, and the least version of every library.

Run: pip install -e '.[matrix]', then nox -f .ci/noxfile.py --list. TORCH_ARGS says where torch
comes from, as for make. Paths after -- replace the tests of a session.
"""

import os
import shlex
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parents[1]
TORCH_ARGS = shlex.split(os.environ.get("TORCH_ARGS", ""))
TESTS = (
    "tests/config",
    "tests/search",
    "tests/study",
    "tests/tracking",
    "tests/metrics",
    "tests/losses",
    "tests/models",
    "tests/e2e/test_answer.py",
)
WITNESSES = (  # what tests need, not looked for among the oldest
    "beartype",
    "hatchling",
    "hypothesis",
    "jaxtyping",
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
    "scikit-image",
    "sewar",
    "statsmodels",
)
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests-3.11", "lowest"]


@nox.session(python=["3.11", "3.12", "3.13"])
@nox.parametrize("mlflow", ["3.13", "newest"])
@nox.parametrize("optuna", ["4.9", "5"])
def tests(session: nox.Session, optuna: str, mlflow: str) -> None:
    """Run the tests that know Optuna, MLflow, numbers or processes."""
    wanted = [f"optuna=={optuna}.*", f"mlflow=={mlflow}.*" if mlflow != "newest" else "mlflow"]
    _tested(session, ["-e", ".[dev]", *wanted])


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """Run them with the least version of everything that pyproject.toml allows."""
    _tested(session, ["--resolution", "lowest-direct", "-e", "."], more=WITNESSES)


def _tested(session: nox.Session, wanted: list[str], more: tuple[str, ...] = ()) -> None:
    session.chdir(ROOT)
    session.install(*TORCH_ARGS, "torch==2.13.0")
    session.install(*TORCH_ARGS, *wanted)
    if more:
        session.install(*more)
    found = session.run("uv", "pip", "list", silent=True, external=True) or ""
    names = ("numpy ", "pandas ", "torch ", "optuna ", "mlflow ")
    session.log(
        "; ".join(" ".join(line.split()) for line in found.splitlines() if line.startswith(names))
    )
    session.run(
        "python",
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow",
        *(session.posargs or TESTS),
        env={"OMP_NUM_THREADS": "1"},
    )
