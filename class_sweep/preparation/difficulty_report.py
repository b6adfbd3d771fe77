"""The difficulty report of `class-sweep index`: how well difficulty orders the training pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.hashing import fingerprint
from class_sweep.config.document import Space
from class_sweep.config.inputs import SPLITS
from class_sweep.curriculum.order import difficulty_order
from class_sweep.curriculum.pacing import pool_size, shares
from class_sweep.curriculum.schedule_table import schedule_tables
from class_sweep.data.molecule import heavy_atoms
from class_sweep.data.pair import PairSet
from class_sweep.difficulty import order_quality
from class_sweep.difficulty.diagnosis import SigmaDiagnosis
from class_sweep.difficulty.index import DifficultyIndex, build_index
from class_sweep.difficulty.screen import ExactRows, exact_block
from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE, Similarity
from class_sweep.difficulty.stored import INDEX_VERSION
from class_sweep.difficulty.vectors import PairVectors
from class_sweep.preparation.difficulty_agreement import agreements, available_difficulties
from class_sweep.preparation.difficulty_numbers import training_pairs
from class_sweep.preparation.index_report import (
    AloneByModality,
    DecidedShare,
    Distribution,
    Encoders,
    Example,
    Examples,
    FirstPool,
    IndexReport,
    Modalities,
    ModalityRow,
    Nearest,
    SigmaRow,
)
from class_sweep.preparation.prepare import Prepared, fingerprints
from class_sweep.preparation.sigma_range import recommend_sigma
from class_sweep.statistics.rank_correlation import Numbers, rank_correlation
from class_sweep.training.features import similarity_of

EXAMPLES = 6
DETAILED_SIGMAS = 5
CURVE_POINTS = 101
SCATTER_POINTS = 1000
_CHUNK = 1024  # rows at a time


@dataclass(frozen=True)
class _Inputs:
    """The features and the index of the similarity at the centre of the space.

    Attributes:
        text: (N, D_text) features of every pair.
        molecule: (N, D_molecule) features, or fingerprints under Tanimoto.
        similarity: The similarity.
        index: The index of the training pairs.
        train: (L,) rows of the training pairs.
        validation: (V,) rows of the validation pairs.
    """

    text: NDArray[np.float32]
    molecule: NDArray[np.float32]
    similarity: Similarity
    index: DifficultyIndex
    train: NDArray[np.intp]
    validation: NDArray[np.intp]

    @classmethod
    def of(cls, space: Space, prepared: Prepared, cache: ArrayCache) -> "_Inputs":
        pairs, features, curriculum = prepared.pairs, prepared.features, space.settings.curriculum
        similarity, train = similarity_of(curriculum), pairs.rows("train")
        molecule = features.molecule
        if similarity.molecule == "tanimoto":
            molecule = fingerprints(pairs, cache)
        index = features.index_for(curriculum)
        return cls(features.text, molecule, similarity, index, train, pairs.rows("validation"))

    def vectors(self, rows: NDArray[np.intp]) -> PairVectors:
        return PairVectors.of(self.text[rows], self.molecule[rows], self.similarity)


def difficulty_report(space: Space, prepared: Prepared, cache: ArrayCache) -> IndexReport:
    """Compute the report at the centre of every axis except σ.

    Raises:
        InputError: If a baseline schedule does not fit the data.
    """
    pairs, settings = prepared.pairs, space.settings
    inputs = _Inputs.of(space, prepared, cache)
    index, train = inputs.index, inputs.train
    sigmas = sorted({index.threshold(sigma) for sigma in space.sigmas()})
    centre = index.threshold(settings.curriculum.sigma)
    pool = pool_size(shares(settings.curriculum, settings.budget.epochs)[0], len(train))
    diagnoses = _at(prepared.diagnoses[inputs.similarity], sigmas)
    usable = [
        order_quality.usable(d.largest_tie, d.distinct, settings.budget.epochs) for d in diagnoses
    ]
    focus = _focus(sigmas, diagnoses, usable, centre)
    detailed = _spread(sigmas, focus)
    likeness, validation_counts = _against_validation(inputs, detailed)
    counts = np.stack([index.at(sigma) for sigma in sigmas], axis=1)
    traits = _traits(pairs, train) | {"validation_likeness": likeness}
    given = training_pairs(space, pairs, prepared.features, cache)
    others = available_difficulties(prepared.features.difficulties, given)
    rows = _sigma_rows(sigmas, diagnoses, usable, counts, pool, traits)
    return IndexReport(
        space=space.name,
        pairs={name: len(pairs.rows(name)) for name in SPLITS},
        encoders=Encoders(
            text_encoder=settings.text_encoder.model_dump(mode="json", exclude_none=True),
            molecule_encoder=settings.molecule_encoder.model_dump(mode="json", exclude_none=True),
        ),
        similarity=str(inputs.similarity),
        similarities=[str(similarity) for similarity in prepared.diagnoses],
        first_pool=FirstPool(share=pool / len(train), pairs=pool),
        focus=focus,
        sigmas=[_with_validation(row, index, validation_counts) for row in rows],
        distribution=[_distribution(index, sigma) for sigma in detailed],
        examples=_examples(index, pairs, train, focus),
        modalities=_modalities(inputs, detailed, cache),
        difficulties=agreements(
            {f"look_alikes (sigma {focus:g})": index.at(focus), **others}, traits, pairs
        ),
        recommendation=recommend_sigma(space, sigmas, usable, index),
        schedules=schedule_tables(space, len(train)),
    )


def _at(diagnoses: Sequence[SigmaDiagnosis], sigmas: Sequence[float]) -> list[SigmaDiagnosis]:
    """The diagnosis nearest to each σ; the rounding of the index is smaller than a step of σ."""
    return [min(diagnoses, key=lambda d: abs(d.sigma - sigma)) for sigma in sigmas]


def _sigma_rows(
    sigmas: Sequence[float],
    diagnoses: Sequence[SigmaDiagnosis],
    usable: Sequence[bool],
    counts: NDArray[np.integer],
    pool: int,
    traits: dict[str, Numbers],
) -> list[SigmaRow]:
    return [
        SigmaRow(
            sigma=sigma,
            alone=diagnosis.alone,
            distinct=diagnosis.distinct,
            largest_tie=diagnosis.largest_tie,
            decided=DecidedShare(
                easy_first=order_quality.decided_share(column, pool),
                hard_first=order_quality.decided_share(column, pool, hard_first=True),
            ),
            usable=is_usable,
            following=correlations.following,
            sorts_by=correlations.traits,
        )
        for sigma, diagnosis, is_usable, column, correlations in zip(
            sigmas,
            diagnoses,
            usable,
            counts.T,
            order_quality.correlations(counts, traits),
            strict=True,
        )
    ]


def _with_validation(
    row: SigmaRow, index: DifficultyIndex, validation_counts: dict[float, NDArray[np.int64]]
) -> SigmaRow:
    if row.sigma not in validation_counts:
        return row
    rank = order_quality.mean_relative_rank(index.at(row.sigma), validation_counts[row.sigma])
    return row.model_copy(update={"validation_place": rank})


def _focus(
    sigmas: Sequence[float],
    diagnoses: Sequence[SigmaDiagnosis],
    usable: Sequence[bool],
    centre: float,
) -> float:
    """The usable σ that is nearest to the centre; if none is usable, the σ with the fewest ties."""
    candidates = [sigma for sigma, is_usable in zip(sigmas, usable, strict=True) if is_usable]
    if candidates:
        return min(candidates, key=lambda sigma: abs(sigma - centre))
    return min(zip(sigmas, diagnoses, strict=True), key=lambda row: row[1].largest_tie)[0]


def _spread(sigmas: Sequence[float], focus: float) -> list[float]:
    """Evenly spread σ of the range, with both ends and the focus, ascending."""
    count = min(DETAILED_SIGMAS, len(sigmas))
    positions = np.linspace(0, len(sigmas) - 1, count).round().astype(int)
    return sorted({*(sigmas[position] for position in positions), focus})


def _distribution(index: DifficultyIndex, sigma: float) -> Distribution:
    counts = index.at(sigma)
    curve = np.quantile(counts, np.linspace(0, 1, CURVE_POINTS), method="nearest")
    quantiles = np.quantile(counts, order_quality.LEVELS, method="nearest")
    return Distribution(
        sigma=sigma, levels=order_quality.LEVELS, quantiles=_ints(quantiles), curve=_ints(curve)
    )


def _ints(values: NDArray[np.generic]) -> list[int]:
    return [int(value) for value in values]


def _traits(pairs: PairSet, rows: NDArray[np.intp]) -> dict[str, Numbers]:
    atoms = {molecule: heavy_atoms(molecule) for molecule in {pairs.molecules[i] for i in rows}}
    return {
        "words": np.array([len(pairs.texts[i].split()) for i in rows]),
        "heavy_atoms": np.array([atoms[pairs.molecules[i]] for i in rows]),
    }


def _against_validation(
    inputs: _Inputs, sigmas: Sequence[float]
) -> tuple[NDArray[np.float64], dict[float, NDArray[np.int64]]]:
    """Compare the training pairs with the validation pairs.

    Returns:
        (L,) the mean over v of s_iv, and for each σ the (V,) counts #{ i : s_iv ≥ σ }.
    """
    train, validation = inputs.vectors(inputs.train), inputs.vectors(inputs.validation)
    likeness = np.zeros(len(train))
    counts = {sigma: np.zeros(len(validation), dtype=np.int64) for sigma in sigmas}
    columns = ExactRows.of(validation, range(len(validation)))
    for start in range(0, len(train), _CHUNK):
        rows = range(start, min(start + _CHUNK, len(train)))
        similarity = exact_block(ExactRows.of(train, rows), columns)
        likeness[start : start + len(rows)] = similarity.sum(axis=1)
        for sigma in sigmas:
            counts[sigma] += (similarity >= sigma - THRESHOLD_TOLERANCE).sum(axis=0)
    return likeness / max(1, len(validation)), counts


def _examples(
    index: DifficultyIndex, pairs: PairSet, train: NDArray[np.intp], sigma: float
) -> Examples:
    counts = index.at(sigma)
    order = difficulty_order(
        counts, index.mean_similarity, order="easy_first", tie_break="mean_similarity", seed=0
    )

    def example(i: int) -> Example:
        return Example(
            id=pairs.ids[train[i]],
            text=pairs.texts[train[i]],
            smiles=pairs.smiles[train[i]],
            look_alikes=int(counts[i]),
            mean_similarity=float(index.mean_similarity[i]),
            nearest=Nearest(
                id=pairs.ids[train[index.neighbours[i, 0]]],
                similarity=float(index.neighbour_similarity[i, 0]),
            ),
        )

    return Examples(
        easiest=[example(i) for i in order[:EXAMPLES]],
        hardest=[example(i) for i in order[::-1][:EXAMPLES]],
    )


def _modalities(inputs: _Inputs, sigmas: Sequence[float], cache: ArrayCache) -> Modalities:
    by_text = _one_modality(inputs, Similarity(1.0), sigmas, cache)
    by_molecule = _one_modality(inputs, Similarity(0.0, inputs.similarity.molecule), sigmas, cache)
    rows = []
    for sigma in sigmas:
        text, molecule = by_text.at(sigma), by_molecule.at(sigma)
        alone = AloneByModality(
            text=float((text == 0).mean()), molecule=float((molecule == 0).mean())
        )
        rho = rank_correlation(text, molecule)
        rows.append(ModalityRow(sigma=sigma, rank_correlation=rho, alone=alone))
    text_mean, molecule_mean = by_text.mean_similarity, by_molecule.mean_similarity
    count = min(SCATTER_POINTS, len(text_mean))
    shown = np.linspace(0, len(text_mean) - 1, count).astype(int)
    return Modalities(
        mean_similarity=rank_correlation(text_mean, molecule_mean),
        look_alikes=rows,
        points=[(round(float(text_mean[i]), 4), round(float(molecule_mean[i]), 4)) for i in shown],
    )


def _one_modality(
    inputs: _Inputs, similarity: Similarity, sigmas: Sequence[float], cache: ArrayCache
) -> DifficultyIndex:
    """The index of the training pairs under the similarity of one modality, without neighbours."""
    text, molecule = inputs.text[inputs.train], inputs.molecule[inputs.train]

    def build() -> dict[str, NDArray[np.generic]]:
        return build_index(text, molecule, sigmas, similarity=similarity, m=0).arrays()

    key = fingerprint("alone", INDEX_VERSION, text, molecule, list(sigmas), str(similarity))
    return DifficultyIndex.from_arrays(cache.arrays(key, build))
