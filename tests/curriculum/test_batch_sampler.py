import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Budget
from class_sweep.curriculum.batch_sampler import CurriculumSampler
from class_sweep.curriculum.batching import neighbourhoods
from class_sweep.curriculum.schedule import Schedule


def nearest_on_a_line(pairs: int, m: int) -> np.ndarray:
    """(L, m) neighbours of pairs on a line."""
    place = np.arange(pairs)
    distance = np.abs(place[:, None] - place[None]).astype(float)
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=1, kind="stable")[:, :m].astype(np.int32)


@st.composite
def samplers(draw):
    pairs = draw(st.integers(20, 300))
    batch_size = draw(st.integers(2, 10))
    curriculum = Curriculum(alpha=draw(st.floats(0.5, 1)), beta=draw(st.floats(0, 0.3)))
    schedule = Schedule.plan(curriculum, Budget(epochs=4), batch_size=batch_size, pairs=pairs)
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(pairs)
    nearest = None
    if draw(st.booleans()):
        # Arbitrary neighbours, so that many seeds claim the same few pairs.
        generator = np.random.default_rng(draw(st.integers(0, 99)))
        wanted = generator.permutation(pairs)[: draw(st.integers(2, 20))]
        m = draw(st.integers(1, len(wanted) - 1))
        rows = [generator.permutation(wanted[wanted != pair])[:m] for pair in range(pairs)]
        nearest = np.array(rows, dtype=np.int32)
    group_size = draw(st.integers(2, batch_size))
    seed = draw(st.integers(0, 2**32 - 1))

    def make():
        return CurriculumSampler(schedule, order, seed, nearest=nearest, group_size=group_size)

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


@settings(max_examples=50)
@given(st.integers(2, 40), st.integers(0, 1000), st.integers(10, 600))
def test_groups_are_similar_pairs(group_size, seed, pairs):
    pool = np.arange(pairs)
    order = neighbourhoods(
        pool,
        nearest_on_a_line(pairs, min(8, pairs - 1)),
        group_size,
        np.random.default_rng(seed),
    )
    assert sorted(order) == list(pool)
    # Neighbours on the line are at most 8 apart, so members of one group are at most 16.
    close = np.abs(np.diff(order)) <= 16
    assert close.mean() > (0.4 if group_size == 2 else 0.5)


def test_batches_have_complete_groups_of_separate_families():
    families, size = 30, 4
    pairs = families * size
    family = np.arange(pairs) // size
    nearest = np.array(
        [[j for j in range(pairs) if family[j] == family[i] and j != i] for i in range(pairs)],
        dtype=np.int32,
    )
    order = neighbourhoods(np.arange(pairs), nearest, size, np.random.default_rng(0))
    # Two seeds of a chunk may split a family; most families stay complete.
    changes = int((np.diff(family[order]) != 0).sum())
    assert changes < 1.2 * families
    schedule = Schedule.plan(Curriculum(), Budget(epochs=2), batch_size=20, pairs=pairs)
    assert _met_again(schedule, family, nearest, size) > 14  # of 15, five whole families a batch
    assert _met_again(schedule, family, None, size) < 8


def test_a_group_has_at_most_group_size_pairs():
    # Pairs 0 to 3 are similar; the neighbours of all others are outside the pool.
    pool, family = np.arange(60), {0, 1, 2, 3}
    nearest = np.full((63, 3), [60, 61, 62], np.int32)
    for pair in family:
        nearest[pair] = sorted(family - {pair})
    for seed in range(5):
        order = neighbourhoods(pool, nearest, 3, np.random.default_rng(seed))
        of_family = np.isin(order, list(family)).astype(int)
        longest_run = max(np.convolve(of_family, np.ones(3)))
        assert longest_run == 3
        assert max(np.convolve(of_family, np.ones(4))) == 3, "a fourth pair starts its own group"


def _met_again(schedule, family, nearest, size):
    sampler = CurriculumSampler(
        schedule, np.arange(len(family)), 0, nearest=nearest, group_size=size
    )
    return np.mean([len(row) - len(set(row)) for row in family[sampler.epoch(0)]])


def test_neighbours_outside_the_pool_are_left_out():
    schedule = Schedule.plan(Curriculum(alpha=0.5), Budget(epochs=1), batch_size=10, pairs=40)
    order = np.arange(40)[::-1].copy()
    sampler = CurriculumSampler(
        schedule, order, 0, nearest=nearest_on_a_line(40, 10), group_size=10
    )
    assert sorted(sampler.epoch(0).ravel()) == list(range(20, 40))


def test_invalid_arguments_are_refused():
    schedule = Schedule.plan(Curriculum(), Budget(epochs=1), batch_size=5, pairs=20)
    with pytest.raises(ValueError, match="each of the 20 pairs, got 19"):
        CurriculumSampler(schedule, np.arange(19), 0)
    with pytest.raises(ValueError, match="nearest must have a row for each of the 20 pairs, got 4"):
        CurriculumSampler(
            schedule, np.arange(20), 0, nearest=np.zeros((4, 2), np.int32), group_size=2
        )
    for size in (1, 6):
        with pytest.raises(ValueError, match=f"from 2 to the batch size, 5, got {size}"):
            CurriculumSampler(
                schedule, np.arange(20), 0, nearest=np.zeros((20, 2), np.int32), group_size=size
            )
    with pytest.raises(ValueError, match="must end with the schedule's 4, got 5"):
        list(CurriculumSampler(schedule, np.arange(20), 0).spans(0, 5))
