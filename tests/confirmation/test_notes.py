"""What `check` says about a confirmation before it."""

import numpy as np
import pytest

from class_sweep.config.document import parse_space
from class_sweep.confirmation.notes import confirmation_notes, detectable_difference
from class_sweep.statistics.comparisons import Comparison
from class_sweep.statistics.sequential import DecisionRule, evaluate_looks


def space(text, objective="validation/mrr", finalists=3):
    text = text.replace("finalists: 0", f"finalists: {finalists}")
    return parse_space(text.replace("validation/mrr", objective))


def test_hits_at_1_as_the_objective_is_a_warning(small_space_text):
    first, second = confirmation_notes(space(small_space_text, "validation/all/hits@1"), 3301)
    assert "3.7 times the seeds of validation/all/mrr" in first
    assert "validation/all/log_rank 0.37 times" in first
    assert "3,301 queries show a difference of 1.5 points with a probability of 80 %" in second


def test_too_few_seeds_and_queries_are_said_to_be_too_few(small_space_text):
    text = small_space_text.replace("finalists: 0", "finalists: 3, seeds: 3, max_seeds: 3")
    [note] = confirmation_notes(parse_space(text), 150)
    assert note.startswith("3 seeds and 150 queries may miss a difference of any size: ")


@pytest.mark.parametrize(
    ("objective", "finalists"), [("validation/mrr", 0), ("validation/log_rank", 3)]
)
def test_without_a_confirmation_or_a_bound_there_is_no_note(small_space_text, objective, finalists):
    assert confirmation_notes(space(small_space_text, objective, finalists), 100) == []


def test_the_named_difference_is_shown_as_often_as_it_says():
    queries, draws, found = 300, 200, 0
    gain = detectable_difference(1, 10, queries)
    generator = np.random.default_rng(0)
    pair = Comparison("a", "full_data", "full_data")
    for _ in range(draws):
        hits = {
            "a": generator.binomial(queries, 0.5 + gain / 2, 10) / queries,
            "full_data": generator.binomial(queries, 0.5 - gain / 2, 10) / queries,
        }
        scores = {arm: dict(enumerate(values.tolist())) for arm, values in hits.items()}
        progress = evaluate_looks([pair], scores, DecisionRule(10, 10))
        found += progress.statuses[pair].outcome == "better"
    assert 0.72 < found / draws < 0.9


def test_a_margin_without_full_data_in_the_search_is_a_note(small_space_text):
    text = small_space_text.replace("finalists: 0", "finalists: 1, margin: 0.3")
    assert len(confirmation_notes(parse_space(text), 100)) == 1
    [_, note] = confirmation_notes(
        parse_space(text.replace("baselines: [full_data]", "baselines: [paper]")), 100
    )
    assert note.endswith("search.baselines has no full_data: add it")
