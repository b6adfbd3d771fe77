import pytest
from schema_reader import is_knowable, schema_errors

from class_sweep.config.document import load_space, parse_space
from class_sweep.errors import ConfigError

WRONG = """\
# every kind of mistake, one line each
data: {source: chebi21, path: data/chebi20}
text_encoder:
  kind: lsa
  dimension: 256
molecule_encoder: {kind: morgan, radius: 1.5}
backbone:
  name: {choice: [contrastive]}
  hidden: {uniform: [0.5, 9]}
curriculum:
  order: {choice: [easy_first, hard_frist]}
  alpha: 40
  beta: {uniform: [0.2, 0.1]}
  sigma: {loguniform: [0.9, 0.99]}
  pacing_start: -1
optimizer:
  lr: true
  batch_size: 16.0
  weight_decay: "0.1"
  warmup: {uniform: [0, 1]}
budget: {}
search: {trials: 16, baselines: [paper, paper], seed: .inf}
pruning: {grace_epochs: {uniform: [1, 3]}}
objective: validation/mmr
resource: {cpus: 2}
"""

EXPECTED = """\
2: data.source: must be one of chebi20, table, names, got 'chebi21'; did you mean chebi20?
5: text_encoder.dimension: must be a known setting, got 'dimension'; did you mean dimensions?
6: molecule_encoder.radius: must be a whole number, got 1.5
8: backbone.name: must be one backbone: sweep each in a file of its own and compare them
9: backbone.hidden: must be a whole number, got 0.5
9: backbone.hidden: must be a whole number, got 9.0; write 9
11: curriculum.order: must be one of easy_first, hard_first, random, got 'hard_frist'; \
did you mean hard_first?
12: curriculum.alpha: must be a fraction in (0, 1], got 40; write 0.40
13: curriculum.beta: uniform must go from low to high, got [0.2, 0.1]
14: curriculum.sigma: must be uniform or choice, got loguniform
15: curriculum.pacing_start: must be at least 0, got -1
17: optimizer.lr: must be a number, got True
18: optimizer.batch_size: must be a whole number, got 16.0; write 16
19: optimizer.weight_decay: must be a number, got '0.1'; write 0.1
20: optimizer.warmup: must be below 1.0, got 1.0
21: budget.epochs: is required, and it is missing
22: search.seed: must be a whole number, got inf
23: pruning.grace_epochs: must be a plain value, got an axis; axes are allowed in \
curriculum, optimizer, backbone
24: objective: must be validation/[split|all/][text_to_molecule|molecule_to_text/]\
(mrr|hits@1|hits@10|mean_rank|log_rank), got 'validation/mmr'; did you mean validation/mrr?
25: resource: must be a known setting, got 'resource'; did you mean resources?
"""


