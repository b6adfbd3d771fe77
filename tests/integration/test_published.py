"""The published recordings are complete, and their configurations belong to their spaces."""

import re
from pathlib import Path

import pytest

from class_sweep.config.document import load_space
from class_sweep.rendering.terminal import print_chapters
from class_sweep.report.final_summary import final_summary
from class_sweep.results.curves import CurveTable
from class_sweep.results.file_names import CURVES
from class_sweep.results.folder import ResultsFolder
from class_sweep.tuning.replay.replay_table import ReplayOptions, replay_table, settings_to_try

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results" / "published"
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
    assert [configuration.name for configuration in table.baselines] == search.baseline_names
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
            if text == "" and path in space.conditions.reasons:
                continue  # it had no effect in this configuration
            options = axis.values()
            if options is not None and any(isinstance(option, str) for option in options):
                assert text in options
            else:
                assert float(text) in axis


def test_two_tables_hold_a_hundred_configurations_under_five_seeds():
    tables = [CurveTable.read(PUBLISHED / name / CURVES) for name in FOR_REPLAY]
    assert sum(len(table.configurations) for table in tables) >= 100
    assert all(len(table.seeds) == 5 for table in tables)


@pytest.mark.parametrize(
    ("name", "at_equal_samples", "of_own_schedule", "unpruned"),
    [
        ("curves-clean", (0.325, 0.12), (0.312, 0.11), 0.11),
        ("curves-mismatched", (0.316, 0.94), (0.309, 0.88), 0.36),
    ],
)
def test_the_figures_of_the_default_pruner_are_those_in_the_documents(
    name, at_equal_samples, of_own_schedule, unpruned
):
    rungs = ["samples", "own_schedule"]
    settings = [
        *settings_to_try(["successive_halving"], [1], [4], [], rungs),
        *settings_to_try(["none"], [], [], []),
    ]
    result = replay_table(PUBLISHED / name, settings, ReplayOptions(trials=32))
    samples, own, none = result.pruners
    for pruner, (share, regret) in ((samples, at_equal_samples), (own, of_own_schedule)):
        assert pruner.samples == pytest.approx(share, abs=1e-3)
        assert pruner.regret == pytest.approx(regret, abs=6e-3)
    assert none.regret == pytest.approx(unpruned, abs=6e-3)


@pytest.mark.parametrize("folder", STUDIES, ids=_name)
def test_a_study_names_no_folder_of_the_machine_that_made_it(folder):
    home = re.compile(r"/(?:tmp|root|home)/")
    for path in folder.glob("*.*"):
        assert not home.search(path.read_text(encoding="utf-8")), path


def test_the_readme_shows_the_end_of_the_published_demo(terminal):
    """Line by line, but for the pool `all`, the seconds, and the files."""
    folder = ResultsFolder(PUBLISHED / "sweep-names")
    console = terminal(width=100)
    chapters = final_summary(folder.read_summary(), Path("results/first"), folder.read_verdict())
    print_chapters(console, chapters)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(
        r"^```text\n(Best finished .*?)\nFiles\n", readme, re.DOTALL | re.MULTILINE
    )
    left_out = re.compile(r" +all/|.* in total: |\s*$")
    printed, shown = (
        [line.rstrip() for line in text.splitlines() if not left_out.match(line)]
        for text in (console.file.getvalue(), example)
    )
    assert shown == printed


def test_the_published_demo_ran_the_shipped_space_and_its_best_configuration_is_the_winner():
    folder = PUBLISHED / "sweep-names"
    shipped = load_space(ROOT / "search_spaces" / "demo.yaml")
    assert load_space(folder / "space.yaml").tree == shipped.tree
    verdict = ResultsFolder(folder).read_verdict()
    [winner] = [arm for arm in verdict.arms if arm.arm == verdict.winner.arm]
    settings = shipped.resolve(winner.config)
    assert load_space(folder / "best.yaml").settings.curriculum == settings.curriculum
