"""A reading of the test split, for `class-sweep confirm --test`."""

from class_sweep.rendering.blocks import Block, Text
from class_sweep.report.tables.metrics import metric_table
from class_sweep.results import formatting
from class_sweep.results.test_log import ReadingPair, TestReading


def test_reading_blocks(reading: TestReading) -> list[Block]:
    """The mean metrics of the arms, and the difference of the winner from each control."""
    title = f"test, {len(reading.seeds)} seeds, {reading.queries:,} queries"
    differences = [Text(_difference(reading, pair)) for pair in reading.pairs]
    warnings = []
    if reading.reading > 1:
        message = (
            f"The test split of this sweep has now been read {reading.reading} times; only the"
            " first reading was a test."
        )
        warnings.append(Text(message, "alarm"))
    return [metric_table(reading.arms, title=title), *differences, *warnings]


def _difference(reading: TestReading, pair: ReadingPair) -> str:
    row = pair.metrics[reading.metric]
    seeds = formatting.interval(reading.metric, row.t)
    seeds_and_queries = formatting.interval(reading.metric, row.over_queries)
    return (
        f"{reading.winner} − {pair.arm}, {reading.metric}:"
        f" {formatting.difference(reading.metric, row.difference)}, 95 % {seeds} over seeds,"
        f" {seeds_and_queries} over seeds and queries"
    )
