"""The metrics of a model on a split, with intervals and bounds: `class-sweep evaluate`."""

from typing import TYPE_CHECKING

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, metric_name, ranking_name
from class_sweep.rendering.blocks import Block, Table, Text
from class_sweep.results import formatting

if TYPE_CHECKING:
    from class_sweep.models.split_evaluation import Evaluation


def evaluation_blocks(evaluation: "Evaluation") -> list[Block]:
    """A table for each pool, and the notes that explain it."""
    tables = [_pool_table(evaluation, pool) for pool in evaluation.candidates]
    return [*tables, *(Text(line, "note") for line in _notes(evaluation))]


def _pool_table(evaluation: "Evaluation", pool: str) -> Table:
    size = evaluation.candidates[pool]
    title = (
        f"{evaluation.split}, {evaluation.queries:,} queries against {pool}:"
        f" {size.molecules:,} molecules, {size.texts:,} texts"
    )
    rows = []
    for metric in METRICS:
        names = [metric_name(pool, metric, direction) for direction in (*DIRECTIONS, None)]
        rows.append([metric, *(_value(evaluation, name) for name in names)])
        if metric == "hits@1":
            bounds = (evaluation.ceilings[ranking_name(pool, d)] for d in DIRECTIONS)
            cells = [
                f"{formatting.percent(b.hits_at_1)}, {formatting.percent(b.alike)} alike"
                for b in bounds
            ]
            rows.append(["  at most", *cells, ""])
    return Table(["", *DIRECTIONS, "mean of both"], rows, title=title)


def _value(evaluation: "Evaluation", name: str) -> str:
    low, high = (formatting.metric(name, bound) for bound in evaluation.intervals[name])
    value = formatting.metric(name, evaluation.metrics[name])
    return f"{value} [{low.removesuffix(' %')}, {high}]"


def _notes(evaluation: "Evaluation") -> list[str]:
    notes = [
        "In brackets: 95 % bootstrap intervals over the queries. Ties take the middle of their"
        " ranks; candidates that are also right are left out. Alike: queries that no model can"
        " tell apart, because the query or its answer is encoded like another one."
    ]
    if evaluation.reranked:
        notes.append(
            f"The best {evaluation.reranked} candidates of each query are ordered by the"
            " backbone's fine score, the others behind them."
        )
    if not evaluation.same_data:
        notes.append("These are not the data of the training.")
    return notes
