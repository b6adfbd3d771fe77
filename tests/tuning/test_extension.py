"""An extended sweep beside a sweep of the same size from the start, with one worker."""

from dataclasses import replace
from itertools import pairwise

import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.extension import with_trials
from class_sweep.errors import ConfigError
from class_sweep.results.callback import Callback
from class_sweep.results.trials import trials_of
from class_sweep.tuning.extension import extension_notes
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.simulate import Simulation
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import MemoryStorage
from class_sweep.tuning.trial import TrialReport
from class_sweep.tuning.tuner import Limits, SweepTuner

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{alpha: {{uniform: [0.2, 0.8], step: 0.05}}, beta: {{uniform: [0, 0.2], step: 0.1}}}}
optimizer: {{lr: {{uniform: [0.1, 0.9], step: 0.01}}}}
budget: {{epochs: 9}}
# a comment
search: {{trials: {trials}, sampler: {sampler}, seed: 2, baselines: [full_data]{more}}}
pruning: {pruning}
"""
RUNGS = [100, 200]
HALVING = "{kind: successive_halving, reduction_factor: 2, min_kept: 1}"


def space_of(trials, sampler="tpe", pruning=HALVING, more=", full_data_trials: 0"):
    return parse_space(SPACE.format(trials=trials, sampler=sampler, pruning=pruning, more=more))


def quality(trial, samples):
    """The value of a trial; it grows with the samples, at a pace of its own."""
    rate, alpha = trial.config["optimizer.lr"], trial.config["curriculum.alpha"]
    return round(rate * alpha + (samples / 400) * (1 - alpha), 6)


def run(space, records=()):
    """The log of a sweep, from the end of a log on."""
    log = MemoryLog()
    log.records = list(records)
    rungs = [] if space.settings.pruning.kind == "none" else RUNGS
    study = OptunaStudy(space, MemoryStorage(), rungs=rungs)
    study.restore(log.records)

    def curve_of(trial):
        at = [*enumerate(rungs), (None, 400)]
        return [
            TrialReport(
                n, s, s, rung, rung is None, {"split/mrr": quality(trial, s)}, 0.1
            )
            for n, (rung, s) in enumerate(at)
        ]  # fmt: skip

    tuner = SweepTuner(
        space.objective,
        study,
        TrialLedger(log, Callback()),
        PrunerGroups.of(space, len(rungs)),
        records=tuple(log.records),
        limits=Limits(lambda _: 1),
    )
    Simulation(tuner, curve_of).run()
    return log.records


def configs(records):
    return {record.trial: record.config for record in records}


def without_times(records):
    return [replace(record, at="") for record in records]


def test_random_search_without_pruning_is_equal_to_the_sweep_at_once():
    small = space_of(6, "random", "{kind: none}")
    extended = run(with_trials(small, 15), run(small))
    assert without_times(extended) == without_times(run(space_of(15, "random", "{kind: none}")))


def test_pruned_trials_stay_pruned_and_all_others_are_decided_as_at_once():
    small, large = space_of(9, "random"), space_of(25, "random")
    before = run(small)
    extended, at_once = run(with_trials(small, 25), before), run(large)
    assert configs(extended) == configs(at_once)
    assert without_times(extended[: len(before)]) == without_times(before)
    ends = [
        {r.trial: (r.decision, r.samples) for r in records if r.ended}
        for records in (extended, at_once)
    ]
    differ = {trial for trial in ends[0] if ends[0][trial] != ends[1][trial]}
    assert differ  # with these numbers there are some of both kinds
    assert all(trial < 9 for trial in differ)
    noted = extension_notes(with_trials(small, 25), before, len(RUNGS))
    assert len(noted) == 1
    assert "were pruned among 9 trials and stay pruned" in noted[0]
    named = {int(word.strip(",")) for word in noted[0].split() if word.strip(",").isdigit()}
    too_early = {t for t in differ if ends[0][t][1] < ends[1][t][1]}
    assert too_early <= named - {9}
    assert {r.trial for r in trials_of(before).pruned} >= named - {9}


def test_tpe_proposes_the_same_from_the_same_history():
    small, large = space_of(40, pruning="{kind: none}"), space_of(44, pruning="{kind: none}")
    extended = run(with_trials(small, 44), run(small))
    assert without_times(extended) == without_times(run(large))
    assert extension_notes(with_trials(small, 44), [], 0) == []


def test_the_random_start_of_tpe_is_as_long_as_the_smaller_sweep_had_it():
    small = space_of(16, pruning="{kind: none}")
    extended, at_once = run(with_trials(small, 22), run(small)), run(space_of(22))
    same = [n for n in range(22) if configs(extended)[n] == configs(at_once)[n]]
    assert same == [0, 1, 2, 3]
    assert extension_notes(with_trials(small, 22), [], 0) == [
        "tpe drew 4 trials at random at its start, not 5"
    ]


def test_the_trials_of_full_data_are_a_quarter_of_the_larger_sweep():
    small = space_of(9, "random", "{kind: none}", more="")
    extended = run(with_trials(small, 41), run(small))
    tuned = [record.trial for record in extended if record.tuned]
    assert len(configs(extended)) == 41
    assert len(tuned) == 10
    assert [t for t in tuned if t < 9] == [4, 8]
    assert max(b - a for a, b in pairwise(tuned)) == 4


def test_an_extended_grid_runs_each_point_once():
    grid = "curriculum: {alpha: {choice: [0.2, 0.4, 0.6]}, beta: {choice: [0.0, 0.1, 0.2]}}\n"
    text = SPACE.format(trials=4, sampler="grid", pruning="{kind: none}", more="")
    lines = [line for line in text.splitlines() if not line.startswith(("curriculum", "optim"))]
    small = parse_space(grid + "\n".join(lines))
    middle = with_trials(small, 6)
    assert extension_notes(middle, [], 0) == [
        "the grid runs the 3 points of the smaller sweep and then others, not the part that the"
        " larger sweep would have drawn"
    ]
    whole = with_trials(middle, 10)
    assert extension_notes(whole, [], 0) == []
    points = [tuple(config.values()) for config in configs(run_grid(whole, middle, small)).values()]
    assert len(set(points[1:])) == 9


def run_grid(*spaces):
    """The log of a sweep that was extended once or more; the values do not matter."""
    records = []
    for space in reversed(spaces):
        log = MemoryLog()
        log.records = records
        study = OptunaStudy(space, MemoryStorage())
        study.restore(records)
        ledger = TrialLedger(log, Callback())
        tuner = SweepTuner(
            space.objective, study, ledger, PrunerGroups.of(space, 0), records=tuple(records),
            limits=Limits(lambda _: 1),
        )  # fmt: skip
        report = TrialReport(0, 400, 400, None, True, {"split/mrr": 0.5}, 0.1)
        Simulation(tuner, lambda _, report=report: [report]).run()
        records = log.records
    return records


def test_the_text_of_the_space_keeps_its_comments():
    extended = with_trials(space_of(9), 25)
    assert "# a comment" in extended.text
    assert "trials: 25," in extended.text
    assert extended.extended_from == (9,)
    assert with_trials(extended, 30).extended_from == (9, 25)


@pytest.mark.parametrize("trials", [9, 3])
def test_fewer_trials_are_refused(trials):
    with pytest.raises(ConfigError, match=rf"got {trials}, and space:9: search.trials is 9"):
        with_trials(space_of(9), trials)


def test_a_grid_is_not_extended_beyond_its_points():
    text = SPACE.format(trials=4, sampler="grid", pruning="{kind: none}", more="")
    space = parse_space(text)
    with pytest.raises(ConfigError, match=r"must be at most 3241 \(.*\), got 5000"):
        with_trials(space, 5000)
