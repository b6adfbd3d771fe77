"""The published recording is complete, and its configurations belong to its space."""

from pathlib import Path

import pytest

from class_sweep.config.document import load_space
from class_sweep.results.curves import CurveTable
from class_sweep.results.file_names import CURVES
from class_sweep.tuning.replay.replay_table import ReplayOptions, replay_table, settings_to_try

FOLDER = Path(__file__).parents[2] / "results" / "published" / "chebi20-frozen-curves"


@pytest.fixture(scope="module")
def table():
    return CurveTable.read(FOLDER / CURVES)


def test_every_configuration_was_trained_to_its_end_under_every_seed(table):
    space = load_space(FOLDER / "space.yaml")
    search = space.settings.search
    assert len(table.configurations) == search.trials
    assert [configuration.name for configuration in table.baselines] == search.baselines
    assert len(table.seeds) == search.record
    assert table.epochs == space.settings.budget.epochs
    assert all(
        configuration.final(seed) for configuration in table.configurations for seed in table.seeds
    )
    for configuration in table.searched:
        assert float(configuration.values["optimizer.lr"]) in space.axes["optimizer.lr"]
        assert configuration.values["curriculum.order"] in space.axes["curriculum.order"]


def test_the_figures_of_the_default_pruner_are_those_in_the_documents():
    settings = [
        *settings_to_try(["successive_halving"], [2], [4], []),  # the default
        *settings_to_try(["asha"], [1], [2], []),
        *settings_to_try(["none"], [], [], []),
    ]
    result = replay_table(FOLDER, settings, ReplayOptions())
    default, asha, none = result.pruners
    assert default.samples == pytest.approx(0.305, abs=5e-4)
    assert default.regret == pytest.approx(0.14, abs=5e-3)
    assert asha.samples == pytest.approx(0.255, abs=5e-4)
    assert asha.regret == pytest.approx(0.26, abs=5e-3)
    assert none.regret == pytest.approx(0.19, abs=5e-3)
    assert result.rungs[0].correlation == pytest.approx(0.38, abs=5e-3)
