"""How well a ridge map from text to molecule features finds each pair's molecule, without training.

The map is cross-validated, so that no pair takes part in its own rank. A pair whose molecule ranks
low has a text that does not describe it, or describes it in a way that no other pair repeats.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.threads import Workers
from class_sweep.errors import DataError

Features: TypeAlias = NDArray[np.floating]

FOLDS = 5
MAX_CANDIDATES = 32_768
"""The molecules that a rank counts at most: the time then grows linearly with the pairs."""
_PENALTY = 10.0  # in mean squared norms of a text
_SHRINKAGE = 0.3  # in mean variances of a molecule feature
_TIE = 2e-6  # the rounding of a cosine in float32
_BLOCK = 512  # rows at a time: at most 64 MiB of cosines for each thread


@dataclass(frozen=True)
class RidgeFits:
    """How well the predicted molecules of n texts fit the molecules of their partners.

    Attributes:
        ranks: (n,) the ranks of the partners' molecules from 1, the best; equal cosines share the
            middle rank.
        candidates: The number of distinct molecules that a rank counts.
        best: (n,) a pair with the molecule that fits best, the partner's molecule left out.
    """

    ranks: NDArray[np.float64]
    candidates: int
    best: NDArray[np.intp]


def ridge_ranks(
    texts: Features, molecules: Features, *, seed: int, folds: int = FOLDS
) -> NDArray[np.float64]:
    """(L,) the rank of each pair's own molecule; see `ridge_fits`."""
    return ridge_fits(texts, molecules, seed=seed, folds=folds).ranks


def ridge_fits(
    texts: Features,
    molecules: Features,
    *,
    seed: int,
    folds: int = FOLDS,
    rows: NDArray[np.intp] | None = None,
    partners: NDArray[np.intp] | None = None,
) -> RidgeFits:
    """Rank each pair's molecule by its cosine with the molecule that the pair's text predicts.

    The rows x of the texts and y of the molecules are scaled to length 1 and centred, and the
    molecules whitened: y ← (C_y + κ tr(C_y)/D_m I)^(−½) y, κ = 0.3. For each fold, the map
    W = (XᵀX + λI)⁻¹ XᵀY, with λ = 10 · the mean of ‖x‖², comes from the pairs of the other folds.
    All pairs of a molecule are in one fold.

    The candidates are the distinct molecules, so further pairs of a molecule do not count against
    it. From more than `MAX_CANDIDATES` molecules, this many are drawn.

    With swapped arguments the ranks are those of the texts under a map from molecules to texts.

    Args:
        texts: (L, D_t) text features.
        molecules: (L, D_m) molecule features; equal rows are the same molecule.
        seed: The seed of the folds and of the drawn candidates.
        folds: The number of folds, at least 2.
        rows: (n,) the pairs whose texts are ranked; all L unless given.
        partners: (n,) the pairs whose molecules are ranked for these texts; by default the same.
            Other partners than the own one show how wrong pairs rank.

    Raises:
        DataError: If the rows do not match, or a feature is not finite.
    """
    _require_features(texts, molecules)
    first, molecule_of = _distinct(molecules)
    generator = np.random.default_rng(seed)
    fold_of = (generator.permutation(len(first)) % folds)[molecule_of]
    drawn = np.sort(generator.permutation(len(first))[:MAX_CANDIDATES])
    inputs, targets = _centred(texts), _whitened(_centred(molecules))
    rows = np.arange(len(texts)) if rows is None else rows
    partners = rows if partners is None else partners
    ranks, best = np.empty(len(rows)), np.empty(len(rows), dtype=np.intp)
    with Workers() as workers:
        maps = _maps(inputs, targets, fold_of, folds)
        candidates = _unit(targets[torch.from_numpy(first[drawn])])

        def rank(places: NDArray[np.intp]) -> tuple[torch.Tensor, torch.Tensor]:
            queries, partner = rows[places], partners[places]
            predicted = _unit(inputs[torch.from_numpy(queries)] @ maps[fold_of[queries[0]]])
            own = (predicted * _unit(targets[torch.from_numpy(partner)])).sum(dim=1, keepdim=True)
            cosines = predicted @ candidates.T
            # The partner's molecule may be among the candidates, and counts once in any case.
            cosines[torch.from_numpy(drawn[None, :] == molecule_of[partner][:, None])] = -torch.inf
            equal = ((cosines - own).abs() <= _TIE).sum(dim=1) / 2
            return 1 + (cosines > own + _TIE).sum(dim=1) + equal, cosines.argmax(dim=1)

        blocks = list(_blocks(fold_of[rows], folds))
        for places, (place_ranks, nearest) in zip(blocks, workers.map(rank, blocks), strict=True):
            ranks[places] = place_ranks.numpy()
            best[places] = first[drawn[nearest.numpy()]]
    return RidgeFits(ranks, len(drawn), best)


