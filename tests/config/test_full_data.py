"""How many trials of a sweep tune full data alone."""

import pytest

from class_sweep.config.document import parse_space
from class_sweep.errors import ConfigError

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{{curriculum}}}
optimizer: {{{optimizer}}}
budget: {{epochs: 4}}
search: {{trials: 18, baselines: [paper, full_data]{search}}}
pruning: {{kind: none}}
"""
ALPHA, RATE = "alpha: {uniform: [0.2, 0.8]}", "lr: {loguniform: [1e-4, 1e-2]}"


def read(curriculum=ALPHA, optimizer=RATE, search=""):
    return parse_space(SPACE.format(curriculum=curriculum, optimizer=optimizer, search=search))


@pytest.mark.parametrize(
    ("space", "own"),
    [
        ({}, 4),  # a quarter of the 16 configurations that are proposed
        ({"optimizer": "lr: 1e-3"}, 0),  # full data has nothing to tune
        ({"curriculum": "alpha: 0.5"}, 4),
        ({"curriculum": "pacing: full"}, 0),  # every trial is full data
        ({"curriculum": "hard_negatives: 1"}, 4),
        ({"optimizer": "lr: {choice: [1e-3, 2e-3, 3e-3]}"}, 3),  # all that there are
        ({"search": ", record: 2"}, 0),
        ({"search": ", full_data_trials: 0"}, 0),
        ({"search": ", full_data_trials: 6"}, 6),
        ({"search": ", full_data_trials: auto"}, 4),
    ],
)
def test_the_number_of_full_datas_own_trials(space, own):
    space = read(**space)
    assert (space.full_data_trials, space.schedule_trials) == (own, 16 - own)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"search": ", full_data_trials: -1"}, "must be at least 0, got -1"),
        ({"search": ", full_data_trials: half"}, "must be "),
        ({"search": ", full_data_trials: 16"}, "must be below search.trials without search.base"),
        ({"search": ", full_data_trials: 2, record: 2"}, "must be 0 or auto where search.record"),
        (
            {"search": ", full_data_trials: 2", "optimizer": "lr: 1e-3"},
            "must be 0 or auto where no axis lies outside the curriculum, got 2",
        ),
        (
            {"search": ", full_data_trials: 4", "optimizer": "lr: {choice: [1e-3, 2e-3]}"},
            "must be at most 2, the grid of optimizer.lr, got 4",
        ),
    ],
)
def test_a_number_that_cannot_be_is_an_error_with_its_line(space, message):
    with pytest.raises(ConfigError) as caught:
        read(**space)
    assert "space:8: search.full_data_trials: " in str(caught.value)
    assert message in str(caught.value)


def test_a_grid_has_room_for_full_datas_own_trials():
    rates = "lr: {choice: [1e-3, 2e-3, 3e-3]}"
    grid = read("alpha: {choice: [0.2, 0.3, 0.4, 0.6, 0.8]}", rates, ", sampler: grid")
    assert (grid.full_data_trials, grid.schedule_trials) == (3, 13)
    with pytest.raises(ConfigError, match=r"at most 17 \(the grid, search.baselines and full data"):
        read("alpha: {choice: [0.2, 0.3, 0.4, 0.6]}", rates, ", sampler: grid")
