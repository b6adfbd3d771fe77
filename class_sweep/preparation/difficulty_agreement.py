"""How far the difficulties of a data set agree, and the pairs that each calls easy and hard."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from class_sweep.data.pair import PairSet
from class_sweep.difficulty.column import Column
from class_sweep.difficulty.pair_difficulty import ComputedDifficulty, TrainingPairs
from class_sweep.difficulty.ridge_rank import RidgeRank
from class_sweep.preparation.difficulty_numbers import compute_difficulty
from class_sweep.preparation.index_report import Agreement, RatedExample
from class_sweep.statistics.rank_correlation import Numbers, correlate, unit_ranks

EXAMPLES = 3
HARDEST = 0.1
"""The fraction of the pairs whose overlap the agreement counts."""


def available_difficulties(
    computed: Mapping[str, NDArray[np.float64]], pairs: TrainingPairs
) -> dict[str, NDArray[np.float64]]:
    """The computed difficulties of a space, and those that its data allows without training.

    Args:
        computed: The (L,) numbers of the space's own difficulties, by label.
        pairs: The training pairs.
    """
    untrained: dict[str, ComputedDifficulty] = {"ridge": RidgeRank()}
    if pairs.numbers is not None:
        untrained["column"] = Column()
    more = {
        label: compute_difficulty(label, difficulty, pairs)
        for label, difficulty in untrained.items()
        if label not in computed
    }
    return {**computed, **more}


def agreements(
    difficulties: Mapping[str, Numbers],
    traits: Mapping[str, Numbers],
    pairs: PairSet,
) -> list[Agreement]:
    """Compare every difficulty with every other one, and with traits of the pairs.

    Args:
        difficulties: The (L,) numbers of each difficulty, low is easy.
        traits: The (L,) values of each trait.
        pairs: The data set.
    """
    ranked = {label: unit_ranks(numbers) for label, numbers in difficulties.items()}
    ranked_traits = {name: unit_ranks(values) for name, values in traits.items()}
    hardest = {label: _hardest(numbers) for label, numbers in difficulties.items()}
    train = pairs.rows("train")

    def example(numbers: Numbers, i: int) -> RatedExample:
        row = train[i]
        return RatedExample(
            id=pairs.ids[row],
            text=pairs.texts[row],
            smiles=pairs.smiles[row],
            difficulty=float(numbers[i]),
        )

    rows = []
    for label, numbers in difficulties.items():
        order = np.argsort(numbers, kind="stable")
        rows.append(
            Agreement(
                difficulty=label,
                largest_tie=float(np.unique(numbers, return_counts=True)[1].max() / len(numbers)),
                correlation={
                    other: correlate(ranked[label], ranks) for other, ranks in ranked.items()
                },
                hardest_in_common={
                    other: float((hardest[label] & members).sum() / members.sum())
                    for other, members in hardest.items()
                },
                sorts_by={
                    name: correlate(ranked[label], ranks) for name, ranks in ranked_traits.items()
                },
                easiest=[example(numbers, i) for i in order[:EXAMPLES]],
                hardest=[example(numbers, i) for i in order[::-1][:EXAMPLES]],
            )
        )
    return rows


def _hardest(numbers: Numbers) -> NDArray[np.bool]:
    """(L,) the hardest tenth of the pairs; of a tie at its boundary the first ones."""
    count = max(1, round(HARDEST * len(numbers)))
    members = np.zeros(len(numbers), dtype=bool)
    members[np.argsort(-numbers.astype(np.float64), kind="stable")[:count]] = True
    return members
