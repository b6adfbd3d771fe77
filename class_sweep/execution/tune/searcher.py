"""Proposals from an Optuna study that is told how each trial really ended."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState
from ray.tune.search.optuna import OptunaSearch

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.config.identity import identity
from class_sweep.config.sections import Settings
from class_sweep.curriculum.baselines import reference_config
from class_sweep.execution.checkpoints import checkpoint_name
from class_sweep.execution.interrupts import StopRequest
from class_sweep.results.curves import SEED
from class_sweep.results.record import Record
from class_sweep.tuning.duplicates import Trained
from class_sweep.tuning.ledger import Judge, Proposal
from class_sweep.tuning.samplers import distributions, grid_point, make_sampler
from class_sweep.tuning.study import StudyFile

CONFIG = "config"  # the attribute of a study's trial that holds its values

RERUN = "rerun_of"  # the one that holds the failed trial that it tries once more
PLAN = "plan"  # the one that holds what trials of the same steps have in common

_STATES = {
    "finish": TrialState.COMPLETE,
    "prune": TrialState.PRUNED,
    "fail": TrialState.FAIL,
}


class StudySearch(OptunaSearch):
    """Ray's OptunaSearch, with reference schedules first and pruned trials told as pruned.

    The study's trial numbers are the sweep's. All state is in the study's SQLite file.
    """

    def __init__(
        self,
        space: Space,
        path: Path,
        judge: Judge,
        stop: StopRequest,
        plan_of: Callable[[Settings], str] = identity,
        room: Callable[[int], int] | None = None,
        rungs: Sequence[int] = (),
    ) -> None:
        """Open or create the study at `path`.

        Args:
            space: What is searched.
            path: Of the study's SQLite file.
            judge: What knows each trial's last record.
            stop: Whether the sweep is to stop.
            plan_of: What trials whose every step is the same have in common.
            room: How many trials may be under way at this moment, of so many that are left; all
                of them unless given.
            rungs: The samples at which they stand.
        """
        self._file = StudyFile(path)
        super().__init__(
            metric="objective", mode="max", storage=self._file, study_name="class-sweep"
        )
        self._search = space.settings.search
        self._sweep_space = space
        self._judge = judge
        self._stop = stop
        self._plan_of = plan_of
        self._room = room
        self._rungs = rungs
        self._trained = Trained()
        self._training: dict[str, int] = {}  # plan to the open trial that trains it
        self._held: dict[int, list[int]] = {}  # trials that are to repeat one that is open
        self._distributions = distributions(space)
        mode = "max" if space.objective.direction == "maximize" else "min"
        self._setup_study(mode)
        assert self._ot_study is not None  # noqa: S101 - set by the line above
        self._study: optuna.Study = self._ot_study
        self._numbers: dict[str, int] = {}
        self._open: dict[int, optuna.trial.Trial] = {}
        self._proposals: dict[int, Proposal] = {}  # of the open trials
        # Counted, since a long sweep cannot afford to walk over its trials at each question.
        self._of_the_space: list[int] = [
            trial.number
            for trial in self._study.get_trials(deepcopy=False)
            if RERUN not in trial.user_attrs
        ]
        self._running: set[int] = set()
        self._interrupted: list[int] = []  # trials that an earlier run of the sweep left undone

    def __getstate__(self) -> dict[str, object]:
        """Nothing: Tune snapshots its parts, but the state of a sweep is in its log."""
        return {}

    @property
    def proposed(self) -> int:
        """How many trials of the space were proposed, beside those that were run again."""
        return len(self._of_the_space)

    @property
    def left(self) -> int:
        """Trials that are not yet at their end."""
        return len(self._open) + self._search.runs - self.proposed

    def take_up(self, last: Mapping[int, Record]) -> None:
        """Square the study with the log of an earlier run, and queue what was interrupted.

        Args:
            last: Each trial's last record.
        """
        for trial in self._study.get_trials(deepcopy=False):
            number = trial.number
            if trial.state != TrialState.RUNNING:
                self._remember(trial.user_attrs[PLAN], last.get(number))
                continue
            self._open[number] = optuna.trial.Trial(self._study, trial._trial_id)
            record = last.get(number)
            if record is not None and record.ended:
                self._tell(number, record)
            else:
                values = json.loads(trial.user_attrs[CONFIG])
                self._proposals[number] = self._proposal(
                    number, values, trial.user_attrs.get("name"), trial.user_attrs.get(RERUN)
                )
                if record is not None:
                    self._report(record)
                    self._training.setdefault(trial.user_attrs[PLAN], number)
                if record is None or record.decision != "pause":
                    self._interrupted.append(number)

    def rerun(self, failed: Iterable[Record]) -> None:
        """Propose failed trials once more, each as a new one."""
        begun = {proposal.rerun_of for proposal in self._proposals.values()}  # and cut since
        for record in failed:
            if record.trial in begun:
                continue
            again = self._ask_for(record.config, record.name, rerun_of=record.trial)
            self._interrupted.append(again.trial)

    def _remember(self, plan: str, last: Record | None) -> None:
        """Keep a trial's end for later ones of its plan; a recording trains every configuration."""
        trained = last is not None and last.same_as is None and not self._search.record
        if last is not None and trained and last.decision in {"finish", "prune"}:
            self._trained.add(plan, last.trial, finished=last.decision == "finish")

    def _needs_no_training(self, proposal: Proposal) -> bool:
        """Whether another trial has done every step of one, or does them.

        It is ended at once where that one has ended, and else held until it does.
        """
        own = self._judge.last.get(proposal.trial)
        if own is not None and own.same_as is None:  # it was begun, and goes on
            return False
        plan = self._open[proposal.trial].user_attrs[PLAN]
        if self._repeats(proposal, plan):
            return True
        if self._search.record:
            return False
        trainer = self._training.setdefault(plan, proposal.trial)
        if trainer == proposal.trial or proposal.name is not None:
            return False
        self._held.setdefault(trainer, []).append(proposal.trial)
        return True

    def _repeats(self, proposal: Proposal, plan: str) -> bool:
        """End a trial at once whose every step another one has done; whether it was one."""
        original = self._trained.same(plan, whole=proposal.name is not None, last=self._judge.last)
        if original is None:
            return False
        for record in self._judge.repeat(proposal, original):
            self._report(record)
        self._tell(proposal.trial, self._judge.last[proposal.trial])
        return True

    def set_max_concurrency(self, max_concurrent: int) -> bool:  # noqa: ARG002
        """Tune's own limit is a number for good; `room` follows the cluster."""
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """The next trial: an interrupted one, a reference schedule, or one of the sampler's.

        When there are no more of these, the paused trials go on that the pruner lets. None: they
        wait for others, or there is no room.
        """
        full = self._room is not None and len(self._running) >= self._room(self.left)
        if full or self._stop.asked:
            return self.FINISHED if self._stop.asked else None
        while self._interrupted or self.proposed < self._search.runs:
            if self._interrupted:
                proposal = self._proposals[self._interrupted.pop(0)]
            else:
                proposal = self._ask()
            if not self._needs_no_training(proposal):
                break
            if self._stop.asked:
                return self.FINISHED
        else:
            paused, lost = self._idle()
            running = {n for n in self._running if self._proposals[n].name is None}
            free = self._judge.free(paused, running | lost)
            if not free:
                return None if running else self.FINISHED
            proposal = self._proposals[free[0]]
        self._numbers[trial_id] = proposal.trial
        self._running.add(proposal.trial)
        self._judge.propose(proposal)
        return {
            "trial": proposal.trial,
            "values": proposal.config,
            "state": checkpoint_name(proposal.trial, proposal.identity),
            "reached": last.step if (last := self._judge.last.get(proposal.trial)) else 0,
        }

    def _idle(self) -> tuple[set[int], set[int]]:
        """The open trials that do not run: those that wait, and those that Tune has lost.

        It leaves one lying whose worker died between two trials, until it is run anew. A reference
        is among neither, for it is compared with none, nor one that waits to repeat another.
        """
        idle = self._open.keys() - self._running - {n for some in self._held.values() for n in some}
        last = self._judge.last
        paused = {n for n in idle if n in last and last[n].decision == "pause"}
        return paused, {n for n in idle - paused if self._proposals[n].name is None}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:  # noqa: ARG002
        """Note a report that did not end its trial."""
        if trial_id in self._numbers:
            self._note_report(self._numbers[trial_id])

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,  # noqa: ARG002 - the judge's record says more
        error: bool = False,  # noqa: ARG002
    ) -> None:
        """Tell the study how trials ended: this one, and paused ones whose place it took.

        A trial that was only paused or interrupted stays open, with what it reported.
        """
        own = self._numbers.pop(trial_id, None)
        if own is None:  # it has ended here, but Tune could not end it and ran it once more
            return
        self._running.discard(own)
        for number in sorted(self._open.keys() - self._running):
            record = self._judge.last.get(number)
            # One that repeats another is told with it.
            if number in self._open and record is not None and record.ended:
                self._tell(number, record)
        if own in self._open and own in self._judge.last:
            self._note_report(own)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study's file is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the study's file is the state."""

    def _ask(self) -> Proposal:
        seeds = self._search.record or 1
        configuration, repeat = divmod(self.proposed, seeds)
        if repeat:
            known = self._study.get_trials(deepcopy=False)[self._of_the_space[-1]].user_attrs
            values = json.loads(known[CONFIG]) | {SEED: self._search.seed + repeat}
            return self._ask_for(values, known.get("name"))
        first = {SEED: self._search.seed} if self._search.record else {}
        if configuration < len(self._search.baselines):
            name = self._search.baselines[configuration]
            return self._ask_for(reference_config(self._sweep_space, name) | first, name)
        if self._search.sampler == "grid":
            values = grid_point(self._sweep_space, configuration - len(self._search.baselines))
            return self._ask_for(values | first, None)
        self._study.sampler = make_sampler(self._sweep_space, configuration)
        with self._file.as_samplers_see_it():
            trial = self._study.ask(self._distributions)
        values = {path: _rounded(value) for path, value in trial.params.items()}
        return self._noted(trial, values | first, None)

    def _ask_for(
        self, values: dict[str, Value], name: str | None, rerun_of: int | None = None
    ) -> Proposal:
        """A trial of given values: a reference, a configuration once more or under another seed."""
        axes = self._sweep_space.axes
        if all(values.get(path) in axis for path, axis in axes.items()):
            self._study.enqueue_trial({path: values[path] for path in axes})
            return self._noted(self._study.ask(self._distributions), values, name, rerun_of)
        # Outside the axes it can teach the sampler nothing, but stands in the study by its name.
        return self._noted(self._study.ask(), values, name, rerun_of)

    def _noted(
        self,
        trial: optuna.trial.Trial,
        values: dict[str, Value],
        name: str | None,
        rerun_of: int | None = None,
    ) -> Proposal:
        self._open[trial.number] = trial
        proposal = self._proposal(trial.number, values, name, rerun_of)
        self._proposals[trial.number] = proposal
        if name:
            trial.set_user_attr("name", name)
        if rerun_of is None:
            self._of_the_space.append(trial.number)
        else:
            trial.set_user_attr(RERUN, rerun_of)
        trial.set_user_attr("identity", proposal.identity)
        trial.set_user_attr(PLAN, self._plan_of(self._sweep_space.resolve(values)))
        trial.set_user_attr(CONFIG, json.dumps(values))
        self._file.save(trial.number)
        return proposal

    def _proposal(
        self, number: int, values: dict[str, Value], name: str | None, rerun_of: int | None
    ) -> Proposal:
        settings = self._sweep_space.resolve(values)
        return Proposal(number, values, identity(settings), name, rerun_of)

    def _note_report(self, number: int) -> None:
        """Bring the study and its file up to date with a trial that is open."""
        self._report(self._judge.last[number])
        self._file.save(number)

    def _report(self, record: Record) -> None:
        trial = self._open[record.trial]
        known = self._file.get_trial(trial._trial_id).intermediate_values
        # At the rung's own samples: TPE takes for better what got further, if by half a batch.
        before = [rung for rung in self._rungs if rung <= record.samples]
        step = before[-1] if before and record.decision != "finish" else record.samples
        if record.objective is not None and step not in known:
            trial.report(record.objective, step=step)

    def _tell(self, number: int, record: Record) -> None:
        self._report(record)
        value = record.objective if record.decision == "finish" else None
        if record.reason:
            self._open[number].set_user_attr("reason", record.reason)
        plan = self._open[number].user_attrs[PLAN]
        self._remember(plan, record)
        self._study.tell(self._open.pop(number), value, state=_STATES[record.decision])
        self._file.save(number)
        self._proposals.pop(number, None)
        if self._training.get(plan) == number:
            del self._training[plan]
        for held in self._held.pop(number, []):  # where this one failed, it is to be trained
            if not self._repeats(self._proposals[held], plan):
                self._interrupted.append(held)


def _rounded(value: Any) -> Value:
    return round(value, 12) if isinstance(value, float) else value
