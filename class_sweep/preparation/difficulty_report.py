"""What a space's order by difficulty is worth, as plain values: for `class-sweep index`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.hashing import fingerprint
from class_sweep.config.document import Space
from class_sweep.curriculum.order import difficulty_order
from class_sweep.curriculum.pacing import pool_size, shares
from class_sweep.curriculum.schedule_table import schedule_tables
from class_sweep.data.molecule import heavy_atoms
from class_sweep.data.pair import PairSet
from class_sweep.difficulty import worth
from class_sweep.difficulty.diagnosis import SigmaDiagnosis
from class_sweep.difficulty.index import DifficultyIndex, build_index
from class_sweep.difficulty.screen import Wide, exact_block
from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE, Similarity
from class_sweep.difficulty.stored import INDEX_VERSION
from class_sweep.difficulty.vectors import PairVectors
from class_sweep.encoders.molecule import encode_molecules
from class_sweep.preparation.prepare import FINGERPRINT, Prepared
from class_sweep.preparation.sigma_range import recommend
from class_sweep.training.features import similarity_of

EXAMPLES = 6
SHOWN = 5  # σ for which more is worked out than a row of a table
CURVE = 101  # points of a curve of N over the order
POINTS = 1000  # pairs in a scatter plot
_CHUNK = 1024

Tree = dict[str, Any]


@dataclass(frozen=True)
class _Compared:
    """What look-alikes are found by.

    Attributes:
        text: (N, D_text) features of every pair.
        molecule: (N, D_molecule) features, or fingerprints under Tanimoto.
        similarity: Of the centre of the space.
        index: Of the training pairs under it.
        train: (L,) their rows.
        validation: (V,) rows.
    """

    text: NDArray[np.float32]
    molecule: NDArray[np.float32]
    similarity: Similarity
    index: DifficultyIndex
    train: NDArray[np.intp]
    validation: NDArray[np.intp]

    def vectors(self, rows: NDArray[np.intp]) -> PairVectors:
        return PairVectors.of(self.text[rows], self.molecule[rows], self.similarity)


def assess(space: Space, prepared: Prepared, cache: ArrayCache) -> Tree:
    """Everything that is known of a space's order and schedules, at the centre of its axes but σ.

    Raises:
        InputError: If a reference schedule does not fit the data.
    """
    pairs, settings = prepared.pairs, space.settings
    compared = _compared(space, prepared, cache)
    index, train = compared.index, compared.train
    sigmas = space.sigmas() or sorted({index.sigma_at(q) for q in space.sigma_quantiles()})
    quantile = settings.curriculum.sigma_quantile
    centre = settings.curriculum.sigma if quantile is None else index.sigma_at(quantile)
    pool = pool_size(shares(settings.curriculum, settings.budget.epochs)[0], len(train))
    diagnoses = prepared.diagnoses[compared.similarity]
    rows = _sigmas(index, diagnoses, sigmas, pool, settings.budget.epochs)
    focus = _focus(rows, centre)
    shown = _spread(sigmas, focus)
    likeness, of_validation = _against_validation(compared, shown)
    traits = _traits(pairs, train) | {"validation_likeness": likeness}
    counts = np.stack([index.at(sigma) for sigma in sigmas], axis=1)
    for row, follows in zip(rows, worth.follows(counts, traits), strict=True):
        row |= {"following": follows.following, "sorts_by": follows.traits}
        if row["sigma"] in of_validation:
            theirs = of_validation[row["sigma"]]
            row["validation_place"] = worth.place_in_order(index.at(row["sigma"]), theirs)
    return {
        "space": space.name,
        "pairs": {name: len(pairs.rows(name)) for name in ("train", "validation", "test")},
        "encoders": {
            name: getattr(settings, name).model_dump(mode="json", exclude_none=True)
            for name in ("text_encoder", "molecule_encoder")
        },
        "similarity": str(compared.similarity),
        "similarities": [str(similarity) for similarity in prepared.diagnoses],
        "first_pool": {"share": pool / len(train), "pairs": pool},
        "focus": focus,
        "sigmas": rows,
        "distribution": [_distribution(index, sigma) for sigma in shown],
        "examples": _examples(index, pairs, train, focus),
        "modalities": _modalities(compared, shown, cache),
        "recommendation": recommend(space, rows, index),
        "schedules": schedule_tables(space, len(train)),
    }


def _compared(space: Space, prepared: Prepared, cache: ArrayCache) -> _Compared:
    pairs, features, curriculum = prepared.pairs, prepared.features, space.settings.curriculum
    similarity, train = similarity_of(curriculum), pairs.rows("train")
    molecule = features.molecule
    if similarity.molecule == "tanimoto":
        molecule = encode_molecules(FINGERPRINT, pairs.smiles, train, cache=cache)
    index = features.index_for(curriculum)
    return _Compared(features.text, molecule, similarity, index, train, pairs.rows("validation"))


def _sigmas(
    index: DifficultyIndex,
    diagnoses: Sequence[SigmaDiagnosis],
    sigmas: Sequence[float],
    pool: int,
    epochs: int,
) -> list[Tree]:
    rows = []
    for sigma in sigmas:
        one = min(diagnoses, key=lambda d: abs(d.sigma - sigma))
        counts = index.at(sigma)
        rows.append(
            {
                "sigma": sigma,
                "alone": one.alone,
                "distinct": one.distinct,
                "largest_tie": one.largest_tie,
                "decided": {
                    "easy_first": worth.decided_share(counts, pool),
                    "hard_first": worth.decided_share(counts, pool, hard_first=True),
                },
                "usable": worth.usable(one.largest_tie, one.distinct, epochs),
            }
        )
    return rows


def _focus(rows: Sequence[Tree], centre: float) -> float:
    """The σ to look at closely: usable and next to the centre of the axis, else the least tied."""
    good = [row["sigma"] for row in rows if row["usable"]]
    if good:
        return float(min(good, key=lambda sigma: abs(sigma - centre)))
    return float(min(rows, key=lambda row: row["largest_tie"])["sigma"])


def _spread(sigmas: list[float], focus: float) -> list[float]:
    """A few σ over the range, its ends and the focus among them."""
    places = np.linspace(0, len(sigmas) - 1, min(SHOWN, len(sigmas))).round().astype(int)
    return sorted({*(sigmas[place] for place in places), focus})


def _distribution(index: DifficultyIndex, sigma: float) -> Tree:
    counts = index.at(sigma)
    curve = np.quantile(counts, np.linspace(0, 1, CURVE), method="nearest")
    quantiles = np.quantile(counts, worth.LEVELS, method="nearest")
    return {
        "sigma": sigma,
        "levels": worth.LEVELS,
        "quantiles": _ints(quantiles),
        "curve": _ints(curve),
    }


def _ints(values: NDArray[np.generic]) -> list[int]:
    return [int(value) for value in values]


def _traits(pairs: PairSet, rows: NDArray[np.intp]) -> dict[str, worth.Numbers]:
    atoms = {molecule: heavy_atoms(molecule) for molecule in {pairs.molecules[i] for i in rows}}
    return {
        "words": np.array([len(pairs.texts[i].split()) for i in rows]),
        "heavy_atoms": np.array([atoms[pairs.molecules[i]] for i in rows]),
    }


def _against_validation(
    compared: _Compared, sigmas: Sequence[float]
) -> tuple[NDArray[np.float64], dict[float, NDArray[np.int64]]]:
    """The training pairs' mean similarity to validation, and validation's look-alikes in training.

    Returns:
        (L,) mean over v of s_iv, and σ to (V,) #{ i : s_iv ≥ σ }.
    """
    ours, theirs = compared.vectors(compared.train), compared.vectors(compared.validation)
    likeness = np.zeros(len(ours))
    counts = {sigma: np.zeros(len(theirs), dtype=np.int64) for sigma in sigmas}
    columns = Wide.of(theirs, range(len(theirs)))
    for start in range(0, len(ours), _CHUNK):
        rows = range(start, min(start + _CHUNK, len(ours)))
        similarity = exact_block(Wide.of(ours, rows), columns)
        likeness[start : start + len(rows)] = similarity.sum(axis=1)
        for sigma in sigmas:
            counts[sigma] += (similarity >= sigma - THRESHOLD_TOLERANCE).sum(axis=0)
    return likeness / max(1, len(theirs)), counts


def _examples(
    index: DifficultyIndex, pairs: PairSet, train: NDArray[np.intp], sigma: float
) -> dict[str, list[Tree]]:
    counts = index.at(sigma)
    order = difficulty_order(
        counts, index.mean_similarity, order="easy_first", tie_break="mean_similarity", seed=0
    )

    def of(chosen: NDArray[np.int64]) -> list[Tree]:
        return [
            {
                "id": pairs.ids[train[i]],
                "text": pairs.texts[train[i]],
                "smiles": pairs.smiles[train[i]],
                "look_alikes": int(counts[i]),
                "mean_similarity": float(index.mean_similarity[i]),
                "nearest": {
                    "id": pairs.ids[train[index.neighbours[i, 0]]],
                    "similarity": float(index.neighbour_similarity[i, 0]),
                },
            }
            for i in chosen
        ]

    return {"easiest": of(order[:EXAMPLES]), "hardest": of(order[::-1][:EXAMPLES])}


def _modalities(compared: _Compared, sigmas: Sequence[float], cache: ArrayCache) -> Tree:
    """How far the text alone and the molecule alone give one order."""
    text, molecule = compared.text[compared.train], compared.molecule[compared.train]
    kind, alone = compared.similarity.molecule, {}
    for name, similarity in (("text", Similarity(1.0)), ("molecule", Similarity(0.0, kind))):

        def build(similarity: Similarity = similarity) -> dict[str, NDArray[np.generic]]:
            return build_index(text, molecule, sigmas, similarity=similarity, m=0).arrays()

        key = fingerprint("alone", INDEX_VERSION, text, molecule, list(sigmas), str(similarity))
        alone[name] = DifficultyIndex.from_arrays(cache.arrays(key, build))
    by_text, by_molecule = alone["text"], alone["molecule"]
    a, b = by_text.mean_similarity, by_molecule.mean_similarity
    some = np.linspace(0, len(a) - 1, min(POINTS, len(a))).astype(int)
    rows = []
    for sigma in sigmas:
        t, m = by_text.at(sigma), by_molecule.at(sigma)
        unlike = {"text": float((t == 0).mean()), "molecule": float((m == 0).mean())}
        rho = worth.rank_correlation(t, m)
        rows.append({"sigma": sigma, "rank_correlation": rho, "alone": unlike})
    return {
        "mean_similarity": worth.rank_correlation(a, b),
        "look_alikes": rows,
        "points": [[round(float(a[i]), 4), round(float(b[i]), 4)] for i in some],
    }
