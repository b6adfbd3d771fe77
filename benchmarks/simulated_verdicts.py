"""Simulated sweeps and their confirmation, for the rates of false and of true claims.

The score of an arm under a seed is the sum of the seed's shared effect (which pairing cancels), the
arm's effect and noise. The noise is normal, or Student's t with few degrees of freedom, which
simulates occasional bad runs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.comparisons import Comparison, family_weights
from class_sweep.statistics.sequential import DecisionRule, Family, evaluate_looks


@dataclass(frozen=True)
class Scenario:
    """The parameters of a simulation. Effects are in standard deviations of one run's noise.

    Attributes:
        finalists: Number of finalists; each is among the luckiest of `trials`.
        controls: Kinds of controls; `full_data` and `paper` are one arm, each other kind is one arm
            per finalist.
        seeds: Seeds before a pair may be closed as hopeless.
        max_seeds: Upper limit of the seeds.
        trials: Trials of the sweep that chose the finalists, one run each.
        effect: Advantage of all finalists over all controls; 0 simulates the null hypothesis.
        shared: Standard deviation of a seed's shared effect.
        tails: Degrees of freedom of the noise; infinite for normal noise.
    """

    finalists: int = 3
    controls: Sequence[str] = ("full_data", "full_data_equal_samples", "random_order")
    seeds: int = 5
    max_seeds: int = 10
    trials: int = 32
    effect: float = 0.0
    shared: float = 1.0
    tails: float = math.inf


@dataclass(frozen=True)
class SimulatedVerdict:
    """The result of one simulated confirmation.

    Attributes:
        any: Whether it claimed a difference between any pair.
        first: Whether it claimed a difference from the first control.
        runs: Number of trainings.
        decided: Number of decided pairs.
        pairs: Number of pairs.
    """

    any: bool
    first: bool
    runs: int
    decided: int
    pairs: int


def simulate(scenario: Scenario, generator: np.random.Generator) -> SimulatedVerdict:
    """Simulate one sweep and its confirmation."""
    # The scores of the sweep choose the finalists and are not used again.
    lucky = np.argsort(-_noise(scenario, generator, scenario.trials))[: scenario.finalists]
    finalists = [f"trial {number}" for number in lucky]
    pairs = [
        Comparison(name, kind if kind in {"full_data", "paper"} else f"{kind} of {name}", kind)
        for kind in scenario.controls
        for name in finalists
    ]
    arms = dict.fromkeys([*finalists, *(pair.control for pair in pairs)])
    shared = generator.normal(0, scenario.shared, LOOKS[-1])
    noise = {arm: _noise(scenario, generator, LOOKS[-1]) for arm in arms}
    values: dict[str, dict[int, float | None]] = {arm: {} for arm in arms}
    rule = DecisionRule(scenario.seeds, scenario.max_seeds)
    weights = family_weights(pairs, {}, saving=False)
    progress = evaluate_looks(pairs, values, rule, Family(weights))
    while progress.wanted:
        for arm, seed in progress.wanted:
            effect = scenario.effect if arm in finalists else 0.0
            values[arm][seed] = float(shared[seed] + noise[arm][seed] + effect)
        progress = evaluate_looks(pairs, values, rule, Family(weights, progress.priors))
    decided = [pair for pair, status in progress.statuses.items() if status.outcome != "open"]
    return SimulatedVerdict(
        any=bool(decided),
        first=any(pair.kind == scenario.controls[0] for pair in decided),
        runs=sum(map(len, values.values())),
        decided=len(decided),
        pairs=len(pairs),
    )


def _noise(scenario: Scenario, generator: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Noise of standard deviation 1, (n,)."""
    if math.isinf(scenario.tails):
        return generator.normal(size=n)
    return generator.standard_t(scenario.tails, n) / math.sqrt(
        scenario.tails / (scenario.tails - 2)
    )
