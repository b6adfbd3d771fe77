"""The mean log rank is shown as the geometric mean rank, and its differences as ratios."""

import math

import pytest

from class_sweep.config.objective import metric_of, signed_margin
from class_sweep.results import formatting

NAME = "split/log_rank"


def test_a_value_is_a_geometric_mean_and_a_difference_a_ratio():
    ranks = (1, 4, 16)
    mean = sum(map(math.log, ranks)) / 3
    assert formatting.metric(NAME, mean) == "4.00"
    assert formatting.difference(NAME, math.log(0.93)) == "×0.93"
    assert formatting.interval(NAME, (math.log(0.9), math.log(1.1))) == "[×0.90, ×1.10]"
    assert formatting.spread(NAME, math.log(1.2)) == "×/÷ 1.20"
    assert metric_of(NAME).no_difference == 1


def test_other_metrics_are_shown_in_per_cent_or_ranks():
    assert formatting.spread("split/mrr", 0.005) == "± 0.5 %"
    assert formatting.difference("split/mean_rank", -2.0) == "-2.0"
    assert metric_of("split/mrr").no_difference == 0


@pytest.mark.parametrize(
    ("name", "margin", "expected"),
    [("split/mrr", 0.3, 0.003), ("all/mean_rank", 2, 2), (NAME, 1.05, math.log(1.05))],
)
def test_a_margin_is_a_difference_of_scores(name, margin, expected):
    assert signed_margin(name, margin) == pytest.approx(expected)
