"""The contracts of an order, a difficulty, a pacing and an intensity."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import NoCache
from class_sweep.config.components import DIFFICULTIES, INTENSITIES, ORDERS, PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.curriculum.intensity import Intensity
from class_sweep.curriculum.order import Order, PairStatistics
from class_sweep.curriculum.pacing import Pacing
from class_sweep.difficulty.pair_difficulty import (
    ComputedDifficulty,
    PairDifficulty,
    TrainingPairs,
)
from class_sweep.testing.contract import require
from class_sweep.testing.samples import PAIRS, SMILES, TEXTS, sample_features

_SEED = 5


def check_order(
    name: str,
    difficulty: NDArray[Any] | None = None,
    similarity: NDArray[np.float64] | None = None,
    seed: int = _SEED,
) -> None:
    """Check a registered order: a repeatable permutation that writes to no argument.

    Args:
        name: Its name.
        difficulty: (L,) numbers to order; by default made-up ones with ties.
        similarity: (L,) the mean similarities, with the difficulty.
        seed: The seed of its random choices.

    Raises:
        ContractError: If it breaks a rule.
    """
    if difficulty is None or similarity is None:
        generator = np.random.default_rng(_SEED)
        difficulty, similarity = generator.integers(0, 6, 40), generator.random(40)
    order: Order = ORDERS.load(name)()
    statistics = PairStatistics(similarity, similarity)
    flags = difficulty.flags.writeable, similarity.flags.writeable
    difficulty.flags.writeable = similarity.flags.writeable = False
    try:
        sequence = order(difficulty, statistics, seed)
        again = order(difficulty, statistics, seed)
        other = PairStatistics(difficulty, difficulty.astype(np.float64))
        blind = None if order.uses_difficulty else order(difficulty[::-1], other, seed)
    finally:
        difficulty.flags.writeable, similarity.flags.writeable = flags
    length, what = len(difficulty), f"order {name} must give a permutation of 0 … L−1"
    require(isinstance(sequence, np.ndarray), f"{what}, got {type(sequence).__name__}")
    require(sequence.shape == (length,), f"{what}, got the shape {sequence.shape} for L = {length}")
    require(sequence.dtype == np.int64, f"{what} as int64, got {sequence.dtype}")
    require(sorted(sequence.tolist()) == list(range(length)), f"{what}, got others or doubles")
    require(sequence.flags.writeable, f"{what} that may be written to")
    require(np.array_equal(sequence, again), f"{what}, the same for equal arguments")
    if blind is not None:
        independent = np.array_equal(sequence, blind)
        require(independent, f"order {name} says uses_difficulty = False, and must not read it")
    if order.reverse:
        reverse: Order = ORDERS.load(order.reverse)()
        exact = np.array_equal(reverse(difficulty, statistics, seed), sequence[::-1])
        mutual = reverse.reverse == name
        require(exact and mutual, f"order {name} must be the exact reverse of {order.reverse}")


def check_difficulty(name: str, **settings: Any) -> None:
    """Check a registered difficulty: one finite number for each pair, the same each time.

    Args:
        name: Its name.
        settings: Other values than the defaults of the settings of `curriculum`.

    Raises:
        ContractError: If it breaks a rule.
    """
    check_difficulty_of(Curriculum(difficulty=name, **settings))


def check_difficulty_of(curriculum: Curriculum) -> None:
    """Check the difficulty that a curriculum names, under its settings; see `check_difficulty`."""
    name = curriculum.difficulty
    implementation: type[PairDifficulty] = DIFFICULTIES.load(name)
    difficulty = implementation.of(curriculum)
    unknown = implementation.parameters() - set(curriculum.model_dump())
    require(not unknown, f"difficulty {name} must read settings that exist, got {sorted(unknown)}")
    if not isinstance(difficulty, ComputedDifficulty):
        return
    pairs = _sample_pairs()
    numbers, again = (np.asarray(difficulty.compute(pairs), np.float64) for _ in range(2))
    what = f"difficulty {name} must give one finite number for each pair"
    require(numbers.shape == (PAIRS,), f"{what}, got the shape {numbers.shape} for {PAIRS} pairs")
    require(np.isfinite(numbers).all(), f"{what}, got NaN or infinity")
    require(np.array_equal(numbers, again), f"{what}, the same each time")


def check_pacing(name: str, epochs: int = 10, **settings: Any) -> None:
    """Check a registered pacing: λ(k) is in (0, 1], never falls, and is 1 from its end on.

    Args:
        name: Its name.
        epochs: The budget.
        settings: Other values than the defaults of the settings of `curriculum`.

    Raises:
        ContractError: If it breaks a rule.
    """
    check_pacing_of(Curriculum(pacing=name, **settings), epochs)


def check_pacing_of(curriculum: Curriculum, epochs: int) -> None:
    """Check the pacing that a curriculum names, under its settings; see `check_pacing`."""
    name = curriculum.pacing
    implementation: type[Pacing] = PACINGS.load(name)
    what = f"pacing {name} must give λ(k) in (0, 1] that never falls"
    unknown = implementation.parameters() - set(curriculum.model_dump())
    require(not unknown, f"pacing {name} must read settings that exist, got {sorted(unknown)}")
    pacing = implementation.of(curriculum, epochs)
    require(pacing == implementation.of(curriculum, epochs), f"pacing {name} must be a dataclass")
    shares = [pacing(k) for k in range(120)]
    outside = next(((k, share) for k, share in enumerate(shares) if not 0 < share <= 1), None)
    require(outside is None, f"{what}, got λ({outside and outside[0]}) = {outside and outside[1]}")
    rises = all(later >= earlier - 1e-12 for earlier, later in pairwise(shares))
    require(rises, f"{what}, got {', '.join(f'{share:.3g}' for share in shares[:12])}, …")
    end = pacing.end
    at_end = pacing(math.ceil(end)) if math.isfinite(end) else None
    reached = at_end is None or math.isclose(at_end, 1, rel_tol=1e-6)
    require(reached, f"pacing {name} must have λ(k) = 1 from its end on, got {at_end} at {end:g}")
    if at_end is None:
        stays = pacing(10**6) < 1
        require(stays, f"pacing {name} must have the end at which λ is 1, got infinity")
    starts_full = shares[0] >= 1
    require(pacing.starts_full == starts_full, f"pacing {name} must say whether λ(0) is 1")


def check_intensity(name: str, epochs: int = 10, **settings: Any) -> None:
    """Check a registered intensity: γ(k) is in [0, 1], above 0 for k ≥ 1, and moves one way.

    Args:
        name: Its name.
        epochs: The budget.
        settings: Other values than the defaults of the settings of `curriculum`.

    Raises:
        ContractError: If it breaks a rule.
    """
    check_intensity_of(name, Curriculum(intensity=name, **settings), epochs)


def check_intensity_of(name: str, curriculum: Curriculum, epochs: int) -> None:
    """Check an intensity under the settings of a curriculum; see `check_intensity`."""
    implementation: type[Intensity] = INTENSITIES.load(name)
    unknown = implementation.parameters() - set(curriculum.model_dump())
    require(not unknown, f"intensity {name} must read settings that exist, got {sorted(unknown)}")
    gamma = implementation.of(curriculum, epochs)
    require(gamma == implementation.of(curriculum, epochs), f"intensity {name} must be a dataclass")
    values = [gamma(k) for k in range(120)]
    what = f"intensity {name} must give γ(k) in [0, 1], above 0 for k ≥ 1"
    outside = next(((k, v) for k, v in enumerate(values) if not 0 <= v <= 1 or (k and not v)), None)
    require(outside is None, f"{what}, got γ({outside and outside[0]}) = {outside and outside[1]}")
    constant = all(value == 1 for value in values)
    told = gamma.is_constant == constant
    require(told, f"intensity {name} must say is_constant = {constant}, as γ is")


def _sample_pairs() -> TrainingPairs:
    """The six pairs, as a difficulty reads them."""
    features = sample_features(graphs=False)
    numbers = np.arange(PAIRS, dtype=np.float64)
    return TrainingPairs(
        texts=TEXTS,
        smiles=SMILES,
        text=features.text,
        molecule=features.molecule,
        numbers=numbers,
        seed=_SEED,
        margins=lambda epochs: numbers / epochs,
        cache=NoCache(),
    )
