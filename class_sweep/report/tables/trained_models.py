"""The validation metrics of trained models: `class-sweep train`."""

from typing import TYPE_CHECKING

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_name, ranking_name
from class_sweep.rendering.blocks import Block, Table, Text
from class_sweep.results import formatting

if TYPE_CHECKING:
    from class_sweep.models.model_training import SeedSummary


def trained_blocks(summary: "SeedSummary") -> list[Block]:
    """The mean metrics, and the folders of the models."""
    models = summary.models
    title = "validation"
    if len(models) > 1:
        title += f", mean of {len(models)} seeds ± standard error"
    rows = [
        [
            ranking_name(pool, direction),
            *(_value(summary, metric_name(pool, metric, direction)) for metric in METRICS),
        ]
        for pool in POOLS
        for direction in DIRECTIONS
    ]
    return [Table(["", *METRICS], rows, title=title), *map(Text, models)]


def _value(summary: "SeedSummary", name: str) -> str:
    row = summary.validation.get(name)
    if row is None:  # a model of version 0.2 has no log_rank
        return "–"
    mean = formatting.metric(name, row.mean)
    if row.standard_error is None:
        return mean
    number = mean.removesuffix(" %")  # so that four columns fit a narrow terminal
    return f"{number} {formatting.spread(name, row.standard_error)}"
