"""What is known of a data set: layout, official counts, source, licence, how to get it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ablate.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts of a data set, each with its source.

    `counts` is train and test where the authors split the set, "all" where they did not, and empty
    where no number is official. In the published train part, val is carved by us.
    """

    title: str
    about: str
    layout: str
    counts: Mapping[str, int]
    source: str
    licence: str
    get: str

    def label(self, counts: Mapping[str, int]) -> str:
        """Return what reports call pairs of these counts: the title only with the official ones."""
        found = {"train": counts["train"] + counts["val"], "test": counts["test"]}
        if "all" in self.counts:
            found = {"all": sum(found.values())}
        return self.title if not self.counts or found == self.counts else f"{self.title}-mini"


FACTS: Registry[Facts] = Registry("data set", package="ablate.data")
