"""What a sweep takes from earlier sweeps, and what its sampler makes of it."""

import json
import shutil

import pytest
from made_sweeps import summary_of

from class_sweep.config.document import parse_space
from class_sweep.config.identity import identity
from class_sweep.config.settings_changes import flat_settings
from class_sweep.errors import ConfigError, ResultsError
from class_sweep.results.callback import Callback
from class_sweep.results.environment import Environment, new_sweep_id, settings_hash
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.validation import require_valid
from class_sweep.results.warm_start import COLD
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.simulate import Simulation
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import MemoryStorage
from class_sweep.tuning.trial import TrialReport
from class_sweep.tuning.tuner import Limits, SweepTuner
from class_sweep.tuning.warm_start import read_warm_start, require_same_data, warm_start_notes

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.2, 0.8], step: 0.1}, beta: 0.1}
optimizer: {lr: {uniform: [0.1, 0.9], step: 0.1}}
budget: {epochs: 9}
search: {trials: 10, sampler: tpe, baselines: [full_data], full_data_trials: 2}
pruning: {grace_epochs: 1}
"""
FULL = 5040  # samples of a trial over the full data
ENDS = [  # name, alpha, lr, decision, value, fields
    ("full_data", 1.0, 0.5, "finish", 0.3, {}),
    (None, 0.3, 0.2, "finish", 0.5, {}),
    (None, 0.4, 0.2, "finish", 0.9, {}),
    (None, 0.4, 0.9, "prune", 0.2, {"rung": 0, "samples": 64}),
    (None, 0.5, 0.9, "fail", None, {"samples": 0, "reason": "it diverges"}),
    (None, 0.4, 0.2, "finish", 0.9, {"same_as": 2}),
    ("full_data", 1.0, 0.7, "finish", 0.4, {"tuned": True}),
]


def folder_of(path, text=SPACE, ends=ENDS):
    """A results folder of an ended sweep."""
    space, settings = parse_space(text), flat_settings(parse_space(text))
    environment = Environment(
        sweep_id=new_sweep_id(), settings=settings, settings_sha256=settings_hash(settings),
        data_sha256="d" * 64, index_sha256={}, packages={}, python="3.11", platform="Linux",
        cpus=2, gpus=[], seed=3, dropped=[], command=[],
    )  # fmt: skip
    with ResultsWriter.create(path, text, environment=environment) as writer:
        for number, (name, alpha, lr, decision, value, fields) in enumerate(ends):
            config = {"curriculum.alpha": alpha, "optimizer.lr": lr}
            values = {
                "trial": number, "name": name, "identity": identity(space.resolve(config)),
                "config": config, "report": 0, "step": 10, "samples": FULL, "rung": None,
                "decision": decision, "compared": False, "objective": value,
            }  # fmt: skip
            writer.append(Record(**values | fields))
        tree = summary_of("finished", len(ends))
        full_budget = FULL * tree["trials"]["wanted"]
        tree["samples"] |= {"full_budget": full_budget}
        writer.write_summary(SweepSummary.model_validate(tree))
    return path


def warm_space(*paths, change=("", ""), search="trials: 10", pruning="{grace_epochs: 1}"):
    text = SPACE.replace("trials: 10", f"{search}, warm_start: {json.dumps(list(map(str, paths)))}")
    text = text.replace("{grace_epochs: 1}", pruning)
    return parse_space(text.replace(*change))


@pytest.fixture
def earlier(tmp_path):
    return folder_of(tmp_path / "earlier")


def told(warm):
    return [
        (t.values.get("curriculum.alpha"), t.values["optimizer.lr"], t.finished, t.objective)
        for t in warm.trials
    ]


def test_finished_and_pruned_trials_are_taken_once_each(earlier):
    warm = read_warm_start(warm_space(earlier))
    assert told(warm) == [
        (None, 0.5, True, 0.3), (0.3, 0.2, True, 0.5), (0.4, 0.2, True, 0.9),
        (0.4, 0.9, False, 0.2), (None, 0.7, True, 0.4),
    ]  # fmt: skip
    assert [t.full_data for t in warm.trials] == [True, False, False, False, True]
    [sweep] = warm.sweeps
    assert (sweep.trials, sweep.left_out, sweep.same_budget) == (5, 0, True)
    assert len(sweep.log_sha256) == 64
    assert warm.first == [{"curriculum.alpha": 0.4, "optimizer.lr": 0.2}]
    assert warm.first_full_data == [{"optimizer.lr": 0.7}]


def test_trials_outside_the_axes_are_left_out(earlier):
    warm = read_warm_start(warm_space(earlier, change=("[0.2, 0.8]", "[0.4, 0.8]")))
    assert [t.objective for t in warm.trials] == [0.3, 0.9, 0.2, 0.4]
    assert warm.sweeps[0].left_out == 1


def test_a_setting_that_was_fixed_may_be_an_axis_now(earlier):
    space = warm_space(earlier, change=("beta: 0.1", "beta: {uniform: [0.0, 0.2], step: 0.05}"))
    warm = read_warm_start(space)
    assert [t.values.get("curriculum.beta") for t in warm.trials if not t.full_data] == [0.1] * 3


def test_trials_of_a_smaller_budget_are_told_as_pruned_at_its_end(earlier):
    warm = read_warm_start(warm_space(earlier, change=("epochs: 9", "epochs: 60")))
    assert {t.finished for t in warm.trials} == {False}
    assert [t.step for t in warm.trials if t.objective != 0.2] == [FULL] * 4
    assert warm.sweeps[0].same_budget is False
    assert warm.first == [{"curriculum.alpha": 0.4, "optimizer.lr": 0.2}]


def test_a_trial_that_ended_at_its_share_is_told_as_pruned_there(tmp_path):
    config = {"curriculum.alpha": 0.4, "optimizer.lr": 0.2, "budget.samples": 3200}
    ended = (None, 0.4, 0.2, "finish", 0.8, {"config": config, "samples": 3200, "share": 0.6})
    warm = read_warm_start(warm_space(folder_of(tmp_path / "shares", ends=[*ENDS[:2], ended])))
    assert [(t.finished, t.step) for t in warm.trials] == [
        (True, FULL),
        (True, FULL),
        (False, 3200),
    ]
    assert warm_start_notes(warm) == [
        f"search.warm_start: 3 trials of {tmp_path / 'shares'} count; 1 of them ended at a share of"
        " full data's samples, as pruned there: what is tried again of them trains by the budget of"
        " this space"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("budget:", "objective: validation/hits@1\nbudget:"), "objective validation/mrr → valid"),
        (("name: contrastive", "name: text2mol"), "backbone.name contrastive → text2mol"),
        (("dimensions: 32", "dimensions: 16"), "text_encoder.dimensions 32 → 16"),
        (("beta: 0.1", "beta: 0.2"), "none of the 5 trials of .*: curriculum.beta 0.1 → 0.2"),
    ],
)
def test_a_sweep_that_cannot_be_compared_is_refused_with_what_differs(earlier, change, told):
    if "beta" in told:  # full data has no pacing: its trials are those of any beta
        earlier = folder_of(earlier.parent / "schedules", ends=ENDS[1:6])
        told = told.replace("5", "3")
    with pytest.raises(ResultsError, match=told):
        read_warm_start(warm_space(earlier, change=change))


def test_other_data_are_refused(earlier):
    space = warm_space(earlier)
    warm = read_warm_start(space)
    here = json.loads((earlier / "environment.json").read_text())
    require_same_data(space, warm, Environment.model_validate(here))
    for changed in ({"data_sha256": "e" * 64}, {"encoder_sha256": {"text_encoder": "t" * 64}}):
        with pytest.raises(ResultsError, match=f"contents of {next(iter(changed))[:4]}|text_enc"):
            require_same_data(space, warm, Environment.model_validate(here | changed))


@pytest.mark.parametrize(
    ("search", "change"),
    [
        ("trials: 10", ("sampler: tpe", "sampler: grid")),
        ("trials: 10, record: 2", ("grace_epochs: 1", "kind: none")),
    ],
)
def test_a_warm_start_that_would_do_nothing_is_refused(earlier, search, change):
    with pytest.raises(ConfigError, match=r"search\.warm_start: must be absent where"):
        warm_space(earlier, search=search, change=change, pruning="{kind: none}")


def test_a_folder_that_is_no_sweep_is_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"must hold space\.yaml"):
        read_warm_start(warm_space(tmp_path))


def test_paths_are_relative_to_the_file_and_absolute_in_results(tmp_path):
    text = SPACE.replace("trials: 10", "trials: 10, warm_start: [first, ../second]")
    space = parse_space(text, "space.yaml", tmp_path)
    paths = [tmp_path / "first", tmp_path / "../second"]
    assert space.settings.search.warm_start == paths
    again = parse_space(space.text, "space.yaml", tmp_path / "elsewhere")
    assert again.settings.search.warm_start == paths


def sweep(space, warm, rate_of_best=0.7):
    """The configurations of a simulated sweep with one worker."""
    log = MemoryLog()
    study = OptunaStudy(space, MemoryStorage(), warm_start=warm)

    def curve_of(trial):
        value = 1 - abs(trial.config["optimizer.lr"] - rate_of_best)
        return [TrialReport(0, FULL, FULL, None, True, {"split/mrr": value}, 0.1)]

    ledger = TrialLedger(log, Callback())
    groups = PrunerGroups.of(space, 0)
    Simulation(
        SweepTuner(space.objective, study, ledger, groups, limits=Limits(lambda _: 1)), curve_of
    ).run()
    return {record.trial: record for record in log.records}


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "random"])
def test_the_best_earlier_configurations_come_after_the_baselines(earlier, sampler):
    space = warm_space(earlier, change=("sampler: tpe", f"sampler: {sampler}"))
    warm = read_warm_start(space)
    records = sweep(space, warm)
    assert records[1].config == {"curriculum.alpha": 0.4, "optimizer.lr": 0.2}
    own = [record for record in records.values() if record.tuned]
    assert own[0].config["optimizer.lr"] == 0.7
    assert len(records) == 10
    cold = sweep(space, COLD)
    later = {n: (records[n].config, cold[n].config) for n in records if n > 1}
    if sampler == "random":  # it learns nothing, so the other proposals stay
        assert {n for n, pair in later.items() if pair[0] != pair[1]} <= {own[0].trial}
    if sampler == "tpe":
        assert any(pair[0] != pair[1] for n, pair in later.items() if n != own[0].trial)


def test_tpe_is_past_its_random_start(tmp_path):
    """With twenty earlier trials that say a low rate is good, TPE proposes low rates at once."""
    ends = [
        (None, 0.2 + 0.1 * (n % 7), round(0.1 + 0.1 * (n % 9), 1), "finish", 1 - 0.1 * (n % 9), {})
        for n in range(63)
    ]
    space = warm_space(folder_of(tmp_path / "earlier", ends=ends))
    records = sweep(space, read_warm_start(space), rate_of_best=0.1)
    rates = [r.config["optimizer.lr"] for r in records.values() if r.name is None]
    assert sum(rate <= 0.3 for rate in rates) >= len(rates) - 2


def test_a_resumed_sweep_needs_the_earlier_folder_no_more(earlier, tmp_path):
    space = warm_space(earlier)
    warm = read_warm_start(space)
    with ResultsWriter.create(tmp_path / "new", space.text, warm_start=warm) as writer:
        shutil.rmtree(earlier)
        assert writer.folder.read_warm_start() == warm
    space.require_inputs()


def test_a_changed_file_is_refused(earlier, tmp_path):
    space = warm_space(earlier)
    warm = read_warm_start(space)
    with ResultsWriter.create(tmp_path / "new", space.text, warm_start=warm) as writer:
        file = writer.folder.warm_start
        file.write_text(file.read_text().replace('"objective": 0.9', '"objective": 0.8'))
        with pytest.raises(ResultsError, match=r"warm_start\.json must .* the hash sha256"):
            require_valid(writer.folder)
