"""The study of a sweep that continues, made to agree with the log: the log is the truth.

A log may have been restored from an older copy, and a study may be missing, damaged or of another
sweep. What the log knows is enough to mend each of these; only proposals without a report are lost,
and they are made again.
"""

import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from class_sweep.base.faults import faults_as_errors
from class_sweep.base.files import replace_durably
from class_sweep.results.record import Record
from class_sweep.results.trials import reports_by_trial
from class_sweep.tuning.study import CONFIG
from class_sweep.tuning.study_storage import StudyContent, read_study, reopen_trials

log = logging.getLogger(__name__)

_DAMAGED = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_JOURNAL = "-journal"  # SQLite keeps an unfinished transaction there


def repair_study(path: Path, records: Sequence[Record], sweep_id: str | None) -> None:
    """Make a study file agree with the log before it is opened; each change is a warning.

    Args:
        path: The study file.
        records: The log.
        sweep_id: The id of the sweep; None in a folder of version 0.2.

    Raises:
        StorageError: If the disk or SQLite refuses to read or write the file.
    """
    by_trial = reports_by_trial(records)
    with faults_as_errors(f"a study must be readable and writable: {path}"):
        if path.is_file() and path.stat().st_size:
            _repair_file(path, by_trial, sweep_id)
        if by_trial and not (path.is_file() and path.stat().st_size):
            log.warning(
                "%s is made again from the log: its proposals without a report are lost", path
            )


def _repair_file(
    path: Path, by_trial: Mapping[int, Sequence[Record]], sweep_id: str | None
) -> None:
    try:
        study = read_study(path)
        of_this_sweep = _is_of(study, by_trial, sweep_id)
    except Exception as error:  # Optuna and SQLAlchemy raise what a damaged file leads them to
        if _is_fault(error):
            raise
        _set_aside(path, "is damaged")
        return
    if not of_this_sweep:
        _set_aside(path, "is of another sweep")
        return
    ahead = {t.number for t in study.trials if not agrees_with_log(t, by_trial.get(t.number, []))}
    if ahead:
        log.warning(
            "the log lacks reports that %s has: trials %s continue from their last report in the"
            " log",
            path,
            ", ".join(map(str, sorted(ahead))),
        )
        reopen_trials(path, {trial.number for trial in study.trials} - ahead)


def _is_of(
    study: StudyContent, by_trial: Mapping[int, Sequence[Record]], sweep_id: str | None
) -> bool:
    """Whether a study is of the sweep of a log."""
    if study.sweep_id is not None and study.sweep_id != sweep_id:
        return False
    logged = {number: records[0].config for number, records in by_trial.items()}
    configs = {trial.number: json.loads(trial.user_attrs[CONFIG]) for trial in study.trials}
    return all(configs[number] == logged[number] for number in configs.keys() & logged.keys())


def agrees_with_log(trial: FrozenTrial, records: Sequence[Record]) -> bool:
    """Whether the log has everything that the study knows about a trial."""
    known = {record.objective for record in records}
    if not set(trial.intermediate_values.values()) <= known:
        return False
    if not trial.state.is_finished():
        return True
    if not records or not records[-1].ended:
        return False
    return trial.state is not TrialState.COMPLETE or trial.value == records[-1].objective


def _is_fault(error: Exception) -> bool:
    """Whether the machine refused something, rather than the file being damaged."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return True
        if isinstance(cause, sqlite3.Error):
            return cause.sqlite_errorcode & 0xFF not in _DAMAGED
        cause = cause.__cause__
    return False


def _set_aside(path: Path, reason: str) -> None:
    aside = path.with_name(f".{path.name}-aside")
    log.warning("%s %s: it is kept as %s", path, reason, aside)
    path.with_name(f"{path.name}{_JOURNAL}").unlink(missing_ok=True)
    replace_durably(path, aside)
