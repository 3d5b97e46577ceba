"""`ablate selftest`: does the statistical protocol find a planted truth, and nothing else?"""

import json
from typing import TYPE_CHECKING

import typer

from ablate.cli.arguments import Json

if TYPE_CHECKING:
    from ablate.analysis.selftest.check import Check

LAYOUT = "{:<30}{:<23}{:<23}{:<4}"  # 80 columns


def selftest(as_json: Json = False) -> None:
    """Check the verdict engine on synthetic studies with a planted truth; needs no data.

    Under each check stands what the usual practice makes of the same studies. Exit code 1 when a
    bar is missed.

    Example: ablate selftest --json
    """
    from dataclasses import asdict

    from ablate.analysis.selftest.run import run

    checks = run()
    missed = [check for check in checks if not check.passes]
    if as_json:
        facts = [{**asdict(check), "passes": check.passes} for check in checks]
        typer.echo(json.dumps({"passes": not missed, "checks": facts}, indent=2))
    else:
        _print(checks)
        typer.echo(f"{len(checks) - len(missed)} of {len(checks)} checks pass")
    if missed:
        raise typer.Exit(1)


def _print(checks: "list[Check]") -> None:
    typer.echo(LAYOUT.format("check / usual practice", "bar", "result", ""))
    for check in checks:
        end = "pass" if check.passes else "FAIL"
        typer.echo(LAYOUT.format(check.name, check.bar, check.ours, end).rstrip())
        typer.echo(f"  {check.usual:<51}{check.usual_result}".rstrip())
