"""The task: a run is the commands of a repository in a copy of it, and our scores of its images."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ablate import data
from ablate.errors import ConfigError
from ablate.metrics import protocol_hash
from ablate.settings.command import AS_IS, COMMAND, OF_STUDY, CommandSettings
from ablate.settings.sources import sources_of
from ablate.training.tasks.contract import TASKS, Measure, Task, Trained

if TYPE_CHECKING:
    from ablate.data.pairs import PairSet
    from ablate.training.run import Run
    from ablate.training.scoring import Row

USED = ("device", "gallery", "steps", "epochs")  # of the section train, by this task itself


@TASKS.register(COMMAND)
class Command(Task):
    """Train with the commands of a repository, and score the images that it fuses.

    Args:
        settings: All sections of a run: task, data, train, metrics.
    """

    measures: ClassVar[Mapping[str, Measure]] = {}  # those of ablate.metrics
    items: ClassVar[str] = "pairs"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.copies = sources_of(settings.get("data"))
        self._settings = settings
        self.of_command = CommandSettings.of(settings["task"])

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the task with these settings.

        Raises:
            ConfigError: All that is wrong with the section `task`.
        """
        return cls(settings)

    def examples(self) -> "PairSet":
        """Return the pairs of the section data."""
        return data.load(self._settings["data"])

    def kept_examples(self, folder: Path) -> "PairSet":
        """Return the pairs, each file decoded once for all workers."""
        from ablate.data.cache import cached

        return cached(self.examples(), folder)

    def check_examples(self, examples: "PairSet", arms: Iterable[Mapping[str, Any]]) -> None:
        """Check that the repository is there, and that all that arms vary goes somewhere.

        Raises:
            ConfigError: All of it.
        """
        from ablate.training.tasks.command.repository import Repository

        del examples
        Repository(settings=self.of_command, project=Path.cwd()).check()
        trains = [arm["train"] for arm in arms]
        varied = {
            name
            for one in trains
            for name in {*one, *trains[0]}
            if one.get(name) != trains[0].get(name)
        }
        if faults := [
            f"train.{name}: is varied, but no setting of the task takes it; add {OF_STUDY}{name} "
            f"to task.settings, or leave it out (nuisance: {{{name}: fixed}})"
            for name in sorted(varied)
            if f"{OF_STUDY}{name}" not in self.of_command.settings
        ]:
            raise ConfigError(*faults)

    def faults(self) -> list[str]:
        """Return nothing: what their code refuses, it says itself."""
        return []

    def scope(self) -> str:
        """Return their commands and values."""
        mine = self.of_command
        values = [f"{name} {value}" for name, value in mine.values.items()]
        commands = "; ".join(" ".join(words) for words in mine.run)
        code = [mine.variant] if mine.variant != AS_IS else []
        return ", ".join([f"{commands} of {Path(mine.repo).name}", *code, *values])

    def budget(self, train: Mapping[str, Any]) -> str:
        """Return what they are asked to do, which the section train does not say."""
        given = [
            f"{name.removeprefix(OF_STUDY)} {train[name.removeprefix(OF_STUDY)]}"
            for name in self.of_command.settings
            if name.startswith(OF_STUDY)
        ]
        return ", ".join([*given, self.scope(), str(train["device"])])

    def protocol(self) -> tuple[str, str]:
        """Return the named protocol and the hash of its conventions."""
        name = self._settings["metrics"]["protocol"]
        return name, protocol_hash(name)

    def trivial_baselines(
        self, examples: "PairSet", *, seeds: Sequence[int]
    ) -> "dict[str, list[Row]]":
        """Return the rows of both sources unchanged and of rules that fuse them."""
        from ablate.training.trivial_baselines import trivial_baselines

        return trivial_baselines(examples, self._settings, seeds=seeds)

    def environment(self, run: Path | None = None) -> Mapping[str, str]:
        """Return commit, changes, patches, interpreter and packages of the repository.

        Args:
            run: Folder of a run of a study that has begun: the state that it was begun with.
        """
        from ablate.training.tasks.command import repository

        if run is not None and (found := repository.kept(run.parents[1])) is not None:
            return found.state
        return repository.Repository(settings=self.of_command, project=Path.cwd()).state()

    def begin(self, study: Path) -> None:
        """Copy the repository into the folder of the study: all runs are made from this copy."""
        from ablate.training.tasks.command import repository

        mine = repository.Repository(settings=self.of_command, project=Path.cwd())
        repository.keep(mine, study)

    def fit(self, run: "Run") -> Trained:
        """Run the commands, score the images."""
        from ablate.training.tasks.command.running import fit

        return fit(run, self.of_command)
