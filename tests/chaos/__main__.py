"""Random kills of a small study: `python -m tests.chaos --kills 200 --seed 0`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.killing import outcome_of, run_with_kills, show


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", type=Path, help="kept afterwards; a temporary folder if absent")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        base = words.store or Path(folder)
        base.mkdir(parents=True, exist_ok=True)
        whole = outcome_of(base / "whole", kills=0, seed=words.seed)
        killed, counts = run_with_kills(base / "killed", kills=words.kills, seed=words.seed)
    show(whole, killed, counts)
    return 0 if killed == whole and not killed.wrongs else 1


if __name__ == "__main__":
    sys.exit(main())
