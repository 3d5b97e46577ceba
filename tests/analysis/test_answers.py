"""From published tables to verdict.json: roles, bases, cells, agreement, and no answer phase."""

import copy
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.answers import percent_bases
from ablate.analysis.document import encode
from ablate.analysis.selection import points_of
from tests.analysis.written import answer, study

METRICS = ["qabf", "vif", "en"]
VALUES = ("a", "b")
BLOCKS, POINTS, IMAGES = 8, 2, 30


def tables(effect: float, *, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs and images in which "b" scores `effect` above "a" in qabf."""
    random = np.random.default_rng(seed)
    runs, images = [], []
    of_image = random.normal(0, 0.02, IMAGES)
    for block in range(1, BLOCKS + 1):
        of_block = random.normal(0, 0.01)
        for point in range(1, POINTS + 1):
            for value in VALUES:
                run = f"{value}{block}{point}"
                rows = {}
                for metric in METRICS:
                    shift = effect if (metric, value) == ("qabf", "b") else 0.0
                    scores = 0.5 + shift + of_block + of_image + random.normal(0, 0.004, IMAGES)
                    rows[metric] = scores.mean()
                    images += [(run, "test", f"i{i:02d}", metric, scores[i]) for i in range(IMAGES)]
                runs.append(
                    {
                        "run_id": run,
                        "arm_id": f"arm-{value}",
                        "phase": "answer",
                        "state": "finished",
                        "reason": "",
                        "block": block,
                        "point": point,
                        "nuisance.learning_rate": 10 ** random.uniform(-4, -2),
                        **{f"val/{m}": v + random.normal(0, 0.001) for m, v in rows.items()},
                        **{f"test/{m}": v for m, v in rows.items()},
                    }
                )
    for pilot in range(6):
        runs.append(
            {
                "run_id": f"p{pilot}",
                "arm_id": "arm-a",
                "phase": "pilot",
                "state": "finished",
                "reason": "",
                **{f"test/{m}": 0.5 for m in METRICS},
            }
        )
    return pd.DataFrame(runs), pd.DataFrame(
        images, columns=["run_id", "split", "image", "metric", "value"]
    )


def facts(**question: Any) -> dict[str, Any]:
    asked = {
        "id": "q",
        "asks": "?",
        "factor": "variant",
        "baseline": "a",
        "ordered": False,
        "arms": [["a", "arm-a"], ["b", "arm-b"]],
        "primary": ["qabf"],
        "secondary": [],
        "guardrails": ["en"],
        "smallest_effect": {"qabf": "0.2%", "en": "2%"},
        "expects": "higher",
        "contrasts": ["baseline"],
        "trend": None,
        "images": "random",
        "agrees_with": None,
        **question,
    }
    return {
        "study": "s",
        "design_hash": "h",
        "data_label": "MSRS-mini",
        "data_name": "msrs",
        "data_hash": "d",
        "counts": {"test": IMAGES},
        "metrics": METRICS,
        "budget": "9 steps",
        "objective": "val/qabf",
        "questions": [asked],
        "held": [],
        "settings": {"model": {"name": "densefuse"}},
        "nuisance": [{"name": "learning_rate", "low": 1e-4, "high": 1e-2, "is_log": True}],
        "phases": {
            "pilot": {"design": "baseline_only", "seeds": 6},
            "answer": {
                "design": "blocked",
                "points": POINTS,
                "blocks": BLOCKS,
                "preset": "quick",
                "claims": True,
            },
        },
    }


def answered(effect: float, about: dict[str, Any] | None = None) -> dict[str, Any]:
    content = answer(about or facts(), *tables(effect), generated_by="ablate 0")
    assert content is not None
    return content


def test_a_planted_effect_is_supported_and_its_absence_is_not() -> None:
    (question,) = answered(0.05)["questions"]
    assert question["verdict"] == "supported"
    (row,) = [row for row in question["rows"] if row["role"] == "primary"]
    cells = [cell for cell in question["cells"] if cell["metric"] == row["metric"]]
    base = [cell["score"] for cell in cells if cell["value"] == question["baseline"]]
    assert row["percent"] == pytest.approx(100 * row["estimate"] / np.mean(base))
    assert (question["percent_of"], "margins_of" in question) == ("tuned_baseline", False)
    assert np.mean(row["by_block"]) == pytest.approx(row["estimate"])
    assert len(row["by_block"]) == BLOCKS
    (null,) = answered(0.0)["questions"]
    assert null["verdict"] in ("undecided", "practically equivalent")


def test_the_cells_hold_the_test_score_of_the_point_that_is_best_on_val() -> None:
    runs, _ = tables(0.05)
    (question,) = answered(0.05)["questions"]
    mine = runs[(runs["phase"] == "answer") & (runs["block"] == 3) & (runs["arm_id"] == "arm-b")]
    best = mine.nlargest(1, "val/qabf").iloc[0]
    (cell,) = [
        c for c in question["cells"] if (c["metric"], c["block"], c["value"]) == ("vif", 3, "b")
    ]
    assert cell["score"] == pytest.approx(best["test/vif"])
    (winner,) = [w for w in question["winners"] if (w["block"], w["value"]) == (3, "b")]
    assert winner["run_id"] == best["run_id"]
    assert winner["learning_rate"] == pytest.approx(best["nuisance.learning_rate"])


def test_the_file_is_plain_json_and_the_order_of_rows_has_no_part_in_it() -> None:
    runs, images = tables(0.05)
    shuffled = answer(
        facts(),
        runs.sample(frac=1, random_state=1),
        images.sample(frac=1, random_state=2),
        generated_by="ablate 0",
    )
    assert shuffled is not None
    assert encode(shuffled) == encode(answered(0.05))
    assert json.loads(encode(shuffled))["study"] == "s"


def test_a_study_without_an_answer_phase_has_no_verdict() -> None:
    about = facts()
    del about["phases"]["answer"]
    assert answer(about, *tables(0.05), generated_by="x") is None


def test_a_metric_without_a_role_is_secondary_and_never_decides() -> None:
    (question,) = study(facts()).questions
    assert question.role_of("vif") == "secondary"


def test_percentages_refer_to_the_finished_runs_of_the_pilot() -> None:
    runs, _ = tables(0.05)
    runs.loc[runs["run_id"] == "p0", "state"] = "failed"
    runs.loc[runs["run_id"] == "p0", "test/qabf"] = 9.0
    assert percent_bases(study(facts()), runs)["qabf"] == pytest.approx(0.5)
    assert percent_bases(study(facts()), runs[runs["phase"] != "pilot"]) == {}


def test_collapsed_runs_of_the_pilot_are_told_and_stay_in_the_mean() -> None:
    about = facts()
    runs, images = tables(0.05)
    assert not any("pilot" in text for text in only(about, runs, images)["caveats"])
    runs.loc[runs["run_id"] == "p0", "test/qabf"] = 0.001
    (text,) = [one for one in only(about, runs, images)["caveats"] if "pilot" in one]
    assert "pilot runs score less than half of the best in Qabf" in text
    assert f"{percent_bases(study(about), runs)['qabf']:.3g}" in text


def only(about: dict[str, Any], runs: pd.DataFrame, images: pd.DataFrame) -> dict[str, Any]:
    content = answer(about, runs, images, generated_by="a test")
    assert content is not None
    (question,) = content["questions"]
    return question


def test_a_smoke_phase_and_lost_runs_are_not_answerable() -> None:
    about = facts()
    about["phases"]["answer"] |= {"claims": False, "preset": "smoke"}
    (question,) = answered(0.05, about)["questions"]
    assert question["verdict"] == "not answerable"
    assert "smoke" in question["reason"]


def test_one_arm_may_serve_two_questions_and_coverage_alone_is_said() -> None:
    about = facts()
    other = {
        **copy.deepcopy(about["questions"][0]),
        "id": "tied",
        "agrees_with": "q",
        "primary": ["vif"],
        "smallest_effect": {"vif": "0.2%", "en": "2%"},
    }
    about["questions"].append(other)
    first, second = answered(0.05, about)["questions"]
    assert first["verdict"] == "supported"
    assert second["verdict"] != "supported"
    assert second["reason"].startswith("coverage, not ratio")
    other["primary"], other["smallest_effect"] = ["qabf"], {"qabf": "0.2%", "en": "2%"}
    (note,) = answered(0.05, about)["questions"][1]["notes"]
    assert note.startswith("Qabf at fixed levels")
    assert "the same side in both: b vs a" in note


def test_points_have_the_value_of_their_arm_and_plain_nuisance_names() -> None:
    runs, _ = tables(0.0)
    points = points_of(study(facts()).questions[0], runs[runs["phase"] == "answer"])
    assert set(points["value"]) == {"a", "b"}
    assert "learning_rate" in points


def test_a_pair_of_two_families_is_compared_once_whatever_its_direction() -> None:
    arms = [[1, "arm-1"], [2, "arm-2"], [3, "arm-3"], [4, "arm-4"]]
    about = facts(factor="levels", baseline=3, arms=arms, contrasts=["sequence", "baseline"])
    (question,) = study(about).questions
    assert [contrast.name for contrast in question.contrasts] == [
        "1 vs 3",
        "2 vs 3",
        "4 vs 3",
        "2 vs 1",
    ]


def test_an_ordered_sequence_says_where_the_plateau_starts() -> None:
    (plain,) = answered(0.05)["questions"]
    assert "plateau" not in plain
    assert plain["notes"] == []
    about = facts(ordered=True, contrasts=["sequence"])
    (question,) = answered(0.05, about)["questions"]
    assert question["plateau"]["smallest"] == "b"
    assert question["notes"] == [question["plateau"]["sentence"]]


def test_an_interaction_has_the_order_of_its_values_beside_it() -> None:
    crossed: list[dict[str, Any]] = [
        {"factor": "variant", "values": ["a", "b"], "baseline": "a"},
        {"factor": "crop", "values": [64, 128], "baseline": 128},
    ]
    about = facts(
        factor="variant x crop",
        baseline="a x 128",
        guardrails=[],
        contrasts=["interaction"],
        arms=[
            ["a x 64", "arm-a"],
            ["a x 128", "arm-b"],
            ["b x 64", "arm-b2"],
            ["b x 128", "arm-a2"],
        ],
        crossed=crossed,
        registered=True,
        smallest_effect={"qabf": "0.2%"},
        expects="differs",
    )
    runs, images = tables(0.05)
    more, pictures = tables(0.05, seed=1)
    more, pictures = more[more["phase"] == "answer"].copy(), pictures.copy()
    more["run_id"], pictures["run_id"] = "x" + more["run_id"], "x" + pictures["run_id"]
    more["arm_id"] += "2"
    content = answer(
        about, pd.concat([runs, more]), pd.concat([images, pictures]), generated_by="x"
    )
    assert content is not None
    (question,) = content["questions"]
    (row,) = [row for row in question["rows"] if row["role"] == "primary"]
    assert row["contrast"] == "interaction variant (b vs a) x crop (64 vs 128)"
    assert row["estimate"] == pytest.approx(0.10, abs=0.02)  # (0.05 - 0) - (0 - 0.05)
    assert question["verdict"] == "supported"
    (order,) = [one for one in question["agreement"] if one["metric"] == "qabf"]
    assert order["tau"] == -1.0
    assert question["notes"] == [order["sentence"]]
    assert encode(content)


def test_declared_looks_share_alpha() -> None:
    about = facts()
    about["phases"]["answer"]["looks"] = 2
    (question,) = answered(0.05, about)["questions"]
    assert question["alpha"] == 0.025
    assert "one of 2 looks declared in advance, alpha 0.025 each" in question["caveats"]
    (row,) = [row for row in question["rows"] if row["role"] == "primary"]
    assert "97.5 % CI" in row["sentence"]
