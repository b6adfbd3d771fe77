from class_sweep.tuning.pruners.median import MedianStopping
from class_sweep.tuning.pruners.pruner import PruningDecision


def test_the_best_value_so_far_is_compared_with_the_median_of_the_other_means():
    pruner = MedianStopping()
    for trial, (first, second) in enumerate([(0.1, 0.5), (0.2, 0.8), (0.3, 0.9)]):
        pruner.decide(trial, 0, first, baseline=True)
        pruner.decide(trial, 1, second, baseline=True)
    # Means at rung 1: 0.3, 0.5, 0.6; values there: 0.5, 0.8, 0.9.
    assert pruner.decide(3, 0, 0.2) == PruningDecision("continue", compared=True)
    assert pruner.decide(3, 1, 0.5) == PruningDecision("continue", compared=True)
    assert pruner.decide(4, 0, 0.4) == PruningDecision("continue", compared=True)
    assert pruner.decide(4, 1, 0.39) == PruningDecision("prune", compared=True)


def test_an_earlier_better_value_keeps_a_trial():
    pruner = MedianStopping()
    pruner.decide(0, 0, 0.5, baseline=True)
    pruner.decide(0, 1, 0.5, baseline=True)
    assert pruner.decide(1, 0, 0.6).decision == "continue"
    assert pruner.decide(1, 1, 0.1).decision == "continue"
