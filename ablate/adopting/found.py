"""All that was read of a repository, put together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ablate.adopting.dimensions import Varied, varied
from ablate.adopting.file_settings import config_files
from ablate.adopting.repository import Repository, read
from ablate.adopting.scripts import Script, fusing, training
from ablate.adopting.setting import Setting
from ablate.adopting.settings import settings
from ablate.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of a repository.

    Args:
        repository: Its files.
        trains: The scripts that train, that of fusion first.
        fuses: The scripts that fuse images, the most likely one first.
    """

    repository: Repository
    trains: Sequence[Script]
    fuses: Sequence[Script]

    @property
    def script(self) -> Script:
        """The training of the study."""
        return self.trains[0]

    @property
    def others(self) -> Sequence[Script]:
        """Further scripts that train."""
        return self.trains[1:]

    @property
    def fuser(self) -> Script | None:
        """The script that fuses."""
        return self.fuses[0] if self.fuses else None

    @property
    def further_fusers(self) -> Sequence[Script]:
        """Further scripts that may fuse."""
        return self.fuses[1:]

    @cached_property
    def settings(self) -> list[Setting]:
        """The settings of the training."""
        return settings(self.repository, self.script)

    @cached_property
    def of_fuser(self) -> list[Setting]:
        """The settings of the script that fuses."""
        return settings(self.repository, self.fuser) if self.fuser is not None else []

    @cached_property
    def config(self) -> str:
        """The settings file that the training reads, "" for none."""
        files = config_files(self.repository, self.script)
        mine = [one.file for one in self.settings if one.role and one.file in files]
        return next((path for path in files if path in mine), "")

    @cached_property
    def varied(self) -> list[Varied]:
        """The dimensions of the study."""
        return varied(self.settings, config=self.config)

    def every(self) -> Iterator[tuple[Script, list[Setting]]]:
        """Yield each script that trains with its settings; what several share, once."""
        seen: set[tuple[str, int, str]] = set()
        for script in self.trains:
            some = self.settings if script is self.script else settings(self.repository, script)
            new = [one for one in some if (one.file, one.line, one.name) not in seen]
            seen |= {(one.file, one.line, one.name) for one in new}
            yield script, new


def find(root: Path) -> Found:
    """Read a repository.

    Raises:
        DataError: It is no folder, holds no Python, or nothing that trains.
    """
    repository = read(root)
    trains = training(repository)
    if not trains:
        some = ", ".join(list(repository.python)[:3])
        raise DataError(
            f"{root}: nothing in it trains: no script from which .backward() is reached, and none "
            f"called train (read: {some}{', ...' if len(repository.python) > 3 else ''})"
        )
    fuses = [one for one in fusing(repository) if one.path not in {s.path for s in trains}]
    return Found(repository=repository, trains=trains, fuses=fuses)
