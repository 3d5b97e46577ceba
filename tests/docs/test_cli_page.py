"""docs/cli.md is what the commands say."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def cli_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cli_page", DOCS / "cli_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_in_step_with_the_commands(cli_page: ModuleType) -> None:
    written = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert written == cli_page.page(), "mend: python docs/cli_page.py"


def test_every_command_has_an_example_and_stands_on_the_page_once(cli_page: ModuleType) -> None:
    text = cli_page.page()
    for _, name, *_ in cli_page.COMMANDS:
        assert text.count(f"### ablate {name}\n") == 1
    assert "```bash\n```" not in text
