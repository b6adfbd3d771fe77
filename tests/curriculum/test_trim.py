"""Trimming in schedules and samplers: what is known before the first step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.components import PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Budget
from class_sweep.curriculum.batch_sampler import CurriculumSampler
from class_sweep.curriculum.schedule import Schedule
from class_sweep.curriculum.standalone import CurriculumRun


@given(
    pacing=st.sampled_from(sorted(PACINGS)),
    alpha=st.floats(0.2, 1),
    beta=st.floats(0, 0.5),
    trim=st.floats(0, 0.5),
    trim_from=st.floats(0, 1),
    epochs=st.integers(1, 12),
    pairs=st.integers(120, 400),
    batch_size=st.integers(2, 12),
    samples=st.none() | st.integers(12, 4000),
    seed=st.integers(0, 99),
)
def test_a_run_draws_the_steps_that_its_schedule_foresees(
    pacing, alpha, beta, trim, trim_from, epochs, pairs, batch_size, samples, seed
):
    given_ = {"pacing": pacing, "alpha": alpha, "beta": beta}
    budget = Budget(epochs=epochs, samples=samples)
    curriculum = Curriculum(**given_, trim=trim, trim_from=trim_from)
    schedule = Schedule.plan(curriculum, budget, batch_size=batch_size, pairs=pairs)
    untrimmed = Schedule.plan(Curriculum(**given_), budget, batch_size=batch_size, pairs=pairs)
    assert schedule.pools == untrimmed.pools
    assert schedule.left_out[0] == 0
    begins = [0, *untrimmed.ends[:-1]]
    for begin, left_out, pool in zip(begins, schedule.left_out, schedule.pools, strict=True):
        assert left_out <= trim * pool + 1e-6
        if begin < trim_from * untrimmed.steps - 1e-6:
            assert left_out == 0
    generator = np.random.default_rng(seed)
    order = generator.permutation(pairs)
    sampler = CurriculumSampler(schedule, order, seed)
    margins = np.full(pairs, np.inf)
    drawn = 0
    for epoch, left_out in enumerate(schedule.left_out):
        out = sampler.lowest(epoch, margins)
        assert len(out) == left_out
        assert np.isfinite(margins[out]).all()  # a pair that has not been drawn stays in
        batches = sampler.epoch(epoch, out)
        begin = schedule.ends[epoch - 1] if epoch else 0
        batches = batches[: schedule.ends[epoch] - begin]
        assert not set(out) & set(batches.ravel())
        margins[batches.ravel()] = generator.normal(size=batches.size)
        drawn += len(batches)
        if drawn == schedule.max_steps:
            break
    assert drawn == schedule.steps


@pytest.mark.parametrize(
    ("curriculum", "left_out"),
    [
        ({"trim": 0.2}, (0, 20, 20, 20, 20, 20, 20, 20, 20, 20)),  # 0.1 of ten epochs is one
        ({"trim": 0.2, "trim_from": 0.11}, (0, 0, 20, 20, 20, 20, 20, 20, 20, 20)),
        ({"trim": 0.29, "trim_from": 0.9}, (0,) * 9 + (29,)),
        ({"trim": 0.2, "trim_from": 1.0}, (0,) * 10),
        ({"trim": 0.2, "trim_from": 0.0}, (0,) + (20,) * 9),
        # 200 + 800 samples: 0.5 of them are reached in the middle of the seventh epoch.
        (
            {"trim": 0.1, "trim_from": 0.5, "pacing": "step", "alpha": 0.2, "full_data_after": 0.2},
            (0,) * 6 + (10,) * 4,
        ),
        # Ten of the first pool of 20 may not have been drawn: 11 are the most that can leave.
        (
            {"trim": 0.5, "trim_from": 0.0, "pacing": "step", "alpha": 0.2, "full_data_after": 0.1},
            (0, 11) + (50,) * 8,
        ),
    ],
)
def test_the_pairs_that_each_epoch_leaves_out(curriculum, left_out):
    schedule = Schedule.plan(Curriculum(**curriculum), Budget(epochs=10), batch_size=10, pairs=100)
    assert schedule.left_out == left_out
    assert schedule.samples == sum(
        (p - o) // 10 * 10 for p, o in zip(schedule.pools, left_out, strict=True)
    )


def test_a_budget_of_samples_moves_the_first_trimmed_epoch_and_lets_more_epochs_begin():
    curriculum = Curriculum(trim=0.2, trim_from=0.4)
    schedule = Schedule.plan(curriculum, Budget(epochs=10, samples=500), batch_size=10, pairs=100)
    assert schedule.left_out == (0, 0, *[20] * 8)
    assert schedule.ends == (10, 20, 28, 36, 44, 50, 50, 50, 50, 50)


def test_a_trimmed_pool_below_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"trimmed pool must hold a batch of 60 pairs, got 59"):
        Schedule.plan(Curriculum(trim=0.5), Budget(epochs=4), batch_size=60, pairs=100)


def test_one_pair_a_batch_has_no_margins():
    with pytest.raises(ValueError, match="trim must have batches of two or more pairs, got 1"):
        Schedule.plan(Curriculum(trim=0.5), Budget(epochs=4), batch_size=1, pairs=100)


def test_of_equal_margins_the_first_pairs_are_left_out():
    schedule = Schedule.plan(Curriculum(trim=0.2), Budget(epochs=4), batch_size=5, pairs=20)
    sampler = CurriculumSampler(schedule, np.arange(20)[::-1], 0)
    assert sampler.lowest(1, np.zeros(20)).tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="epoch 1 must leave out 4 pairs, got 0"):
        sampler.epoch(1)


def test_a_loop_of_ones_own_passes_its_margins():
    run = CurriculumRun(
        Curriculum(trim=0.25), np.arange(40), budget=Budget(epochs=3), batch_size=10
    )
    assert run.steps == 4 + 3 + 3
    assert run.batches(0).shape == (4, 10)
    margins = np.arange(40.0)[::-1]
    assert set(run.batches(1, margins).ravel()) == set(range(30))
    with pytest.raises(ValueError, match=r"leaves out 10 examples .* margins of all 40, got none"):
        run.batches(1)
    with pytest.raises(ValueError, match="got 39"):
        run.batches(2, margins[1:])
    with pytest.raises(ValueError, match=r"call batches\(epoch, margins\)"):
        next(iter(run))
