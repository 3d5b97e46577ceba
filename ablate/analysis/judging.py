"""The verdict engine: guards first, then equivalence, then the corrected test, else undecided."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal

from ablate.analysis.cells import Cells, cells_of, tuned_baselines
from ablate.analysis.components import table_advice, table_headline
from ablate.analysis.contrasts import INTERACTION, QUADRATIC
from ablate.analysis.crowding import crowded_ends
from ablate.analysis.estimates import Estimate, by_flips, estimate
from ablate.analysis.facts import FEWEST_BLOCKS, Facts, Selected
from ablate.analysis.guards import failed_guards, too_many_dropped, untrained_contrasts
from ablate.analysis.influence import far_blocks
from ablate.analysis.question import Contrast, RegisteredQuestion, Role, metric_label
from ablate.analysis.sentences import caveats_of, scope_of, sentence_of
from ablate.analysis.verdict import Answer, Row, RowVerdict, Verdict
from ablate.analysis.words import Answered, Shown, advice, answered, headline
from ablate.published import Value
from ablate.stats.crossed import effective_cases
from ablate.stats.crossed_power import crossed_blocks, crossed_detectable
from ablate.stats.margins import equivalence_p, is_equivalent, is_non_inferior
from ablate.stats.multiplicity import holm

Key = tuple[str, str]  # contrast, metric
UNREPLICATED = "fewer than two blocks with all scores"


def judge(question: RegisteredQuestion, selected: Selected, facts: Facts) -> Verdict:
    """Return the answer to a question.

    Raises:
        DataError: A column is missing, or a cell has two scores.
        ConfigError: A smallest effect is a percentage without a base.
    """
    cells = {metric: cells_of(question, selected.answers, metric) for metric in question.metrics}
    failed = failed_guards(question, cells, selected, facts)
    found = {
        (contrast.name, metric): numbers
        for contrast in question.contrasts
        for metric in question.metrics
        if (numbers := estimate(question, contrast, metric, cells[metric]))
    }
    untrained = untrained_contrasts(question, selected)
    roles: tuple[Role, ...] = ("primary", "secondary", "guardrail")
    corrected = {role: _family(question, found, role, untrained) for role in roles}
    flipped = by_flips(question, cells)
    found = {key: replace(one, p_step_down=flipped.get(key)) for key, one in found.items()}
    runs = _run_ids(selected)
    rows = tuple(
        row_of(
            question,
            numbers,
            cells[metric],
            facts,
            p_holm=corrected[question.role_of(metric)].get((name, metric)),
            family=max(1, len(corrected[question.role_of(metric)])),
            is_failed=bool(failed),
            runs=runs,
        )
        for (name, metric), numbers in found.items()
        if name not in untrained  # its scores are the worst of others
    )
    verdict: Answer = "not answerable"
    reason = "; ".join(failed)
    if not failed:
        verdict, reason = answer_of(question, rows)
    contrasts = _contrasts(
        question,
        found,
        corrected,
        cells,
        is_answerable=not failed,
        untrained=untrained,
    )
    return Verdict(
        id=question.id,
        asks=question.asks,
        verdict=verdict,
        reason=reason,
        scope=scope_of(facts),
        caveats=(
            *caveats_of(question, selected, facts, cells),
            *far_blocks(question, cells),
            *crowded_ends(question, selected, facts),
        ),
        alpha=question.alpha,
        percent_of="tuned_baseline" if question.shown_base else "pilot",
        margins_of=question.percent_of,
        rows=rows,
        contrasts=contrasts,
        headline=table_headline(contrasts)
        if question.components and not failed
        else headline(question.factor, contrasts, not_answerable=failed[0] if failed else ""),
        advice=table_advice(contrasts)
        if question.components and not failed
        else advice(question.factor, contrasts, values=question.values),
    )


def _contrasts(
    question: RegisteredQuestion,
    found: Mapping[Key, Estimate],
    corrected: Mapping[Role, Mapping[Key, float]],
    cells: Mapping[str, Cells],
    *,
    is_answerable: bool,
    untrained: Collection[str],
) -> tuple[Answered, ...]:
    """The registered contrasts with their words; effects in percent of the tuned baseline."""
    equivalent = _equivalence(question, found)
    bases = tuned_baselines(question, cells)

    def shown(contrast: Contrast, metric: str) -> Shown | None:
        key = (contrast.name, metric)
        numbers = found.get(key)
        if numbers is None or numbers.t is None or contrast.name in untrained:
            return None
        low, high = float(numbers.t.low), float(numbers.t.high)
        sign, margin = question.sign_of(metric), question.margin_of(metric)
        base = bases.get(metric, 1.0)
        return Shown(
            metric=metric,
            change=100 * numbers.mean / base,
            low=100 * low / base,
            high=100 * high / base,
            is_better=sign * numbers.mean > 0 if numbers.mean else None,
            p=corrected[question.role_of(metric)].get(key),
            p_equivalent=equivalent.get(key),
            is_inside=margin is not None and is_equivalent(low=low, high=high, margin=margin),
            is_safe=margin is not None
            and is_non_inferior(low=min(sign * low, sign * high), margin=margin),
            is_answerable=is_answerable and not too_many_dropped(metric, cells[metric]),
        )

    answers = []
    for contrast in question.contrasts:
        if contrast.is_exploratory:
            continue
        primary = [one for name in question.primary if (one := shown(contrast, name))]
        guards = [one for name in question.guardrails if (one := shown(contrast, name))]
        answers.append(
            answered(
                contrast.name,
                pair=question.pair_of(contrast),
                primary=primary,
                guards=guards,
                alpha=question.alpha,
                expects=contrast.expects or question.expects,
                has_direction=not contrast.name.startswith((INTERACTION, QUADRATIC)),
            )
        )
    return tuple(answers)


def _equivalence(question: RegisteredQuestion, found: Mapping[Key, Estimate]) -> dict[Key, float]:
    """Holm's corrected p of the equivalences, over the registered contrasts in primary metrics."""
    family = {
        key: float(equivalence_p(numbers.mean, se=numbers.t.se, df=numbers.t.df, margin=margin))
        for key, numbers in found.items()
        if key[1] in question.primary
        and numbers.t is not None
        and not numbers.contrast.is_exploratory
        and (margin := question.margin_of(key[1])) is not None
    }
    return _corrected(family)


