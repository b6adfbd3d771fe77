from functools import partial

import pytest

from class_sweep.config.controls import CONTROLS
from class_sweep.confirmation.claims import claim as claim_of
from class_sweep.confirmation.claims import claims, sentences
from class_sweep.results.verdict import ComparisonFigures, ComparisonVerdict

MRR = "split/mrr"
claim = partial(claim_of, first="full_data")


def pair(outcome="better", *, metric=MRR, difference=0.011, interval=(0.004, 0.018), **changes):
    tree = {
        "finalist": "trial 2",
        "control": "full_data",
        "arm": "full_data",
        "seeds": 5,
        "level": 0.01,
        "p_adjusted": 0.01,
        "time_share": 0.8,
        "outcome": outcome,
        "closed": None,
        "seeds_needed": None,
        "samples_share": 0.79,
        "generalises": outcome != "open",
        "queries": 3301,
        "metrics": {
            metric: {
                "finalist": 0.31,
                "control": 0.3,
                "difference": difference,
                "sd": 0.01,
                "interval": interval,
                "t": (0.005, 0.017),
                "over_queries": (-0.002, 0.02),
            }
        },
    }
    return ComparisonFigures.model_validate(tree | changes)


def test_a_better_finalist_is_claimed_with_its_difference_and_its_samples():
    assert claim(pair(), MRR) == (
        "better than full data by 1.1 points of MRR [0.4, 1.8] with 79 % of its samples"
    )


def test_a_worse_finalist_is_claimed_with_its_interval_as_a_loss():
    worse = pair("worse", difference=-0.021, interval=(-0.03, -0.012), control="paper")
    assert claim(worse, MRR) == (
        "worse than the paper's schedule by 2.1 points of MRR [1.2, 3.0] with 79 % of its samples"
    )


def test_an_open_comparison_claims_nothing_and_names_the_seeds_needed():
    figures = pair("open", difference=0.002, interval=(-0.005, 0.009), seeds_needed=20)
    assert claim(figures, MRR) == (
        "not told apart from full data: difference 0.2 [−0.5, 0.9]; 20 seeds may settle it"
    )


def test_a_comparison_that_no_look_would_decide_needs_more_seeds_than_the_last_look():
    figures = pair("open", interval=(-0.005, 0.009), seeds_needed=None)
    assert claim(figures, MRR).endswith("; more than 40 seeds would be needed")


def test_more_seeds_are_not_proposed_for_a_finalist_that_seems_worse():
    figures = pair("open", difference=-0.002, interval=(-0.009, 0.005), seeds_needed=None)
    assert claim(figures, MRR).endswith("[−0.9, 0.5]; more seeds are unlikely to show a gain")


def test_a_trailing_finalist_says_that_another_one_is_ahead():
    figures = pair("open", interval=(-0.005, 0.009), seeds_needed=7, closed="trailing")
    assert claim(figures, MRR).endswith(
        "; another finalist is better than full data and ahead of it, so no more seeds were spent"
    )


@pytest.mark.parametrize(
    ("closed", "reason"),
    [
        ("failed", "a run failed"),
        ("skipped", "it was not shown to be better than full data"),
        ("lost", "it is worse than full data"),
        ("behind", "another finalist that is better than full data has a higher mean"),
        ("dropped", "it is no longer among the finalists"),
    ],
)
def test_a_comparison_without_runs_says_why(closed, reason):
    figures = pair("open", control="paper", closed=closed, metrics={}, seeds=0)
    assert claim(figures, MRR) == f"not compared with the paper's schedule: {reason}"


def test_the_first_control_of_a_finalist_is_told_by_its_name():
    figures = [
        pair("worse", control="ours"),
        pair("open", closed="lost", interval=(-0.005, 0.009)),
        pair("worse", finalist="trial 3"),  # a schedule that has no such control, or is it
        pair("open", finalist="trial 3", control="paper", closed="lost", metrics={}),
    ]
    _, begun, _, unrun = claims(figures, MRR)
    assert begun.endswith(
        "; its finalist is worse than the schedule ours, so no more seeds were spent"
    )
    assert unrun == "not compared with the paper's schedule: it is worse than full data"


def test_a_difference_that_other_queries_may_not_confirm_is_limited_to_these_queries():
    assert claim(pair(generalises=False), MRR) == (
        "better than full data by 1.1 points of MRR [0.4, 1.8] with 79 % of its samples, on these"
        " 3,301 queries; over other queries of the same kind the difference may be 0 [−0.2, 2.0]"
    )


def test_a_mean_rank_is_in_ranks_and_lower_is_better():
    metric = "all/text_to_molecule/mean_rank"
    figures = pair(metric=metric, difference=-3.5, interval=(-5.0, -2.0))
    assert claim(figures, metric).startswith(
        "better than full data by 3.5 ranks of mean rank [2.0, 5.0]"
    )


def test_a_tiny_bound_is_not_rounded_to_zero():
    assert "[0.004, 1.8]" in claim(pair(interval=(0.00004, 0.018)), MRR)


@pytest.mark.parametrize("kind", [*CONTROLS, "ours"])
def test_every_control_has_words_in_a_claim(kind):
    others = {control.words for name, control in CONTROLS.items() if name != kind}
    text = claim(pair(control=kind), MRR)
    assert text.startswith("better than ")
    assert not any(f"than {words} by" in text for words in others)


def test_a_gain_names_the_part_that_it_comes_from():
    without = pair(control="random_order")
    assert claim(without, MRR, gained=True).startswith(
        "the gain comes from the order: better than its pools in random order by 1.1 points"
    )
    assert claim(without, MRR).startswith("better than its pools in random order")
    for figures in (pair(), pair("worse", control="random_order"), pair("open", control="paper")):
        assert "comes from" not in claim(figures, MRR, gained=True)