def test_every_mistake_is_reported_at_once(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    with pytest.raises(ConfigError) as caught:
        load_space(path)
    assert str(caught.value).splitlines() == [f"{path}:{line}" for line in EXPECTED.splitlines()]


def test_the_json_schema_finds_every_mistake_that_it_can_know():
    found = "\n".join(schema_errors(WRONG))
    for line in filter(is_knowable, EXPECTED.splitlines()):
        section, _, setting = line.split(": ")[1].partition(".")
        assert section in found
        assert setting in found


def test_a_file_without_sections_lists_the_required_ones(mistakes):
    gone = dict.fromkeys(["data", "text_encoder", "molecule_encoder", "backbone"])
    assert mistakes(**gone, curriculum=None, budget=None) == [
        f"1: {name}: is required, and it is missing"
        for name in ("backbone", "budget", "data", "molecule_encoder", "text_encoder")
    ]


def test_a_section_without_its_kind_lists_the_kinds(mistakes):
    assert mistakes(data="{limit: 200}", molecule_encoder="{}", backbone="{}") == [
        "1: data.source: is required: one of chebi20, table, names",
        "3: molecule_encoder.kind: is required: one of mol2vec, morgan, huggingface, file",
        "4: backbone.name: is required: one of contrastive, text2mol, aman, orma",
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [("", "nothing"), ("lsa", "'lsa'"), ("[lsa]", "['lsa']"), ("3", "3")]
)
def test_a_section_must_be_a_mapping(mistakes, value, shown):
    assert mistakes(text_encoder=value or "null", budget=value or "null") == [
        f"2: text_encoder: must be a mapping of settings, got {shown}",
        f"6: budget: must be a mapping of settings, got {shown}",
    ]


def test_a_key_of_another_kind_is_refused_and_the_known_keys_are_listed(mistakes):
    assert mistakes(molecule_encoder="{kind: morgan, dimensions: 300}") == [
        "3: molecule_encoder.dimensions: must be a known setting, got 'dimensions';"
        " known here: kind, bits, radius"
    ]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("trails", "trials"), ("Sampler", "sampler"), ("max_concurent", "max_concurrent")],
)
def test_a_near_miss_suggests_the_key(mistakes, word, meant):
    [mistake] = mistakes(search=f"{{trials: 4, {word}: 1}}")
    assert mistake == (
        f"7: search.{word}: must be a known setting, got '{word}'; did you mean {meant}?"
    )


def test_a_far_miss_lists_the_keys(mistakes):
    [mistake] = mistakes(budget="{epochs: 3, patience: 2}")
    assert mistake == (
        "6: budget.patience: must be a known setting, got 'patience'; known here: epochs, samples"
    )


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("text_encoder", "{kind: lsaa}", "kind: must be one of lsa, huggingface, file, got 'lsaa'"),
        (
            "molecule_encoder",
            "{kind: mol2vek}",
            "kind: must be one of mol2vec, morgan, huggingface, file, got",
        ),
        (
            "search",
            "{trials: 4, sampler: tpee}",
            "sampler: must be one of tpe, random, cmaes, grid, got",
        ),
        (
            "pruning",
            "{kind: asah}",
            "kind: must be one of successive_halving, asha, hyperband, median, one_rung, none, got",
        ),
    ],
)
def test_a_near_miss_suggests_the_name(mistakes, section, value, message):
    [mistake] = mistakes(**{section: value})
    assert f"{section}.{message}" in mistake
    assert "; did you mean " in mistake


def test_a_mistake_in_a_list_has_the_index_of_its_item(mistakes):
    assert mistakes(search="{trials: 4, baselines: [paper, full_dta]}") == [
        "7: search.baselines.1: must be one of paper, full_data, got 'full_dta';"
        " did you mean full_data?"
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("true", "must be a number, got True"),
        ('"0.5"', "must be a number, got '0.5'; write 0.5"),
        ("null", "must be a number, got nothing"),
        ("[0.5]", "must be a number, got [0.5]"),
        (".nan", "must be a finite number, got nan"),
        (".inf", "must be a finite number, got inf"),
        ("11", "must be at most 10.0, got 11"),
        ("0", "must be above 0.0, got 0"),
    ],
)
def test_a_value_that_is_no_valid_number_is_refused(mistakes, written, message):
    assert mistakes(optimizer=f"{{lr: {written}}}") == [f"8: optimizer.lr: {message}"]


@pytest.mark.parametrize("written", ["16.0", "1.6e1", "true", '"16"'])
def test_a_value_that_is_no_whole_number_is_refused(mistakes, written):
    [mistake] = mistakes(optimizer=f"{{batch_size: {written}}}")
    assert mistake.startswith("8: optimizer.batch_size: must be a whole number, got ")


@pytest.mark.parametrize("written", ["1", '"true"', "yes"])
def test_a_value_that_is_no_truth_value_is_refused(mistakes, written):
    [mistake] = mistakes(tracking=f"{{tensorboard: {written}}}")
    assert "tracking.tensorboard: must be true or false, got " in mistake