def answer_of(question: RegisteredQuestion, rows: tuple[Row, ...]) -> tuple[Answer, str]:
    """Return the answer that follows from judged rows, and its reason.

    Guardrails are asked only where the claim is one of better: every contrast that a primary
    metric finds better must have all guardrails non-inferior.
    """
    primary = [row for row in rows if row.role == "primary"]
    if rows and all(row.role == "exploratory" for row in rows):
        return "undecided", "not registered: described, never judged"
    supported = [row for row in primary if row.verdict == "supported"]
    contradicted = [row for row in primary if row.verdict == "contradicted"]
    if supported and contradicted:
        shared = {row.contrast for row in supported} & {row.contrast for row in contradicted}
        return "undecided", "metrics disagree" if shared else "contrasts disagree"
    if contradicted:
        return "contradicted", _directed(contradicted)
    if supported:
        better = {row.contrast for row in supported if row.is_better}
        vetoes = [
            row
            for row in rows
            if row.role == "guardrail" and row.contrast in better and row.verdict != "non-inferior"
        ]
        if vetoes:
            return "undecided", _vetoed(vetoes, alpha=question.alpha)
        return "supported", _directed(supported)
    if primary and all(row.verdict == "practically equivalent" for row in primary):
        return "practically equivalent", "every interval lies inside the smallest effect"
    return "undecided", _undecided(primary)


def _undecided(primary: list[Row]) -> str:
    """Return what would decide a question: a smallest effect, more blocks, or nothing."""
    needed = [row.blocks_needed for row in primary if row.verdict == "undecided"]
    if any(row.smallest_effect is None for row in primary):
        return "no smallest effect of interest is named for every primary metric"
    if any(count is None for count in needed):
        return "no number of blocks would find the smallest effects on these images"
    most = max((count for count in needed if count is not None), default=0)
    return f"{most} blocks would find the smallest effects of interest"


