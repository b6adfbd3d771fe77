"""The pacing of a proposal is fitted to a share of full data's samples."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.config.axes import Choice, Uniform
from class_sweep.config.document import parse_space
from class_sweep.curriculum.schedule import Schedule, full_data_samples
from class_sweep.curriculum.strata import strata
from class_sweep.errors import ConfigError

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum:
  order: {{choice: [easy_first, hard_first]}}
  alpha: {alpha}
{fitted}
optimizer: {{batch_size: {batch}}}
budget: {{epochs: {epochs}}}
search: {{trials: {trials}, sampler: {sampler}, shares: {shares}{search}}}
confirm: {{finalists: {finalists}}}
"""
BETA = "  beta: {uniform: [0, 1]}"
ROOT = "  pacing: root\n  full_data_after: {uniform: [0.001, 1]}\n  pacing_power: {choice: [1, 2]}"
EXPONENTIAL = "  pacing: exponential\n  full_data_after: {uniform: [0.001, 1]}"
PAIRS = 2400


def read(shares, alpha="{uniform: [0.1, 1.0]}", fitted=BETA, **given):
    filled = {"trials": 12, "batch": 16, "epochs": 12, "sampler": "tpe", "search": ""}
    filled |= {"finalists": 0, **given}
    return parse_space(SPACE.format(shares=shares, alpha=alpha, fitted=fitted, **filled))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([BETA, ROOT, EXPONENTIAL]),
    st.floats(0.5, 0.95),
    st.floats(0, 1),
    st.integers(5, 60),
    st.integers(200, 30_000),
    st.sampled_from([2, 16, 20]),
)
def test_a_fitted_schedule_takes_its_share_to_within_a_batch_for_each_epoch(
    fitted, share, at, epochs, pairs, batch
):
    space = read([share], fitted=fitted, epochs=epochs, batch=batch, search=", seed: 1")
    try:
        stratum = strata(space, pairs)[share]
    except ConfigError:  # root with p = 2 does not reach every share
        assert fitted is ROOT
        return
    low, *_, high = stratum.space.axes["curriculum.alpha"].ends()
    proposal = {"curriculum.alpha": low + at * (high - low)}
    values = stratum.fit(proposal)
    samples = Schedule.of(space.resolve(values), pairs).samples
    target = share * full_data_samples(pairs, batch, space.settings.budget)
    assert 0 <= target + 1e-6 - samples <= (epochs + 1) * batch
    assert values == stratum.fit(proposal)
    [added] = values.keys() - proposal.keys()
    assert added == ("curriculum.beta" if fitted is BETA else "curriculum.full_data_after")


def test_alpha_is_drawn_where_the_share_is_in_reach():
    fitted = f"{BETA}\n  hard_negatives: {{uniform: [0, 2]}}"
    space = read([0.6, 0.9, 1.0], "{uniform: [0.1, 1.0], step: 0.1}", fitted)
    spaces = {share: stratum.space for share, stratum in strata(space, PAIRS).items()}
    drawn = {share: space.axes["curriculum.alpha"] for share, space in spaces.items()}
    assert drawn[0.6] == Uniform(0.1, 0.6, 0.1)
    assert drawn[0.9] == Uniform(0.1, 0.9, 0.1)
    assert drawn[1.0] == Choice((1.0,))
    assert [space.settings.search.trials for space in spaces.values()] == [4, 4, 4]
    assert len({space.settings.search.seed for space in spaces.values()}) == 3
    assert all("curriculum.beta" not in space.axes for space in spaces.values())
    assert "curriculum.order" in spaces[0.9].axes
    assert "curriculum.order" not in spaces[1.0].axes  # full data has no order


@pytest.mark.parametrize("trim", [0.0, 0.3])
def test_all_pairs_end_at_the_share(trim):
    fitted = f"{BETA}\n  pacing: {{choice: [full, linear]}}\n  trim: {trim}"
    space = read([0.6, 1.0] if trim == 0 else [0.6], "{uniform: [0.1, 1.0]}", fitted)
    full = full_data_samples(PAIRS, 16, space.settings.budget)
    for share, stratum in strata(space, PAIRS).items():
        assert set(stratum.space.active({"curriculum.pacing": "full"})) == {"curriculum.pacing"}
        values = stratum.fit({"curriculum.pacing": "full"})
        schedule = Schedule.of(space.resolve(values), PAIRS)
        assert set(schedule.pools) == {PAIRS}
        assert share * full - 12 * 16 <= schedule.samples <= share * full
        assert values.get("budget.samples", schedule.samples) % 16 == 0
        assert ("budget.samples" in values) == (share < 1)


