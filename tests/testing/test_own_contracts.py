"""The shipped contracts: the parts of the package keep them; a broken part is told its rule."""

import pytest
from plugin_texts import BACKBONE, CURRICULUM, ENCODERS, METRIC

from class_sweep.config.components import DIFFICULTIES, METRICS, SAMPLERS
from class_sweep.config.document import parse_space
from class_sweep.config.plugin_files import load_plugins
from class_sweep.testing import (
    ContractError,
    check_backbone,
    check_data_source,
    check_difficulty,
    check_intensity,
    check_metric,
    check_molecule_encoder,
    check_order,
    check_pacing,
    check_pruner,
    check_sampler,
    check_text_encoder,
)

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.2, 0.8], step: 0.2}, beta: {uniform: [0.1, 0.3], step: 0.1}}
budget: {epochs: 4}
search: {trials: 4, sampler: SAMPLER}
"""
SOURCE = """\
from class_sweep import plugin

@plugin.data_source("alkanes")
def alkanes(settings):
    rows = [
        plugin.Row(str(n), "C" * n, f"a chain of {n} carbons", f"molecule {n}", min(n % 8, 2))
        for n in range(1, 41)
    ]
    return plugin.Source(rows, splits=plugin.SPLITS)
"""
SEARCH = """\
import optuna
from class_sweep import plugin

@plugin.sampler("mine")
class Mine(plugin.Sampler):
    def for_trial(self, number):
        return optuna.samplers.RandomSampler(seed=number)

@plugin.pruner("least")
class Least(plugin.Pruner):
    @classmethod
    def rung_epochs(cls, settings, epochs):
        return [1.0]

    def decide(self, trial, rung, score, *, baseline=False):
        return plugin.PruningDecision("continue", compared=False)
"""


UNIT = "functional.normalize(self.text(texts.sentence), dim=-1)"
ARANGE = "np.arange(len(difficulty))"


def space_of(sampler):
    return parse_space(SPACE.replace("SAMPLER", sampler))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_keeps_the_contract(name):
    check_metric(name)


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_every_difficulty_keeps_the_contract(name):
    check_difficulty(name)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_keeps_the_contract(name):
    check_sampler(name, space_of(name))


@pytest.mark.long  # reads all names of the package `chemicals`
def test_a_data_source_keeps_the_contract():
    check_data_source("names", limit=100)


def test_parts_from_files_keep_the_contracts(plugin_file):
    texts = {"bb": BACKBONE, "cc": CURRICULUM, "ee": ENCODERS, "mm": METRIC}
    texts |= {"ss": SEARCH, "dd": SOURCE}
    load_plugins([plugin_file(text, f"{name}.py") for name, text in texts.items()])
    check_backbone("bare", dimension=4)
    check_order("as_given")
    check_difficulty("length")
    check_pacing("late", delay=3, alpha=0.5)
    check_intensity("half")
    check_text_encoder("letters")
    check_molecule_encoder("atoms", atoms="CN")
    check_metric("hits@5")
    check_data_source("alkanes")
    check_sampler("mine", space_of("mine"))
    check_pruner("least")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (UNIT, "self.text(texts.sentence)", "length is 1"),
        (UNIT, "self.text(texts.sentence) * float('nan')", "got NaN"),
        ("settings.dimension)\n\n", "settings.dimension + 1)\n\n", "must have one D"),
        ("* 10)}", "* 10).detach()}", "got one that no parameter has made"),
        ("* 10)}", "* float('inf'))}", "must be a finite scalar with a gradient, got"),
        ('"retrieval": plugin', '"other": plugin', "must give the parts"),
        (
            "texts.sentence)",
            "texts.sentence).detach()",
            "must reach every parameter, got none at text",
        ),
        ('("retrieval",)', "()", "parts must be a tuple of the names"),
        (
            "texts.sentence)",
            "texts.sentence - texts.sentence.mean(0))",
            "each of its own pair alone",
        ),
    ],
)
def test_a_broken_backbone_is_told_the_rule(plugin_file, old, new, rule):
    assert old in BACKBONE
    load_plugins([plugin_file(BACKBONE.replace(old, new))])
    with pytest.raises(ContractError, match=rule):
        check_backbone("bare", dimension=4)


@pytest.mark.parametrize(
    ("text", "old", "new", "check", "rule"),
    [
        (
            CURRICULUM,
            ARANGE,
            "np.zeros(len(difficulty), int)",
            lambda: check_order("as_given"),
            "got others or doubles",
        ),
        (
            CURRICULUM,
            ARANGE,
            "list(range(len(difficulty)))",
            lambda: check_order("as_given"),
            "got list",
        ),
        (
            CURRICULUM,
            ARANGE,
            "np.random.permutation(len(difficulty))",
            lambda: check_order("as_given"),
            "same for equal",
        ),
        (
            CURRICULUM,
            "np.array([len(text) for text in pairs.texts])",
            "np.zeros(3)",
            lambda: check_difficulty("length"),
            r"shape \(3,\)",
        ),
        (
            CURRICULUM,
            "np.array([len(text) for",
            "np.array([float('nan') for",
            lambda: check_difficulty("length"),
            "NaN",
        ),
        (
            CURRICULUM,
            "self.alpha if k < self.delay else 1.0",
            "1.5",
            lambda: check_pacing("late"),
            r"got λ\(0\) = 1.5",
        ),
        (
            CURRICULUM,
            "float(self.delay)",
            "1.0",
            lambda: check_pacing("late", alpha=0.5),
            "from its end on",
        ),
        (
            CURRICULUM,
            "return 0.5",
            "return -k",
            lambda: check_intensity("half"),
            r"got γ\(1\) = -1",
        ),
        (
            CURRICULUM,
            "return 0.5",
            "return 1.0",
            lambda: check_intensity("half"),
            "is_constant = True",
        ),
        (
            METRIC,
            ".astype(float)",
            ".astype(float).mean()",
            lambda: check_metric("hits@5"),
            "got float64",
        ),
        (METRIC, "<= 5", "> 5", lambda: check_metric("hits@5"), "not be better for a worse rank"),
        (
            METRIC,
            ".astype(float)",
            " * 2.0",
            lambda: check_metric("hits@5"),
            r"must be in \[0, 1\]",
        ),
        (
            ENCODERS,
            "for text in inputs], np.float32)",
            "for text in inputs[1:]], np.float32)",
            lambda: check_text_encoder("letters"),
            r"for L =",
        ),
        (
            ENCODERS,
            "for text in inputs], np.float32)",
            "for text in inputs])",
            lambda: check_text_encoder("letters"),
            r"got int64",
        ),
        (
            SOURCE,
            "min(n % 8, 2)",
            "7",
            lambda: check_data_source("alkanes"),
            r"splits of 0 … 2, got 7",
        ),
        (
            SEARCH,
            "seed=number",
            "seed=None",
            lambda: check_sampler("mine", space_of("mine")),
            "the same from equal",
        ),
        (
            SEARCH,
            'plugin.PruningDecision("continue", compared=False)',
            '"continue"',
            lambda: check_pruner("least"),
            "PruningDecision, got",
        ),
        (
            SEARCH,
            '"continue", compared=False',
            '"continue", compared=True',
            lambda: check_pruner("least"),
            "change nothing when a trial reaches",
        ),
    ],
)
def test_a_broken_part_is_told_the_rule(plugin_file, text, old, new, check, rule):
    assert old in text
    load_plugins([plugin_file(text.replace(old, new))])
    with pytest.raises(ContractError, match=rule):
        check()
