import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Budget
from class_sweep.curriculum.batch_sampler import CurriculumSampler
from class_sweep.curriculum.schedule import Schedule


@st.composite
def samplers(draw):
    pairs = draw(st.integers(20, 300))
    batch_size = draw(st.integers(2, 10))
    curriculum = Curriculum(alpha=draw(st.floats(0.5, 1)), beta=draw(st.floats(0, 0.3)))
    schedule = Schedule.plan(curriculum, Budget(epochs=4), batch_size=batch_size, pairs=pairs)
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(pairs)
    seed = draw(st.integers(0, 2**32 - 1))

    def make():
        return CurriculumSampler(schedule, order, seed)

    return make, order


@given(samplers())
def test_an_epoch_shows_each_pair_of_its_pool_once_but_for_an_unfilled_batch(made):
    make, order = made
    sampler = make()
    schedule = sampler.schedule
    for epoch, pool in enumerate(schedule.pools):
        batches = sampler.epoch(epoch)
        assert batches.shape == (pool // schedule.batch_size, schedule.batch_size)
        assert len(np.unique(batches)) == batches.size
        assert set(batches.ravel()) <= set(order[:pool])


@given(st.integers(20, 300), st.integers(2, 10), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_batches_of_similar_lengths_have_each_pair_once_and_repeat_with_the_seed(
    pairs, batch_size, window, seed
):
    schedule = Schedule.plan(
        Curriculum(alpha=0.6, beta=0.2), Budget(epochs=3), batch_size=batch_size, pairs=pairs
    )
    order = np.random.default_rng(seed).permutation(pairs)
    lengths = np.random.default_rng(seed + 1).integers(1, 50, pairs)

    def batches(epoch, lengths=lengths, window=window):
        sampler = CurriculumSampler(schedule, order, seed, lengths=lengths, length_window=window)
        return sampler.epoch(epoch)

    for epoch, pool in enumerate(schedule.pools):
        found = batches(epoch)
        assert found.shape == (pool // batch_size, batch_size)
        assert len(np.unique(found)) == found.size
        assert set(found.ravel()) <= set(order[:pool])
        assert np.array_equal(found, batches(epoch))
        # The remainder is that of batches without lengths.
        assert set(found.ravel()) == set(batches(epoch, lengths=None).ravel())
        assert np.array_equal(batches(epoch, window=1), batches(epoch, lengths=None))


def test_similar_lengths_save_padding_and_long_texts_come_at_random_steps():
    schedule = Schedule.plan(Curriculum(), Budget(epochs=1), batch_size=10, pairs=1600)
    lengths = np.random.default_rng(0).integers(5, 200, 1600)

    def padded(window):
        sampler = CurriculumSampler(
            schedule, np.arange(1600), 0, lengths=lengths, length_window=window
        )
        return lengths[sampler.epoch(0)]

    assert padded(16).max(axis=1).sum() < 0.65 * padded(1).max(axis=1).sum()
    means = padded(16).mean(axis=1)
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.2


@given(samplers(), st.data())
def test_a_resumed_run_draws_the_batches_of_an_uncut_run(made, data):
    make, _ = made
    sampler = make()
    steps = sampler.schedule.steps
    cuts = sorted(data.draw(st.lists(st.integers(0, steps), max_size=4)))
    straight = [(epoch, rows.tolist()) for epoch, rows in _steps(sampler, 0, steps)]
    pieces = [
        (epoch, rows.tolist())
        for start, stop in zip([0, *cuts], [*cuts, steps], strict=True)
        for epoch, rows in _steps(make(), start, stop)
    ]
    assert pieces == straight
    assert len(straight) == steps
    ends = sampler.schedule.ends
    assert [epoch for epoch, _ in straight] == [
        next(e for e, end in enumerate(ends) if step < end) for step in range(steps)
    ]


def _steps(sampler, start, stop):
    return [(epoch, rows) for epoch, block in sampler.spans(start, stop) for rows in block]


def test_equal_pools_draw_equal_batches_and_epochs_differ():
    schedule = Schedule.plan(Curriculum(), Budget(epochs=3), batch_size=10, pairs=50)
    easy = CurriculumSampler(schedule, np.arange(50), 7)
    hard = CurriculumSampler(schedule, np.arange(50)[::-1].copy(), 7)
    assert np.array_equal(easy.epoch(1), hard.epoch(1))
    assert not np.array_equal(easy.epoch(1), easy.epoch(2))
    next_seed = CurriculumSampler(schedule, np.arange(50), 8)
    assert not np.array_equal(easy.epoch(1), next_seed.epoch(1))
    # A confirmation uses consecutive seeds: their batches must not overlap.
    assert not np.array_equal(easy.epoch(1), next_seed.epoch(0))


def test_invalid_arguments_are_refused():
    schedule = Schedule.plan(Curriculum(), Budget(epochs=1), batch_size=5, pairs=20)
    with pytest.raises(ValueError, match="each of the 20 pairs, got 19"):
        CurriculumSampler(schedule, np.arange(19), 0)
    with pytest.raises(ValueError, match="must end with the schedule's 4, got 5"):
        list(CurriculumSampler(schedule, np.arange(20), 0).spans(0, 5))
