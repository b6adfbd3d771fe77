"""The verdict of made-up runs: what is paired, who wins, and how many seeds are enough."""

import numpy as np
import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.objective import DIRECTIONS, POOLS
from class_sweep.confirmation.arms import Arm, ConfirmationPlan
from class_sweep.confirmation.verdict import Evidence, make_verdict
from class_sweep.results.confirmation_log import ConfirmationRun
from class_sweep.statistics.comparisons import Comparison
from class_sweep.statistics.sequential import DecisionRule, evaluate_looks
from class_sweep.training.split_metrics import metrics_of_ranks

SEEDS, QUERIES = 10, 60
SEED_NOISE = {
    "a": (0, 3, -2, 1, -1, 2, 0, -3, 1, -1),
    "b": (1, -2, 0, 3, -1, -3, 2, 0, -1, 1),
    "c": (0, 1, -1, 2, -2, 0, 1, -1, 0, 2),
    "full_data": (-1, 0, 2, -2, 1, 1, -2, 0, 3, -1),
}


@pytest.fixture
def judge(small_space_text):
    """The verdict over arms of given mean ranks under ten seeds."""

    def judged(
        ranks,
        *,
        few=(),
        backwards=(),
        objective="validation/mean_rank",
        samples=None,
        margin=None,
        prefer="quality",
    ):
        """Make the runs and judge them.

        Args:
            ranks: Arm to its mean rank.
            few: Arms whose difference comes from two queries alone.
            backwards: Arms whose runs were made from the last seed to the first.
            objective: The objective of the sweep.
            samples: Arm to the samples of a run; 100 unless given.
            margin: `confirm.margin`.
            prefer: `confirm.prefer`.
        """
        text = small_space_text.replace("validation/mrr", objective)
        confirm = "finalists: 2, seeds: 5, max_seeds: 10"
        if margin:
            confirm += f", margin: {margin}, prefer: {prefer}"
        space = parse_space(text.replace("finalists: 0", confirm))
        runs, stored = {}, {}
        for arm, rank in ranks.items():
            for seed in range(SEEDS)[:: -1 if arm in backwards else 1]:
                of_run = _ranks(rank, 0.1 * SEED_NOISE[arm][seed], few=arm in few)
                identity = f"{arm}-{seed}"
                runs[arm, seed] = ConfirmationRun(
                    identity, arm, seed + 4, 100, 1.0, metrics_of_ranks(of_run)
                )
                stored[identity] = of_run
        comparisons = [
            Comparison(arm, "full_data", "full_data") for arm in ranks if arm != "full_data"
        ]
        plan = ConfirmationPlan(
            {arm: Arm(arm, {}, None, (samples or {}).get(arm, 100)) for arm in ranks},
            [c.finalist for c in comparisons],
            comparisons,
            {},
        )
        values = {}
        for (arm, seed), run in runs.items():
            value = space.objective.sign * run.metrics[space.objective.metric]
            values.setdefault(arm, {})[seed] = value
        progress = evaluate_looks(comparisons, values, DecisionRule(5, 10, margin))
        evidence = Evidence(list(range(4, 4 + SEEDS)), runs, stored.__getitem__)
        return make_verdict(space, plan, progress, evidence, 200, trials=12)

    return judged


def _ranks(mean, noise, *, few):
    """One run's ranks: near its mean, or 20 but for two queries that move the mean."""
    spread = np.linspace(-1, 1, QUERIES)
    of_queries = mean + spread + noise
    if few:
        of_queries = 20 + spread + noise
        of_queries[:2] += (mean - 20) * QUERIES / 2
    of_queries = of_queries.astype(np.float32)
    return {f"{pool}/{direction}": of_queries for pool in POOLS for direction in DIRECTIONS}


def test_runs_are_paired_by_their_seed_whatever_their_order(judge):
    ranks = {"a": 19.0, "full_data": 20.0}
    verdict = judge(ranks)
    assert judge(ranks, backwards=["a"]) == verdict
    (pair,) = verdict.pairs
    first, second = (np.array(SEED_NOISE[arm][: pair.seeds]) for arm in ("a", "full_data"))
    differences = 0.1 * (first - second)
    row = pair.metrics["split/mean_rank"]
    assert row.difference == pytest.approx(-1 + np.mean(differences), abs=1e-4)
    assert row.sd == pytest.approx(np.std(differences, ddof=1), abs=1e-4)


