"""Storage of an Optuna study: in memory, and a SQLite file that is written trial by trial.

Optuna's own SQLite storage commits each value of a trial separately, about twenty times a trial,
and reads all open trials again at each call. For short trials that would dominate the cost.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from optuna.distributions import BaseDistribution
from optuna.storages import InMemoryStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL

from class_sweep.base.faults import faults_as_errors
from class_sweep.base.files import replace_durably
from class_sweep.errors import ResultsError, StorageError
from class_sweep.tuning.sampler_view import SamplerView

_DAMAGED = ("malformed", "not a database")  # in the words of SQLite
_SWEEP_ID = "sweep_id"  # an attribute of the study


class MemoryStorage(InMemoryStorage):
    """A study in memory, with a view of its own for samplers."""

    _in_search: Callable[[FrozenTrial], bool] | None = None  # while `sampler_view` lasts
    _view: SamplerView | None = None
    _others: frozenset[int] = frozenset()
    _earlier: Sequence[FrozenTrial] = ()

    @contextmanager
    def sampler_view(
        self,
        in_search: Callable[[FrozenTrial], bool] = lambda _: True,
        earlier: Sequence[FrozenTrial] = (),
    ) -> Iterator[None]:
        """Show a sampler the trials as `SamplerView` has them, while the block lasts.

        Args:
            in_search: Whether the sampler learns from a trial of the study; by default from all.
            earlier: Trials of earlier sweeps, shown before those of the study.
        """
        self._in_search, self._earlier = in_search, earlier
        try:
            yield
        finally:
            self._in_search, self._view, self._others = None, None, frozenset()
            self._earlier = ()

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The trials of a study; within `sampler_view` the view for samplers."""
        if self._in_search is None:
            return super().get_all_trials(study_id, deepcopy, states)
        trials = super().get_all_trials(study_id, deepcopy)
        if self._view is None:
            [direction] = self.get_study_directions(study_id)
            self._others = frozenset(t.number for t in trials if not self._in_search(t))
            self._view = SamplerView(self._of_search(trials), direction)
        trials = self._of_search(trials)
        return [t for t in self._view.of(trials) if states is None or t.state in states]

    def _of_search(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        own = (trial for trial in trials if trial.number not in self._others)
        return [*self._earlier, *own]

    def save(self, number: int) -> None:
        """Make the study's trial durable; memory has nothing to do."""

    def replace_params(
        self,
        number: int,
        params: Mapping[str, object],
        distributions: Mapping[str, BaseDistribution],
    ) -> None:
        """Give a trial other parameters than the sampler's, with their distributions."""
        trial = self._get_trial(self.get_trial_id_from_study_id_trial_number(0, number))
        trial.params = dict(params)
        trial.distributions = {name: distributions[name] for name in params}


class FileStorage(MemoryStorage):
    """A study that is read from a SQLite file at its creation; `save` updates the file.

    A trial enters the file in one transaction. A driver that is killed at any moment leaves a
    proposal in the file completely or not at all.
    """

    def __init__(self, path: Path, sweep_id: str | None = None) -> None:
        """Open or create the file at `path`; a new file gets the id of its sweep."""
        super().__init__()
        self._path, self._sweep_id = path, sweep_id
        with study_faults(path):
            self._file = open_file(path)
        self._ids: dict[int, int] = {}  # of open trials: number to id in the file
        self._saved: dict[int, set[object]] = {}  # of open trials: the names that the file has

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Create the study with the trials that the file has."""
        study_id = super().create_new_study(directions, study_name)
        with study_faults(self._path):
            self._read_file(study_id, directions)
        return study_id

    def _read_file(self, study_id: int, directions: Sequence[StudyDirection]) -> None:
        stored = {study.study_name: study._study_id for study in self._file.get_all_studies()}
        name = self.get_study_name_from_id(study_id)
        if name in stored:
            self._file_study = stored[name]
        else:
            self._file_study = self._file.create_new_study(directions, name)
            if self._sweep_id is not None:
                self._file.set_study_user_attr(self._file_study, _SWEEP_ID, self._sweep_id)
        for trial in self._file.get_all_trials(self._file_study, deepcopy=False):
            self.create_new_trial(study_id, trial)
            if not trial.state.is_finished():
                self._ids[trial.number] = trial._trial_id
                self._saved[trial.number] = _parts(trial)

    def save(self, number: int) -> None:
        """Write what has changed in a trial of the study to the file.

        Raises:
            StorageError: If SQLite cannot write it.
        """
        with study_faults(self._path):
            self._save(number)

    def _save(self, number: int) -> None:
        trial = self._get_trial(self.get_trial_id_from_study_id_trial_number(0, number))
        saved = self._saved.get(number)
        if saved is None:
            self._ids[number] = self._file.create_new_trial(self._file_study, trial)
        else:
            self._save_changes(self._ids[number], trial, saved)
        if trial.state.is_finished():
            self._saved.pop(number, None)
            self._ids.pop(number)
        else:
            self._saved[number] = _parts(trial)

    def _save_changes(self, file_id: int, trial: FrozenTrial, saved: set[object]) -> None:
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


@contextmanager
def study_faults(path: Path) -> Iterator[None]:
    """Turn the faults of SQLite in a block into one error.

    Raises:
        ResultsError: If the file is damaged.
        StorageError: If SQLite cannot read or write it for another reason.
    """
    try:
        with faults_as_errors(f"a study must be readable and writable: {path}"):
            yield
    except StorageError as error:
        if any(words in str(error) for words in _DAMAGED):
            raise ResultsError(
                f"study.db must be a whole file of SQLite: {error}; restore it from a copy, for"
                " example the one in a storage, or run the space into a new folder"
            ) from None
        raise


def open_file(path: Path) -> RDBStorage:
    """Optuna's storage in a SQLite file, which is created if it does not exist."""
    # A path may hold the characters that mean something in a URL.
    url = URL.create("sqlite", database=str(path)).render_as_string()
    # The file must open after the driver was killed between two statements.
    return RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})


