"""The examples in the docstrings give the printed results."""

import doctest

from class_sweep.training import ranking


def test_the_examples_of_the_ranking_run():
    tested = doctest.testmod(ranking)
    assert tested.attempted > 0
    assert tested.failed == 0
