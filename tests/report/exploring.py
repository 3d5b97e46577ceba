"""The simulated study with its exploration looked at, once per process."""

from dataclasses import replace
from functools import cache

import pytest

from ablate.analysis import importance
from ablate.analysis.exploration import explore
from ablate.report.contents import Contents
from tests.report.answered import answered_contents


@cache
def explored_contents() -> Contents:
    """Return a study with pilot, exploration, hunt and answers; shared, never change it."""
    contents = answered_contents()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importance, "TREES", 4)  # quick; figures show any numbers
        return replace(contents, explored=explore(contents.facts, contents.runs))


@cache
def unexplored() -> Contents:
    """Return a study with a pilot and blocks of one tuning point, and nothing else."""
    contents = answered_contents(explored=0, hunted=0, points=1, images=2, selecting=("qabf",))
    return replace(contents, explored=explore(contents.facts, contents.runs))
