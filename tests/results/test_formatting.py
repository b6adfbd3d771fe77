import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.results import formatting


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.0 s"),
        (4.23, "4.2 s"),
        (59.9, "59.9 s"),
        (59.97, "1 min 00 s"),
        (60, "1 min 00 s"),
        (185.2, "3 min 05 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (7800, "2 h 10 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations(value, shown):
    assert formatting.seconds(value) == shown


@given(st.floats(0, 1e6))
def test_no_duration_has_sixty_of_anything(value):
    shown = formatting.seconds(value).replace(".", " ").split()
    assert "60" not in shown[1:]
    assert shown[0] != "60" or "h" in shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("split/mrr", 0.43219, "43.2 %"),
        ("all/text_to_molecule/hits@10", 1.0, "100.0 %"),
        ("split/mean_rank", 17.25, "17.2"),
        ("all/molecule_to_text/mean_rank", 1.0, "1.0"),
    ],
)
def test_shares_are_in_per_cent_and_a_mean_rank_is_not(name, value, shown):
    assert formatting.metric(name, value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.5, "0.5"), (0.9, "0.9"), (0.123456, "0.1235"), (1e-05, "1e-05")]
)
def test_numbers_have_no_trailing_zeros(value, shown):
    assert formatting.number(value) == shown


def test_a_schedule_is_one_line_with_greek_letters():
    config = {
        "curriculum.order": "hard_first",
        "curriculum.alpha": 0.43751234,
        "curriculum.beta": 0.1,
        "curriculum.sigma": 0.9,
        "curriculum.intensity": "sigmoid",
        "optimizer.lr": 0.001,
        "optimizer.batch_size": 64,
    }
    assert formatting.schedule(config) == (
        "hard_first  α 0.4375  β 0.1  σ 0.9  γ sigmoid  lr 0.001  batch_size 64"
    )


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        ({"order": "hard_first", "alpha": 1.0, "beta": 0.0, "sigma": 0.6}, "all pairs"),
        ({"pacing": "full", "order": "random", "alpha": 0.5, "sigma.quantile": 0.7}, "all pairs"),
        ({"alpha": 1.0, "pacing_knots.0": 0.5, "hard_negatives": 1}, "all pairs  hard_negatives 1"),
        ({"alpha": 1.0, "sigma": 0.6, "trim": 0.1}, "all pairs  σ 0.6  trim 0.1"),
        ({"alpha": 0.99, "beta": 0.0}, "α 0.99  β 0"),
        ({"pacing": "root", "alpha": 0.5}, "pacing root  α 0.5"),
    ],
)
def test_a_schedule_that_uses_all_pairs_from_the_start_says_so(config, shown):
    axes = {f"curriculum.{name}": value for name, value in config.items()}
    assert formatting.schedule(axes | {"optimizer.lr": 1e-3}) == f"{shown}  lr 0.001"


@pytest.mark.parametrize(
    ("metric", "margin", "shown"),
    [
        ("split/mrr", 0.3, "0.3 points"),
        ("split/mean_rank", 1, "1 rank"),
        ("split/log_rank", 1.05, "a factor of 1.05"),
    ],
)
def test_a_margin_has_its_unit(metric, margin, shown):
    assert formatting.margin(metric, margin) == shown