@pytest.mark.parametrize("written", ["true", "1", "yes"])
def test_the_permission_for_a_pickle_is_refused_in_a_file(mistakes, written):
    assert mistakes(molecule_encoder=f"{{kind: mol2vec, allow_pickle: {written}}}") == [
        "3: molecule_encoder.allow_pickle: must be given on the command line, as --allow-pickle,"
        " got it in a file"
    ]


def test_the_refusal_of_pickles_that_version_0_2_wrote_is_accepted(text):
    written = text(molecule_encoder="{kind: mol2vec, allow_pickle: false}")
    settings = parse_space(written).settings
    assert "allow_pickle" not in settings.molecule_encoder.model_dump()


def test_a_number_instead_of_text_is_refused(mistakes):
    assert mistakes(text_encoder="{model: 3}") == ["2: text_encoder.model: must be text, got 3"]


def test_the_home_folder_of_an_unknown_user_is_refused(mistakes):
    assert mistakes(data="{source: chebi20, path: ~nobody-has-this-name/data}") == [
        "1: data.path: must be a path whose ~ is the home of a known user,"
        " got ~nobody-has-this-name/data"
    ]


@pytest.mark.parametrize(
    ("alpha", "hint"),
    [
        ("40", "; write 0.40"),
        ("3", "; write 0.03"),
        ("2.5", "; write 0.025"),
        ("100", "; write 1.00"),
        ("101", ""),
        ("0", ""),
        ("-0.4", ""),
    ],
)
def test_a_percentage_is_refused_and_the_fraction_is_suggested(mistakes, alpha, hint):
    assert mistakes(curriculum=f"{{alpha: {alpha}, beta: {{uniform: [0.1, 0.2]}}}}") == [
        f"5: curriculum.alpha: must be a fraction in (0, 1], got {alpha}{hint}"
    ]


@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        ("0", ": must be above 0.0, got 0"),
        (".nan", ": must be a finite number, got nan"),
        ("[1]", ": must be a number, got [1]"),
        ("{choice: [0, 0.4]}", ": must be above 0.0, got 0"),
        (
            "{unifrom: [0.1, 0.2]}",
            ": must be a number or an axis, got {'unifrom': [0.1, 0.2]}; did you mean uniform?",
        ),
        ("{}", ".quantile: is required, and it is missing"),
        ("{quantile: 2}", ".quantile: must be a fraction in [0, 1], got 2; write 0.02"),
    ],
)
def test_a_mistake_in_sigma_has_the_path_of_the_file(mistakes, sigma, message):
    assert mistakes(curriculum=f"{{sigma: {sigma}, alpha: {{uniform: [0.1, 0.2]}}}}") == [
        f"5: curriculum.sigma{message}"
    ]


def test_a_warm_up_of_all_steps_is_refused(mistakes):
    assert mistakes(optimizer="{warmup: 1}") == ["8: optimizer.warmup: must be below 1.0, got 1"]


def test_a_beta_in_per_cent_is_refused(mistakes):
    assert mistakes(curriculum="{beta: 3, alpha: {uniform: [0.1, 0.2]}}") == [
        "5: curriculum.beta: must be a fraction in [0, 1], got 3; write 0.03"
    ]


# --- axes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axis", "messages"),
    [
        ("{uniform: [0.5, 40]}", ["got 40.0; write 0.40"]),
        ("{uniform: [0, 0.5]}", ["got 0.0"]),
        ("{uniform: [0, 40]}", ["got 0.0", "got 40.0; write 0.40"]),
        ("{choice: [0.4, 30, 0.5, 40]}", ["got 30; write 0.30", "got 40; write 0.40"]),
        ("{int: [1, 40]}", ["got 40; write 0.40"]),
    ],
)
def test_both_ends_of_an_axis_must_keep_the_rule_of_the_setting(mistakes, axis, messages):
    assert mistakes(curriculum=f"{{alpha: {axis}}}") == [
        f"5: curriculum.alpha: must be a fraction in (0, 1], {message}" for message in messages
    ]


