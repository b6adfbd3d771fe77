"""The trials of each share: their proposals, whom they learn from, and who prunes them."""

import itertools

import pytest

from class_sweep.config.components import PRUNERS
from class_sweep.config.document import parse_space
from class_sweep.curriculum.schedule import Schedule
from class_sweep.results.callback import Callback
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups, expected_samples
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
curriculum:
  alpha: {{uniform: [0.1, 0.9]}}
  beta: {{uniform: [0, 1]}}
  hard_negatives: {{uniform: [0, 2], step: 0.1}}
optimizer: {{batch_size: 10, lr: {lr}}}
budget: {{epochs: 10}}
search: {{trials: {trials}, seed: 2, baselines: [paper, full_data], shares: [0.6, 0.75, 0.9]}}
pruning: {{kind: {pruning}{kept}}}
"""
PAIRS, RUNGS = 1000, [1000, 4000]


def space_of(pruning="none", trials=26, lr="1e-3"):
    kept = ", min_kept: 1" if "min_kept" in PRUNERS.settings_class(pruning).model_fields else ""
    return parse_space(SPACE.format(pruning=pruning, trials=trials, lr=lr, kept=kept))


def simulate(space, value_of):
    """All records of a sweep, one trial at a time; a trial's value is the same at each report."""
    rungs = [] if space.settings.pruning.kind == "none" else RUNGS
    study = OptunaStudy(space, MemoryStorage(), rungs=rungs, pairs=PAIRS)

    def curve_of(trial):
        end = Schedule.of(space.resolve(trial.config), PAIRS).samples
        at = [*enumerate(rungs), (None, end)]
        return [
            TrialReport(n, s, s, rung, rung is None, {"split/mrr": value_of(trial)}, 0.1)
            for n, (rung, s) in enumerate(at)
        ]

    log = MemoryLog()
    groups = PrunerGroups.of(space, len(rungs))
    ledger = TrialLedger(log, Callback())
    tuner = SweepTuner(space.objective, study, ledger, groups, limits=Limits(lambda _: 1))
    Simulation(tuner, curve_of).run()
    return log.records


def alpha(trial):
    return trial.config["curriculum.alpha"]


def test_the_shares_take_turns_and_every_schedule_takes_its_share():
    space = space_of()
    last = {record.trial: record for record in simulate(space, alpha)}
    assert [r.name for r in last.values()][:2] == ["paper", "full_data"]
    assert [r.share for r in last.values()][:2] == [None, None]
    assert [r.share for r in last.values()][2:] == [0.6, 0.75, 0.9] * 8
    for record in last.values():
        if record.share is not None:
            assert 0 <= record.share * 10 * PAIRS - record.samples <= 10 * 10
            assert {*record.config} == {*space.axes}
    assert space.group_sizes == {0.6: 8, 0.75: 8, 0.9: 8}


def test_full_datas_own_trials_are_a_group_beside_the_shares():
    space = space_of(lr="{loguniform: [1e-4, 1e-2]}")
    last = {record.trial: record for record in simulate(space, alpha)}.values()
    assert space.group_sizes == {0.6: 6, 0.75: 6, 0.9: 6, "full_data": 6}
    assert [r.share for r in last if r.tuned] == [None] * 6
    shares = [r.share for r in last if r.share is not None]
    assert shares == [0.6, 0.75, 0.9] * 6


def test_a_sampler_learns_from_the_trials_of_its_share_alone():
    def proposals(records, share):
        return [r.config for r in records if r.share == share]

    plain = simulate(space_of(), alpha)
    contrary = simulate(space_of(), lambda t: -alpha(t) if t.share == 0.75 else alpha(t))
    assert proposals(contrary, 0.6) == proposals(plain, 0.6)
    assert proposals(contrary, 0.9) == proposals(plain, 0.9)
    assert proposals(contrary, 0.75) != proposals(plain, 0.75)
    first = [proposals(plain, share)[0] for share in (0.6, 0.75, 0.9)]
    assert len({config["curriculum.hard_negatives"] for config in first}) > 1


@pytest.mark.parametrize("pruner", [name for name in PRUNERS if name != "none"])
def test_the_trials_of_a_share_are_compared_with_each_other_alone(pruner):
    def ends(best):
        """One share is better than all others in every trial."""
        records = simulate(
            space_of(pruner), lambda t: round(50 * alpha(t)) + 1024 * (t.share == best)
        )
        by_trial = itertools.groupby(
            sorted(records, key=lambda r: (r.trial, r.report)), key=lambda r: r.trial
        )
        return {trial: list(reports)[-1] for trial, reports in by_trial}

    outcomes = [
        {number: record.decision for number, record in ends(best).items()} for best in (0.6, 0.9)
    ]
    assert outcomes[0] == outcomes[1]
    last = ends(0.6).values()
    for share in (0.6, 0.75, 0.9):
        assert "finish" in {r.decision for r in last if r.share == share}
    assert "prune" in {r.decision for r in last} or pruner == "hyperband"


@pytest.mark.parametrize("pruner", ["successive_halving", "one_rung"])
def test_the_samples_of_a_sweep_with_shares_are_known_before_it(pruner):
    space = space_of(pruner)
    records = simulate(space, alpha)
    last = {record.trial: record for record in records}.values()
    seen = sum(record.samples for record in last)
    expected = expected_samples(space, RUNGS, 10 * PAIRS)
    paper = next(r.samples for r in last if r.name == "paper")
    assert seen + (10 * PAIRS - paper) == pytest.approx(expected, rel=0.01)
