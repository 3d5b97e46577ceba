"""What stands beside the table of a plan, in words."""

from pathlib import Path

from ablate import config
from ablate.study.plan import make
from ablate.study.remarks import remarks


def lines(study: str, phase: str, *words: str, folder: Path | None = None) -> str:
    made = make(config.load(study, words, folder))
    return "\n".join(remarks(made, made.config.phases[phase]))


def write(folder: Path, study: str, text: str) -> None:
    (folder / "studies").mkdir()
    (folder / "studies" / f"{study}.yaml").write_text(text)


def test_an_answer_phase_says_what_it_tunes() -> None:
    text = lines("q4_variant_answer", "answer")
    assert "learning_rate 0.003 to 0.03 (log)" in text
    assert "claims nothing" not in text


def test_a_family_that_sign_flips_can_never_reject_under_holm_is_named() -> None:
    text = lines("q1_scale_ratio", "answer")
    assert (
        "ratio: with 8 blocks an exact sign-flip test cannot become significant after Holm's"
        in text
    )
    assert "(smallest p 0.094; 9 blocks can)" in text
    assert "never reject" not in lines("q4_variant_answer", "answer", "phases.answer.preset=full")


def test_smoke_says_before_launch_that_it_claims_nothing() -> None:
    assert "preset smoke: this phase claims nothing" in lines(
        "q4_variant_answer", "answer", "phases.answer.preset=smoke"
    )


def test_a_held_nuisance_is_a_caveat() -> None:
    text = lines("q4_variant_answer", "answer", "+nuisance.gradient_weight=fixed")
    assert "caveat: gradient_weight held at the base value" in text


def test_a_plain_design_needs_no_remark() -> None:
    assert lines("q4_variant", "compare") == ""


def test_each_exploration_says_how_many_of_its_own_points_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        "two",
        "title: Two explorations\n"
        "space: {dimensions: {ratio: {path: loss.ratio, type: float, low: 0.3, high: 0.8}}, "
        "constraints: {low: {require: 'loss.ratio < 0.6', because: it is one}}}\n"
        "factors: {ratio: {values: [0.4, 0.5]}}\n"
        "phases: {few: {design: sobol, trials: 8}, many: {design: sobol, trials: 32}}\n",
    )
    made = make(config.load("two", (), tmp_path))
    left_out = {
        phase: trials - sum(trial.phase == phase for trial in made.trials)
        for phase, trials in (("few", 8), ("many", 32))
    }
    assert 0 < left_out["few"] < left_out["many"]
    for phase, count in left_out.items():
        said = lines("two", phase, folder=tmp_path)
        assert f"{count} points break a constraint and are left out" in said


def test_a_fraction_prints_its_aliases(tmp_path: Path) -> None:
    write(
        tmp_path,
        "part",
        "title: A fraction\n"
        "space: {dimensions: {padding: {path: loss.padding, type: categorical, "
        "choices: [zeros, replicate]}, resampler: {path: loss.resampler, type: categorical, "
        "choices: [bilinear, area]}, sign: {path: loss.sign, type: categorical, "
        "choices: [kept, free]}}}\n"
        "factors: {padding: {}, resampler: {}, sign: {}}\n"
        "phases: {part: {design: fractional_factorial, "
        "options: {generators: [sign = padding * resampler]}}}\n",
    )
    text = lines("part", "part", folder=tmp_path)
    assert "2^(3-1) fraction, 4 runs, resolution III" in text
    assert "I = padding*resampler*sign" in text
    assert "padding = resampler*sign" in text
