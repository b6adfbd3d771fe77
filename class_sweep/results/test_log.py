"""`test.jsonl`: one line for each reading of the test split."""

from typing import ClassVar

from pydantic import Field, ValidationError

from class_sweep.base.jsonl import LineLog, whole_lines
from class_sweep.errors import ResultsError
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.json_files import Interval, ResultsModel, explain, json_line
from class_sweep.results.verdict import OVER_QUERIES


class ReadingDifference(ResultsModel):
    """Winner − control in one metric.

    Attributes:
        difference: Mean over the seeds, in the metric's unit.
        t: 95 % paired-t interval.
        over_queries: 95 % interval over seeds and queries.
    """

    difference: float
    t: Interval
    over_queries: Interval = Field(validation_alias=OVER_QUERIES)


class ReadingPair(ResultsModel):
    """The winner against one control.

    Attributes:
        control: Kind of the control.
        arm: Arm of the control.
        metrics: Metric name to the difference.
    """

    control: str
    arm: str
    metrics: dict[str, ReadingDifference]


class TestReading(ResultsModel):
    """One reading of the test split.

    Attributes:
        reading: Its number, from 1; only the first reading is a test.
        at: When it was made, ISO 8601.
        user: Who made it, `user@machine`.
        command: The command line.
        metric: The objective's metric.
        winner: Arm of the winner.
        confirmed: Whether the confirmation had confirmed the winner.
        seeds: Seeds of the runs.
        queries: Queries per run.
        arms: Arm to the mean of each metric over the seeds.
        pairs: The winner against each of its controls.
    """

    __test__: ClassVar[bool] = False  # pytest collects classes by this name

    reading: int
    at: str
    user: str
    command: list[str]
    metric: str
    winner: str
    confirmed: bool
    seeds: list[int]
    queries: int
    arms: dict[str, dict[str, float]]
    pairs: list[ReadingPair]


def read_test_log(folder: ResultsFolder) -> list[TestReading]:
    """Every reading of the test split so far, in order.

    Raises:
        ResultsError: If a line is damaged.
    """
    readings = []
    for number, line in whole_lines(folder.tests, folder.sweep_id()):
        try:
            readings.append(TestReading.model_validate_json(line))
        except ValidationError as error:
            raise ResultsError(
                f"a line must be a reading of the test split: {folder.tests}:{number}:"
                f" {explain(error)}"
            ) from None
    return readings


def append_reading(folder: ResultsFolder, reading: TestReading) -> None:
    """Add a reading; when this returns, it is on the disk.

    Raises:
        StorageError: If it cannot be written.
    """
    log = LineLog(folder.tests, folder.sweep_id())
    log.append(json_line(reading))
    log.close()
