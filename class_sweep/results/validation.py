"""A check of every JSON file of a results folder, before a sweep continues in it."""

from os.path import lexists

from class_sweep.results.confirmation_log import ConfirmationLog
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.test_log import read_test_log


def require_valid(folder: ResultsFolder) -> None:
    """Read every JSON file of the folder that exists.

    Raises:
        ResultsError: If one is damaged; the message names the file, the key and what was expected.
    """
    if lexists(folder.summary):
        folder.read_summary()
    if lexists(folder.environment):
        folder.read_environment()
    if lexists(folder.warm_start):
        folder.read_warm_start()
    if lexists(folder.verdict):
        folder.read_verdict()
    folder.records()
    ConfirmationLog(folder).runs()
    read_test_log(folder)
