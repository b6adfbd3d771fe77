"""The computed difficulties of a space: computed once, shared, and in the order of the pairs."""

from dataclasses import dataclass

import numpy as np
import pytest

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.components import DIFFICULTIES, Component
from class_sweep.config.document import parse_space
from class_sweep.difficulty.pair_difficulty import ComputedDifficulty
from class_sweep.difficulty.ridge import ridge_ranks
from class_sweep.errors import ConfigError, DataError
from class_sweep.preparation import difficulty_numbers
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.difficulty_numbers import (
    compute_difficulty,
    computed_difficulties,
    margin_settings,
    require_distinct,
    tie_warnings,
)
from class_sweep.preparation.environment import describe_provenance
from class_sweep.preparation.prepare import prepare
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import curriculum_order
from class_sweep.training.margins import mean_margins
from class_sweep.training.plan_identity import plan_identity

ALL = "difficulty: {choice: [look_alikes, ridge, margin, column]}"


@pytest.fixture
def edited(small_space_text):
    """The small space with lines in its curriculum and other changes."""

    def edit(*lines, **changes):
        text = small_space_text.replace(
            "\n  order:", "".join(f"\n  {x}" for x in (*lines, "order:"))
        )
        for old, new in changes.pop("replaced", {}).items():
            assert old in text
            text = text.replace(old, new)
        return parse_space(text, "small.yaml")

    return edit


