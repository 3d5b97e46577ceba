"""One run of the task: commands one after the other, their numbers, their images, our scores."""

import contextlib
import math
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.data.pairs import Pair, PairSet
from ablate.errors import AblateError, ConfigError, DivergedError, storage_failure
from ablate.settings.command import OF_STUDY, WITH_KEY, CommandSettings, Place
from ablate.training.checkpoints import LeaveError
from ablate.training.run import Run
from ablate.training.scoring import Scored, health_of, image_tensor, means, save_png, score
from ablate.training.tasks.command import repository
from ablate.training.tasks.command.attempts import OUTPUT, Attempt, attempt, clear
from ablate.training.tasks.command.images import collect, link, remove
from ablate.training.tasks.command.output import Point, Reader, Thinned, reader_of
from ablate.training.tasks.command.planting import plant
from ablate.training.tasks.command.process import Ended, environment, words_of
from ablate.training.tasks.command.process import run as run_command
from ablate.training.tasks.command.words import arguments, fill, name_of, plain
from ablate.training.tasks.contract import Trained

Fused = Callable[[str, Sequence[Pair], Sequence[NDArray[np.uint8]]], None]

MOST_KILLS: Final = 5  # of a command by somebody else, before its run has failed
LAST_LINES: Final = 50
COUNT_S: Final = 2.0  # between two counts of processor time, which read every process there is
KEPT: Final = "kept"  # in the folder of a run: what they saved
DATA: Final = "ablate-pairs"  # in a tree: a split for commands that take its place as a word
_OOM: Final = ("outofmemoryerror", "out of memory", "can't allocate memory", "memoryerror")


class CommandError(AblateError, RuntimeError):
    """A command of a repository failed; the text has its last lines."""


class KilledError(CommandError):
    """Somebody killed a command; another attempt may do."""


def fit(run: Run, settings: CommandSettings, *, fused: Fused = lambda *_: None) -> Trained:
    """Train and score one run.

    Args:
        run: The run.
        settings: The section `task`.
        fused: Receives every split that was fused: its name, its pairs, their images.

    Raises:
        CommandError: A command failed.
        ConfigError: A value has no place, or several.
        DataError: Fused images are missing or have another size.
        DivergedError: The loss that they report is not finite.
        MemoryError: They ran out of memory.
        PrunedError: The run was stopped at a rung.
        LeaveError: The worker has to go.
    """
    try:
        trained = _tried(run, settings, fused)
    except LeaveError:
        raise
    except Exception as error:
        if not storage_failure(error):  # then the same call goes on
            clear(run.folder)
        raise
    clear(run.folder)
    return trained


def _tried(run: Run, settings: CommandSettings, fused: Fused) -> Trained:
    """Make attempts until one ends well, or badly by itself."""
    checkpoint = settings.checkpoint
    saved = checkpoint.save if checkpoint is not None and checkpoint.resume else ""
    project, again = Path.cwd(), False
    with contextlib.ExitStack() as stack:
        code = repository.kept(run.folder.parents[1])
        if code is None:
            mine = repository.Repository(settings=settings, project=project)
            code = stack.enter_context(repository.borrowed(mine))
        source = code.variant(settings.variant)
        for tried in range(1, MOST_KILLS + 1):
            with attempt(run.folder, source, saved=saved, again=again) as one:
                try:
                    return _Training(run, settings, one, project, fused).whole()
                except KilledError:
                    if tried == MOST_KILLS:
                        raise
                except CommandError:
                    if not one.goes_on:  # else what was saved may be torn: begin from nothing
                        raise
                    again = True
    raise AssertionError("the last attempt returns or raises")


