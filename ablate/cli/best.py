"""`ablate best`: what a study found to be best, as a set."""

import json

from ablate.cli.arguments import DEFAULT_STORE, Json, Store, Study
from ablate.cli.saying import echo


def best(study: Study, store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """Print the values that no other value beats, the trade-offs, and the recipes of a search.

    Example: ablate best q4_variant_answer
    """
    from ablate.config.locations import study_name
    from ablate.report.best import best as find
    from ablate.report.best import in_words
    from ablate.report.source import read
    from ablate.store_folder import check_study
    from ablate.stored import encode

    name = study_name(study)
    check_study(store, name)
    found = find(read(store=store, study=name, is_explored=False))
    echo(json.dumps(encode(found), indent=2) if as_json else "\n".join(in_words(found)))
