"""The published recordings are complete, and their configurations belong to their spaces."""

import re
from pathlib import Path

import pytest

from class_sweep.config.document import load_space
from class_sweep.results.curves import CurveTable
from class_sweep.results.file_names import CURVES

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
RECORDINGS = sorted(path.parent for path in PUBLISHED.rglob(CURVES))
FOR_REPLAY = ["curves-clean", "curves-mismatched"]
STUDIES = sorted({path.parent for path in PUBLISHED.rglob("space.yaml")})


def _name(folder: Path) -> str:
    return str(folder.relative_to(PUBLISHED))


@pytest.mark.parametrize("folder", RECORDINGS, ids=_name)
def test_every_configuration_was_trained_to_its_end_under_every_seed(folder):
    table, space = CurveTable.read(folder / CURVES), load_space(folder / "space.yaml")
    search = space.settings.search
    assert len(table.configurations) == search.trials
    assert [configuration.name for configuration in table.baselines] == search.baselines
    assert len(table.seeds) == search.record
    assert all(
        configuration.final(seed) for configuration in table.configurations for seed in table.seeds
    )


@pytest.mark.parametrize("folder", RECORDINGS, ids=_name)
def test_every_value_is_on_its_axis(folder):
    table, space = CurveTable.read(folder / CURVES), load_space(folder / "space.yaml")
    for configuration in table.searched:
        for path, axis in space.axes.items():
            text = configuration.values[path]
            options = axis.values()
            if options is not None and any(isinstance(option, str) for option in options):
                assert text in options
            else:
                assert float(text) in axis


def test_two_tables_hold_a_hundred_configurations_under_five_seeds():
    tables = [CurveTable.read(PUBLISHED / name / CURVES) for name in FOR_REPLAY]
    assert sum(len(table.configurations) for table in tables) >= 100
    assert all(len(table.seeds) == 5 for table in tables)


@pytest.mark.parametrize("folder", STUDIES, ids=_name)
def test_a_study_names_no_folder_of_the_machine_that_made_it(folder):
    home = re.compile(r"/(?:tmp|root|home)/")
    for path in folder.glob("*.*"):
        assert not home.search(path.read_text(encoding="utf-8")), path