def test_the_winner_is_the_best_of_the_confirmed_finalists(judge):
    verdict = judge({"a": 18.5, "b": 17.0, "full_data": 20.0})
    assert [pair.outcome for pair in verdict.pairs] == ["better", "better"]
    assert all(pair.generalises for pair in verdict.pairs)
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("b", True)
    verdict = judge({"a": 18.5, "b": 17.0, "full_data": 20.0}, objective="validation/mrr")
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("b", True)


def test_a_finalist_that_is_better_on_these_queries_alone_does_not_win(judge):
    verdict = judge({"a": 18.5, "b": 19.5, "full_data": 20.0}, few=["b"])
    assert [pair.outcome for pair in verdict.pairs] == ["better", "better"]
    assert [pair.generalises for pair in verdict.pairs] == [True, False]
    assert verdict.winner.arm == "a"
    verdict = judge({"b": 19.5, "full_data": 20.0}, few=["b"])
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("full_data", False)


def test_the_best_wins_among_those_that_are_better_on_other_queries_too(judge):
    verdict = judge({"a": 19.6, "b": 19.5, "c": 19.42, "full_data": 20.0}, few=["c"])
    assert [pair.outcome for pair in verdict.pairs] == ["better"] * 3
    assert [pair.generalises for pair in verdict.pairs] == [True, True, False]
    assert verdict.winner.arm == "b"


def test_of_a_worse_finalist_the_queries_confirm_that_it_is_worse(judge):
    verdict = judge({"a": 22.0, "full_data": 20.0})
    (pair,) = verdict.pairs
    assert (pair.outcome, pair.generalises) == ("worse", True)


def test_without_a_confirmed_finalist_full_data_is_to_be_used(judge):
    verdict = judge({"a": 20.05, "full_data": 20.0})
    assert verdict.pairs[0].outcome == "open"
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("full_data", False)
    assert "best.yaml is full data's" in verdict.winner.words


def test_enough_seeds_decide_the_hardest_open_comparison(judge):
    verdict = judge({"a": 19.81, "b": 19.84, "full_data": 20.0})
    assert [pair.outcome for pair in verdict.pairs] == ["open", "open"]
    assert [pair.seeds_needed for pair in verdict.pairs] == [20, 40]
    assert verdict.enough == 40


def test_a_finalist_that_no_number_of_seeds_decides_hides_no_other_one(judge):
    verdict = judge({"a": 19.81, "b": 20.3, "full_data": 20.0})
    assert [pair.seeds_needed for pair in verdict.pairs] == [20, None]
    assert verdict.enough == 20


EQUAL = {"a": 20.02, "b": 20.05, "full_data": 20.0}
FEWER = {"a": 80, "b": 60}


def test_the_cheapest_finalist_within_the_margin_wins_if_it_is_preferred(judge):
    verdict = judge(EQUAL, samples=FEWER, margin=1, prefer="cheapest_within_margin")
    assert [pair.outcome for pair in verdict.pairs] == ["open", "open"]
    assert [pair.non_inferior for pair in verdict.pairs] == [True, True]
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("b", True)
    assert verdict.winner.words.startswith(
        "b, the cheapest within the margin, is not worse than full data by more than 1 rank ["
    )
    assert (verdict.rule.margin, verdict.rule.prefer) == (1, "cheapest_within_margin")
    assert verdict.enough is None
    for name in ("a", "b"):  # each end of the interval is above −margin
        row = next(p for p in verdict.pairs if p.finalist == name).metrics["split/mean_rank"]
        assert row.interval[1] < 1


def test_by_quality_a_saving_alone_does_not_win(judge):
    verdict = judge(EQUAL, samples=FEWER, margin=1)
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("full_data", False)
    assert "a is within the margin with fewer samples" in verdict.winner.words
    assert "--prefer cheapest_within_margin" in verdict.winner.words


def test_a_finalist_within_the_margin_that_saves_nothing_does_not_win_by_its_cost(judge):
    verdict = judge(EQUAL, margin=1, prefer="cheapest_within_margin")
    assert [pair.non_inferior for pair in verdict.pairs] == [True, True]
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("full_data", False)


def test_a_better_finalist_wins_where_none_within_the_margin_is_cheaper(judge):
    verdict = judge({"a": 18.5, "full_data": 20.0}, margin=1, prefer="cheapest_within_margin")
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("a", True)
    assert verdict.winner.words.startswith("a is better than full data")