def test_an_axis_under_an_unknown_key_is_one_mistake(mistakes):
    assert mistakes(curriculum="{alpa: {uniform: [0.2, 0.9]}}") == [
        "5: curriculum.alpa: must be a known setting, got 'alpa'; did you mean alpha?"
    ]


@pytest.mark.parametrize(
    ("section", "value", "path"),
    [
        ("data", "{source: names, limit: {int: [200, 300]}}", "1: data.limit"),
        ("data", "{source: {choice: [names]}}", "1: data.source"),
        ("budget", "{epochs: {int: [3, 9]}}", "6: budget.epochs"),
        ("search", "{trials: 4, seed: {int: [3, 9]}}", "7: search.seed"),
        ("objective", "{choice: [validation/mrr]}", "8: objective"),
        ("curriculum", "{uniform: [0, 1]}", "5: curriculum"),
    ],
)
def test_only_settings_of_three_sections_take_an_axis(mistakes, section, value, path):
    assert mistakes(**{section: value}) == [
        f"{path}: must be a plain value, got an axis;"
        " axes are allowed in curriculum, optimizer, backbone"
    ]


def test_the_name_of_the_backbone_cannot_be_an_axis(mistakes):
    assert mistakes(backbone="{name: {choice: [contrastive]}}") == [
        "4: backbone.name: must be one backbone: sweep each in a file of its own and compare them"
    ]


def test_sigma_cannot_be_a_logarithmic_axis(mistakes):
    assert mistakes(curriculum="{sigma: {loguniform: [0.9, 0.99]}}") == [
        "5: curriculum.sigma: must be uniform or choice, got loguniform"
    ]


@pytest.mark.parametrize(
    ("setting", "written", "kind"),
    [
        ("alpha", "{unifrom: [0.2, 0.9]}", "uniform"),
        ("beta", "{log_uniform: [0.2, 0.9]}", "loguniform"),
        ("order", "{choise: [random]}", "choice"),
        ("pacing_start", "{itn: [0, 1]}", "int"),
    ],
)
def test_a_near_miss_suggests_the_kind_of_axis(mistakes, setting, written, kind):
    [mistake] = mistakes(curriculum=f"{{{setting}: {written}}}")
    assert mistake.startswith(f"5: curriculum.{setting}: must be ")
    assert mistake.endswith(f"; did you mean {kind}?")


# --- rules between settings ---------------------------------------------------------------------


def test_the_first_rung_must_lie_within_the_budget(mistakes, space):
    assert mistakes(pruning="{grace_epochs: 11}") == [
        "8: pruning.grace_epochs: must be at most budget.epochs (10) for a rung to exist, got 11"
    ]
    for kind in ("asha", "hyperband", "median", "one_rung"):
        assert len(mistakes(pruning=f"{{kind: {kind}, grace_epochs: 11}}")) == 1
    assert space(pruning="{kind: one_rung, grace_epochs: 10}").settings.pruning.min_kept > 0


@pytest.mark.parametrize("grace", ["0", "-1", ".inf", "pacing", "true"])
def test_grace_is_a_number_of_epochs_or_the_end_of_pacing(mistakes, grace):
    [mistake] = mistakes(pruning=f"{{grace_epochs: {grace}}}")
    rule = "8: pruning.grace_epochs: must be a number of epochs above 0, auto, or pacing_end, got "
    assert mistake.startswith(rule)


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("none", "grace_epochs: 1"), ("median", "reduction_factor: 3"), ("asha", "min_kept: 2")],
)
def test_each_pruner_takes_its_own_settings_and_no_others(mistakes, kind, setting):
    [mistake] = mistakes(pruning=f"{{kind: {kind}, {setting}}}")
    word = setting.partition(":")[0]
    assert mistake.startswith(f"8: pruning.{word}: must be a known setting, got '{word}'; ")


