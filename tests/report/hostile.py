"""The report of a study whose every word is hostile."""

from dataclasses import replace
from pathlib import Path

from ablate.report.page import render
from tests.report.answered import VARIANT, answered_contents

EVIL = "<script>alert(1)</script> **b** [x](javascript:y) \\input{z} 50% a_b $\\bad{$ | `c`"
FORMULA = '=HYPERLINK("x")'


def hostile_report(out: Path) -> Path:
    """Render it into a folder and return that."""
    given = answered_contents(
        questions=[{**VARIANT, "asks": EVIL}],
        blocks=6,
        explored=0,
        hunted=0,
        images=3,
        title=EVIL,
        data_label=EVIL,
        budget=EVIL,
        asks=[EVIL],
        baseline_arm=EVIL,
        arms=[EVIL, FORMULA],
    )
    runs = given.runs.assign(arm=EVIL)
    runs.loc[0, ["state", "reason", "arm"]] = ["failed", EVIL, FORMULA]
    (question,) = given.answered
    hostile = replace(question, reason=EVIL, caveats=(EVIL,), scope=EVIL, notes=(EVIL,))
    assert given.verdicts is not None
    verdicts = replace(given.verdicts, questions=(hostile,))
    render(replace(given, runs=runs, verdicts=verdicts, links={"study": EVIL}), out)
    return out
