"""Goes on with a study whose store may be damaged, as its own messages say."""

from collections.abc import Sequence
from pathlib import Path

from tests.chaos.driving import start
from tests.chaos.outcome import STUDY
from tests.command_line import typed

MOST_STARTS = 4


def go_on(folder: Path, *, words: Sequence[str]) -> list[str]:
    """Run the study in a folder to its end; return what was built anew on the way."""
    typed_words = [str(STUDY), *words, "--store", "s"]
    rebuilt: list[str] = []
    for _ in range(MOST_STARTS):
        driver = start("run", *typed_words, cwd=folder, log=folder / "said")
        driver.join()
        if driver.exitcode == 0:
            return rebuilt
        said = (folder / "said").read_text().splitlines()[-1]
        part = said.rpartition("--rebuild ")[2].split(";")[0].strip()
        assert "damaged" in said, said
        assert part in ("mlflow", "optuna"), said
        typed("doctor", *typed_words, "--rebuild", part, cwd=folder)
        rebuilt.append(part)
    raise AssertionError(f"{MOST_STARTS} starts did not end it: {said}")
