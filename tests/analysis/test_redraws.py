"""A block that was redrawn answers nothing; the spare one stands for it."""

import pandas as pd
import pytest

from ablate.analysis.redraws import caveats, registered, standing
from tests.analysis.test_answers import BLOCKS, POINTS, facts, tables
from tests.analysis.written import answer, phase


def test_the_spare_block_stands_for_the_dead_one() -> None:
    about, (runs, images) = facts(), tables(0.05)
    runs["health"] = "healthy"
    runs.loc[(runs["block"] == 3) & (runs["arm_id"] == "arm-a"), "health"] = "constant"
    spare = runs[runs["block"] == 4].copy()
    names = {one: f"{one}x" for one in spare["run_id"]}
    spare = spare.assign(block=9, run_id=spare["run_id"].map(names), health="negative")
    spare.loc[spare.index[-2:], "health"] = "healthy"
    more = images[images["run_id"].isin(names)]
    runs = pd.concat([runs, spare], ignore_index=True)
    images = pd.concat([images, more.assign(run_id=more["run_id"].map(names))])
    about["phases"]["answer"] |= {"redraws": 2, "redrawn": [[3, 9]], "dead": []}
    content = answer(about, runs, images, generated_by="x")
    assert content is not None
    (question,) = content["questions"]
    assert {cell["block"] for cell in question["cells"]} == {1, 2, 4, 5, 6, 7, 8, 9}
    assert question["redrawn"] == [{"block": 3, "by": 9}]
    counts = {one["value"]: one for one in question["health"]["counts"]}
    assert counts["a"]["states"] == {"constant": 2}  # of the dead block, not of the spare one
    assert counts["a"]["trainings"] == BLOCKS * POINTS
    assert question["verdict"] == "supported"
    assert any("block 3 by 9" in text for text in question["caveats"])


def test_a_study_without_spare_blocks_is_read_as_it_was() -> None:
    runs = pd.DataFrame({"block": [1, 2]})
    assert standing(phase({}), runs) is registered(phase({}), runs) is runs
    assert list(caveats(phase({"redraws": 2, "redrawn": [], "dead": []}))) == []


@pytest.mark.parametrize(("dead", "end"), [([2], "block 2, and"), ([2, 5], "blocks 2, 5, and")])
def test_dead_blocks_that_stay_are_told(dead: list[int], end: str) -> None:
    (text,) = caveats(phase({"redrawn": [], "dead": dead}))
    assert end in text
    assert "no spare block was left" in text
