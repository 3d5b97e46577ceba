"""`ablate gc`: free the space of what a store can compute again."""

import json
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Store
from ablate.cli.saying import echo, say

MB = 1e6


def gc(
    store: Store = DEFAULT_STORE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove the caches of a store and print how much each took.

    Caches hold decoded pairs and what metrics compute of the sources, so that the runs of all
    studies need not do it again; also those that earlier versions kept inside each study. No
    result, picture, weight or checkpoint is touched. While a study of the store is running, the
    caches that it may read stay.

    Examples:
        ablate gc --dry-run
        ablate gc --store ablate-store
    """
    from ablate.study.caches import find, remove

    every = find(store)
    free = [cache for cache in every if not cache.users]
    kept = [cache for cache in every if cache.users]
    if not dry_run:
        for cache in free:
            remove(cache)
    total = sum(cache.size_bytes for cache in free)
    if as_json:
        facts = {
            "store": str(store),
            "dry_run": dry_run,
            "removed": [
                {"folder": str(one.folder), "kind": one.kind, "bytes": one.size_bytes}
                for one in free
            ],
            "kept": [
                {
                    "folder": str(one.folder),
                    "kind": one.kind,
                    "bytes": one.size_bytes,
                    "users": list(one.users),
                }
                for one in kept
            ],
            "bytes": total,
        }
        echo(json.dumps(facts, indent=2))
        return
    done = "would be removed" if dry_run else "removed"
    for cache in free:
        say(f"{cache.folder}: {cache.kind}, {cache.size_bytes / MB:.1f} MB, {done}")
    for cache in kept:
        say(
            f"{cache.folder}: {cache.kind}, {cache.size_bytes / MB:.1f} MB, kept: "
            f"{', '.join(cache.users)} is running; say it again when it has ended"
        )
    say(f"{store}: {total / MB:.1f} MB {'would be freed' if dry_run else 'freed'}")
