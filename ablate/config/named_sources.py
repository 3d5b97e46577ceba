"""A study over other sources than infrared and visible: every setting says their names.

A file, a packaged one too, may call the first source `infrared` and the second `visible`, or as its
data set calls them; behind this step there are the names of the data set alone.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from ablate.settings.sources import sources_of

PARTS: Final = ("space", "factors", "nuisance", "questions", "phases")
OF_LOSSES: Final = "losses."


def in_names_of_sources(
    base: dict[str, Any], tree: Mapping[str, Any], names: dict[str, Collection[str]]
) -> tuple[dict[str, Any], Mapping[str, Any], dict[str, Collection[str]]]:
    """Return the settings of a training, the study and the known names, sources by their names.

    Args:
        base: Settings by section; `data` says what the sources are called.
        tree: The whole study.
        names: Valid names by kind, such as those of selections.
    """
    sources = sources_of(base.get("data"))
    if sources.are_usual:
        return base, tree, names
    named: dict[str, Any] = {
        name: sources.in_names(base[name]) for name in ("loss", "model") if name in base
    }
    train = base.get("train")
    if isinstance(train, dict) and "stages" in train:
        named["train"] = {**train, "stages": sources.in_names(train["stages"])}
    kinds = {
        kind: tuple(sources.in_names(list(some))) if kind.startswith(OF_LOSSES) else some
        for kind, some in names.items()
    }
    parts = {name: sources.in_names(tree[name]) for name in PARTS if name in tree}
    return base | named, {**tree, **parts}, kinds
