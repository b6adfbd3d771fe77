"""Simulated sweeps and their confirmation, for the rates of false and of true claims.

The score of an arm under a seed is the sum of the seed's shared effect (which pairing cancels), the
arm's effect and noise; or, for Hits@1, the share of the queries whose molecule is found. The
confirmation is the product's: it keeps its weights and priors from stage to stage, as
`confirm.jsonl` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.comparisons import Comparison, family_weights
from class_sweep.statistics.sequential import (
    DecisionRule,
    Family,
    Progress,
    Scores,
    evaluate_looks,
)

Noise = Literal["normal", "heavy", "lognormal", "crashing"]
_REFERENCES = frozenset({"full_data", "paper"})  # one arm, whatever the finalists are
_CRASHES, _LOSS = 0.15, 5.0  # share of the runs that crash, and their loss in standard deviations
_NEAR = 0.05  # share of the queries that one run finds and another does not


@dataclass(frozen=True)
class Stage:
    """A command `confirm`: its finalists and its last look."""

    finalists: int = 3
    max_seeds: int = 10


@dataclass(frozen=True)
class Scenario:
    """The parameters of a simulation. Effects are in standard deviations of one run's noise.

    Attributes:
        stages: The commands that confirm the sweep, one after another.
        effects: Advantage of each finalist over all controls; a single one is that of all.
        controls: Kinds of controls; `full_data` and `paper` are one arm, each other kind is one arm
            per finalist.
        seeds: Seeds before a pair may be closed as hopeless.
        margin: Loss within which a finalist counts as not worse; None for no such claim.
        noise: Distribution of the noise; heavy tails are Student's t with 3 degrees.
        unlike: The noise of the controls is normal whatever `noise` is, with equal means.
        spread: Each arm's noise is scaled by e^u, u uniform in ± spread.
        alike: Correlation of the noise of any two finalists.
        shared: Standard deviation of a seed's shared effect.
        queries: Queries of one direction whose Hits@1 is the objective; 0 for a continuous metric.
        sd: Standard deviation of one run's noise.
        share: Samples of a finalist and of its own controls, in those of full data.
    """

    stages: Sequence[Stage] = (Stage(),)
    effects: Sequence[float] = (0.0,)
    controls: Sequence[str] = ("full_data", "full_data_equal_samples", "random_order")
    seeds: int = 5
    margin: float | None = None
    noise: Noise = "normal"
    unlike: bool = False
    spread: float = 0.0
    alike: float = 0.0
    shared: float = 1.0
    queries: int = 0
    sd: float = 1.0
    share: float = 1.0


@dataclass(frozen=True)
class SimulatedVerdict:
    """The result of one simulated confirmation.

    Attributes:
        false: Whether it made any false claim at any stage.
        best: Whether it shows the first finalist to be better than the first control.
        runs: Number of trainings.
        samples: Samples of all trainings, in those of one over full data.
    """

    false: bool
    best: bool
    runs: int
    samples: float


def simulate(scenario: Scenario, generator: np.random.Generator) -> SimulatedVerdict:
    """Simulate one sweep and its confirmation."""
    most = max(stage.finalists for stage in scenario.stages)
    effects = {f"trial {n}": np.resize(scenario.effects, most)[n] for n in range(most)}
    scores = _scores(scenario, effects, generator)
    made: dict[str, dict[int, float | None]] = {arm: {} for arm in scores}
    weights: dict[tuple[str, str], float] = {}
    family, false, joined = Family(), False, 0
    for stage in scenario.stages:
        joined = max(joined, stage.finalists)
        names = list(effects)[:joined]
        pairs = _comparisons(scenario, names)
        weights |= family_weights(pairs, weights, saving=scenario.margin is not None)
        resolution = 1 / scenario.queries if scenario.queries else 0.0
        rule = DecisionRule(scenario.seeds, stage.max_seeds, scenario.margin, resolution)
        family = replace(family, weights=weights)
        progress = _complete(pairs, scores, made, rule, family, names[stage.finalists :])
        family = replace(family, priors=progress.priors)
        false = false or any(
            _is_false(status.outcome, status.non_inferior, effects[pair.finalist], scenario.margin)
            for pair, status in progress.statuses.items()
        )
    runs = {arm: len(by_seed) for arm, by_seed in made.items()}
    samples = sum(n * (1.0 if arm in _REFERENCES else scenario.share) for arm, n in runs.items())
    better = progress.statuses[pairs[0]].outcome == "better"
    return SimulatedVerdict(false, better, sum(runs.values()), samples)


def _comparisons(scenario: Scenario, names: Sequence[str]) -> list[Comparison]:
    return [
        Comparison(name, kind if kind in _REFERENCES else f"{kind} of {name}", kind)
        for kind in scenario.controls
        for name in names
    ]


def _complete(
    pairs: Sequence[Comparison],
    scores: Scores,
    made: dict[str, dict[int, float | None]],
    rule: DecisionRule,
    family: Family,
    dropped: Sequence[str],
) -> Progress:
    """Make every run that the rule asks for."""
    progress = evaluate_looks(pairs, made, rule, family, dropped=dropped)
    while progress.wanted:
        for arm, seed in progress.wanted:
            made[arm][seed] = scores[arm][seed]
        family = replace(family, priors=progress.priors)
        progress = evaluate_looks(pairs, made, rule, family, dropped=dropped)
    return progress


def _is_false(outcome: str, non_inferior: bool | None, effect: float, margin: float | None) -> bool:
    """Whether a comparison claims more than the true effect."""
    if margin is not None and non_inferior and effect <= -margin:
        return True
    return (outcome == "better" and effect <= 0) or (outcome == "worse" and effect >= 0)


def _scores(
    scenario: Scenario, effects: dict[str, float], generator: np.random.Generator
) -> dict[str, dict[int, float]]:
    """The scores of each arm under all seeds."""
    pairs = _comparisons(scenario, list(effects))
    arms = dict.fromkeys([*effects, *(pair.control for pair in pairs)])
    shared = generator.normal(0, scenario.shared, LOOKS[-1])
    common = generator.normal(size=LOOKS[-1]) if scenario.alike else 0.0
    scores = {}
    for arm in arms:
        if scenario.queries:  # near queries are found by every other run, the rest by all or none
            near = max(1, round(_NEAR * scenario.queries))
            run = generator.binomial(near, 0.5, LOOKS[-1]) / scenario.queries
        else:
            kind = "normal" if scenario.unlike and arm not in effects else scenario.noise
            scale = np.exp(generator.uniform(-scenario.spread, scenario.spread)) * scenario.sd
            noise = _noise(kind, generator, LOOKS[-1])
            if arm in effects:
                noise = np.sqrt(1 - scenario.alike) * noise + np.sqrt(scenario.alike) * common
            run = shared + effects.get(arm, 0.0) + scale * noise
        scores[arm] = dict(enumerate(run.tolist()))
    return scores


def _noise(kind: Noise, generator: np.random.Generator, n: int) -> NDArray[np.float64]:
    """(n,) noise of mean 0."""
    if kind == "heavy":
        return generator.standard_t(3, n) / np.sqrt(3)
    normal = generator.normal(size=n)
    if kind == "lognormal":
        return np.exp(0.5) - np.exp(normal)
    if kind == "crashing":
        return normal - _LOSS * ((generator.random(n) < _CRASHES) - _CRASHES)
    return normal