def test_a_recording_cannot_prune(mistakes, space):
    [mistake] = mistakes(search="{trials: 4, record: 2}")
    assert mistake.endswith(
        "pruning.kind: must be none where search.record is set, got successive_halving"
    )
    loaded = space(search="{trials: 4, record: 2}", pruning="{kind: none}").settings.search
    assert loaded.runs == 8


def test_without_an_axis_there_is_one_trial_beside_the_baselines(mistakes, space):
    [mistake] = mistakes(curriculum=None, search="{trials: 2}")
    assert mistake.startswith("6: search.trials: must be at most 1 ")
    [mistake] = mistakes(curriculum=None, search="{trials: 3, baselines: [full_data]}")
    assert mistake.startswith("6: search.trials: must be at most 2 ")
    loaded = space(curriculum=None, search="{trials: 3, baselines: [full_data, paper]}")
    assert loaded.settings.search.trials == 3


def test_a_baseline_is_named_once(mistakes):
    assert mistakes(search="{trials: 4, baselines: [paper, paper]}") == [
        "7: search.baselines: must name each schedule once, got ['paper', 'paper']"
    ]


def test_the_baselines_must_fit_into_the_trials(mistakes):
    assert mistakes(search="{trials: 1, baselines: [paper, full_data]}") == [
        "7: search.baselines: must fit into search.trials (1), got 2 schedules"
    ]


def test_rules_between_settings_are_reported_beside_wrong_values(mistakes):
    lines = mistakes(
        curriculum="{alpha: 40}",
        pruning="{grace_epochs: 11}",
        search="{trials: 1, baselines: [paper, paper]}",
    )
    assert [line.split(": ")[1] for line in lines] == [
        "curriculum.alpha",
        "search.baselines",
        "pruning.grace_epochs",
    ]


def test_a_grid_needs_finite_axes(mistakes, space):
    axes = "{alpha: {uniform: [0.2, 0.9]}, order: {choice: [easy_first, random]}}"
    assert mistakes(curriculum=axes, search="{trials: 2, sampler: grid}") == [
        "5: curriculum.alpha: must be a choice, or a range with a step, for the sampler grid,"
        " got 0.2 … 0.9"
    ]
    axes = axes.replace("0.9]", "0.9], step: 0.1")
    assert space(curriculum=axes, search="{trials: 16, sampler: grid}").grid_size() == 16


def test_a_grid_has_no_more_trials_than_configurations(mistakes):
    axes = "order: {choice: [easy_first, random]}, intensity: {choice: [constant, inverse]}"
    axes = f"{{alpha: 0.5, {axes}}}"
    search = "{trials: 6, sampler: grid, baselines: [full_data]}"
    assert mistakes(curriculum=axes, search=search) == [
        "7: search.trials: must be at most 5 (the grid and search.baselines), got 6"
    ]


def test_cmaes_needs_numbers(mistakes):
    axes = "{order: {choice: [easy_first, random]}, alpha: {uniform: [0.2, 0.9]}}"
    [mistake] = mistakes(curriculum=axes, search="{trials: 4, sampler: cmaes}")
    assert mistake.endswith("sampler: cmaes must have two or more axes of numbers, got 1")


LAYERS = "must be true, false, or last_N for the last N layers, as in last_2"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "{name: amann}",
            "name: must be one of contrastive, text2mol, aman, orma, got 'amann';"
            " did you mean aman?",
        ),
        ("{name: aman, heads: 7}", "heads: must be a divisor of hidden (300), got 7"),
        ("{name: orma, token_atom: 0}", "token_atom: must be above 0.0, got 0"),
        (
            "{name: text2mol, heads: 2}",
            "heads: must be a known setting, got 'heads';"
            " known here: name, molecule, hidden, dimension, layers, dropout, temperature,"
            " learn_temperature",
        ),
    ],
)
def test_mistakes_in_a_backbone(mistakes, written, expected):
    assert mistakes(backbone=written) == [f"4: backbone.{expected}"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{model: m, trainable: last_0}", f"{LAYERS}, got last_0"),
        ("{model: m, trainable: 2}", f"{LAYERS}, got 2"),
        (
            "{kind: lsa, trainable: true}",
            "must be a known setting, got 'trainable'; known here: kind, dimensions, seed",
        ),
    ],
)
def test_mistakes_in_the_trained_layers_of_a_text_encoder(mistakes, written, expected):
    assert mistakes(text_encoder=written) == [f"2: text_encoder.trainable: {expected}"]