@dataclass(slots=True)
class _Training:
    """One attempt of a run."""

    run: Run
    settings: CommandSettings
    attempt: Attempt
    project: Path
    fused: Fused
    _readers: list[Reader] = field(default_factory=list)
    _thinned: Thinned = field(default_factory=Thinned)
    _rungs: list[int] = field(default_factory=list)
    _step: int = 0
    _written: int = 0
    _ticks: int = 0
    _next_count: float = 0.0
    _ours: Mapping[str, float] = field(default_factory=dict)

    def whole(self) -> Trained:
        """Train, fuse, score."""
        run, tree = self.run, self.attempt.tree
        started = time.monotonic()
        self._prepare()
        with self.attempt.output.open("ab", buffering=0) as output:
            sources = self.settings.metrics
            self._readers = [
                reader_of(one, tree=tree, output=self.attempt.output) for one in sources
            ]
            self._rungs = [one for one in run.spec.rungs if one < run.train["steps"]]
            try:
                for number, words in enumerate(self.settings.run, start=1):
                    if number > self.attempt.stages:
                        self._command(words, output, stage=number)
                        self.attempt.note(number)
                self._readers = []
                seconds = time.monotonic() - started
                scored = {split: self._scored(split, output) for split in run.splits}
            finally:
                self._keep_output()
        self._keep_saved()
        rows = [row for some in scored.values() for row in some.rows]
        values, health = means(rows), scored["val"].health
        assert health is not None
        steps = int(run.train["steps"])
        run.recorder.metrics({**values, **scored["val"].healthy}, step=max(steps, self._step))
        return Trained(
            rows=tuple(rows),
            values=values,
            facts={
                "seconds_per_step": round(seconds / steps, 5),
                "steps": steps,
                "health": health.to_json(),
                "protocol": run.spec.settings["metrics"]["protocol"],
                "attempts": self.attempt.number,
                "theirs": dict(self._ours),
            },
        )

    @property
    def values(self) -> dict[str, Any]:
        """Setting -> value."""
        return self.settings.planted(self.run.train)

    def _prepare(self) -> None:
        """Link files and data; training never sees test."""
        tree, run = self.attempt.tree, self.run
        source = repository.Repository(settings=self.settings, project=self.project).path
        for name in self.settings.files:
            target = tree / name
            if not target.exists() and not target.is_symlink():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source / name)
        if self.attempt.goes_on:
            return
        pairs: PairSet = run.examples
        for split in ("train", "val"):
            if split in self.settings.data:
                link(pairs, pairs.stems(split), self.settings.data[split], root=tree)

    def _command(
        self,
        words: Sequence[str],
        output: Any,
        *,
        stage: int | None = None,
        holes: Mapping[str, str] | None = None,
    ) -> None:
        """Run one command with the values of the study in their places."""
        settings, run = self.settings, self.run
        seed = run.seed("command") % 2**31
        holes = {"seed": str(seed), **self._checkpoint(), **(holes or {})}
        given = list(self._given(seed, stage=stage))
        holes |= {name: plain(value) for name, _, value in given}
        self._plant(given, holes)
        line = [fill(word, holes) for word in words]
        if stage is not None:
            line += [fill(word, holes) for word in arguments(given, stage=stage)]
            if self.attempt.goes_on and stage == self.attempt.stages + 1 and settings.checkpoint:
                line += [fill(word, holes) for word in settings.checkpoint.resume]
        line = words_of(line, python=settings.python)
        ended = run_command(
            line,
            cwd=self.attempt.tree,
            variables=environment(
                seed=seed,
                device=str(run.train["device"]),
                python=settings.python,
                more={p.at: fill(plain(v), holes) for _, p, v in given if p.kind == "env"},
            ),
            mark=self.attempt.mark,
            output=output,
            held=[self.attempt.lock],
            limit_s=settings.limit_s,
            look=self._look,
        )
        if ended.code or ended.is_late:
            raise self._failure(line, ended)

    def _given(self, seed: int, *, stage: int | None) -> Iterator[tuple[str, Place, Any]]:
        """Yield name, place and value of all that a command is given."""
        for name, value in self.values.items():
            yield name, self.settings.settings[name], value
        if self.settings.seed is not None:
            yield "seed", self.settings.seed, seed

    def _plant(self, given: Sequence[tuple[str, Place, Any]], holes: Mapping[str, str]) -> None:
        """Put edits, then settings into the files of the tree; texts have their holes filled."""
        faults = []
        literals = {name: repr(text) for name, text in holes.items()}
        literals |= {name: repr(value) for name, _, value in given}
        edits = (
            (f"edits.{place.at}", place, value) for place, value in self.settings.edits.items()
        )
        for name, place, value in (
            *edits,
            *((f"settings.{name}", place, value) for name, place, value in given),
        ):
            if place.kind not in WITH_KEY:
                continue
            filled = value
            if isinstance(value, str):
                filled = fill(value, literals if place.kind == "code" else holes)
            try:
                plant(self.attempt.tree, place, filled)
            except ConfigError as error:
                faults += [f"task.{name}: {fault}" for fault in error.faults]
        if faults:
            raise ConfigError(*faults)

    def _checkpoint(self) -> dict[str, str]:
        """Return the newest file of what they save, as a path of the tree."""
        checkpoint = self.settings.checkpoint
        if checkpoint is None:
            return {}
        found = [path for path in self.attempt.tree.glob(checkpoint.save) if path.is_file()]
        if not found:
            return {"checkpoint": checkpoint.save}
        newest = max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
        return {"checkpoint": newest.relative_to(self.attempt.tree).as_posix()}

    def _look(self) -> None:
        """Record what is new, beat while something happens, and leave where that is asked for."""
        for reader in self._readers:
            for point in reader.new():
                self._record(point)
        if self._works():
            counts = f"{OF_STUDY}steps" in self.settings.settings  # else their steps are not ours
            self.run.heartbeat.beat(self._step if counts else None)
        self.run.checkpoints.raise_if_leaving(self._step)

    def _works(self) -> bool:
        """Return whether the command did something: wrote output or, looked at rarely, computed."""
        written, ticks, now = self._written, self._ticks, time.monotonic()
        with contextlib.suppress(OSError):
            written = self.attempt.output.stat().st_size
        if written == self._written and now >= self._next_count:
            ticks, self._next_count = cpu_ticks(self.attempt.mark), now + COUNT_S
        is_new = (written, ticks) != (self._written, self._ticks)
        self._written, self._ticks = written, ticks
        return is_new

    def _record(self, point: Point) -> None:
        from ablate.training.loop import PrunedError  # which makes the run

        step, values = point
        self._step = max(self._step, step)
        for name, value in values.items():
            if not math.isfinite(value):
                if name.rpartition("/")[2].startswith("loss"):
                    raise DivergedError(f"{name} became {value} at or before step {step}")
                continue
            self._ours = {**self._ours, name: value}
            named = name_of(name)
            if named == self.run.spec.objective:
                while self._rungs and step >= self._rungs[0]:
                    rung = self._rungs.pop(0)
                    self.run.recorder.metrics({named: value}, step=rung)
                    if self.run.recorder.report(value, step=rung):
                        raise PrunedError(f"pruned at step {rung}")
            elif self._thinned.keeps(name, step):
                self.run.recorder.metrics({named: value}, step=step)

    def _scored(self, split: str, output: Any) -> Scored:
        """Have the pairs of a split fused, and score the images."""
        run, tree, settings = self.run, self.attempt.tree, self.settings
        pairs: PairSet = run.examples
        stems = pairs.stems(split)
        out = self.attempt.folder / "images" / split
        out.mkdir(parents=True, exist_ok=True)
        holes = {"out": str(out), "split": split}
        place = settings.data.get("test")
        if place is None:
            from ablate.settings.command import DataPlace

            place = DataPlace(infrared=f"{DATA}/infrared", visible=f"{DATA}/visible")
        link(pairs, stems, place, root=tree)
        holes |= {"infrared": str(tree / place.infrared), "visible": str(tree / place.visible)}
        pattern = fill(settings.images.pattern, holes)
        remove(pattern, root=tree)
        for words in settings.images.commands:
            self._command(words, output, holes=holes)
        every = pairs.pairs(split)
        made = collect(pattern, every, root=tree)
        self.fused(split, every, made)
        images: list[Tensor] = [image_tensor(one, torch.device("cpu")) for one in made]
        for pair, image in list(zip(every, images, strict=True))[: run.recipe.gallery]:
            if split == run.splits[-1]:
                path = save_png(image, run.folder / "fused" / f"{pair.stem}.png")
                run.recorder.image(
                    f"fused/{pair.stem}", path, step=max(run.train["steps"], self._step)
                )
        metrics = run.spec.settings["metrics"]
        rows = score(
            every,
            images,
            split=split,
            names=metrics["names"],
            protocol=metrics["protocol"],
            tick=run.heartbeat.beat,
            cache=pairs.cache,
        )
        return Scored(rows=rows, health=health_of(every, images))

    def _keep_output(self) -> None:
        shutil.copyfile(self.attempt.output, self.run.folder / OUTPUT)

    def _keep_saved(self) -> None:
        """Keep the checkpoint of a run that is scored on test, or whose weights stay."""
        checkpoint, spec = self.settings.checkpoint, self.run.spec
        if checkpoint is None or not (spec.scores_test or spec.keeps_weights):
            return
        name = self._checkpoint()["checkpoint"]
        if (self.attempt.tree / name).is_file():
            kept = self.run.folder / KEPT
            kept.mkdir(exist_ok=True)
            shutil.copyfile(self.attempt.tree / name, kept / Path(name).name)

    def _failure(self, line: Sequence[str], ended: Ended) -> Exception:
        """Return the error of a command that failed: what it was, and its last lines."""
        lines = self.attempt.output.read_bytes()[-200_000:].decode("utf-8", "replace")
        last = re.split(r"[\r\n]+", lines.strip())[-LAST_LINES:]
        text = f"{' '.join(line[1:] or line)} {ended.in_words()}; its last lines:\n" + "\n".join(
            last
        )
        if ended.was_killed:
            return KilledError(text)
        said = "\n".join(last[-8:]).lower()
        if any(word in said for word in _OOM):
            return MemoryError(text)
        return CommandError(text)


def cpu_ticks(mark: str) -> int:
    """Return the processor time that the processes of an attempt have taken, in ticks."""
    from ablate.training.tasks.command import guard
    from ablate.training.tasks.command.process import MARK

    total = 0
    for pid in guard.marked(f"{MARK}={mark}".encode()):
        with contextlib.suppress(OSError, ValueError, IndexError):
            words = (
                Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            )
            total += int(words[11]) + int(words[12])
    return total
