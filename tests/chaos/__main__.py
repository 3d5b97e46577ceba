"""Random kills of a small study: `python -m tests.chaos --kills 200 --seed 0`.

Kills the driver, a worker, the fork server or all of them with signal 9, at random moments and
right after files appear; with --server the tracking server too, with --postgres it and PostgreSQL,
where both stores lie then. Readers (status, best, report, doctor, watch, ui) are started beside. Every
study must end as one that was let alone, every reader in words. Prints what was killed, read and
counted; exits with 1 on any deviation.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.chaos.killing import Round, Tally
from tests.chaos.outcome import Outcome, differences
from tests.chaos.readers import READERS
from tests.faults.postgres import Postgres
from tests.faults.serving import TrackingServer

Make = Callable[[Path], AbstractContextManager[Round]]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=12, help="kills of one study")
    parser.add_argument("--server", action="store_true", help="a tracking server, killed as well")
    parser.add_argument(
        "--postgres",
        action="store_true",
        help="PostgreSQL behind that server and Optuna, restarted and killed",
    )
    parser.add_argument("--folder", type=Path, help="kept; a temporary one if absent")
    words = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="chaos-") as temporary, ExitStack() as stack:
        base = words.folder or Path(temporary)
        draw, tally = random.Random(words.seed), Tally()
        postgres = Postgres() if words.postgres else None
        if postgres:
            stack.callback(postgres.close)
        make = partial(_stores, postgres=postgres, is_served=words.server or words.postgres)
        whole = _let_alone(base / "whole", make)
        print(f"let alone: {whole.counts}, wrong: {list(whole.wrongs) or 'nothing'}", flush=True)
        deviations = list(whole.wrongs)
        while tally.total < words.kills:
            kills = min(draw.randint(min(4, words.most), words.most), words.kills - tally.total)
            folder = base / f"study{tally.studies:03d}"
            found = _killed(folder, make, draw, tally, kills=kills, whole=whole)
            deviations += found
            print(
                f"study {tally.studies}: {tally.total} kills so far; {len(found)} deviations",
                flush=True,
            )
            for line in found:
                print(f"  {line[:400]}", flush=True)
    print(f"kills: {tally.total} {dict(tally.kills)}")
    print(f"studies: {tally.studies}, each with the counts {whole.counts}; starts: {tally.starts}")
    print(f"readers: {dict(sorted(tally.readers.items()))}")
    print(f"compared letter by letter: {', '.join(whole.texts)}")
    print(f"deviations: {len(deviations)}")
    return 1 if deviations else 0


@contextmanager
def _stores(folder: Path, *, postgres: Postgres | None, is_served: bool) -> Iterator[Round]:
    """Yield a study with stores of its own, whose server runs until the end."""
    database = None
    if postgres:
        for name in (f"optuna_{folder.name}", database := f"mlflow_{folder.name}"):
            postgres.sql(f'create database "{name}"')
    url = postgres.url(database) if postgres and database else None
    server = TrackingServer(folder / "server", url) if is_served else None
    try:
        if server:
            server.start()
        yield Round(folder, server, postgres=postgres, readers=READERS)
    finally:
        if server:
            server.kill()


def _let_alone(folder: Path, make: Make) -> Outcome:
    with make(folder) as one:
        return one.let_alone()


def _killed(
    folder: Path, make: Make, draw: random.Random, tally: Tally, *, kills: int, whole: Outcome
) -> list[str]:
    try:
        with make(folder) as one:
            found = differences(one.killed(draw, tally, kills=kills), whole)
            tally.readers += one.readers.counts if one.readers else Counter()
            return found
    except AssertionError as error:
        return [f"{folder}: {error}"]


if __name__ == "__main__":
    sys.exit(main())
