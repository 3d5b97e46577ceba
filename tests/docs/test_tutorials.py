"""The pages under docs/extend do what they say: their files are written, their commands run."""

import re
from pathlib import Path

import pytest

from ablate.cli.main import main
from tests.plugged import forgetting as forgetting

PAGES = sorted((Path(__file__).parents[2] / "docs" / "extend").glob("*.md"))
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.mark.e2e
@pytest.mark.usefixtures("forgetting")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(p, marks=pytest.mark.slow) if p.stem.startswith(("adopt", "repository")) else p
        for p in PAGES
        if p.stem != "README"
    ],
    ids=lambda p: p.stem,
)
def test_a_tutorial_runs_as_it_is_written(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    for _, title, text in blocks:
        if title:
            Path(title).parent.mkdir(parents=True, exist_ok=True)
            Path(title).write_text(text, encoding="utf-8")
    commands = [line for kind, _, text in blocks if kind == "bash" for line in text.splitlines()]
    assert commands
    for command in commands:
        program, *words = command.split()
        if program == "ls":
            assert all(Path(word).exists() for word in words), command
            continue
        if program == "pytest":
            assert pytest.main(["-q", "-p", "no:cacheprovider", *words]) == 0, command
            continue
        assert program == "ablate", command
        with pytest.raises(SystemExit) as end:
            main(words)
        assert not end.value.code, f"{command}: {capsys.readouterr().err}"


def test_every_page_is_in_the_list() -> None:
    listed = (PAGES[0].parent / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert page.stem == "README" or f"({page.name})" in listed
