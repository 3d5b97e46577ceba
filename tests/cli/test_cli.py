"""The command line: quick, quiet about internals, one line per fault."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import typed


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom ablate.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'mlflow', 'kornia', 'seaborn', 'optuna', 'hydra', 'pandas', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("demo", "check", "plan", "run", "status", "score", "report", "list", "ui", "data"):
        assert name in done.stdout


def test_plan_writes_nothing_and_prints_json(tmp_path: Path) -> None:
    done = typed("plan", "quickstart", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["runs"] == 14
    assert len({row["run_id"] for row in facts["trials"]}) == 8
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["run", "quikstart"], "did you mean 'quickstart'"),
        (["run", "quickstart", "model.name=densfuse"], "densefuse"),
        (["run", "quickstart", "train.steps=many"], "train.steps"),
        (["run", "quickstart", "data.crop=500"], "data.crop"),
        (["run", "quickstart", "data.crop=16"], "fewer levels"),
        (["run", "quickstart", "train.device=cuda:99"], "train.device"),
        (["run", "q4_variant", "data=msrs", "data.root=/no/such/folder"], "no such folder"),
        (["run", "quickstart", "objective=test/qabf"], "test"),
        (["run", "quickstart", "+base._target_=os.system"], "_target_"),
        (["report", "q4_variant", "--store", "empty"], "q4_variant"),
        (["list", "loses"], "did you mean 'losses'"),
        (["data", "verify", "msrs", "nowhere"], "no such folder"),
    ],
)
def test_bad_input_ends_in_a_line_that_mends_it_and_leaves_nothing(
    words: list[str], text: str, tmp_path: Path
) -> None:
    done = typed(*words, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert text in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    "kind",
    [
        "losses",
        "operators",
        "models",
        "metrics",
        "data",
        "spaces",
        "studies",
        "designs",
        "samplers",
        "pruners",
        "executors",
        "figures",
        "protocols",
    ],
)
def test_every_kind_can_be_listed(kind: str, tmp_path: Path) -> None:
    done = typed("list", kind, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_check_of_a_folder_tells_every_fault_of_studies_and_spaces(tmp_path: Path) -> None:
    packaged = Path(__file__).resolve().parents[2]
    for kind, name in (("studies", "q4_variant"), ("search_spaces", "variants")):
        text = (packaged / kind / f"{name}.yaml").read_text()
        (tmp_path / "mine" / kind).mkdir(parents=True)
        (tmp_path / "mine" / kind / f"{name}.yaml").write_text(text)
    assert typed("check", "mine", cwd=tmp_path).returncode == 0
    space = tmp_path / "mine" / "search_spaces" / "variants.yaml"
    space.write_text(space.read_text().replace("loss.sign: free", "loss.sing: free"))
    study = tmp_path / "mine" / "studies" / "q4_variant.yaml"
    study.write_text(study.read_text().replace("seeds: 3", "seeds: 0"))
    done = typed("check", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'sign'" in done.stderr
    assert "phases.compare.seeds" in done.stderr
    alone = typed("check", "mine/search_spaces/variants.yaml", cwd=tmp_path)
    assert alone.returncode == 2
    assert "did you mean 'sign'" in alone.stderr
    assert "phases" not in alone.stderr
    (tmp_path / "bare").mkdir()
    assert "holds no YAML file" in typed("check", "bare", cwd=tmp_path).stderr


FEW_BLOCKS = """
# @package _global_
space:
  dimensions:
    rate: {path: train.learning_rate, type: float, low: 0.001, high: 0.1, baseline: 0.01}
questions: {q: {asks: Which rate, compare: rate, primary: [qabf]}}
factors: {rate: {values: [0.01, 0.02]}}
phases: {p: {design: blocked, options: {points: 1, blocks: BLOCKS}}}
base: {data: {name: synthetic}}
objective: val/qabf
"""


@pytest.mark.parametrize(
    ("blocks", "said"), [("3.5", "phases.p.options.blocks: "), ("3", "3 blocks can never claim")]
)
def test_a_refusal_is_said_before_torch_and_mlflow_are_imported(
    tmp_path: Path, blocks: str, said: str
) -> None:
    """One of the file, and one that is found only when the study is planned."""
    (tmp_path / "few.yaml").write_text(FEW_BLOCKS.replace("BLOCKS", blocks))
    code = (
        "import sys\nfrom ablate.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code\n"
        "print(code, *(name for name in ('torch', 'mlflow', 'pandas') if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "few.yaml", "--store", "s"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stderr
    assert done.stdout.split() == ["2"]