# --- values that no setting takes ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        (
            "budget",
            "{epochs: 1000000000}",
            "6: budget.epochs: must be at most 100000, got 1000000000",
        ),
        (
            "search",
            "{trials: 1000000000}",
            "7: search.trials: must be at most 100000, got 1000000000",
        ),
        (
            "curriculum",
            f"{{pacing_start: {10**30}}}",
            "5: curriculum.pacing_start: must be a whole number up to 9,007,199,254,740,992,"
            f" got {10**30}",
        ),
        (
            "curriculum",
            f"{{order: {{choice: [{', '.join(f'o{n}' for n in range(1001))}]}}}}",
            "5: curriculum.order: choice must be among at most 1,000 values, got 1,001",
        ),
        (
            "data",
            '{source: "a\\0b"}',
            "1: data.source: must be text, got the control character '\\x00'",
        ),
        (
            "data",
            '{"so\\eurce": names}',
            "1: data: must be text, got the control character '\\x1b'",
        ),
        (
            "data",
            '{source: "\\ud800"}',
            "1: data.source: must be text, got the lone surrogate '\\ud800'",
        ),
    ],
)
def test_a_value_beyond_a_bound_is_a_mistake_with_its_line(mistakes, section, value, message):
    assert message in mistakes(**{section: value})


def test_a_long_value_is_shortened_in_a_message(mistakes):
    for section in ("data", "curriculum", "objective"):
        for value in (f"[{'1, ' * 9000}1]", f"{{order: [{'1, ' * 9000}1]}}", "x" * 9000):
            assert all(len(line) < 2000 for line in mistakes(**{section: value})), (section, value)


def test_sections_that_begin_with_x_hold_anchors_alone(text):
    extension = "x-small: &small {alpha: 0.5, beta: 0.1}\n"
    merged = text(curriculum="{<<: *small, alpha: {uniform: [0.2, 0.9]}}")
    loaded = parse_space(extension + merged)
    assert loaded.settings.curriculum.beta == 0.1
    assert list(loaded.axes) == ["curriculum.alpha"]
    assert loaded.text == extension + merged


def test_a_mistake_in_a_merged_key_has_the_line_of_that_key(text):
    wrong = "x-small: &small\n  alpha: 40\n" + text(curriculum="{<<: *small, beta: 0.1}")
    with pytest.raises(ConfigError, match=r"^a.yaml:2: curriculum.alpha: must be a fraction"):
        parse_space(wrong, "a.yaml")