def _vetoed(rows: list[Row], *, alpha: float) -> str:
    """Return the guardrails that veto: those that are worse apart from those that may be.

    A loss with a corrected p below alpha is a trade-off, which more blocks would not undo.
    """
    lost: list[Row] = []
    rest: list[Row] = []
    for row in rows:
        is_sure = row.p_holm is not None and row.p_holm < alpha
        (lost if is_sure and row.is_better is False else rest).append(row)
    parts = [f"a trade-off, guardrail worse: {_which(lost)}"] if lost else []
    parts += [f"guardrail not shown to be no worse: {_which(rest)}"] if rest else []
    return ". ".join(parts)


def _directed(rows: list[Row]) -> str:
    """Return per contrast the metrics in which it is better, then those in which it is worse.

    Of an interaction only that it is there: more of a loss is not a gain.
    """
    parts = []
    for name in dict.fromkeys(row.contrast for row in rows):
        mine = [row for row in rows if row.contrast == name]
        if name.startswith(INTERACTION):
            parts.append(f"{name} in {', '.join(metric_label(row.metric) for row in mine)}")
            continue
        sides = {
            side: ", ".join(metric_label(row.metric) for row in mine if row.is_better is is_better)
            for side, is_better in (("better", True), ("worse", False))
        }
        listed = ", ".join(f"{side} in {metrics}" for side, metrics in sides.items() if metrics)
        parts.append(f"{name} {listed}")
    return "; ".join(parts)


def _which(rows: list[Row]) -> str:
    """Return the contrasts and metrics of rows, each metric once per contrast."""
    parts = dict.fromkeys(row.contrast for row in rows)
    return "; ".join(
        f"{name} in {', '.join(metric_label(row.metric) for row in rows if row.contrast == name)}"
        for name in parts
    )


def _family(
    question: RegisteredQuestion,
    found: Mapping[Key, Estimate],
    role: Role,
    untrained: Collection[str],
) -> dict[Key, float]:
    """Return Holm's corrected p over the registered contrasts in the metrics of a role.

    Contrasts that are not answerable stay in the family, as if nothing had been found.
    """
    family = {
        key: 1.0 if key[0] in untrained else float(numbers.t.p)
        for key, numbers in found.items()
        if question.role_of(key[1]) == role
        and numbers.t is not None
        and not numbers.contrast.is_exploratory
    }
    return _corrected(family)


def _corrected(family: Mapping[Key, float]) -> dict[Key, float]:
    return dict(zip(family, holm(list(family.values())).tolist(), strict=True))


