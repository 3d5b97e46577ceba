"""verdict.json and the words: one source of numbers, one order, no banned word."""

import json
import re
from typing import Any

import pytest

from ablate.analysis.document import (
    ROW_COLUMNS,
    AnsweredQuestion,
    DataSummary,
    Verdicts,
    decode,
    encode,
    rows_table,
)
from ablate.analysis.facts import Facts
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.verdict import Verdict

PROMISED = {
    "metric",
    "role",
    "factor",
    "value",
    "baseline",
    "estimate",
    "percent",
    "ci_low",
    "ci_high",
    "p",
    "p_holm",
    "d_z",
    "p_better",
    "blocks",
    "images",
    "smallest_effect",
    "verdict",
    "run_ids",
}
FACTS = Facts(data="MSRS-mini", network="densefuse", budget="2000 steps", points=4)


def written(*verdicts: Verdict) -> Verdicts:
    return Verdicts(
        study="q4",
        design_hash="abc",
        data=DataSummary(label="MSRS-mini", hash="d", counts={"test": 40}),
        generated_by="ablate",
        questions=tuple(map(AnsweredQuestion.of, verdicts)),
    )


def test_the_file_has_the_promised_keys(judged: Any) -> None:
    document = written(judged({"qabf": [0, 1], "vif": [0, 0]}, facts=FACTS))
    content = json.loads(encode(document))
    assert set(content) == {"study", "design_hash", "data", "generated_by", "questions"}
    question = content["questions"][0]
    assert {"id", "asks", "verdict", "reason", "rows"} <= set(question)
    assert len(question["rows"]) == 2
    for row in question["rows"]:
        assert set(row) >= PROMISED
    assert content["data"] == {"label": "MSRS-mini", "hash": "d", "test": 40}
    assert encode(decode(encode(document))) == encode(document)


@pytest.mark.parametrize("effects", [{"qabf": [0, 1]}, {"qabf": [0, 0]}])
def test_numbers_that_do_not_exist_are_null_and_never_nan(judged: Any, effects: Any) -> None:
    found = judged(effects, blocks=1, sd=0.0, smallest_effect={}, percent_base={})
    row = json.loads(encode(written(found)))["questions"][0]["rows"][0]
    assert row["p"] is None
    assert row["percent"] is None
    assert b"NaN" not in encode(written(found))
    flat = judged(effects, sd=0.0)
    assert b"Infinity" not in encode(written(flat))


def test_the_same_answers_give_the_same_bytes_and_other_answers_others(judged: Any) -> None:
    one, two = judged({"qabf": [0, 1]}), judged({"qabf": [0, 1]})
    assert encode(written(one)) == encode(written(two))
    assert encode(written(one)) != encode(written(judged({"qabf": [0, 1.0001]})))


def test_the_table_holds_the_rows_of_all_questions(judged: Any) -> None:
    content = written(judged({"qabf": [0, 1, 2]}), judged({"vif": [0, 1]}))
    table = rows_table(content)
    assert tuple(table.columns) == ROW_COLUMNS
    assert table["metric"].tolist() == ["qabf", "qabf", "vif"]
    assert table["estimate"].tolist() == [row.estimate for q in content.questions for row in q.rows]


def test_a_sentence_follows_its_template(judged: Any) -> None:
    row = judged({"qabf": [0, 1]}, facts=FACTS, expects="higher").rows[0]
    pattern = r"supported: value b vs a changes Qabf by \+2\.\d\d % \(95 % CI \+\d\.\d\d to \+\d\.\d\d %\)\."
    assert re.fullmatch(pattern, row.sentence), row.sentence


def test_small_scales_keep_their_digits(judged: Any) -> None:
    row = judged({"qabf": [0, 1e-5]}, sd=2e-6, smallest_effect={"qabf": 1e-6}).rows[0]
    low, high = re.search(r"CI (\S+) to (\S+) %", row.sentence).groups()  # type: ignore[union-attr]
    assert float(low) < float(high)
    assert float(low) == pytest.approx(row.ci_low * row.to_percent, rel=0.1)


def test_no_word_claims_more_than_the_verdict(judged: Any) -> None:
    texts = []
    for effects in ({"qabf": [0, 1]}, {"qabf": [0, 0]}, {"qabf": [0, -1]}):
        for sd in (0.02, 3.0):
            found = judged(effects, sd=sd, facts=FACTS, expects="higher")
            texts += [found.reason, found.scope, *(row.sentence for row in found.rows)]
    for text in texts:
        assert not re.search(r"signific|prove|obviously|clearly", text), text


def test_the_scope_is_that_of_the_study(judged: Any) -> None:
    scope = judged({"qabf": [0, 1]}, facts=FACTS).scope
    assert all(part in scope for part in ("densefuse", "MSRS-mini", "2000 steps"))
    assert "not stated" in judged({"qabf": [0, 1]}, facts=Facts()).scope


def test_labels() -> None:
    assert [label_of(value) for value in (0.5, 3, "signed", True)] == ["0.5", "3", "signed", "True"]
    assert (metric_label("qabf"), metric_label("mine")) == ("Qabf", "mine")
