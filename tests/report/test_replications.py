"""The table that puts studies with one question beside each other."""

from typing import Any

from ablate.report.replications import Asked, table


def row(contrast: str, metric: str = "qabf", **more: Any) -> dict[str, Any]:
    return {
        "metric": metric, "contrast": contrast, "role": "primary", "verdict": "supported",
        "estimate": 0.02, "percent": 4.0, "ci_low": 0.01, "ci_high": 0.03, **more,
    }  # fmt: skip


def asked(network: str, *rows: dict[str, Any], verdict: str = "supported") -> Asked:
    scope = (
        f"Scope: network {network}; data TNO; budget 9 steps, batch 4. Nothing is said beyond it."
    )
    return Asked(
        question={"asks": "Sign?", "scope": scope, "verdict": verdict, "reason": "", "rows": rows}
    )


def test_a_column_per_study_and_a_row_per_metric_and_contrast() -> None:
    one = asked(
        "probe",
        row("sign"),
        row(
            "split", verdict="undecided", percent=-1.0, estimate=-0.005, ci_low=-0.01, ci_high=0.001
        ),
    )
    other = asked("unet (width 4)", row("sign"), row("sign", "vif"), verdict="undecided")
    lines = list(table([one, other]))
    assert lines[0] == "| | probe, TNO | unet (width 4), TNO |"
    assert lines[2] == "| the question | ● **supported** | ○ **undecided** |"
    assert lines[3:] == [
        "| Qabf: sign | +4.00 (+2.00 to +6.00) ● | +4.00 (+2.00 to +6.00) ● |",
        "| Qabf: split | -1.00 (-2.00 to +0.20) ○ | – |",
        "| VIF: sign | – | +4.00 (+2.00 to +6.00) ● |",
    ]


def test_an_interval_stays_in_order_where_the_base_is_negative() -> None:
    (*_, line) = table([asked("probe", row("sign", percent=-4.0))])
    assert line == "| Qabf: sign | -4.00 (-6.00 to -2.00) ● |"


def test_without_a_percentage_the_estimate_stands_alone() -> None:
    (*_, line) = table([asked("probe", row("sign", percent=None))])
    assert line == "| Qabf: sign | +0.02 ● |"
    (*_, line) = table(
        [asked("probe", row("sign", verdict="not answerable", estimate=None, percent=None))]
    )
    assert line == "| Qabf: sign | × |"


def test_guardrails_and_secondary_metrics_are_not_listed() -> None:
    assert len(list(table([asked("probe", row("sign"), row("sign", "sd", role="guardrail"))]))) == 4
