"""The table of answers in README.md, from the verdict.json of published reports.

Run `python -m docs.readme_answers` after a report is published; a test holds the page to it.
"""

from pathlib import Path

from ablate.analysis.document import AnsweredQuestion, decode
from ablate.analysis.words import effect_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "README.md"
BEGIN, END = "<!-- answers: python -m docs.readme_answers -->", "<!-- end of answers -->"
STUDY, QUESTION = "paper_losses", "gradient_term"
METRICS = ("qabf", "vif")
CELLS = {  # folder below reports/STUDY -> head
    "msrs-mini-unet-width-8-depth-1-output-mean": "MSRS-mini",
    "roadscene-mini-unet-width-8-depth-1-output-mean": "RoadScene-mini",
}
ROWS = {  # value that the proposed term is compared with -> what the field calls it
    "seafusion": "magnitude (SeAFusion)",
    "tc_moa": "signed sum (TC-MoA)",
    "sign_free": "sign-free, three levels",
    "text_if": "sign-free, one level (Text-IF)",
}


def answered(folder: str) -> AnsweredQuestion:
    """Return the question of a published report."""
    file = ROOT / "reports" / STUDY / folder / "verdict.json"
    questions = decode(file.read_bytes(), where=str(file)).questions
    return next(one for one in questions if one.id == QUESTION)


def table() -> str:
    """Return a row per term that the paper's is compared with: effect and word per metric."""
    found = {folder: answered(folder) for folder in CELLS}
    heads = [f"{name}: {metric}" for name in CELLS.values() for metric in ("Qabf", "VIF")]
    lines = [f"| the paper's term against | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for baseline, label in ROWS.items():
        cells = []
        for question in found.values():
            one = next(one for one in question.contrasts if one.baseline == baseline)
            shown = {effect.metric: effect for effect in one.effects}
            rows = {row.metric: row for row in question.rows if row.contrast == one.contrast}
            is_answered = one.word != "not answerable"
            cells += [
                f"{effect_of(shown[name])}: {question.shown_word(rows[name])}"
                if is_answered
                else one.word
                for name in METRICS
            ]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return the page with the table between its two marks."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
