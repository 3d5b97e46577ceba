"""The register of `ablate audit`: noise from training to training, and scores of copies.

Run: python -m benchmarks.noise

Both are read from the published reports of networks; nothing is measured anew.
"""

import json
from pathlib import Path

from ablate.analysis.answers import PROBE, network_of
from ablate.auditing.noise import REGISTER, Copy, Register
from ablate.report.contents import Contents
from ablate.report.kept import DOCUMENT, contents_of
from ablate.report.noise import DIGITS, noise_of
from ablate.stored import encode

ROOT = Path(__file__).parents[1]


def register() -> Register:
    """Return noise and copies of every published report of a network."""
    found: list[tuple[Contents, str]] = []
    for path in sorted(ROOT.glob(f"reports/*/*/{DOCUMENT}")):
        contents = contents_of(path.parent)
        if PROBE not in network_of(contents.facts.settings):
            found.append((contents, path.parent.relative_to(ROOT).as_posix()))
    copies = {
        (contents.facts.data_label, row["name"], row["metric"]): Copy(
            data=contents.facts.data_label,
            name=str(row["name"]),
            metric=str(row["metric"]),
            value=round(float(row["value"]), DIGITS),
            protocol=contents.facts.protocol,
            source=source,
        )
        for contents, source in found
        for row in contents.comparators.dropna(subset=["value"]).to_dict("records")
        if row["kind"] == "copy"
    }
    return Register(noise=noise_of(found), copies=tuple(copies.values()))


def text(found: Register) -> str:
    """Return the file of a register."""
    return json.dumps(encode(found), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (ROOT / "ablate" / "auditing" / REGISTER).write_text(text(register()), encoding="utf-8")
