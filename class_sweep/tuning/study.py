"""An Optuna study in memory, kept in a SQLite file by whole trials.

Optuna's own SQLite storage commits each value of a trial by itself, some twenty times a trial, and
reads every open trial again at each question: most of what a short trial would cost.
"""

import copy
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from heapq import nlargest
from operator import attrgetter
from pathlib import Path

from optuna.storages import InMemoryStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

_LATEST, _BEST = 900, 100  # trials that a sampler is shown of a long study


class StudyMemory(InMemoryStorage):
    """Studies in memory, which samplers are shown in a way of their own."""

    _for_samplers = False
    _shown: list[FrozenTrial] | None = None  # of those before the latest, while a block lasts

    @contextmanager
    def as_samplers_see_it(self) -> Iterator[None]:
        """For the length of a block, an open trial that has reported is one pruned at that report.

        A sampler takes a trial that runs for a bad one, lest it propose the same again; of one
        that has reported it is known how good it is, and paused trials may be open for long. Of a
        long study it is shown the latest trials and the best of those before: TPE, whose time
        grows with the trials, weighs the others the less the older they are.
        """
        self._for_samplers = True
        try:
            yield
        finally:
            self._for_samplers, self._shown = False, None

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Optuna's."""
        if not self._for_samplers:
            return super().get_all_trials(study_id, deepcopy, states)
        found = super().get_all_trials(study_id, deepcopy)
        if self._shown is None:
            self._shown = self._best(study_id, found[:-_LATEST])
        shown = [*self._shown, *map(_seen, found[-_LATEST:])]
        return [trial for trial in shown if states is None or trial.state in states]

    def _best(self, study_id: int, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """The best of these in the order that they came: finished ones, then those that got far."""
        [direction] = self.get_study_directions(study_id)
        sign = 1 if direction == StudyDirection.MAXIMIZE else -1

        def merit(trial: FrozenTrial) -> tuple[bool, int, float]:
            if trial.state == TrialState.COMPLETE:
                return True, 0, sign * (trial.value or 0.0)
            step = trial.last_step
            if step is None:
                return False, -1, 0.0
            return False, step, sign * trial.intermediate_values[step]

        if len(trials) > _BEST:
            trials = sorted(nlargest(_BEST, trials, key=merit), key=attrgetter("number"))
        return list(map(_seen, trials))


def _seen(trial: FrozenTrial) -> FrozenTrial:
    if trial.state != TrialState.RUNNING or not trial.intermediate_values:
        return trial
    again = copy.copy(trial)
    again.state = TrialState.PRUNED
    return again


class StudyFile(StudyMemory):
    """One study, read from its file when it is made; `save` brings the file up to date.

    A trial comes into the file whole, in one transaction, so a driver killed at any moment leaves
    either all of a proposal there or nothing of it.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`."""
        super().__init__()
        # A driver that is killed between two statements must leave a file that opens.
        self._file = RDBStorage(
            f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}}
        )
        self._ids: dict[int, int] = {}  # of open trials: number to id in the file
        self._saved: dict[int, set[object]] = {}  # what the file has of open trials

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Begin the study, with the trials that the file holds of it."""
        study_id = super().create_new_study(directions, study_name)
        known = {study.study_name: study._study_id for study in self._file.get_all_studies()}
        name = self.get_study_name_from_id(study_id)
        if name in known:
            self._file_study = known[name]
        else:
            self._file_study = self._file.create_new_study(directions, name)
        for trial in self._file.get_all_trials(self._file_study, deepcopy=False):
            self.create_new_trial(study_id, trial)
            if not trial.state.is_finished():
                self._ids[trial.number] = trial._trial_id
                self._saved[trial.number] = _parts(trial)
        return study_id

    def save(self, number: int) -> None:
        """Bring the file up to date with a trial of the study."""
        trial = self._get_trial(self.get_trial_id_from_study_id_trial_number(0, number))
        saved = self._saved.get(number)
        if saved is None:
            self._ids[number] = self._file.create_new_trial(self._file_study, trial)
        else:
            file_id = self._ids[number]
            for step, value in trial.intermediate_values.items():
                if step not in saved:
                    self._file.set_trial_intermediate_value(file_id, step, value)
            for key, attribute in trial.system_attrs.items():
                if key not in saved:
                    self._file.set_trial_system_attr(file_id, key, attribute)
            for key, attribute in trial.user_attrs.items():
                if key not in saved:
                    self._file.set_trial_user_attr(file_id, key, attribute)
            if trial.state.is_finished():
                self._file.set_trial_state_values(file_id, trial.state, trial.values)
        if trial.state.is_finished():
            self._saved.pop(number, None)
            self._ids.pop(number)
        else:
            self._saved[number] = _parts(trial)


def open_again(path: Path, ended: Container[int]) -> None:
    """Open those trials of a study's file again that have ended there, but not in the log.

    In a storage the study is a moment newer than the log, and a driver may be lost in that moment.
    Optuna opens no trial again, so the file is written anew.

    Args:
        path: Of the file.
        ended: The trials that have ended in the log.
    """
    file = RDBStorage(f"sqlite:///{path}")
    (study,) = file.get_all_studies()
    trials = file.get_all_trials(study._study_id)
    too_early = {t.number for t in trials if t.state.is_finished() and t.number not in ended}
    if too_early:
        partial = path.with_name(f".{path.name}-open")
        partial.unlink(missing_ok=True)
        again = RDBStorage(f"sqlite:///{partial}")
        study_id = again.create_new_study(study.directions, study.study_name)
        for trial in trials:
            if trial.number in too_early:
                trial.state, trial.values, trial.datetime_complete = TrialState.RUNNING, None, None
            again.create_new_trial(study_id, trial)
        again.engine.dispose()
        partial.replace(path)
    file.engine.dispose()


def _parts(trial: FrozenTrial) -> set[object]:
    """The steps and attributes by name: a trial object itself is changed by its handles."""
    return {*trial.intermediate_values, *trial.system_attrs, *trial.user_attrs}