def test_a_log_rank_is_told_as_a_ratio_of_geometric_mean_ranks():
    metric = "split/log_rank"
    figures = pair(metric=metric, difference=-0.0953, interval=(-0.1823, -0.0198))
    assert claim(figures, metric).startswith(
        "better than full data by a factor of 1.10 in geometric mean rank [1.02, 1.20]"
    )
    worse = pair("worse", metric=metric, difference=0.0953, interval=(0.0198, 0.1823))
    assert "worse than full data by a factor of 1.10 in geometric mean rank [1.02, 1.20]" in claim(
        worse, metric
    )
    unclear = pair(
        "open", metric=metric, difference=-0.0953, interval=(-0.2, 0.02), seeds_needed=20
    )
    assert "ratio 1.10 [0.98, 1.22]; 20 seeds may settle it" in claim(unclear, metric)
    here = pair(metric=metric, difference=-0.0953, interval=(-0.18, -0.01), generalises=False)
    assert "difference may be 1 [" in claim(here, metric)


def within(non_inferior=True, **changes):
    """A finalist against full data, with the margin's answer."""
    figures = {"difference": 0.002, "interval": (-0.001, 0.005), "samples_share": 0.62}
    return pair("open", non_inferior=non_inferior, time_share=0.7, **figures | changes)


def equal(outcome="better", **changes):
    """The same finalist against full data at equal samples."""
    figures = {"difference": 0.007, "interval": (0.002, 0.012), "samples_share": 1.0}
    return pair(outcome, control="full_data_equal_samples", **figures | changes)


def test_a_saving_is_the_curriculums_if_it_is_better_than_stopping_earlier():
    not_worse = (
        "not worse than full data by more than 0.3 points [−0.1, 0.5] with 62 % of its samples"
        " (70 % of its time)"
    )
    assert claims([within(), equal()], MRR, margin=0.3)[0] == (
        f"{not_worse}; better than full data at equal samples by 0.7 points of MRR [0.2, 1.2]"
    )
    assert claims([within(), equal("open")], MRR, margin=0.3)[0] == (
        f"{not_worse}; full data stopped there is not told apart: the saving is not the"
        " curriculum's"
    )
    worse = equal("worse", difference=-0.007, interval=(-0.012, -0.002))
    assert claims([within(), worse], MRR, margin=0.3)[0] == (
        f"{not_worse}; worse than full data at equal samples by 0.7 points of MRR [0.2, 1.2]: the"
        " saving is not the curriculum's"
    )
    failed = equal("open", closed="failed", metrics={})
    assert claims([within(), failed], MRR, margin=0.3)[0] == (
        f"{not_worse}; not compared with full data at equal samples: a run failed"
    )
    assert claims([within()], MRR, margin=0.3) == [
        f"{not_worse}; not compared with full data at equal samples, so stopping earlier may do it"
        " as well"
    ]


def test_a_finalist_that_takes_all_samples_saves_none():
    [words] = claims([within(samples_share=1.0)], MRR, margin=0.3)
    assert words.endswith("with 100 % of its samples (70 % of its time)")


def test_without_evidence_nothing_is_within_the_margin():
    open_ = within(False, difference=-0.001, interval=(-0.006, 0.004), seeds_needed=20)
    assert claims([open_, equal()], MRR, margin=0.3)[0] == (
        "not shown to be within 0.3 points of full data: difference −0.1 [−0.6, 0.4]; 20 seeds may"
        " settle it"
    )


def test_a_decided_comparison_keeps_its_words_under_a_margin():
    better = pair(non_inferior=True)
    assert claims([better], MRR, margin=0.3) == [claim(better, MRR)]
    worse = pair("worse", difference=-0.001, interval=(-0.0018, -0.0002), non_inferior=True)
    assert claims([worse], MRR, margin=0.3) == [
        f"{claim(worse, MRR)}, but by no more than 0.3 points"
    ]


def test_a_margin_of_ranks_and_of_a_log_rank_have_their_units():
    changes = {"difference": -1.0, "interval": (-2.5, 0.5), "metric": "split/mean_rank"}
    [words] = claims([within(**changes)], "split/mean_rank", margin=2)
    assert words.startswith("not worse than full data by more than 2 ranks [−0.5, 2.5] with 62 %")
    changes = {"difference": 0.0, "interval": (-0.04, 0.04), "metric": "split/log_rank"}
    [words] = claims([within(**changes)], "split/log_rank", margin=1.05)
    assert words.startswith("not worse than full data by more than a factor of 1.05 [0.96, 1.04]")


def test_the_comparisons_of_a_finalist_without_runs_share_a_sentence():
    lost = {"closed": "lost", "metrics": {}}
    figures = [
        pair("worse", difference=-0.021, interval=(-0.03, -0.012)),
        pair("open", finalist="trial 3", closed="failed", metrics={}),
        pair("open", control="full_data_equal_samples", **lost),
        pair("open", control="full_data_equal_samples", finalist="trial 3", **lost),
        pair("open", control="random_order", **lost),
        pair("open", control="no_trim", **lost),
    ]
    words = claims(figures, MRR)
    verdicts = [
        ComparisonVerdict(**dict(of), words=text) for of, text in zip(figures, words, strict=True)
    ]
    reason = "it is worse than full data"
    assert sentences(verdicts) == [
        "trial 2: worse than full data by 2.1 points of MRR [1.2, 3.0] with 79 % of its samples",
        "trial 3: not compared with full data: a run failed",
        "trial 2: not compared with full data at equal samples, its pools in random order or itself"
        f" without trim: {reason}",
        f"trial 3: not compared with full data at equal samples: {reason}",
    ]