def test_all_pairs_alone_need_no_fitted_axis():
    space = read([0.5], "0.3", "  pacing: full\n  hard_negatives: {uniform: [0, 2]}")
    [stratum] = strata(space, PAIRS).values()
    assert set(stratum.space.axes) == {"curriculum.hard_negatives"}
    assert stratum.fit({"curriculum.hard_negatives": 1.0})["budget.samples"] == 14400


def test_trimming_that_leaves_too_few_samples_is_out_of_reach():
    space = read([0.9], "0.3", "  pacing: full\n  trim: {choice: [0, 0.3]}")
    with pytest.raises(ConfigError, match=r"got 0\.9: the most that .* with pacing full"):
        strata(space, PAIRS)


def test_trimming_counts_and_a_fixed_alpha_is_fitted_too():
    space = read([0.7], "0.5\n  trim: {choice: [0, 0.2]}")
    stratum = strata(space, PAIRS)[0.7]
    for trim in (0.0, 0.2):
        fitted = space.resolve(stratum.fit({"curriculum.trim": trim}))
        assert Schedule.of(fitted, PAIRS).share_of_full_data == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shares": [0.6, 0.6]}, "must be a list that names each share once, got [0.6, 0.6]"),
        ({"shares": [0.0]}, "search.shares.0: must be a fraction in (0, 1], got 0"),
        ({"shares": [60]}, "search.shares.0: must be a fraction in (0, 1], got 60; write 0.60"),
        ({"shares": [0.6], "fitted": ""}, "must be absent unless curriculum.beta is a range"),
        ({"shares": [0.6], "fitted": "  beta: {choice: [0.1, 0.2]}"}, "curriculum.beta is a range"),
        ({"shares": [0.6], "fitted": "  pacing: step"}, "must be absent for the pacing step"),
        ({"shares": [0.6, 0.7], "finalists": 1}, "at most as many as confirm.finalists (1)"),
        (
            {"shares": [0.6, 0.7], "search": ", baselines: [paper, full_data]", "trials": 3},
            "must be at most as many as the proposed schedules (1), got 2; raise search.trials",
        ),
    ],
)
def test_shares_that_cannot_be_are_one_error_with_its_line(given, message):
    with pytest.raises(ConfigError) as caught:
        read(**{"alpha": "0.3", **given})
    [line] = str(caught.value).splitlines()
    assert "search.shares" in line
    assert message in line


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"shares": [0.3], "alpha": "{uniform: [0.5, 0.8]}"},
            "must be in reach of every pacing of the space, got 0.3: the fewest that alpha 0.5"
            " takes is 50.0 % of full data's samples with pacing linear; widen alpha or beta, or"
            " leave the share out",
        ),
        (
            {"shares": [0.95], "alpha": "0.3", "fitted": BETA.replace("1]", "0.02]")},
            "got 0.95: the most that alpha 0.3 takes is",
        ),
        ({"shares": [1.0], "alpha": "{choice: [0.2, 1.0]}"}, "its schedules are all alike"),
        (
            {"shares": [0.6], "sampler": "cmaes", "alpha": "{uniform: [0.1, 0.6]}"},
            "two or more axes of numbers for the sampler cmaes",
        ),
        (
            {
                "shares": [0.6], "sampler": "grid", "alpha": "{choice: [0.2, 0.3]}",
                "fitted": BETA.replace("1]", "1], step: 0.1"),
            },
            "0.6 must have 12 configurations, and its grid has 4; lower search.trials",
        ),
    ],
)  # fmt: skip
def test_a_share_out_of_reach_names_the_reason(given, message):
    with pytest.raises(ConfigError, match=r"search\.shares: ") as caught:
        strata(read(**given), 100_000)
    assert message in str(caught.value)
