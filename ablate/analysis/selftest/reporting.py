"""Traps of reporting: the order of rows, numbers from two places, importance on noise."""

import io
import re
from dataclasses import asdict

import numpy as np
import pandas as pd

from ablate.analysis.document import AnsweredQuestion, Verdicts, decode, encode, rows_table
from ablate.analysis.facts import Selected
from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted
from ablate.analysis.selftest.check import Check
from ablate.analysis.verdict import Row
from ablate.numbers import is_number
from ablate.stats.main_effects import main_effects, shuffle_line

STUDIES = 200
TRIALS, SETTINGS = 64, 4  # the last one is the dummy


def order_of_rows() -> Check:
    """Runs that end in another order, on any number of workers, give the same bytes."""
    random = planted.generator("order of rows")
    answers = planted.table(planted.scores(random, effects=[0.0, 0.5, 1.0, 2.0]))
    orders = [answers] + [
        answers.sample(frac=1, random_state=int(random.integers(2**31))) for _ in range(5)
    ]
    files = {_file(order) for order in orders}
    usual = {sum(order.loc[order["value"] == "d", "score"].tolist()) for order in orders}
    return Check(
        name="order of runs and workers",
        bar="one file",
        ours=f"{len(files)} of {len(orders)}",
        is_met=len(files) == 1,
        usual="sums in the order in which the runs ended",
        usual_result=f"{len(usual)} of {len(orders)}",
        is_usual_met=len(usual) == 1,
    )


def one_source() -> Check:
    """Every number in words, table and CSV is the one of the verdict file."""
    random = planted.generator("one source")
    answers = planted.table(planted.scores(random, effects=[0.0, 0.5, 1.0, 2.0]))
    content = decode(_file(answers))
    table = rows_table(content)
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    pairs = list(zip(table["estimate"], again["estimate"], strict=True))
    rows = content.questions[0].rows
    strays = sum(len(_strays(row)) for row in rows) + sum(a != b for a, b in pairs)
    own_base = answers.loc[answers["value"] == "a", "score"].mean()
    usual = sum(f"{100 * row.estimate / own_base:+.2f}" != f"{row.percent:+.2f}" for row in rows)
    return Check(
        name="text, tables, CSV: one source",
        bar="0 strays",
        ours=f"{strays} strays",
        is_met=strays == 0,
        usual="percent of whatever baseline mean is at hand",
        usual_result=f"{usual} strays",
        is_usual_met=usual == 0,
    )


def dummy() -> Check:
    """On pure noise the unused control must not stand out."""
    random = planted.generator("dummy")
    shares, above = [], 0
    for _ in range(STUDIES):
        positions, scores = random.random((TRIALS, SETTINGS)), random.normal(size=TRIALS)
        effects = main_effects(positions, scores)
        shares.append(effects[-1] / effects.sum())
        line = shuffle_line(positions, scores, generator=random, shuffles=100)
        above += int(effects[-1] > line)
    usual, ours = float(np.mean(shares)), above / STUDIES
    return Check(
        name="the dummy on noise",
        bar="<= 0.05",
        ours=f"{ours:.3f}",
        is_met=ours <= 0.05,
        usual="importance summing to 1: share of the dummy",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= 0.05,
    )


def _file(answers: pd.DataFrame) -> bytes:
    verdict = judge(planted.question(), Selected(answers=answers), planted.FACTS)
    return encode(Verdicts(study="planted", questions=(AnsweredQuestion.of(verdict),)))


def _strays(row: Row) -> list[str]:
    """The numbers in a sentence that its row does not have, as far as it shows them."""
    known = [asdict(row), *map(asdict, row.budgets)]
    numbers = [float(value) for one in known for value in one.values() if is_number(value)]
    numbers += [value * row.to_percent for value in numbers] if row.to_percent else []
    fixed = {"95", "0.05", "80", "0.001"}  # level of the interval, alpha, power, smallest p
    shown = re.findall(r"[-+]?\d+(?:\.\d+)?", row.sentence)
    return [
        text
        for text in shown
        if text not in fixed
        and not any(f"{number:.{_places(text)}f}" == text.lstrip("+") for number in numbers)
    ]


def _places(text: str) -> int:
    return len(text.partition(".")[2])