@dataclass(frozen=True)
class StudyContent:
    """The content of a study file.

    Attributes:
        trials: Its trials in the order of their numbers.
        sweep_id: The id of its sweep; None in a file of version 0.2.
    """

    trials: list[FrozenTrial]
    sweep_id: str | None


def read_study(path: Path) -> StudyContent:
    """Read a study file; a file without a study has no trials."""
    file = open_file(path)
    try:
        studies = file.get_all_studies()
        if not studies:  # the driver that made the file was killed
            return StudyContent([], None)
        (study,) = studies
        trials = file.get_all_trials(study._study_id)
        return StudyContent(trials, study.user_attrs.get(_SWEEP_ID))
    finally:
        file.engine.dispose()


def reopen_trials(path: Path, agreeing: Container[int]) -> None:
    """Reopen the trials of a study file that disagree with the log, without their values.

    Optuna cannot reopen a trial, so a new file replaces the old one.

    Args:
        path: The study file.
        agreeing: The numbers of the trials that stay as they are.
    """
    with study_faults(path):
        _reopen_trials(path, agreeing)


def _reopen_trials(path: Path, agreeing: Container[int]) -> None:
    file = open_file(path)
    studies = file.get_all_studies()
    if not studies:  # the driver that made the file was killed
        return
    (study,) = studies
    partial = path.with_name(f".{path.name}-open")
    partial.unlink(missing_ok=True)
    reopened = open_file(partial)
    study_id = reopened.create_new_study(study.directions, study.study_name)
    for key, value in study.user_attrs.items():
        reopened.set_study_user_attr(study_id, key, value)
    for trial in file.get_all_trials(study._study_id):
        if trial.number not in agreeing:
            trial.state, trial.values, trial.datetime_complete = TrialState.RUNNING, None, None
            trial.intermediate_values = {}
        reopened.create_new_trial(study_id, trial)
    reopened.engine.dispose()
    file.engine.dispose()
    replace_durably(partial, path)


def _parts(trial: FrozenTrial) -> set[object]:
    """The steps and attributes of a trial by name; the trial object itself is mutable."""
    return {*trial.intermediate_values, *trial.system_attrs, *trial.user_attrs}