@pytest.mark.parametrize(
    ("section", "written", "mistake"),
    [
        (
            "curriculum",
            "alpha: [0.2, 0.9]",
            "a number, got [0.2, 0.9]; write {uniform: [0.2, 0.9]}",
        ),
        (
            "curriculum",
            "sigma: [0.2, 0.9]",
            "a number, got [0.2, 0.9]; write {uniform: [0.2, 0.9]}",
        ),
        (
            "curriculum",
            "alpha: [0.2, 0.5, 1]",
            "a number, got [0.2, 0.5, 1]; write {choice: [0.2, 0.5, 1]}",
        ),
        (
            "optimizer",
            "batch_size: [32, 64]",
            "a whole number, got [32, 64]; write {int: [32, 64]}",
        ),
        ("curriculum", "alpha: 40%", "a number, got '40%'; write 0.40"),
        ("optimizer", "warmup: 2.5 %", "a number, got '2.5 %'; write 0.025"),
        (
            "curriculum",
            "alpha: [20%, 0.9]",
            "a number, got ['20%', 0.9]; write {uniform: [0.20, 0.9]}",
        ),
        (
            "curriculum",
            "alpha: {max: 0.9, min: 0.2}",
            "a number or an axis, got {'max': 0.9, 'min': 0.2}; write {uniform: [0.2, 0.9]}",
        ),
        (
            "optimizer",
            "batch_size: {low: 32, high: 64}",
            "a whole number or an axis, got {'low': 32, 'high': 64}; write {int: [32, 64]}",
        ),
        ("curriculum", "alpha: []", "a number, got []"),
        ("confirm", "seeds: 4", "one of 3, 5, 7, 10, 20, 40, got 4; write 5"),
        ("confirm", "seeds: 100", "one of 3, 5, 7, 10, 20, 40, got 100; write 40"),
        (
            "curriculum",
            "order: [easy_first, random]",
            "one of easy_first, hard_first, random, got ['easy_first', 'random'];"
            " write {choice: [easy_first, random]}",
        ),
        ("budget", "epochs: [3, 4]", "a whole number, got [3, 4]"),
    ],
)
def test_a_list_and_a_percentage_get_the_right_words(mistakes, section, written, mistake):
    setting = written.partition(":")[0]
    [found] = mistakes(**{section: f"{{{written}}}"})
    assert found.endswith(f": {section}.{setting}: must be {mistake}")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("alpha: '0,4'", "must be a number, got '0,4'; write 0.4"),
        ("alpha: {uniform: ['0,2', '0,9']}", "got ['0,2', '0,9']; write {uniform: [0.2, 0.9]}"),
        (
            "alpha: {uniform: [0,2, 0,9]}",
            "got [0, 2, 0, 9]; a decimal number has a point, as in 0.",
        ),
    ],
)
def test_a_decimal_comma_is_hinted_with_a_point(mistakes, written, hint):
    [found] = mistakes(curriculum=f"{{{written}}}")
    assert hint in found


HINTS = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: 64-256}
curriculum:
  alpha: 0.2-0.9
  beta: '0.4'
  sigma: 50 % - 90 %
  hard_negatives: [0.1, 2]
optimizer:
  lr: [1e-4, 1e-2]
  weight_decay: 1e-4 to 1e-1
  warmup: [0.05, 0.1]
  batch_size: [32.0, 64.0]
budget: {epochs: 1e2}
search: {trials: '8', seed: 3.5}
"""
HINTED = """\
4: backbone.hidden: must be a whole number, got '64-256'; write {int: [64, 256]}
6: curriculum.alpha: must be a number, got '0.2-0.9'; write {uniform: [0.2, 0.9]}
7: curriculum.beta: must be a number, got '0.4'; write 0.4
8: curriculum.sigma: must be a number, got '50 % - 90 %'
9: curriculum.hard_negatives: must be a number, got [0.1, 2]; write {uniform: [0.1, 2]}
11: optimizer.lr: must be a number, got [0.0001, 0.01]; write {loguniform: [0.0001, 0.01]}
12: optimizer.weight_decay: must be a number, got '1e-4 to 1e-1'; write {loguniform: [1e-4, 1e-1]}
13: optimizer.warmup: must be a number, got [0.05, 0.1]; write {uniform: [0.05, 0.1]}
14: optimizer.batch_size: must be a whole number, got [32.0, 64.0]; write {int: [32, 64]}
15: budget.epochs: must be a whole number, got 100.0; write 100
16: search.seed: must be a whole number, got 3.5
16: search.trials: must be a whole number, got '8'; write 8
"""


def test_a_range_or_a_number_in_other_words_gets_the_right_ones(tmp_path):
    path = tmp_path / "hints.yaml"
    path.write_text(HINTS)
    with pytest.raises(ConfigError) as caught:
        load_space(path)
    assert str(caught.value).splitlines() == [f"{path}:{line}" for line in HINTED.splitlines()]
