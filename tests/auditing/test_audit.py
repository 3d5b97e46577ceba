"""Forty tables with a fault, each found and nothing else; twenty clean ones, of which nothing is."""

import itertools
from pathlib import Path

import pytest

from ablate.auditing.audit import Audited, audit
from ablate.auditing.noise import Noise, register
from ablate.auditing.table import read
from tests.auditing.made import WRITERS, Made, clean, doctored

KNOWN = register()


def audited(made: Made, ending: str, folder: Path) -> Audited:
    path = folder / f"table{ending}"
    path.write_text(WRITERS[ending](made), encoding="utf-8")
    (table,) = read(path)
    assert [row.name for row in table.rows] == list(made.rows)
    return audit(table, noise=KNOWN.noise, copies=KNOWN.copies_of(made.data) if made.data else ())


def close(found: Audited) -> list[tuple[str, str]]:
    """Return row and head of the differences that may be noise."""
    return [(one.row, one.head) for one in found.differences if one.word in ("within", "between")]


def heads(made: Made) -> dict[str, str]:
    return {"$Q^{AB/F}$": "QAB/F"} | {head: head for head in made.heads if "$" not in head}


@pytest.mark.parametrize(
    ("seed", "ending"), zip(range(40), itertools.cycle(WRITERS), strict=False), ids=str
)
def test_every_seeded_fault_is_found_and_nothing_else(
    seed: int, ending: str, tmp_path: Path
) -> None:
    made = doctored(seed)
    assert made.fault is not None
    kind, row, head = made.fault
    found = audited(made, ending, tmp_path)
    label = heads(made)[head]
    faults = [(one.kind, one.row, one.head.removeprefix("Metrics ")) for one in found.findings]
    noisy = [(name, at.removeprefix("Metrics ")) for name, at in close(found)]
    if kind == "noise":
        assert faults == []
        assert noisy == [(row, label)]
    else:
        assert faults == [(kind, row, label)]
        assert made.data or noisy == []
        (one,) = found.findings
        assert one.says
        lines = WRITERS[ending](made).split("\n")
        assert (row or label.split("/")[0][-2:]) in lines[one.line - 1]


@pytest.mark.parametrize(
    ("seed", "ending"), zip(range(100, 120), itertools.cycle(WRITERS), strict=False), ids=str
)
def test_nothing_is_claimed_of_clean_tables(seed: int, ending: str, tmp_path: Path) -> None:
    made = clean(seed)
    found = audited(made, ending, tmp_path)
    assert found.findings == ()
    assert close(found) == []
    assert len(found.differences) == (len(made.rows) - 1) * len(made.heads)
    words = {one.word for one in found.differences}
    assert words <= {"beyond", "no noise known"}


def test_the_noise_of_a_difference_is_the_t_interval_of_two_trainings() -> None:
    from scipy import stats

    noise = Noise(network="n", data="d", metric="qabf", mean=0.5, sd=0.01, df=7)
    half = stats.t.ppf(0.975, 7) * 0.01 * 2**0.5
    assert noise.share == pytest.approx(half / 0.5)


def test_the_seeds_are_those_of_a_two_sample_t_test() -> None:
    from statsmodels.stats.power import TTestIndPower

    noise = Noise(network="n", data="d", metric="qabf", mean=0.5, sd=0.01, df=7)
    for change in (0.01, 0.02, 0.03):
        exact = TTestIndPower().solve_power(effect_size=change * 0.5 / 0.01, alpha=0.05, power=0.8)
        assert noise.seeds(change) == -(-exact // 1)
    assert noise.seeds(0.0) is None
    assert noise.seeds(1e-6) is None


def test_one_training_more_or_less_is_within_as_often_as_it_says() -> None:
    import numpy as np

    drawn = np.random.default_rng(0)
    inside, many = 0, 2000
    for _ in range(many):
        pilot, pair = drawn.normal(0.5, 0.01, 8), drawn.normal(0.5, 0.01, 2)
        noise = Noise(
            network="n", data="d", metric="qabf", mean=0.5, sd=float(pilot.std(ddof=1)), df=7
        )
        inside += abs(pair[0] - pair[1]) / 0.5 <= noise.share
    assert inside / many == pytest.approx(0.95, abs=0.015)


MARKS = r"""
\begin{tabular}{lccc}
\hline
Dataset & Method & VIF & SSIM (\%) \\ \hline
\multirow{2}{*}{MSRS} & A & \textbf{1.05} & 98.0 \\
 & Ours & 1.04 & {\bfseries 98.5} \\ \hline
\multirow{2}{*}{TNO} & A & 0.71 & \textbf{92.1}\\
 & Ours & \textbf{0.72} & -- \\ \hline
\end{tabular}
"""


def test_data_sets_are_compared_apart_and_percent_is_seen(tmp_path: Path) -> None:
    (tmp_path / "t.tex").write_text(MARKS, encoding="utf-8")
    (table,) = read(tmp_path / "t.tex")
    found = audit(table, noise=KNOWN.noise)
    assert found.findings == ()
    assert found.against == ("MSRS Ours", "TNO Ours")
    assert "SSIM (%): in percent" in found.notes
    assert [one.row for one in found.differences] == ["MSRS A", "TNO A", "MSRS A"]


def test_rows_that_are_bold_as_a_whole_are_no_claim(tmp_path: Path) -> None:
    text = "|m|VIF|SSIM|\n|-|-|-|\n|A|1.0|0.9|\n|**O1**|**1.1**|**0.8**|\n|O2|**0.9**|**0.9**|\n"
    (tmp_path / "t.md").write_text(text, encoding="utf-8")
    (table,) = read(tmp_path / "t.md")
    found = audit(table, noise=())
    assert found.findings == ()
    assert found.notes[0] == "bold as a whole, so not read as best: O1, O2"
    assert {one.word for one in found.differences} == {"no noise known"}


def test_a_copy_that_beats_every_row_speaks_of_the_metric(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("m,MI,VIF\nA,3.1,0.9\nOurs,3.2,1.2\n", encoding="utf-8")
    (table,) = read(tmp_path / "t.csv")
    found = audit(table, noise=(), copies=KNOWN.copies_of("msrs-mini"))
    assert [(one.kind, one.row, one.head) for one in found.findings] == [("copy", "A", "VIF")]
    assert any(note.startswith("MI: an unchanged copy of the visible") for note in found.notes)
    assert audit(table, noise=(), copies=()).findings == ()
