"""Simulated sweeps for the decision rule: what it claims where nothing differs, and what it finds.

The score of an arm under a seed is the seed's own share (which pairing takes out), the arm's effect
and noise: normal, or Student's t with few degrees of freedom for runs that now and then go wrong.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.sequential import Pair, follow


@dataclass(frozen=True)
class World:
    """What is simulated.

    Attributes:
        finalists: How many; each is a schedule chosen as the luckiest of `trials`.
        controls: Kinds of controls; `full_data` and `paper` are one arm, others one a finalist.
        seeds: Before a pair may be called hopeless.
        max_seeds: The cap.
        trials: Of the sweep that chose the finalists, by one run each.
        effect: How much better all finalists are than all controls, in standard deviations of a
            run's own noise; 0 where nothing differs.
        shared: Standard deviation of a seed's share, in the same unit.
        tails: Degrees of freedom of the noise; infinite for a normal one.
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
class Claims:
    """What a simulated confirmation came to.

    Attributes:
        any: Whether it claimed any difference at all.
        first: Whether it claimed one from the first control.
        runs: How many trainings it took.
        decided: Of its pairs, how many it decided.
        pairs: How many there were.
    """

    any: bool
    first: bool
    runs: int
    decided: int
    pairs: int


def simulate(world: World, generator: np.random.Generator) -> Claims:
    """One sweep and its confirmation."""
    # The sweep's own scores choose who is a finalist, and then play no part any more.
    lucky = np.argsort(-_noise(world, generator, world.trials))[: world.finalists]
    finalists = [f"trial {number}" for number in lucky]
    pairs = [
        Pair(name, kind if kind in {"full_data", "paper"} else f"{kind} of {name}", kind)
        for kind in world.controls
        for name in finalists
    ]
    arms = dict.fromkeys([*finalists, *(pair.control for pair in pairs)])
    common = generator.normal(0, world.shared, LOOKS[-1])
    own = {arm: _noise(world, generator, LOOKS[-1]) for arm in arms}
    values: dict[str, dict[int, float | None]] = {arm: {} for arm in arms}
    progress = follow(pairs, values, seeds=world.seeds, max_seeds=world.max_seeds)
    while progress.wanted:
        for arm, seed in progress.wanted:
            effect = world.effect if arm in finalists else 0.0
            values[arm][seed] = float(common[seed] + own[arm][seed] + effect)
        progress = follow(pairs, values, seeds=world.seeds, max_seeds=world.max_seeds)
    decided = [p for p, standing in progress.standings.items() if standing.outcome != "open"]
    return Claims(
        any=bool(decided),
        first=any(pair.kind == world.controls[0] for pair in decided),
        runs=sum(map(len, values.values())),
        decided=len(decided),
        pairs=len(pairs),
    )


def _noise(world: World, generator: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Noise of standard deviation 1."""
    if math.isinf(world.tails):
        return generator.normal(size=n)
    return generator.standard_t(world.tails, n) / math.sqrt(world.tails / (world.tails - 2))
