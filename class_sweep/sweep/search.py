"""Proposals from an Optuna study that is told how each trial really ended."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState
from ray.tune.search.optuna import OptunaSearch

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform, Value
from class_sweep.config.document import Space
from class_sweep.config.identity import identity
from class_sweep.curriculum.reference import reference_config
from class_sweep.results.record import Record
from class_sweep.sweep.judge import Judge, Proposal
from class_sweep.sweep.studyfile import StudyFile

optuna.logging.set_verbosity(optuna.logging.WARNING)

CONFIG = "config"  # the attribute of a study's trial that holds its values

_STATES = {
    "finish": TrialState.COMPLETE,
    "prune": TrialState.PRUNED,
    "fail": TrialState.FAIL,
}


def distribution(axis: Axis) -> BaseDistribution:
    """An axis as Optuna knows it."""
    if isinstance(axis, Choice):
        return CategoricalDistribution(axis.options)
    if isinstance(axis, IntRange):
        return IntDistribution(axis.low, int(axis.values()[-1]), step=axis.step)
    if isinstance(axis, LogUniform):
        return FloatDistribution(axis.low, axis.high, log=True)
    grid = axis.values()
    return FloatDistribution(axis.low, grid[-1] if grid else axis.high, step=axis.step)


def make_sampler(name: str, seed: int, number: int, trials: int) -> optuna.samplers.BaseSampler:
    """The sampler of one proposal.

    Seeded by the sweep's seed and the trial's number, so that a sweep that was cut and gone on
    with proposes what it would have proposed, given the same history.
    """
    seed = (seed * 1_000_003 + number) % 2**32
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed,
            n_startup_trials=min(10, max(4, trials // 4)),
            multivariate=True,
            group=True,  # a reference outside the axes then does not undo the multivariate model
            constant_liar=True,
        )


class StudySearch(OptunaSearch):
    """Ray's OptunaSearch, with reference schedules first and pruned trials told as pruned.

    The study's trial numbers are the sweep's. All state is in the study's SQLite file.
    """

    def __init__(self, space: Space, path: Path, judge: Judge) -> None:
        """Open or create the study at `path`."""
        self._file = StudyFile(path)
        super().__init__(
            metric="objective", mode="max", storage=self._file, study_name="class-sweep"
        )
        self._search = space.settings.search
        self._sweep_space = space
        self._judge = judge
        self._distributions = {path: distribution(axis) for path, axis in space.axes.items()}
        mode = "max" if space.objective.direction == "maximize" else "min"
        self._setup_study(mode)
        assert self._ot_study is not None  # noqa: S101 - set by the line above
        self._study: optuna.Study = self._ot_study
        self._numbers: dict[str, int] = {}
        self._open: dict[int, optuna.trial.Trial] = {}
        self._interrupted: list[tuple[Proposal, str | None]] = []

    def __getstate__(self) -> dict[str, object]:
        """Nothing: Tune snapshots its parts, but the state of a sweep is in its log."""
        return {}

    @property
    def proposed(self) -> int:
        """How many trials were proposed."""
        return len(self._study.get_trials(deepcopy=False))

    def take_up(self, last: Mapping[int, Record], checkpoints: Mapping[int, str]) -> int:
        """Square the study with the log of an earlier run, and queue what was interrupted.

        Args:
            last: Each trial's last record.
            checkpoints: Trial to the folder of its last checkpoint.

        Returns:
            How many trials are queued to go on.
        """
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state != TrialState.RUNNING:
                continue
            self._open[trial.number] = optuna.trial.Trial(self._study, trial._trial_id)
            record = last.get(trial.number)
            if record is not None and record.ended:
                self._tell(trial.number, record)
            else:
                values = json.loads(trial.user_attrs[CONFIG])
                name = trial.user_attrs.get("name")
                proposal = self._proposal(trial.number, values, name)
                self._interrupted.append((proposal, checkpoints.get(trial.number)))
        return len(self._interrupted)

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """The next trial: an interrupted one, a reference schedule, or one of the sampler's."""
        checkpoint = None
        if self._interrupted:
            proposal, checkpoint = self._interrupted.pop(0)
        else:
            proposal = self._ask()
        self._numbers[trial_id] = proposal.trial
        self._judge.propose(proposal)
        return {"trial": proposal.trial, "values": proposal.config, "checkpoint": checkpoint}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:  # noqa: ARG002
        """Note a report that did not end its trial."""
        record = self._judge.last[self._numbers[trial_id]]
        self._report(record)
        self._file.save(record.trial)

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,  # noqa: ARG002 - the judge's record says more
        error: bool = False,  # noqa: ARG002
    ) -> None:
        """Tell the study how a trial ended; one that was only interrupted stays open."""
        number = self._numbers[trial_id]
        record = self._judge.last.get(number)
        if record is not None and record.ended and number in self._open:
            self._tell(number, record)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study's file is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the study's file is the state."""

    def _ask(self) -> Proposal:
        number = self.proposed
        self._study.sampler = make_sampler(
            self._search.sampler, self._search.seed, number, self._search.trials
        )
        if number < len(self._search.first):
            return self._ask_reference(self._search.first[number])
        trial = self._study.ask(self._distributions)
        values = {path: _rounded(value) for path, value in trial.params.items()}
        return self._noted(trial, values, None)

    def _ask_reference(self, name: str) -> Proposal:
        values = reference_config(self._sweep_space, name)
        axes = self._sweep_space.axes
        if all(values.get(path) in axis for path, axis in axes.items()):
            self._study.enqueue_trial({path: values[path] for path in axes})
            return self._noted(self._study.ask(self._distributions), values, name)
        # Outside the axes it can teach the sampler nothing, but stands in the study by its name.
        return self._noted(self._study.ask(), values, name)

    def _noted(
        self, trial: optuna.trial.Trial, values: dict[str, Value], name: str | None
    ) -> Proposal:
        self._open[trial.number] = trial
        proposal = self._proposal(trial.number, values, name)
        if name:
            trial.set_user_attr("name", name)
        trial.set_user_attr("identity", proposal.identity)
        trial.set_user_attr(CONFIG, json.dumps(values))
        self._file.save(trial.number)
        return proposal

    def _proposal(self, number: int, values: dict[str, Value], name: str | None) -> Proposal:
        settings = self._sweep_space.resolve(values)
        return Proposal(number, values, identity(settings), name)

    def _report(self, record: Record) -> None:
        trial = self._open[record.trial]
        known = self._file.get_trial(trial._trial_id).intermediate_values
        if record.objective is not None and record.samples not in known:
            trial.report(record.objective, step=record.samples)

    def _tell(self, number: int, record: Record) -> None:
        self._report(record)
        value = record.objective if record.decision == "finish" else None
        self._study.tell(self._open.pop(number), value, state=_STATES[record.decision])
        self._file.save(number)


def _rounded(value: Any) -> Value:
    return round(value, 12) if isinstance(value, float) else value
