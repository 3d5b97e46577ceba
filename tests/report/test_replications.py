"""The table that puts studies with one question beside each other."""

from dataclasses import fields, replace
from typing import Any

from ablate.analysis.document import AnsweredQuestion, CellMean
from ablate.analysis.verdict import Answer, Row
from ablate.report.replications import glance, table

ROW: dict[str, Any] = {
    **dict.fromkeys(one.name for one in fields(Row) if one.name not in ("budgets", "by_block")),
    "role": "primary",
    "verdict": "supported",
    "estimate": 0.02,
    "percent": 4.0,
    "ci_low": 0.01,
    "ci_high": 0.03,
    "is_better": True,
    "factor": "variant",
    "value": "signed",
    "baseline": "sign_free",
    "blocks": 8,
    "points": 1,
    "images": 9,
    "images_dropped": 0,
    "reason": "",
    "sentence": "",
    "run_ids": (),
}


def row(contrast: str, metric: str = "qabf", **more: Any) -> Row:
    return Row(**{**ROW, "metric": metric, "contrast": contrast, **more})


def asked(network: str, *rows: Row, verdict: Answer = "supported") -> AnsweredQuestion:
    scope = (
        f"Scope: network {network}; data TNO; budget 9 steps, batch 4. Nothing is said beyond it."
    )
    return AnsweredQuestion(
        id="q",
        asks="Sign?",
        scope=scope,
        verdict=verdict,
        reason="",
        caveats=(),
        rows=rows,
        alpha=0.05,
        cells=tuple(
            CellMean(metric=one.metric, block=1, value=value, score=0.5)
            for one in rows
            for value in (one.value, one.baseline)
            if value is not None
        ),
    )


def test_a_column_per_study_and_a_row_per_metric_and_contrast() -> None:
    split: dict[str, Any] = {"percent": -1.0, "estimate": -0.005, "ci_low": -0.01, "ci_high": 0.001}
    one = asked("none (probe)", row("sign"), row("split", verdict="undecided", **split))
    other = asked("unet (width 4)", row("sign"), row("sign", "vif"), verdict="undecided")
    lines = list(table([one, other]))
    assert lines[0] == "| network, data | none (probe), TNO | unet (width 4), TNO |"
    assert lines[2] == "| the question | **supported** | **undecided** |"
    assert lines[3:] == [
        "| Qabf: sign (signed vs sign_free) | +4.00 (+2.00 to +6.00) ▲ | +4.00 (+2.00 to +6.00) ▲ |",
        "| Qabf: split (signed vs sign_free) | -1.00 (-2.00 to +0.20) ○ | – |",
        "| VIF: sign (signed vs sign_free) | – | +4.00 (+2.00 to +6.00) ▲ |",
    ]


def test_the_mark_says_the_direction_whatever_was_expected() -> None:
    for verdict in ("supported", "contradicted"):
        (*_, line) = table([asked("a", row("sign", verdict=verdict, is_better=False))])
        assert line.endswith("▼ |")


def test_numbers_are_compared_under_the_name_of_their_factor() -> None:
    pair: dict[str, Any] = {"factor": "levels", "value": 2, "baseline": 3}
    (*_, line) = table([asked("a", row("2 vs 3", **pair))])
    assert line.startswith("| Qabf: levels 2 vs 3 |")
    trend: dict[str, Any] = {"factor": "ratio", "value": None, "baseline": None}
    (*_, line) = table([asked("a", row("linear in log2 ratio", **trend))])
    assert line.startswith("| Qabf: linear in log2 ratio |")


def test_an_interval_stays_in_order_where_the_base_is_negative() -> None:
    (*_, line) = table([asked("a", row("sign", percent=-4.0))])
    assert "| -4.00 (-6.00 to -2.00) ▲ |" in line


def test_without_a_percentage_the_estimate_stands_alone() -> None:
    (*_, line) = table([asked("a", row("sign", percent=None))])
    assert line.endswith("| +0.02 ▲ |")
    (*_, line) = table([asked("a", row("sign", verdict="not answerable", percent=None))])
    assert line.endswith("| +0.02 × |")


def test_guardrails_and_secondary_metrics_are_not_listed() -> None:
    assert len(list(table([asked("a", row("sign"), row("sign", "sd", role="guardrail"))]))) == 4


def test_at_a_glance_stand_what_is_sure_and_guardrails_that_are_lost() -> None:
    lost = {"role": "guardrail", "is_better": False, "verdict": "non-inferiority not shown"}
    rows = (
        row("sign"),
        row("sign", "vif", is_better=False, percent=-3.0),
        row("split"),
        row("split", "vif", verdict="undecided"),
        row("linear in log2 ratio"),
        row("sign", "en", p_holm=0.01, percent=-0.5, **lost),
        row("sign", "sd", p_holm=0.3, **lost),
    )
    head, _, line = glance([asked("probe", *rows)])
    assert head == "| network, data | as a whole | variant: better ▲ | worse ▼ | else |"
    assert line == (
        "| probe, TNO | **supported** | Qabf: sign (signed vs sign_free) +4.0 %, split (signed vs "
        "sign_free) +4.0 % | VIF: sign (signed vs sign_free) -3.0 %; EN: sign (signed vs sign_free) "
        "-0.5 % | VIF 1 ○ |"
    )
    *_, line = glance([asked("probe", row("sign", verdict="practically equivalent"))])
    assert line.endswith("| – | – | Qabf 1 ≈ |")


def test_an_interaction_is_told_as_the_difference_at_either_value() -> None:
    """A loss that shrinks, -20 to -12, stands there as one, though the interaction is above 0."""
    name = "interaction variant (magnitude vs signed) x weighting (tuned vs fixed)"
    one = asked("probe", row(name, value=None, baseline=None, estimate=0.08, percent=8.0))
    scores = {
        "signed x fixed": 0.7,
        "signed x tuned": 0.75,
        "magnitude x fixed": 0.5,
        "magnitude x tuned": 0.63,
    }
    cells = [
        CellMean(metric=metric, block=block, value=value, score=score * scale + (block - 1.5))
        for metric, scale in (("qabf", 1.0), ("vif", 9.0))
        for block in (1, 2)
        for value, score in scores.items()
    ]
    head, _, line = glance([replace(one, cells=tuple(cells))])
    assert head == "| network, data | as a whole | variant: differs beyond chance | else |"
    sizes = "Qabf: magnitude vs signed -20.0 % at fixed and -12.0 % at tuned"
    assert line == f"| probe, TNO | **supported** | {sizes} | – |"


def test_what_percentages_and_margins_refer_to_stands_above_the_rows() -> None:
    """A pilot of 0.5 whose tuned baseline has 0.7: +4 % of the pilot is less of the latter."""
    one = asked("probe", row("signed vs sign_free", smallest_effect=0.005))
    cells = [
        CellMean(metric="qabf", block=block, value=value, score=score)
        for block, gain in ((1, -0.1), (2, 0.1))
        for value, score in (("sign_free", 0.7 + gain), ("signed", 0.72 + gain))
    ]
    one = replace(one, cells=tuple(cells))
    other = asked("unet", row("signed vs sign_free", percent=None))
    lines = list(table([one, other]))
    assert lines[3:5] == [
        "| smallest effects | Qabf 0.71 % | – |",  # 1 % of the pilot
        "| pilot, tuned baseline | Qabf 0.500, 0.700 | – |",
    ]
    named = replace(one, baseline="signed")  # as documents say it now
    assert list(table([named]))[4] == "| pilot, tuned baseline | Qabf 0.500, 0.720 |"
    assert len(list(table([other]))) == 4
