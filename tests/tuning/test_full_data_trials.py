"""Full data's own trials: what they propose, whom they learn from, and who prunes them."""

import pytest

from class_sweep.config.components import PRUNERS, SAMPLERS
from class_sweep.config.document import parse_space
from class_sweep.results.callback import Callback
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
curriculum:
  alpha: {{uniform: [0.2, 0.8], step: 0.05}}
  hard_negatives: {{uniform: [0, 2], step: 0.1}}
optimizer:
  lr: {{uniform: [0.1, 0.9], step: 0.01}}
  weight_decay: {{uniform: [0.1, 0.9], step: 0.1}}
budget: {{epochs: 4}}
search: {{trials: 34, sampler: {sampler}, seed: 2, baselines: [paper, full_data]}}
pruning: {pruning}
"""
RUNGS = [100, 200]


def simulate(value_of, sampler="tpe", pruning="none"):
    """The last record of each trial of a sweep, one trial at a time.

    Args:
        value_of: Gives the value of a trial at each of its reports.
    """
    space = parse_space(SPACE.format(sampler=sampler, pruning=f"{{kind: {pruning}}}"))
    log = MemoryLog()
    rungs = [] if pruning == "none" else RUNGS
    study = OptunaStudy(space, MemoryStorage(), rungs=rungs)

    def curve_of(trial):
        at = [*enumerate(rungs), (None, 400)]
        return [
            TrialReport(
                n, samples, samples, rung, rung is None, {"split/mrr": value_of(trial)}, 0.1
            )
            for n, (rung, samples) in enumerate(at)
        ]  # fmt: skip

    ledger = TrialLedger(log, Callback())
    groups = PrunerGroups.of(space, len(rungs))
    tuner = SweepTuner(space.objective, study, ledger, groups, limits=Limits(lambda _: 1))
    Simulation(tuner, curve_of).run()
    return {record.trial: record for record in log.records}


def rate(trial):
    """Good at a high rate."""
    return trial.config["optimizer.lr"]


def test_a_quarter_of_the_proposals_are_full_datas_spread_evenly():
    trials = simulate(rate, "random").values()
    assert [t.name for t in trials][:2] == ["paper", "full_data"]
    own = [t for t in trials if t.tuned]
    assert [t.trial for t in own] == [5, 9, 13, 17, 21, 25, 29, 33]
    for trial in own:
        assert trial.name == "full_data"
        curriculum = {p: v for p, v in trial.config.items() if p.startswith("curriculum.")}
        assert curriculum == {"curriculum.alpha": 1.0, "curriculum.hard_negatives": 0.0}
        assert set(trial.config) - set(curriculum) == {"optimizer.lr", "optimizer.weight_decay"}
    assert len({str(t.config) for t in own}) == 8
    assert not any(t.tuned or t.name for t in trials if t.trial > 1 and t not in own)


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "grid"])
def test_each_search_learns_from_its_own_trials_alone(sampler):
    def proposals(records, *, tuned):
        return [r.config for r in records.values() if r.trial > 1 and r.tuned is tuned]

    def contrary(group):
        """Good at a high rate, but at a low one in a group of trials."""
        return lambda t: 1 - rate(t) if (t.name == "full_data") is group else rate(t)

    plain = simulate(rate, sampler)
    of_schedules, of_full_data = (simulate(contrary(group), sampler) for group in (False, True))
    assert proposals(of_schedules, tuned=True) == proposals(plain, tuned=True)
    assert proposals(of_full_data, tuned=False) == proposals(plain, tuned=False)
    if sampler == "tpe":
        assert proposals(of_full_data, tuned=True) != proposals(plain, tuned=True)
        assert proposals(of_schedules, tuned=False) != proposals(plain, tuned=False)


@pytest.mark.parametrize("pruner", [name for name in PRUNERS if name != "none"])
def test_schedules_and_full_data_prune_their_own_kind_alone(pruner):
    def by_kind(better):
        """One kind is better than the other in every trial."""
        return lambda t: round(100 * rate(t)) + 1024 * ((t.name == "full_data") is better)

    def ends(records):
        return {number: record.decision for number, record in records.items()}

    outcomes = [ends(simulate(by_kind(better), "random", pruner)) for better in (True, False)]
    assert outcomes[0] == outcomes[1]
    decisions = [outcomes[0][number] for number in range(5, 34, 4)]
    assert "finish" in decisions
    assert "prune" in decisions or pruner == "hyperband"  # one bracket prunes nothing
