"""A check of every JSON file of a results folder, before a sweep continues in it."""

from class_sweep.results.confirmation_log import ConfirmationLog
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.test_log import read_test_log


def require_valid(folder: ResultsFolder) -> None:
    """Read every JSON file of the folder that exists.

    Raises:
        ResultsError: If one is damaged; the message names the file, the key and what was expected.
    """
    if folder.summary.is_file():
        folder.read_summary()
    if folder.environment.is_file():
        folder.read_environment()
    if folder.verdict.is_file():
        folder.read_verdict()
    folder.records()
    ConfirmationLog(folder).runs()
    read_test_log(folder)
