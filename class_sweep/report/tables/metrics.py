"""Tables of metrics: a row for each metric, a column for each model or trial."""

from collections.abc import Mapping

from class_sweep.config.objective import directed_metric_names
from class_sweep.rendering.blocks import Table
from class_sweep.results import formatting


def metric_table(
    columns: Mapping[str, Mapping[str, float]],
    *,
    corner: str = "",
    title: str | None = None,
    last_row: tuple[str, ...] | None = None,
) -> Table:
    """Metrics side by side.

    Args:
        columns: Name of each column to its metrics. A metric that a column lacks is left out.
        corner: The heading of the first column.
        title: The title of the table.
        last_row: A further row below the metrics.
    """
    rows = [
        [name, *(formatting.metric(name, metrics[name]) for metrics in columns.values())]
        for name in directed_metric_names()
        if all(name in metrics for metrics in columns.values())
    ]
    return Table([corner, *columns], [*rows, *([last_row] if last_row else [])], title=title)
