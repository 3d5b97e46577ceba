"""Known advisories of pinned versions: a line each, or one line that no database was reached.

Run: make advisories, or python .ci/advisories.py constraints.txt where pip-audit is installed. Ends
with 1 where there are advisories, with 0 where there are none or none can be known here.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

DATABASES = ("osv", "pypi")
PATIENCE_S = 300
LONGEST = 100  # letters of a description


def asked(pins: str, database: str) -> Any:
    """Return what pip-audit found, as its JSON says it; None where it could not ask."""
    words = ["-r", pins, "--no-deps", "--disable-pip", "-f", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", *words, "-s", database, "--timeout", "15"],
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None


def main(pins: str, *, ask: Callable[[str, str], Any] = asked) -> int:
    """Print the advisories of the first database that answers, and return the exit code."""
    for database in DATABASES:
        found = ask(pins, database) or {}
        known = [one for one in found.get("dependencies", ()) if "vulns" in one]
        if known:
            return _said(pins, database, known, of=len(found["dependencies"]))
    print(f"{pins}: no database of advisories could be reached, or no pip-audit; nothing is known")
    return 0


def _said(pins: str, database: str, known: Sequence[Any], *, of: int) -> int:
    lines = [line for one in known for line in _lines(one)]
    print(
        "\n".join(
            [*lines, f"{pins}: {len(lines)} advisories of {len(known)} versions ({database})"]
        )
    )
    if len(known) < of:
        print(f"{pins}: {of - len(known)} versions are unknown to {database}")
    return 1 if lines else 0


def _lines(one: Any) -> Iterator[str]:
    for vulnerability in one["vulns"]:
        versions = ", ".join(vulnerability.get("fix_versions") or ()) or "no version yet"
        what = " ".join((vulnerability.get("description") or "").split())
        what = what if len(what) <= LONGEST else f"{what[:LONGEST]}..."
        text = f"{one['name']} {one['version']}: {vulnerability['id']}, fixed in {versions}: {what}"
        yield "".join(letter if letter.isprintable() else "?" for letter in text)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
