"""`Tuner`: trials for a training loop of one's own, by ask and tell, without Ray."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from class_sweep.api.best_configuration import BestConfiguration
from class_sweep.api.tuner_folder import NOTE, TunerFolder
from class_sweep.config.axes import Value
from class_sweep.config.document import Space, parse_space
from class_sweep.config.identity import identity
from class_sweep.config.sections import Settings
from class_sweep.curriculum.schedule import Schedule, full_data_samples
from class_sweep.curriculum.schedule_bounds import schedule_bounds
from class_sweep.errors import DataError, TunerError
from class_sweep.preparation.rules import load_checked_pairs
from class_sweep.results.callback import Callback
from class_sweep.results.record import Decision, Record
from class_sweep.results.space_files import config_yaml, trial_yaml
from class_sweep.results.summary import SplitSizes
from class_sweep.results.trials import trials_of
from class_sweep.tuning.ledger import MemoryLog
from class_sweep.tuning.milestones import Milestone, Rungs, milestones
from class_sweep.tuning.restored_tuner import restored_tuner
from class_sweep.tuning.study_repair import repair_study
from class_sweep.tuning.study_storage import FileStorage, MemoryStorage
from class_sweep.tuning.trial import Trial, TrialReport, TrialState
from class_sweep.tuning.tuner import Limits, NoTrial


@dataclass(frozen=True)
class AskedTrial:
    """A trial that a loop of one's own is to train.

    Attributes:
        number: Its number, from 0, in the order of proposal.
        name: The name of the baseline that it is, or whose axes it tunes; None for a schedule.
        config: Dotted path of each axis to its value.
        space: The configuration as a space without axes; `space.text` is its file.
        step: The optimizer steps at its last report; more than 0 where a paused trial continues.
        milestones: The reports that it still has to make: rungs, then the end.
    """

    number: int
    name: str | None
    config: Mapping[str, Value]
    space: Space
    step: int
    milestones: tuple[Milestone, ...]

    @property
    def settings(self) -> Settings:
        """Every setting of the trial."""
        return self.space.settings


class Tuner:
    """Proposes trials and decides on their reports, for a training loop of one's own.

    It works without Ray, by the sampler, the pruner, the baselines and the seed of a space. One
    process holds a tuner; the trials may run anywhere. With a results folder, every report is on
    the disk before `tell` returns, a tuner over the same folder continues, and `open` reads it. A
    confirmation of it trains by `backbone`, not by the loop, and so needs the pairs of the space.

    Example:
        ```python
        with cs.Tuner(space, "results/loop", pairs=26_407) as tuner:
            for trial in tuner:
                training = MyTraining(trial.settings)
                for milestone in trial.milestones:
                    score = training.train_to(milestone.step)
                    if tuner.tell(trial, score, step=milestone.step) != "continue":
                        break
        ```
    """

    def __init__(
        self,
        space: Space,
        out: Path | str | None = None,
        *,
        pairs: int | None = None,
        running: Collection[int] = (),
    ) -> None:
        """Begin a sweep, or continue the one in a folder.

        Args:
            space: The search space. Only the number of its training pairs is read from its data.
            out: The results folder, a new one or that of the same sweep, which more trials in
                `space` extend; None keeps all in memory.
            pairs: The number of training pairs where the loop has data of its own; unless given,
                the pairs of the space are read and counted.
            running: The trials of the folder that still run in other processes; an earlier process
                has asked for them, and this one is told. All others without an end are asked again.

        Raises:
            InputError: If the data are unusable, a first pool is smaller than a batch, another
                process has the folder, or it holds another sweep.
        """
        search = space.settings.search
        for name, value in {"warm_start": search.warm_start, "hours": search.hours}.items():
            if value:
                raise TunerError(
                    f"a tuner must have a space without search.{name}, which only `run` reads:"
                    " leave it out"
                )
        path = None if out is None else Path(out)
        self._space, self._pairs, self._folder = _open(space, path, pairs)
        storage, records, writer = MemoryStorage(), list[Record](), None
        if self._folder:
            writer = self._folder.writer
            folder = writer.folder
            records = folder.records()
            repair_study(folder.study, records, folder.sweep_id())
            storage = FileStorage(folder.study, folder.sweep_id())
        self._rungs = Rungs.of(self._space, self._pairs)
        self._tuner = restored_tuner(
            self._space,
            self._pairs,
            storage=storage,
            log=writer or MemoryLog(),
            records=records,
            plan_of=identity,
            callback=Callback(),
            limits=Limits(),
        )
        for number in running:
            trial = self._known(number)
            if trial.state is not TrialState.PROPOSED:
                raise TunerError(
                    f"a running trial must be open, and trial {number} is not: {_is(trial)}"
                )
            self._tuner.ledger.start(trial)
        self._settle()

    @property
    def finished(self) -> bool:
        """Whether every trial has ended."""
        return self._tuner.left == 0

    def ask(self) -> AskedTrial | None:
        """The next trial to train: a new one, or a paused one that is promoted.

        Returns:
            The trial; None while nothing can start before a running trial is told of, or if all
            that were left have the plan, and so the results, of others.

        Raises:
            TunerError: After the end of the sweep.
        """
        if self.finished:
            ended = len(self._tuner.ledger)
            raise TunerError(
                f"a trial must be asked for before the end, and all {ended} trials have ended; read"
                " `finished` before, and `best` after the end"
            )
        found = self._tuner.ask()
        self._settle()  # the last trials may have the results of others
        return None if isinstance(found, NoTrial) else self._asked(found)

    def tell(
        self,
        trial: AskedTrial | int,
        value: float | Mapping[str, float],
        *,
        step: int | None = None,
        loss: float | None = None,
        seconds: float = 0.0,
    ) -> Decision:
        """Report a result of a trial, and get what is to be done with it.

        Args:
            trial: The trial, or its number.
            value: The objective on the validation split, or metrics by name (`split/mrr`) with it.
                A value that is not finite ends the trial as a failed one.
            step: The optimizer steps so far: those of the trial's next milestone. None at its end.
            loss: The mean training loss since the last report.
            seconds: The time since the last report.

        Returns:
            `continue` to the next milestone; `pause`: stop, keep a checkpoint, and `ask` may give
            the trial again; `prune`, `finish` or `fail`: the trial has ended.

        Raises:
            TunerError: If there is no such trial, it is not running, it has been told of its end or
                of this step, or the value lacks the objective.
            StorageError: If the log cannot be written; nothing has changed then.
        """
        running = self._running(trial)
        left = self._milestones(running)
        reached = left[-1] if step is None else left[0]
        if step is not None and step != reached.step:
            raise TunerError(
                f"trial {running.number} must be told of its next milestone, step {reached.step},"
                f" got step {step}"
            )
        return self._report(
            running,
            TrialReport(
                report=running.last.report + 1 if running.last else 0,
                step=reached.step,
                samples=reached.step * self._schedule(running).batch_size,
                rung=reached.rung,
                last=reached.last,
                metrics=self._metrics(value),
                loss=loss,
                seconds=seconds,
            ),
        )

    def fail(self, trial: AskedTrial | int, reason: str) -> None:
        """End a trial that cannot be trained; the sweep continues without it.

        Raises:
            TunerError: As for `tell`.
        """
        running = self._running(trial)
        last = running.last
        self._report(
            running,
            TrialReport(
                report=last.report + 1 if last else 0,
                step=running.step,
                samples=last.samples if last else 0,
                rung=None,
                last=False,
                metrics={},
                loss=None,
                failure=reason,
            ),
        )

    def release(self, trial: AskedTrial | int) -> None:
        """Give a running trial back, for example when its job is lost; it is asked for again.

        Raises:
            TunerError: As for `tell`.
        """
        self._tuner.release(self._running(trial).number)

    @property
    def best(self) -> BestConfiguration | None:
        """The best finished trial so far; None before the first."""
        if not (ranked := self._ranked()):
            return None
        settings = self._space.settings
        full = full_data_samples(self._pairs, settings.optimizer.batch_size, settings.budget)
        space = parse_space(trial_yaml(self._space, ranked[0], NOTE, full))
        return BestConfiguration.of_run(space, ranked[0], full)

    def close(self) -> None:
        """Free the folder for another process; running trials can be told of there."""
        if self._folder:
            self._folder.writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[AskedTrial]:
        """Trials to train one after the other, until every trial has ended.

        Raises:
            TunerError: If a trial was left running.
        """
        while not self.finished:
            trial = self.ask()
            if trial is None and self.finished:
                return
            if trial is None:
                left = ", ".join(str(t.number) for t in self._tuner.ledger.on_worker)
                raise TunerError(
                    f"a trial must be told of its end before the loop asks for the next, and trial"
                    f" {left} was not; call tell, fail or release"
                )
            yield trial

    def _ranked(self) -> list[Record]:
        last = (trial.last for trial in self._tuner.ledger.trials())
        records = [record for record in last if record is not None]
        return trials_of(records).ranked(self._space.objective)

    def _asked(self, trial: Trial) -> AskedTrial:
        note = f"Trial {trial.number}, for a training loop of one's own."
        return AskedTrial(
            number=trial.number,
            name=trial.name,
            config=dict(trial.config),
            space=parse_space(config_yaml(self._space, trial.config, [note])),
            step=trial.step,
            milestones=tuple(self._milestones(trial)),
        )

    def _schedule(self, trial: Trial) -> Schedule:
        return Schedule.of(self._space.resolve(trial.config), self._pairs)

    def _milestones(self, trial: Trial) -> list[Milestone]:
        """The milestones of a trial after its last report."""
        schedule = self._schedule(trial)
        found = milestones(schedule, self._rungs.steps(schedule))
        return [milestone for milestone in found if milestone.step > trial.step]

    def _metrics(self, value: float | Mapping[str, float]) -> dict[str, float]:
        metric = self._space.objective.metric
        metrics = dict(value) if isinstance(value, Mapping) else {metric: value}
        if metric not in metrics:
            given = ", ".join(metrics) or "nothing"
            raise TunerError(f"a value must give the objective, {metric}, got {given}")
        try:
            return {name: float(number) for name, number in metrics.items()}
        except (TypeError, ValueError):
            raise TunerError(
                f"a value must be a number, or numbers by metric, got {value!r}"
            ) from None

    def _report(self, trial: Trial, report: TrialReport) -> Decision:
        decision = self._tuner.tell(trial.number, report)
        if decision != "continue":
            self._tuner.release(trial.number)
        self._settle()
        return decision

    def _settle(self) -> None:
        """Write the files of a sweep that has begun or ended."""
        if self._folder:
            self._folder.settle(finished=self.finished)

    def _known(self, number: int) -> Trial:
        if not 0 <= number < len(self._tuner.ledger):
            raise TunerError(
                f"a trial must be one that was asked for, got {number} of {len(self._tuner.ledger)}"
            )
        return self._tuner.ledger[number]

    def _running(self, trial: AskedTrial | int) -> Trial:
        found = self._known(trial.number if isinstance(trial, AskedTrial) else trial)
        if found.state is TrialState.RUNNING:
            return found
        raise TunerError(
            f"a trial must be running to be told of, and trial {found.number} is not: {_is(found)}"
        )


def _is(trial: Trial) -> str:
    if trial.state.ended:
        return f"it has ended ({trial.state.value})"
    if trial.state is TrialState.PROPOSED:
        return "ask for it, or name it as running where an earlier process has asked for it"
    return f"it is {trial.state.value}; ask gives it again"


def _open(
    space: Space, path: Path | None, pairs: int | None
) -> tuple[Space, int, TunerFolder | None]:
    """The space, the number of training pairs, and the folder, new or of the same sweep."""
    if path is not None and path.exists():
        folder = TunerFolder.continued(path, space, pairs)
        return folder.space, folder.pairs, folder
    sizes, checksum = SplitSizes(train=pairs or 0, validation=None, test=None), ""
    if pairs is None:
        loaded = load_checked_pairs(space)
        sizes = SplitSizes(**{name: len(loaded.rows(name)) for name in SplitSizes.model_fields})
        checksum = loaded.checksum()
    try:
        schedule_bounds(space, sizes.train)
    except ValueError as error:
        raise DataError(f"{space.place('optimizer.batch_size')}: {error}") from None
    if path is None:
        return space, sizes.train, None
    return space, sizes.train, TunerFolder.begin(path, space, sizes, checksum)
