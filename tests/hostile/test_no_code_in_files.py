"""Nothing in the package turns the content of a file into code: read from its syntax trees."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ablate.tracking import ui

PACKAGE = Path(__file__).resolve().parents[2] / "ablate"
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "breakpoint",
    "pickle.load",
    "pickle.loads",
    "pickle.Unpickler",
    "marshal.load",
    "marshal.loads",
    "shelve.open",
    "joblib.load",
    "dill.load",
    "dill.loads",
    "cloudpickle.load",
    "cloudpickle.loads",
    "yaml.load",
    "yaml.load_all",
    "yaml.full_load",
    "yaml.unsafe_load",
    "yaml.unsafe_load_all",
    "pd.read_pickle",
    "pandas.read_pickle",
    "np.fromfile",
    "os.system",
    "os.popen",
    "os.execv",
    "hydra.utils.instantiate",
    "hydra.utils.get_class",
    "hydra.utils.call",
    "instantiate",
    "torch.jit.load",
    "torch.hub.load",
    "mlflow.pyfunc.load_model",
    "OmegaConf.resolve",
    "xml.etree.ElementTree.parse",
    "zipfile.ZipFile.extractall",
    "tarfile.open",
}
MODULES = {"marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle", "xml"}
IMPORTERS = {  # of names in code, not in files
    "__init__.py",
    "registry.py",
    "plugins.py",
    "losses/__init__.py",
    "metrics/__init__.py",
    "settings/members.py",
}
OWN_XML = {"report/compact.py"}  # what matplotlib has written a moment before
# what git archives of the user's own repository, whose code is about to be run
OWN_TAR = {"training/tasks/command/repository.py"}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def faults(text: str, *, imports: bool = False) -> list[str]:
    """Return what a file calls or imports that could run what a file says."""
    found: list[str] = []
    tree = ast.parse(text)
    for name, call in calls(tree):
        words = {word.arg: word.value for word in call.keywords}
        if name in CALLS or name.removeprefix("builtins.") in CALLS:
            found.append(name)
        if name == "torch.load" and not _is(words.get("weights_only"), True):
            found.append("torch.load without weights_only=True")
        if name in ("np.load", "numpy.load") and not _is(words.get("allow_pickle"), False):
            found.append("np.load without allow_pickle=False")
        if "shell" in words and not _is(words["shell"], False):
            found.append("a shell")
        if name.endswith("import_module") and not imports:
            found.append(name)
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.partition(".")[0] in MODULES]
    return found


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_the_scan_sees_the_package() -> None:
    assert len(files()) > 150


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_of_the_package_turns_no_data_into_code(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    found = faults(path.read_text(encoding="utf-8"), imports=relative in IMPORTERS)
    if relative in OWN_XML:
        found = [one for one in found if not one.startswith("xml.")]
    if relative in OWN_TAR:
        found.remove("tarfile.open")
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "exec(text)",
        "import pickle\npickle.loads(b)",
        "yaml.load(f)",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "torch.load(f, weights_only=flag)",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "pd.read_pickle(f)",
        "import joblib",
        "from dill import loads",
        "subprocess.run(words, shell=True)",
        "__import__(name)",
        "importlib.import_module(name)",
        "hydra.utils.instantiate(config)",
        "os.system(text)",
        "builtins.eval(text)",
        "from xml.etree import ElementTree",
    ],
)
def test_the_scan_bites(text: str) -> None:
    assert faults(text) != []


@pytest.mark.parametrize(
    "text",
    ["torch.load(f, weights_only=True)", "yaml.safe_load(f)", "model.eval()", "x.compile(1)"],
)
def test_the_scan_lets_the_safe_forms_pass(text: str) -> None:
    assert faults(text) == []


def test_the_ui_binds_to_loopback_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[list[str]] = []

    def run(name: str, command: list[str], **_: object) -> None:
        seen.append(command)

    monkeypatch.setattr("ablate.tracking.server_process.run", run)
    ui.serve(tmp_path, port=5001)
    (command,) = seen
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "5001"
    assert "0.0.0.0" not in command
    ui.serve(tmp_path, port=5001, host="192.0.2.7")
    assert seen[1][seen[1].index("--host") + 1] == "192.0.2.7"


def test_the_command_says_so_when_it_is_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ablate: Callable[..., Any]
) -> None:
    hosts: list[str] = []
    monkeypatch.setattr(ui, "links", lambda store, port, host: {})
    monkeypatch.setattr(ui, "serve", lambda store, host, **_: hosts.append(host))
    assert ablate("ui", "--store", tmp_path).err == ""
    assert "can read and change the store" in ablate("ui", "--host", "0.0.0.0").err
    assert hosts == ["127.0.0.1", "0.0.0.0"]
