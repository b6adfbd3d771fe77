"""The difficulty indexes of a space, one for each similarity of its schedules."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, Arrays
from class_sweep.base.hashing import fingerprint
from class_sweep.config.axis_places import TEXT_WEIGHT
from class_sweep.config.components import DIFFICULTIES
from class_sweep.config.document import Space
from class_sweep.config.sigma import numbers_and_quantiles
from class_sweep.curriculum.baselines import baseline_config, sigmas_needed
from class_sweep.difficulty.diagnosis import SigmaDiagnosis
from class_sweep.difficulty.index import (
    DEFAULT_NEIGHBOURS,
    DifficultyIndex,
    Executor,
    Progress,
    build_index,
)
from class_sweep.difficulty.similarity import Similarity
from class_sweep.difficulty.stored import from_stored, invalid_reason, to_stored
from class_sweep.errors import ConfigError
from class_sweep.training.features import similarity_of

MAX_SIMILARITIES = 24
_MIN_DISTRIBUTED = 20_000  # pairs; one machine counts fewer pairs before other nodes start

MakeExecutor = Callable[[Progress], Executor | None]
"""Makes the executor of a large index, which reports its progress; None for this process."""


def similarities(space: Space) -> list[Similarity]:
    """Every similarity that a trial or a baseline of the space ranks pairs by.

    Raises:
        ConfigError: If there are more than `MAX_SIMILARITIES`.
    """
    wanted = searched_similarities(space)
    for name in space.settings.baselines:
        curriculum = space.resolve(baseline_config(space, name)).curriculum
        wanted.append(similarity_of(curriculum))
    distinct = list(dict.fromkeys(wanted))
    if len(distinct) > MAX_SIMILARITIES:
        raise ConfigError(
            f"{space.place(TEXT_WEIGHT)}: similarities must be at most {MAX_SIMILARITIES}, because"
            f" each needs an index, got {len(distinct)}; use a wider step or a choice"
        )
    return distinct


def searched_similarities(space: Space) -> list[Similarity]:
    """The similarities that the search can choose, without those of the baselines."""
    return list(
        dict.fromkeys(
            similarity_of(
                branch.settings.curriculum.model_copy(
                    update={"text_weight": weight, "molecule_similarity": molecule}
                )
            )
            for branch in space.alternatives
            for weight in branch.grid(TEXT_WEIGHT)
            for molecule in branch.grid("curriculum.molecule_similarity")
        )
    )


def searched_diagnoses(
    space: Space, diagnoses: dict[Similarity, list[SigmaDiagnosis]]
) -> dict[Similarity, list[SigmaDiagnosis]]:
    """The diagnoses of the similarities and the σ that the search can choose.

    There are none if no difficulty that the search can choose reads σ.
    """
    kinds = map(DIFFICULTIES.load, space.grid("curriculum.difficulty"))
    if not any("sigma" in kind.parameters() for kind in kinds):
        return {}
    sigmas, _ = numbers_and_quantiles(space.sigmas())

    def is_searched(diagnosis: SigmaDiagnosis) -> bool:
        return not sigmas or any(abs(diagnosis.sigma - sigma) < 1e-9 for sigma in sigmas)

    return {s: list(filter(is_searched, diagnoses[s])) for s in searched_similarities(space)}


def cached_index(
    space: Space,
    similarity: Similarity,
    features: tuple[NDArray[np.float32], NDArray[np.float32]],
    *,
    cache: ArrayCache,
    progress: Progress,
    executor: MakeExecutor | None = None,
) -> DifficultyIndex:
    """Read the index of the training pairs under a similarity from the cache, or count it.

    Args:
        space: The space, which sets the σ.
        similarity: The similarity.
        features: (L, D_text) and (L, D_molecule) of the training pairs; under Tanimoto the
            molecule features are fingerprints.
        cache: Keeps the index.
        progress: Receives the number of counted blocks and of all blocks.
        executor: Makes the executor for an index of many pairs.
    """
    text, molecule = features
    sigmas, quantiles = numbers_and_quantiles(sigmas_needed(space))
    data = fingerprint(text, molecule)
    # The key omits the version, so the cache finds an index of another version and reports it.
    key = fingerprint(
        "difficulty",
        data,
        sigmas,
        quantiles,
        DEFAULT_NEIGHBOURS,
        similarity.text_weight,
        similarity.molecule,
    )

    def count() -> Arrays:
        distributed = executor is not None and len(text) >= _MIN_DISTRIBUTED
        index = build_index(
            text,
            molecule,
            sigmas,
            similarity=similarity,
            quantiles=quantiles,
            executor=executor(progress) if executor and distributed else None,
            progress=progress,
        )
        return to_stored(index, data)

    return from_stored(cache.arrays(key, count, lambda stored: invalid_reason(stored, data)))
