"""Random kills of a small study: `python -m tests.chaos --kills 200 --seed 0`.

Kills the driver, a worker, the fork server or all of them with signal 9, at random moments and
right after files appear; with --server the tracking server too. Every study must end as one that
was let alone. Prints what was killed and counted; exits with 1 on any deviation.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.killing import Round, Tally
from tests.chaos.outcome import Outcome, differences
from tests.faults.serving import TrackingServer


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=12, help="kills of one study")
    parser.add_argument("--server", action="store_true", help="a tracking server, killed as well")
    parser.add_argument("--folder", type=Path, help="kept; a temporary one if absent")
    words = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="chaos-") as temporary:
        base = words.folder or Path(temporary)
        draw, tally = random.Random(words.seed), Tally()
        whole = _let_alone(base / "whole", is_served=words.server)
        print(f"let alone: {whole.counts}, wrong: {list(whole.wrongs) or 'nothing'}", flush=True)
        deviations = list(whole.wrongs)
        while tally.total < words.kills:
            kills = min(draw.randint(min(4, words.most), words.most), words.kills - tally.total)
            folder = base / f"study{tally.studies:03d}"
            found = _killed(folder, draw, tally, kills=kills, whole=whole, is_served=words.server)
            deviations += found
            print(
                f"study {tally.studies}: {tally.total} kills so far; {len(found)} deviations",
                flush=True,
            )
            for line in found:
                print(f"  {line[:400]}", flush=True)
    print(f"kills: {tally.total} {dict(tally.kills)}")
    print(f"studies: {tally.studies}, each with the counts {whole.counts}; starts: {tally.starts}")
    print(f"compared letter by letter: {', '.join(whole.texts)}")
    print(f"deviations: {len(deviations)}")
    return 1 if deviations else 0


def _let_alone(folder: Path, *, is_served: bool) -> Outcome:
    server = TrackingServer(folder / "server") if is_served else None
    try:
        if server:
            server.start()
        return Round(folder, server).let_alone()
    finally:
        if server:
            server.kill()


def _killed(
    folder: Path, draw: random.Random, tally: Tally, *, kills: int, whole: Outcome, is_served: bool
) -> list[str]:
    server = TrackingServer(folder / "server") if is_served else None
    try:
        if server:
            server.start()
        return differences(Round(folder, server).killed(draw, tally, kills=kills), whole)
    except AssertionError as error:
        return [f"{folder}: {error}"]
    finally:
        if server:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
