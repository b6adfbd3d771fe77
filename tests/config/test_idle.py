"""Settings without an effect: warned of, and left out of the search."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.components import DIFFICULTIES, INTENSITIES, ORDERS, PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import dump_settings, parse_space
from class_sweep.config.idle import idle_settings
from class_sweep.config.idle_warnings import idle_warnings
from class_sweep.curriculum.batch_sampler import CurriculumSampler
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.order import difficulty_order
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import ConfigError

ALPHA = "alpha: {uniform: [0.2, 0.9]}"
BERT = "{model: /models/bert, trainable: true}"
FULL = "every epoch shows every pair"

DEAD = {
    "beta under root": (
        {"curriculum": f"{{{ALPHA}, pacing: root, beta: {{uniform: [0.1, 0.2]}}}}"},
        {"curriculum.beta": "pacing root does not read it"},
    ),
    "the end under linear": (
        {"curriculum": f"{{{ALPHA}, full_data_after: {{uniform: [0.1, 0.2]}}}}"},
        {"curriculum.full_data_after": "pacing linear does not read it"},
    ),
    "the power under step": (
        {"curriculum": f"{{{ALPHA}, pacing: step, pacing_power: {{int: [1, 3]}}}}"},
        {"curriculum.pacing_power": "pacing step does not read it"},
    ),
    "alpha under full": (
        {"curriculum": f"{{{ALPHA}, pacing: full, intensity: {{choice: [constant, inverse]}}}}"},
        {"curriculum.alpha": "pacing full does not read it"},
    ),
    "a pacing over all pairs": (
        {
            "curriculum": "{pacing: {choice: [linear, root]}, beta: {uniform: [0.1, 0.2]},"
            " order: {choice: [easy_first, random]}, text_weight: {uniform: [0, 1]},"
            " intensity: {choice: [constant, inverse]}}"
        },
        {
            "curriculum.pacing": f"{FULL}, because alpha is 1",
            "curriculum.beta": f"{FULL}, because alpha is 1 or pacing root does not read it",
            "curriculum.order": FULL,
            "curriculum.text_weight": FULL,
        },
    ),
    "sigma in a random order": (
        {"curriculum": f"{{{ALPHA}, order: random, sigma: {{uniform: [0.5, 0.9]}}}}"},
        {"curriculum.sigma": "order random does not read the difficulty"},
    ),
    "a quantile and ties in a random order": (
        {
            "curriculum": f"{{{ALPHA}, order: random, sigma: {{quantile: [0.5, 0.9]}},"
            " tie_break: {choice: [random, mean_similarity]}}"
        },
        dict.fromkeys(
            ["curriculum.sigma.quantile", "curriculum.tie_break"],
            "order random does not read the difficulty",
        ),
    ),
    "the molecules of a similarity of texts": (
        {
            "curriculum": f"{{{ALPHA}, text_weight: 1,"
            " molecule_similarity: {choice: [cosine, tanimoto]}}"
        },
        {"curriculum.molecule_similarity": "text_weight is 1"},
    ),
    "the power of a sigmoid": (
        {"curriculum": f"{{{ALPHA}, intensity: sigmoid, intensity_power: {{int: [1, 3]}}}}"},
        {"curriculum.intensity_power": "intensity sigmoid does not read it"},
    ),
    "the target and the start of no intensity": (
        {
            "curriculum": f"{{{ALPHA}, intensity_start: {{int: [0, 3]}},"
            " intensity_target: {choice: [loss, learning_rate]}}"
        },
        dict.fromkeys(
            ["curriculum.intensity_start", "curriculum.intensity_target"],
            "the intensity is constant",
        ),
    ),
    "the rates and the lengths of frozen encoders": (
        {
            "curriculum": f"{{{ALPHA}}}",
            "optimizer": "{text_encoder_lr: {loguniform: [1e-5, 1e-4]},"
            " molecule_encoder_lr: {loguniform: [1e-5, 1e-4]}, length_window: {int: [1, 8]}}",
        },
        {
            "optimizer.text_encoder_lr": "the text encoder is not trained",
            "optimizer.molecule_encoder_lr": "the molecule encoder is not trained",
            "optimizer.length_window": "no encoder is trained",
        },
    ),
    "the rate of a frozen text encoder beside a trained molecule encoder": (
        {
            "curriculum": f"{{{ALPHA}}}",
            "molecule_encoder": "{kind: huggingface, model: a/b, trainable: last_1}",
            "optimizer": "{text_encoder_lr: {loguniform: [1e-5, 1e-4]},"
            " molecule_encoder_lr: {loguniform: [1e-5, 1e-4]}, length_window: {int: [1, 8]}}",
        },
        {"optimizer.text_encoder_lr": "the text encoder is not trained"},
    ),
    "a warm-up beside its steps": (
        {
            "curriculum": f"{{{ALPHA}}}",
            "optimizer": "{warmup: {uniform: [0, 0.2]}, warmup_steps: 9}",
        },
        {"optimizer.warmup": "warmup_steps is given"},
    ),
    "the graph layers of a perceptron": (
        {"curriculum": f"{{{ALPHA}}}", "backbone": "{name: text2mol, layers: {int: [2, 4]}}"},
        {"backbone.layers": "the perceptron has no graph layers"},
    ),
    "the graph layers of vectors": (
        {"curriculum": f"{{{ALPHA}}}", "backbone": "{name: contrastive, layers: {int: [2, 4]}}"},
        {"backbone.layers": "vectors have no graph layers"},
    ),
    "a critic without weight": (
        {
            "curriculum": f"{{{ALPHA}, intensity: inverse}}",
            "backbone": "{name: aman, adversarial_weight: 0, critic_lr: {uniform: [1e-4, 1e-3]},"
            " critic_follows_intensity: {choice: [true, false]}}",
        },
        dict.fromkeys(
            ["backbone.critic_lr", "backbone.critic_follows_intensity"], "adversarial_weight is 0"
        ),
    ),
    "sigma and the molecules of other numbers": (
        {
            "curriculum": f"{{{ALPHA}, difficulty: column, tie_break: random,"
            " sigma: {uniform: [0.5, 0.9]}, molecule_similarity: {choice: [cosine, tanimoto]}}"
        },
        dict.fromkeys(
            ["curriculum.sigma", "curriculum.molecule_similarity"],
            "difficulty column does not read it",
        ),
    ),
    "the tie-break of margins": (
        {
            "curriculum": f"{{{ALPHA}, difficulty: margin, text_weight: {{uniform: [0, 1]}},"
            " tie_break: {choice: [random, mean_similarity]}}"
        },
        {
            "curriculum.tie_break": "no two pairs have the same margin",
            "curriculum.text_weight": "difficulty margin does not read it",
        },
    ),
    "the epochs of another difficulty": (
        {"curriculum": f"{{{ALPHA}, difficulty: ridge, margin_epochs: {{int: [1, 3]}}}}"},
        {"curriculum.margin_epochs": "difficulty ridge does not read it"},
    ),
    "the difficulty of a random order": (
        {
            "curriculum": f"{{{ALPHA}, order: random, difficulty: {{choice: [ridge, margin]}},"
            " margin_epochs: {int: [1, 3]}}"
        },
        dict.fromkeys(
            ["curriculum.difficulty", "curriculum.margin_epochs"],
            "order random does not read the difficulty",
        ),
    ),
    "a critic that follows no intensity": (
        {
            "curriculum": f"{{{ALPHA}, intensity: {{triplet: inverse}}}}",
            "backbone": "{name: aman, critic_follows_intensity: {choice: [true, false]}}",
        },
        {"backbone.critic_follows_intensity": "the adversarial loss has no intensity"},
    ),
}


@pytest.mark.parametrize("name", DEAD)
def test_an_axis_that_acts_in_no_trial_is_left_out_and_named(space, name):
    changes, expected = DEAD[name]
    read = space(**changes)
    assert read.idle_axes == expected
    assert not expected.keys() & read.axes.keys()
    assert read.axes
    warnings = idle_warnings(read)
    for path, reason in expected.items():
        line = f"{read.place(path)}: does nothing, so the search leaves it out: {reason}"
        assert line in warnings


@pytest.mark.parametrize(
    "curriculum",
    [
        f"{{{ALPHA}, pacing: {{choice: [root, linear]}}, beta: {{uniform: [0.1, 0.2]}}}}",
        f"{{{ALPHA}, order: {{choice: [random, easy_first]}}, sigma: {{uniform: [0.5, 0.9]}}}}",
        "{alpha: {uniform: [0.8, 1]}, beta: {uniform: [0.1, 0.2]}}",
        "{alpha: {choice: [1, 0.5]}, beta: {uniform: [0.1, 0.2]}, order: {choice: [random]}}",
        f"{{{ALPHA}, intensity: {{contrastive: {{choice: [constant, power]}}}},"
        " intensity_power: {int: [1, 3]}}",
        f"{{{ALPHA}, text_weight: {{uniform: [0.5, 1]}},"
        " molecule_similarity: {choice: [cosine, tanimoto]}}",
        f"{{{ALPHA}, difficulty: {{choice: [ridge, look_alikes]}},"
        " sigma: {uniform: [0.5, 0.9]}}",
        f"{{{ALPHA}, difficulty: {{choice: [ridge, margin]}}, margin_epochs: {{int: [1, 3]}}}}",
        f"{{{ALPHA}, difficulty: ridge, tie_break: {{choice: [random, mean_similarity]}},"
        " text_weight: {uniform: [0, 1]}}",
    ],
)
def test_an_axis_that_acts_under_some_choice_stays(space, curriculum):
    assert space(curriculum=curriculum).idle_axes == {}
    assert idle_warnings(space(curriculum=curriculum)) == []


CHOICES = {
    "order": ["easy_first", "random"],
    "pacing": ["linear", "root", "full", "knots"],
    "alpha": [0.5, 1.0],
    "intensity": ["constant", "inverse", "power"],
    "text_weight": [0.5, 1.0],
    "difficulty": ["look_alikes", "ridge", "margin"],
}
SILENT = ("difficulty", "margin_epochs", "beta", "sigma", "tie_break", "molecule_similarity",
          "intensity_power",
          "intensity_start", "full_data_after", "pacing_start", "order", "pacing",
          "pacing_knots.0")  # fmt: skip


@given(
    st.fixed_dictionaries(
        {
            name: st.lists(st.sampled_from(values), min_size=1, unique=True)
            for name, values in CHOICES.items()
        }
    )
)
def test_an_axis_is_left_out_exactly_if_no_combination_of_the_choices_makes_it_act(text, options):
    axes = {name: f"{{choice: {values}}}".replace("'", "") for name, values in options.items()}
    axes |= {
        "beta": "{uniform: [0.1, 0.2]}",
        "sigma": "{uniform: [0.5, 0.9]}",
        "tie_break": "{choice: [random, mean_similarity]}",
        "molecule_similarity": "{choice: [cosine, tanimoto]}",
        "intensity_power": "{int: [2, 4]}",
        "margin_epochs": "{int: [1, 3]}",
        "intensity_start": "{int: [1, 3]}",
        "full_data_after": "{uniform: [0.5, 0.9]}",
        "pacing_start": "{int: [0, 1]}",
        "pacing_knots": "[{uniform: [0.2, 0.9]}, 1]",
    }
    curriculum = ", ".join(f"{name}: {axis}" for name, axis in axes.items())
    read = parse_space(text(curriculum=f"{{{curriculum}}}", search="{trials: 1}"))
    everything = [
        idle_settings(
            read.settings.model_copy(
                update={
                    "curriculum": Curriculum(
                        **dict(zip(options, values, strict=True)),
                        beta=0.1,
                        full_data_after=0.5,
                        pacing_knots=(0.2, 1.0),
                    )
                }
            )
        )
        for values in product(*options.values())
    ]
    dead = {path for path in everything[0] if all(path in idle for idle in everything)}
    dead |= {"curriculum.pacing_knots.0"} if "curriculum.pacing_knots" in dead else set()
    paths = {f"curriculum.{name}" for name in SILENT}
    assert read.idle_axes.keys() & paths == dead & paths


curricula = st.fixed_dictionaries(
    {
        "order": st.sampled_from(sorted(ORDERS)),
        "difficulty": st.sampled_from(sorted(DIFFICULTIES)),
        "margin_epochs": st.sampled_from([1, 2]),
        "sigma": st.sampled_from([0.3, 0.6]),
        "text_weight": st.sampled_from([0.2, 1.0]),
        "molecule_similarity": st.sampled_from(["cosine", "tanimoto"]),
        "pacing": st.sampled_from(sorted(PACINGS)),
        "intensity": st.sampled_from(sorted(INTENSITIES)),
        "alpha": st.sampled_from([0.4, 1.0]),
        "beta": st.sampled_from([0.1, 0.4]),
        "full_data_after": st.sampled_from([0.4, 0.9]),
        "pacing_power": st.sampled_from([1.0, 3.0]),
        "pacing_start": st.sampled_from([0, 2]),
        "pacing_knots": st.sampled_from([(1.0,), (0.3, 0.9)]),
        "intensity_knots": st.sampled_from([(1.0,), (0.3, 0.9)]),
        "tie_break": st.sampled_from(["mean_similarity", "random"]),
        "intensity_power": st.sampled_from([1.0, 3.0]),
        "intensity_start": st.sampled_from([1, 2]),
        "intensity_target": st.sampled_from(["loss", "learning_rate"]),
    }
)


def made_up(*settings):
    """A generator that depends on some settings alone."""
    return np.random.default_rng(list(repr(settings).encode()))


def training(settings):
    """The batches and the loss weights of a trial over 60 made-up pairs."""
    curriculum, difficulty = settings.curriculum, DIFFICULTIES.load(settings.curriculum.difficulty)
    molecules = curriculum.molecule_similarity if curriculum.text_weight < 1 else ""
    similar = made_up(curriculum.text_weight, molecules).random(60)
    read = [getattr(curriculum, name) for name in sorted(difficulty.parameters())]
    numbers = made_up(curriculum.difficulty, *read)
    order = difficulty_order(
        numbers.integers(0, 4, 60) if difficulty.ties else numbers.permutation(60), similar,
        order=curriculum.order, tie_break=curriculum.tie_break, seed=0,
    )  # fmt: skip
    schedule = Schedule.plan(curriculum, settings.budget, batch_size=4, pairs=60)
    sampler = CurriculumSampler(schedule, order, 0)
    batches = [sampler.epoch(epoch).tolist() for epoch in range(schedule.epochs)]
    return batches, loss_weights(curriculum, settings.budget.epochs, ["contrastive"])


@given(values=curricula, other=curricula)
def test_a_setting_without_effect_changes_no_batch_and_no_weight(space, values, other):
    settings = space(budget="{epochs: 4}").settings
    before = settings.model_copy(update={"curriculum": Curriculum(**values)})
    idle = {path.rpartition(".")[2] for path in idle_settings(before) if "curriculum" in path}
    for name in idle & values.keys():
        changed = Curriculum(**values | {name: other[name]})
        assert training(before) == training(before.model_copy(update={"curriculum": changed})), name


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        (
            {"data": "{source: table, path: t.csv, columns: {split: s}, split: {by: scaffold}}"},
            "1: data.split: does nothing: columns.split names the column of the splits",
        ),
        (
            {"molecule_encoder": "{kind: mol2vec, vectors: v.npz, dimensions: 20}"},
            "3: molecule_encoder.dimensions: does nothing: the vectors are read from a file",
        ),
        (
            {"confirm": "{finalists: 0, seeds: 3}"},
            "8: confirm.seeds: does nothing: finalists is 0",
        ),
        (
            {
                "confirm": "{finalists: 2}",
                "search": "{trials: 4, record: 2}",
                "pruning": "{kind: none}",
            },
            "8: confirm.finalists: does nothing: no confirmation follows a recording",
        ),
        (
            {"curriculum": f"{{{ALPHA}, full_data_after: 0.3}}"},
            "5: curriculum.full_data_after: does nothing: pacing linear does not read it",
        ),
    ],
)
def test_a_setting_without_effect_is_named_with_its_line(space, changes, warning):
    assert idle_warnings(space(**changes)) == [f"space:{warning}"]


def test_settings_at_their_defaults_are_not_named(space):
    settings = space(curriculum=None, search="{trials: 1}").settings
    complete = parse_space(dump_settings(settings))
    assert "beta: 0.0" in complete.text
    assert idle_warnings(complete) == []


def test_trials_beyond_the_axes_that_act_are_refused_with_the_axes_that_do_not(mistakes):
    assert mistakes(curriculum="{alpha: 0.5, pacing_power: {int: [2, 8]}}") == [
        "5: curriculum.pacing_power: must have an effect: pacing linear does not read it",
        "7: search.trials: must be at most 1 (search.baselines and this schedule) without an axis,"
        " got 4",
    ]
    with pytest.raises(ConfigError, match="must have two or more axes of numbers, got 1"):
        parse_space(
            "data: {source: names}\ntext_encoder: {kind: lsa}\nmolecule_encoder: {kind: morgan}\n"
            "backbone: {name: contrastive}\nbudget: {epochs: 4}\n"
            "search: {trials: 3, sampler: cmaes}\n"
            f"curriculum: {{{ALPHA}, pacing_power: {{int: [2, 8]}}}}\n"
        )
