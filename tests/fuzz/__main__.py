"""Fuzz one reader by coverage: python -m tests.fuzz READER --new DIR [--runs N] [--seconds S].

Needs atheris, which no test needs: pip install -e '.[fuzz]'. Inputs that reach new code are written
to --new; `python -m tests.fuzz.minimise READER DIR` adds a few of them to the committed corpus. A
finding is written as crash-* to the current folder: mend the product, then add the file.
"""

import argparse
import importlib
import sys
from pathlib import Path

READERS = ("study", "expression", "journal", "manifest")
CORPUS = Path(__file__).parent / "corpus"
LONGEST_BYTES = {"study": 3500, "expression": 520, "journal": 1200, "manifest": 1200}


def main() -> None:
    """Run libFuzzer over one harness."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--new", type=Path, required=True, help="folder of new inputs")
    asked = parser.parse_args()
    try:
        import atheris
    except ImportError:
        parser.error("needs atheris: pip install -e '.[fuzz]'")
    with atheris.instrument_imports(include=["ablate", "yaml", "json"]):
        harness = importlib.import_module(f"tests.fuzz.{asked.reader}")
    known, new = CORPUS / asked.reader, asked.new
    new.mkdir(parents=True, exist_ok=True)
    options = [f"-max_len={LONGEST_BYTES[asked.reader]}", "-timeout=20", "-print_final_stats=1"]
    options += [f"-runs={asked.runs}"] if asked.runs else []
    options += [f"-max_total_time={asked.seconds}"] if asked.seconds else []
    atheris.Setup([sys.argv[0], *options, str(new), str(known)], harness.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