@pytest.fixture(scope="session")
def table_file(tmp_path_factory):
    """A table of alkanes and alcohols with a column of numbers."""
    path = tmp_path_factory.mktemp("table") / "own.csv"
    lines = ["smiles,text,split,hardness"]
    for n in range(1, 201):
        smiles = "C" * (n // 2 + 1) + ("O" if n % 2 else "")
        split = "validation" if n % 10 in (8, 9) else "train"
        lines.append(f"{smiles},a chain of {n // 2 + 1} and {n % 2},{split},{n * 37 % 200}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def table_space(edited, table_file):
    source = (
        f"{{source: table, path: {table_file}, columns: {{split: split, difficulty: hardness}}}}"
    )

    def space(*lines, **replaced):
        return edited(*lines, replaced={"{source: names, limit: 700}": source} | replaced)

    return space


@pytest.fixture
def ready(cache, callback):
    return lambda space, **options: prepare(space, cache, Clock(), callback, **options)


def test_a_space_of_look_alikes_computes_nothing(edited, ready, callback):
    assert computed_difficulties(edited()) == {}
    assert not ready(edited()).features.difficulties
    assert "difficulty" not in callback.stages


def test_each_difficulty_of_the_space_and_its_baselines_is_computed(edited):
    space = edited("difficulty: {choice: [look_alikes, ridge, margin]}")
    assert list(computed_difficulties(space)) == ["ridge", "margin (margin_epochs 3)"]
    epochs = edited("difficulty: margin", "margin_epochs: {int: [1, 3]}")
    assert [d.epochs for d in computed_difficulties(epochs).values()] == [1, 2, 3]
    named = "baselines: [{name: ours, difficulty: ridge, alpha: 0.5}]"
    ours = edited(replaced={"baselines: [full_data]": named})
    assert list(computed_difficulties(ours)) == ["ridge"]


def test_a_difficulty_that_no_trial_reads_is_not_computed(edited):
    full = {"alpha: {uniform: [0.3, 0.9]}": "alpha: 1"}
    assert computed_difficulties(edited("difficulty: margin", replaced=full)) == {}
    drawn = {"order: {choice: [easy_first, hard_first, random]}": "order: random"}
    assert computed_difficulties(edited("difficulty: margin", replaced=drawn)) == {}


def test_more_than_24_difficulties_are_refused(edited):
    with pytest.raises(ConfigError, match=r"^small\.yaml:6: curriculum\.difficulty: .* got 25"):
        computed_difficulties(edited("difficulty: margin", "margin_epochs: {int: [1, 25]}"))


def brute_force(numbers, ties):
    return sorted(range(len(numbers)), key=lambda i: (numbers[i], ties[i], i))


def test_the_order_by_each_difficulty_is_that_of_its_numbers(table_space, ready):
    space = table_space(ALL, "margin_epochs: 2")
    prepared = ready(space)
    features, rows = prepared.features, prepared.pairs.rows("train")
    index = features.index_for(space.settings.curriculum)
    text, molecule = features.text[rows], features.molecule[rows]
    expected = {
        "look_alikes": index.at(0.6),
        "ridge": ridge_ranks(text, molecule, seed=3),
        "margin": -mean_margins(margin_settings(space, 2), features),
        "column": prepared.pairs.difficulty[rows],
    }
    orders = set()
    for kind, numbers in expected.items():
        for order, step in (("easy_first", 1), ("hard_first", -1)):
            values = {"curriculum.difficulty": kind, "curriculum.order": order}
            settings = space.resolve(values | {"curriculum.sigma": 0.6, "curriculum.alpha": 0.5})
            found = curriculum_order(settings, features).tolist()
            assert found == brute_force(numbers.tolist(), index.mean_similarity)[::step], kind
            orders.add(tuple(found))
            assert len(plan_identity(settings, features)) == 12
    assert len(orders) == 2 * len(expected)
    assert expected["column"].tolist()[:3] == [37, 74, 111]


def test_trials_get_the_numbers_from_the_shared_arrays(table_space, ready):
    features = ready(table_space(ALL)).features
    shared = TrialFeatures.from_arrays(features.arrays())
    assert shared.difficulties.keys() == features.difficulties.keys()
    for label, numbers in features.difficulties.items():
        assert np.array_equal(shared.difficulties[label], numbers)
    shared.require_unaltered()
    assert shared.checksum() == features.checksum()


def test_a_difficulty_that_was_not_computed_is_an_error(edited, ready):
    features = ready(edited()).features
    settings = edited("difficulty: ridge").settings
    with pytest.raises(DataError, match=r"one that was computed \(none\), got ridge"):
        curriculum_order(settings, features)


def test_the_run_for_the_margins_is_made_once_and_then_read(
    edited, tmp_path, callback, monkeypatch
):
    cache = ArrayCache(tmp_path)
    first = prepare(edited("difficulty: margin"), cache, Clock(), callback)

    def never(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(difficulty_numbers, "mean_margins", never)
    sigma = {"sigma: {uniform: [0.40, 0.80], step: 0.05}": "sigma: 0.5"}
    for space in (edited("difficulty: margin"), edited("difficulty: margin", replaced=sigma)):
        again = prepare(space, cache, Clock(), callback)
        assert np.array_equal(
            *(p.features.difficulties["margin (margin_epochs 3)"] for p in (first, again))
        )
    for change in (
        {"lr: 3e-3": "lr: 1e-3"},
        {"dimension: 16": "dimension: 8"},
        {"seed: 3": "seed: 4"},
    ):
        with pytest.raises(AssertionError, match="trained again"):
            prepare(edited("difficulty: margin", replaced=change), cache, Clock(), callback)


def test_a_cut_run_for_the_margins_leaves_nothing_in_the_cache(
    edited, tmp_path, callback, monkeypatch
):
    def cut(*_, **__):
        raise KeyboardInterrupt

    space = edited("difficulty: margin")
    with monkeypatch.context() as patched:
        patched.setattr(difficulty_numbers, "mean_margins", cut)
        with pytest.raises(KeyboardInterrupt):
            prepare(space, ArrayCache(tmp_path), Clock(), callback)
    assert not list(tmp_path.glob("margins*.safetensors"))
    features = prepare(space, ArrayCache(tmp_path), Clock(), callback).features
    assert len(features.difficulties["margin (margin_epochs 3)"]) == 560


def test_without_training_only_the_margins_are_left_out(table_space, ready, monkeypatch):
    def never(*_, **__):
        raise AssertionError("trained")

    monkeypatch.setattr(difficulty_numbers, "mean_margins", never)
    assert list(ready(table_space(ALL), train=False).features.difficulties) == ["ridge", "column"]


def test_the_provenance_has_a_checksum_of_each_difficulty(table_space, ready):
    space = table_space(ALL)
    provenance = describe_provenance(space, ready(space))
    assert list(provenance.index_sha256)[1:] == ["ridge", "margin (margin_epochs 3)", "column"]
    assert len(set(provenance.index_sha256.values())) == 4


@pytest.mark.parametrize("lines", [("difficulty: column",), (ALL,)])
def test_a_source_without_numbers_is_an_error(edited, ready, callback, lines):
    with pytest.raises(ConfigError) as error:
        ready(edited(*lines))
    assert str(error.value) == (
        "small.yaml:6: curriculum.difficulty: column must have a number for each training pair,"
        " got none from the source names; data.columns.difficulty names the column of a table that"
        " holds them"
    )
    assert callback.stages == ["data"]


def test_sigma_need_not_order_pairs_that_other_numbers_order(table_space, ready):
    high = {"{uniform: [0.40, 0.80], step: 0.05}": "1.0", "kind: morgan, bits: 256": "kind: morgan"}
    with pytest.raises(DataError, match="sigma must tell pairs apart"):
        ready(table_space("difficulty: look_alikes", **high))
    prepared = ready(table_space("difficulty: column", **high))
    assert prepared.searched == {}
    assert prepared.warnings == []


def test_most_pairs_in_one_tie_are_a_warning():
    numbers = {"column": np.array([0.0, 0, 0, 1]), "ridge": np.arange(4.0)}
    [warning] = tie_warnings(numbers)
    assert warning.startswith("by column: 75% of the pairs tie")


@dataclass(frozen=True)
class Broken(ComputedDifficulty):
    """Gives what a test tells it to."""

    numbers: tuple

    def compute(self, pairs):  # noqa: ARG002
        return np.array(self.numbers)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((1.0, 2.0), r"one number for each of the 3 training pairs, got the shape \(2,\)"),
        ((1.0, np.nan, np.inf), "difficulty toy must give finite numbers, got 2 that are not"),
        ((7, 7, 7), "difficulty toy must tell pairs apart, got 7 for every pair"),
    ],
)
def test_numbers_that_are_no_difficulty_are_an_error(numbers, message):
    class Pairs:
        texts = ("a", "b", "c")

    with pytest.raises(DataError, match=message):
        require_distinct({"toy": compute_difficulty("toy", Broken(numbers), Pairs())})


def test_a_continuous_axis_of_a_computed_difficulty_is_refused(edited, monkeypatch):
    monkeypatch.setattr(DIFFICULTIES, "_components", dict(DIFFICULTIES))
    DIFFICULTIES.register("toy", Component(f"{__name__}:Powered"))
    space = edited("difficulty: toy")
    with pytest.raises(
        ConfigError, match=r"curriculum\.alpha: must be a choice, or a range with a"
    ):
        computed_difficulties(space)


@dataclass(frozen=True)
class Powered(ComputedDifficulty):
    """A difficulty with a setting that may be continuous."""

    alpha: float

    def compute(self, pairs):
        return np.arange(len(pairs.texts))
