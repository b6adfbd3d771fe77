"""Which pairs of a data set are probably wrong: `class-sweep audit`, and the warning of a sweep."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import Space
from class_sweep.config.inputs import SPLITS, MoleculeEncoderSettings, TextEncoderSettings
from class_sweep.data.contradictions import contradictions
from class_sweep.data.pair import PairSet
from class_sweep.difficulty.pair_fits import PairFits, pair_fits
from class_sweep.difficulty.ridge import Features
from class_sweep.encoders.encoder import Progress, fit_molecule_encoder, fit_text_encoder
from class_sweep.errors import DataError, TrainingError
from class_sweep.preparation.audit_report import Audit, AuditedPair, Named
from class_sweep.statistics.wrong_share import WrongShare, wrong_share
from class_sweep.training.features import TrialFeatures
from class_sweep.training.margins import mean_margins

MIN_PAIRS = 100
"""The least pairs of an audit: fewer fit no map."""
RELIABLE_PAIRS = 1000
"""The pairs below which the map is so weak that right pairs fit like mismatched ones."""
MARGIN_EPOCHS = 5
"""The epochs of the training for margins: in a longer one the model learns wrong pairs by heart."""
_SAMPLE = 2000  # pairs whose fits estimate the share for a warning
_VERSION = 1  # raise it when the same features give another estimate


def require_enough(pairs: PairSet) -> None:
    """Check that an audit can fit a map.

    Raises:
        DataError: If there are fewer than `MIN_PAIRS` pairs.
    """
    if len(pairs) < MIN_PAIRS:
        raise DataError(f"an audit needs at least {MIN_PAIRS} pairs, got {len(pairs)}")


def encode_pairs(
    pairs: PairSet,
    text_encoder: TextEncoderSettings,
    molecule_encoder: MoleculeEncoderSettings,
    *,
    cache: ArrayCache,
    progress: Progress,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The (N, D_t) text and (N, D_m) molecule features of all pairs."""
    train = pairs.rows("train")
    text = fit_text_encoder(text_encoder, pairs.texts, train, cache=cache, source=pairs.text_rows)
    molecule = fit_molecule_encoder(
        molecule_encoder, pairs.all_smiles, train, cache=cache, source=pairs.molecule_rows
    )
    texts = text.encode(pairs.texts, cache=cache, progress=progress)
    return texts, molecule.encode(pairs.smiles, cache=cache)


def audit(
    name: str,
    pairs: PairSet,
    texts: Features,
    molecules: Features,
    margins: NDArray[np.float64] | None = None,
) -> Audit:
    """Rank all pairs by their misfit, the most suspect first.

    With margins, the training pairs alone are ranked, by the sum of their ranks by misfit and by
    margin: the two err on different pairs.

    Args:
        name: The name of the space or table.
        pairs: N pairs.
        texts: (N, D_t) text features.
        molecules: (N, D_m) molecule features.
        margins: (L,) the mean margins of the training pairs; see `training_margins`.

    Raises:
        DataError: If there are too few pairs.
    """
    require_enough(pairs)
    fits = pair_fits(texts, molecules)
    suspicion = fits.misfit
    if margins is not None:
        suspicion = _ranked(fits.misfit[: len(margins)]) + _ranked(-margins)
    order = np.argsort(-suspicion, kind="stable")
    rows = _rows(pairs, fits, margins)
    present = [split for split in SPLITS if len(pairs.rows(split))]
    return Audit(
        name,
        [rows(int(i)) for i in order],
        {s: wrong_share(fits.misfit[pairs.rows(s)], fits.mismatched) for s in present},
        (len(set(pairs.molecules)), len(set(pairs.texts))),
    )


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The number of smaller values, and half of the other equal ones."""
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, "right") - 1) / 2


def _rows(
    pairs: PairSet, fits: PairFits, margins: NDArray[np.float64] | None
) -> Callable[[int], AuditedPair]:
    below = fits.mismatched_below

    def row(i: int) -> AuditedPair:
        molecule, text = int(fits.best_molecules[i]), int(fits.best_texts[i])
        return AuditedPair(
            id=pairs.ids[i],
            split=SPLITS[pairs.split[i]],
            text=pairs.texts[i],
            smiles=pairs.smiles[i],
            molecule_rank=float(fits.molecule_ranks[i]),
            text_rank=float(fits.text_ranks[i]),
            mismatched_below=float(below[i]),
            contradictions=contradictions(pairs.texts[i], pairs.molecules[i]),
            best_molecule=Named(pairs.ids[molecule], pairs.smiles[molecule]),
            best_text=Named(pairs.ids[text], pairs.texts[text]),
            margin=None if margins is None else float(margins[i]),
        )

    return row


def training_margins(space: Space, features: TrialFeatures) -> NDArray[np.float64]:
    """(L,) the mean margins of the training pairs in a short training.

    The training is that of the space at the centre of its axes, for at most `MARGIN_EPOCHS` epochs.

    Raises:
        DataError: If the pairs do not fill a batch, or the training diverges.
    """
    settings = space.settings
    epochs = min(settings.budget.epochs, MARGIN_EPOCHS)
    short = {"budget": settings.budget.model_copy(update={"epochs": epochs})}
    try:
        return mean_margins(
            settings.model_copy(update=short), features, gpu=settings.resources.gpus > 0
        )
    except (TrainingError, ValueError) as error:
        raise DataError(f"{space.place('optimizer')}: {error}") from error


def training_share(texts: Features, molecules: Features, *, cache: ArrayCache) -> WrongShare | None:
    """Estimate the share of wrong training pairs from a sample of them; cached by content.

    Args:
        texts: (L, D_t) features of the training pairs.
        molecules: (L, D_m) features of the same pairs.
        cache: Keeps the estimate.

    Returns:
        The estimate, or None for fewer than `RELIABLE_PAIRS` pairs.
    """
    if len(texts) < RELIABLE_PAIRS:
        return None

    def estimate() -> NDArray[np.float64]:
        drawn = np.random.default_rng(0).permutation(len(texts))[:_SAMPLE]
        fits = pair_fits(texts, molecules, rows=np.sort(drawn))
        share = wrong_share(fits.misfit, fits.mismatched)
        return np.array([share.share, share.low, share.high])

    key = [_VERSION, _SAMPLE, texts, molecules]
    values = cache.get_or_compute(key, estimate, name="wrong-pairs")
    return WrongShare(*map(float, values))


def share_warning(space: Space, share: WrongShare | None) -> str | None:
    """The warning of a sweep over pairs of which many are wrong; None if its schedules trim."""
    trims = any(space.grid("curriculum.trim"))
    if share is None or not share.is_notable or trims:
        return None
    return (
        f"about {share.share:.0%} ({share.low:.0%} to {share.high:.0%}) of the training pairs fit"
        " no better than mismatched ones: wrong pairs, or texts that say little of the molecule;"
        " `class-sweep audit FILE` lists them, and curriculum.trim leaves such pairs out"
    )
