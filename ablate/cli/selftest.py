"""`ablate selftest`: does the statistical protocol find a planted truth, and nothing else?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.cli import completing
from ablate.cli.arguments import DEFAULT_STORE, Json, Store
from ablate.cli.saying import echo

if TYPE_CHECKING:
    from ablate.analysis.selftest.check import Check
    from ablate.analysis.selftest.shuffled import Shuffled

LAYOUT = "{:<30}{:<23}{:<23}{:<4}"  # 80 columns


def selftest(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="A study that has run: shuffle its labels instead.",
            autocompletion=completing.studies,
        ),
    ] = None,
    shuffles: Annotated[
        int, typer.Option("--shuffles", min=1, help="How often the labels are shuffled.")
    ] = 200,
    full: Annotated[
        bool, typer.Option("--full", help="Ten times the simulated studies; some minutes.")
    ] = False,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Check the verdict engine on synthetic studies with a planted truth; needs no data.

    Under each check stands what the usual practice makes of the same studies. With a study the
    control is its own runs: the values of a factor change places at random within each block and
    tuning point, so that whatever is still claimed is false. Exit code 1 when a bar is missed.

    Examples:
        ablate selftest
        ablate selftest --full
        ablate selftest q4_variant_answer --shuffles 1000
    """
    if study is not None:
        _control(study, shuffles, store=store, as_json=as_json)
        return
    from dataclasses import asdict

    from ablate.analysis.selftest.run import run

    checks = run(full=full)
    missed = [check for check in checks if not check.passes]
    if as_json:
        facts = [{**asdict(check), "passes": check.passes} for check in checks]
        echo(json.dumps({"passes": not missed, "checks": facts}, indent=2))
    else:
        _print(checks)
        echo(f"{len(checks) - len(missed)} of {len(checks)} checks pass")
    if missed:
        raise typer.Exit(1)


def _print(checks: "list[Check]") -> None:
    echo(LAYOUT.format("check / usual practice", "bar", "result", ""))
    for check in checks:
        end = "pass" if check.passes else "FAIL"
        echo(LAYOUT.format(check.name, check.bar, check.ours, end).rstrip())
        echo(f"  {check.usual:<51}{check.usual_result}".rstrip())


def _control(study: str, shuffles: int, *, store: Path, as_json: bool) -> None:
    """Print what is claimed of shuffled labels, question by question."""
    from dataclasses import asdict

    from ablate.analysis.selftest.shuffled import shuffled
    from ablate.cli.progress import Counter
    from ablate.config.locations import study_name
    from ablate.report.source import read

    contents = read(store=store, study=study_name(study), pictures=False, is_explored=False)
    found: list[Shuffled] = []
    with Counter("shuffling") as counter:
        for one in shuffled(
            contents.facts, contents.runs, contents.images, shuffles=shuffles, step=counter.step
        ):
            found.append(one)
            if not as_json:
                echo(_sentence(one))
    is_fine = all(one.passes for one in found)
    if as_json:
        facts = [{**asdict(one), "passes": one.passes} for one in found]
        echo(json.dumps({"passes": is_fine, "questions": facts}, indent=2))
    if not is_fine:
        raise typer.Exit(1)


def _sentence(one: "Shuffled") -> str:
    end = "pass" if one.passes else "FAIL"
    return (
        f"{one.question}: labels shuffled {one.shuffles} times, something claimed in {one.claims} "
        f"({one.claims / one.shuffles:.1%}); at most {one.most} may: {end}"
    )