def _require_features(texts: Features, molecules: Features) -> None:
    if texts.ndim != 2 or molecules.ndim != 2 or len(texts) != len(molecules):
        raise DataError(
            "text and molecule features must have one row per pair,"
            f" got {texts.shape} and {molecules.shape}"
        )
    for name, features in (("text", texts), ("molecule", molecules)):
        if not np.isfinite(features).all():
            raise DataError(f"{name} features must be finite, got NaN or infinity")


def _distinct(rows: Features) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first place of each distinct row, and the number of each row's distinct row."""
    keys = np.ascontiguousarray(rows + 0.0)  # −0.0 becomes 0.0
    keys = keys.view(np.dtype((np.void, keys.dtype.itemsize * max(1, keys.shape[1])))).ravel()
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    return first, number


def _centred(features: Features) -> torch.Tensor:
    """(L, D) the rows scaled to length 1, minus their mean; a zero row stays zero before that."""
    rows = _unit(torch.from_numpy(features.astype(np.float32)))
    return rows - rows.mean(dim=0, dtype=torch.float64).float()


def _unit(rows: torch.Tensor) -> torch.Tensor:
    lengths = rows.norm(dim=1, keepdim=True).clamp(min=torch.finfo(rows.dtype).tiny)
    scaled: torch.Tensor = rows / lengths
    return scaled


def _whitened(centred: torch.Tensor) -> torch.Tensor:
    rows = centred.double()
    variances, directions = torch.linalg.eigh(rows.T @ rows / len(rows))
    variances = variances.clamp(min=0)
    floor = max(float(_SHRINKAGE * variances.mean()), np.finfo(np.float64).tiny)
    whitened: torch.Tensor = rows @ (directions / (variances + floor).sqrt())
    return whitened.float()


def _maps(
    inputs: torch.Tensor, targets: torch.Tensor, fold_of: NDArray[np.intp], folds: int
) -> list[torch.Tensor]:
    """For each fold the (D_t, D_m) map that is fitted to the other folds."""
    penalty = max(_PENALTY * float(inputs.square().sum() / len(inputs)), np.finfo(np.float64).tiny)
    within, between = [], []
    for fold in range(folds):
        rows = torch.from_numpy(np.flatnonzero(fold_of == fold))
        x, y = inputs[rows].double(), targets[rows].double()
        within.append(x.T @ x)
        between.append(x.T @ y)
    identity = torch.eye(inputs.shape[1], dtype=torch.float64)
    all_within, all_between = sum(within), sum(between)
    return [
        torch.linalg.solve(all_within - own + penalty * identity, all_between - crossed).float()
        for own, crossed in zip(within, between, strict=True)
    ]


def _blocks(fold_of: NDArray[np.intp], folds: int) -> Iterator[NDArray[np.intp]]:
    """The places of one fold, at most `_BLOCK` at a time."""
    for fold in range(folds):
        rows = np.flatnonzero(fold_of == fold)
        yield from (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
