import pytest

from class_sweep.config.objective import metric_names, parse_objective


@pytest.mark.parametrize("name", metric_names())
def test_every_metric_is_an_objective(name):
    assert parse_objective(f"validation/{name}").metric == name


@pytest.mark.parametrize("name", metric_names(("split",)))
def test_the_default_pool_is_the_split(name):
    short = name.removeprefix("split/")
    assert parse_objective(f"validation/{short}") == parse_objective(f"validation/{name}")


def test_names_are_two_pools_three_directions_five_metrics():
    assert len(set(metric_names())) == 30
    assert len(metric_names(("all",))) == 15


@pytest.mark.parametrize("name", metric_names())
def test_ranks_are_minimised_and_any_other_metric_maximised(name):
    objective = parse_objective(f"validation/{name}")
    lower_is_better = name.endswith(("mean_rank", "log_rank"))
    assert objective.direction == ("minimize" if lower_is_better else "maximize")
    assert (objective.sign * 1 > objective.sign * 2) is lower_is_better
    assert objective.pool == name.split("/")[0]
    assert str(objective) == f"validation/{name}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("validation/mmr", "validation/mrr"),
        ("validaton/hits@1", "validation/hits@1"),
        ("validation/all/text_to_molecul/mrr", "validation/all/text_to_molecule/mrr"),
    ],
)
def test_a_near_miss_suggests_the_name(text, meant):
    with pytest.raises(ValueError, match="must be validation/") as caught:
        parse_objective(text)
    assert str(caught.value).endswith(f"got {text!r}; did you mean {meant}?")


@pytest.mark.parametrize("text", ["", "x", "test/mrr", "mrr"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="must be validation/") as caught:
        parse_objective(text)
    assert f"got {text!r}" in str(caught.value)
