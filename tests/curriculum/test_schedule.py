import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.components import PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import parse_space
from class_sweep.config.sections import Budget
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.curriculum.schedule import Schedule, full_data_samples
from class_sweep.curriculum.schedule_table import schedule_table


@given(
    st.sampled_from(sorted(PACINGS)),
    st.floats(0.2, 1),
    st.floats(0, 0.5),
    st.integers(1, 30),
    st.integers(100, 400),
    st.integers(2, 20),
)
def test_steps_and_samples_add_up(pacing, alpha, beta, epochs, pairs, batch_size):
    curriculum = Curriculum(pacing=pacing, alpha=alpha, beta=beta)
    schedule = Schedule.plan(curriculum, Budget(epochs=epochs), batch_size=batch_size, pairs=pairs)
    assert schedule.epochs == epochs == len(schedule.ends)
    assert schedule.steps == sum(pool // batch_size for pool in schedule.pools)
    assert schedule.samples == schedule.steps * batch_size
    assert 0 < schedule.share_of_full_data <= 1
    full = Schedule.plan(Curriculum(), Budget(epochs=epochs), batch_size=batch_size, pairs=pairs)
    assert full.samples == full_data_samples(pairs, batch_size, Budget(epochs=epochs))
    if pacing == "full":
        assert schedule == full


def test_the_share_of_the_samples_of_the_paper():
    # 20 epochs from 0.40 to 0.97 equal 13.7 full ones; 40 full ones follow.
    schedule = Schedule.plan(
        Curriculum(alpha=0.40, beta=0.03), Budget(epochs=60), batch_size=32, pairs=26_408
    )
    assert schedule.share_of_full_data == pytest.approx(53.7 / 60, abs=0.001)


def test_a_first_pool_below_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"hold a batch of 64 pairs, got 50 .alpha 0.1 of 500"):
        Schedule.plan(Curriculum(alpha=0.1, beta=0.1), Budget(epochs=5), batch_size=64, pairs=500)
    Schedule.plan(Curriculum(alpha=0.1, pacing="full"), Budget(epochs=5), batch_size=64, pairs=500)


def test_a_budget_of_samples_ends_a_schedule_wherever_it_is_in_an_epoch():
    schedule = Schedule.plan(Curriculum(), Budget(epochs=3, samples=150), batch_size=8, pairs=100)
    assert schedule.ends == (12, 18, 18)
    assert (schedule.steps, schedule.samples) == (18, 144)
    assert schedule.share_of_full_data == 0.5
    assert full_data_samples(100, 8, Budget(epochs=3, samples=150)) == 144
    more = Schedule.plan(Curriculum(), Budget(epochs=3, samples=10_000), batch_size=8, pairs=100)
    assert more.samples == full_data_samples(100, 8, Budget(epochs=3)) == 288


def test_the_table_of_a_schedule_ends_with_its_budget_of_samples(small_space_text):
    space = parse_space(small_space_text.replace("{epochs: 6}", "{epochs: 3, samples: 900}"))
    table = schedule_table(space, baseline_config(space, "full_data"), 560)
    assert table.samples == [544, 352, 0]
    assert table.total == 896
    assert table.of_full_data == pytest.approx(896 / (3 * 544))


def test_a_budget_of_samples_below_a_batch_is_refused():
    with pytest.raises(ValueError, match="must hold a batch of 8 pairs, got 7"):
        Schedule.plan(Curriculum(), Budget(epochs=3, samples=7), batch_size=8, pairs=100)