def row_of(
    question: RegisteredQuestion,
    numbers: Estimate,
    cells: Cells,
    facts: Facts,
    *,
    p_holm: float | None,
    family: int,
    is_failed: bool,
    runs: Mapping[tuple[Value, int], str],
) -> Row:
    """Return the judged row of a contrast."""
    contrast, metric, t = numbers.contrast, numbers.metric, numbers.t
    margin, base = question.margin_of(metric), question.base_of(metric)
    value, baseline = question.pair_of(contrast) or (None, None)
    alpha = question.alpha / family
    verdict, reason = _judged(question, numbers, cells, p_holm=p_holm, is_failed=is_failed)
    involved = [v for v, w in zip(question.values, contrast.weights, strict=True) if w]
    spread = None if t is None else (float(t.block_variance), float(t.image_variance))
    cases = effective_cases(cells.groups) if cells.groups else None
    row = Row(
        metric=metric,
        role="exploratory" if contrast.is_exploratory else question.role_of(metric),
        factor=question.factor,
        contrast=contrast.name,
        value=value,
        baseline=baseline,
        estimate=numbers.mean,
        percent=100 * numbers.mean / abs(base) if base else None,
        ci_low=None if t is None else float(t.low),
        ci_high=None if t is None else float(t.high),
        se=None if t is None else float(t.se),
        df=None if t is None else float(t.df),
        p=None if t is None else float(t.p),
        p_holm=p_holm,
        p_step_down=numbers.p_step_down,
        p_sign_flip=numbers.p_sign_flip,
        p_wilcoxon=numbers.p_wilcoxon,
        d_z=numbers.d_z,
        p_better=None if numbers.better is None else numbers.better.share,
        p_better_low=None if numbers.better is None else numbers.better.low,
        p_better_high=None if numbers.better is None else numbers.better.high,
        is_better=question.sign_of(metric) * numbers.mean > 0 if numbers.mean else None,
        blocks=cells.scores.shape[0],
        points=facts.points,
        images=cells.scores.shape[2],
        images_dropped=cells.dropped,
        groups=len(set(cells.groups)) if cells.groups else None,
        cases=cases,
        block_variance=None if spread is None or cases is None else spread[0],
        smallest_effect=margin,
        detectable=None
        if spread is None
        else crossed_detectable(
            blocks=cells.scores.shape[0],
            block_variance=spread[0],
            image_variance=spread[1],
            cases=cases,
            alpha=alpha,
        ),
        blocks_needed=None
        if spread is None or margin is None
        else _needed(margin, spread, cases=cases, alpha=alpha),
        is_test_dependent=None
        if t is None or numbers.p_sign_flip is None
        else (bool(t.p < question.alpha) != (numbers.p_sign_flip < question.alpha)),
        verdict=verdict,
        reason=reason,
        sentence="",
        run_ids=tuple(
            runs[v, block] for block in cells.blocks for v in involved if (v, block) in runs
        ),
    )
    return replace(row, sentence=sentence_of(row, alpha=question.alpha))


def _needed(
    effect: float, spread: tuple[float, float], *, cases: float | None, alpha: float
) -> int | None:
    """Return the blocks that find an effect, at least those that a claim needs."""
    found = crossed_blocks(
        effect=effect,
        block_variance=spread[0],
        image_variance=spread[1],
        cases=cases,
        alpha=alpha,
    )
    return None if found is None else max(found, FEWEST_BLOCKS)


def _judged(
    question: RegisteredQuestion,
    numbers: Estimate,
    cells: Cells,
    *,
    p_holm: float | None,
    is_failed: bool,
) -> tuple[RowVerdict, str]:
    """Return the verdict of a row, in the order of the protocol, and its reason."""
    metric, t = numbers.metric, numbers.t
    dropped = too_many_dropped(metric, cells)
    if is_failed or dropped or t is None:  # of a failed guard the question says why
        return "not answerable", "" if is_failed else dropped or UNREPLICATED
    if numbers.contrast.is_exploratory:
        return "described", "not registered"
    low, high, margin = float(t.low), float(t.high), question.margin_of(metric)
    sign = question.sign_of(metric)
    if question.role_of(metric) == "guardrail":
        if margin is None:
            return "non-inferiority not shown", "no smallest effect of interest is named"
        is_safe = is_non_inferior(low=min(sign * low, sign * high), margin=margin)
        return ("non-inferior" if is_safe else "non-inferiority not shown"), ""
    if margin is not None and is_equivalent(low=low, high=high, margin=margin):
        return "practically equivalent", ""
    if p_holm is not None and p_holm < question.alpha:
        expects = numbers.contrast.expects or question.expects
        return _direction(expects, is_better=sign * numbers.mean > 0), ""
    return "undecided", ""


def _direction(
    expects: Literal["higher", "lower", "differs"], *, is_better: bool
) -> Literal["supported", "contradicted"]:
    """Return whether a difference goes the way that was expected."""
    if expects == "differs" or (expects == "higher") == is_better:
        return "supported"
    return "contradicted"


def _run_ids(selected: Selected) -> dict[tuple[Value, int], str]:
    """Return value and block -> the run whose scores stand there."""
    if "run_id" not in selected.answers:
        return {}
    firsts = selected.answers.drop_duplicates(["value", "block"])
    columns = (firsts[name].tolist() for name in ("value", "block", "run_id"))
    return {(value, int(block)): str(run) for value, block, run in zip(*columns, strict=True)}
