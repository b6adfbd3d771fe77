"""The computed difficulties of a space: which it needs, and their numbers, computed once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import backbone_class
from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.components import DIFFICULTIES
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import Space
from class_sweep.config.idle import IdleFinder, idle_settings
from class_sweep.config.own_code import running_part
from class_sweep.config.plugin_files import code_hashes
from class_sweep.config.sections import Budget, Settings
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.curriculum.schedule import Schedule
from class_sweep.data.pair import PairSet
from class_sweep.difficulty.order_quality import MAX_TIE
from class_sweep.difficulty.pair_difficulty import (
    ComputedDifficulty,
    PairDifficulty,
    TrainingPairs,
    difficulty_of,
)
from class_sweep.errors import ConfigError, DataError
from class_sweep.training.features import TrialFeatures
from class_sweep.training.margins import mean_margins

DIFFICULTY = "curriculum.difficulty"
MAX_DIFFICULTIES = 24
_MARGINS_VERSION = 1  # raise it when the same run gives other margins


def computed_difficulties(space: Space) -> dict[str, ComputedDifficulty]:
    """By its label, every difficulty that a trial or a baseline reads and that is computed once.

    Raises:
        ConfigError: If one of their settings is a continuous axis, or there are too many.
    """
    baselines = (space.resolve(baseline_config(space, name)) for name in space.settings.baselines)
    curricula = [*searched_difficulties(space)]
    curricula += [s.curriculum for s in baselines if DIFFICULTY not in idle_settings(s)]
    found = {curriculum.difficulty_label: difficulty_of(curriculum) for curriculum in curricula}
    computed = {label: d for label, d in found.items() if isinstance(d, ComputedDifficulty)}
    if len(computed) > MAX_DIFFICULTIES:
        raise ConfigError(
            f"{space.place(DIFFICULTY)}: difficulties must be at most {MAX_DIFFICULTIES}, because"
            f" each is computed before the trials, got {len(computed)}; use a wider step"
        )
    return computed


def searched_difficulties(space: Space) -> Iterator[Curriculum]:
    """A curriculum for every difficulty that the search can choose; none if none has an effect.

    The settings of a difficulty that follows from the index stay at their centres.

    Raises:
        ConfigError: If a setting of a computed difficulty is a continuous axis.
    """
    for branch in space.alternatives:
        yield from _searched_difficulties(branch)


def _searched_difficulties(space: Space) -> Iterator[Curriculum]:
    """See `searched_difficulties`; for one combination of bundles."""
    if IdleFinder(space.axes, space.resolve).reason(DIFFICULTY) is not None:
        return
    for name in space.grid(DIFFICULTY):
        kind: type[PairDifficulty] = DIFFICULTIES.load(name)
        own = [f"curriculum.{setting}" for setting in sorted(kind.parameters())]
        axes = [p for p in own if p in space.axes and issubclass(kind, ComputedDifficulty)]
        for path in axes:
            if space.axes[path].values() is None:
                raise ConfigError(
                    f"{space.place(path)}: must be a choice, or a range with a step, because the"
                    f" difficulty is computed once for each value, got {space.axes[path]}"
                )
        for values in product(*(space.grid(path) for path in axes)):
            yield space.resolve(
                {DIFFICULTY: name} | dict(zip(axes, values, strict=True))
            ).curriculum


def require_numbers(space: Space, pairs: PairSet) -> None:
    """Check that the data gives numbers, if a difficulty of the space needs them.

    Raises:
        ConfigError: If it gives none.
    """
    needing = [label for label, d in computed_difficulties(space).items() if d.reads_numbers]
    if needing and pairs.difficulty is None:
        raise ConfigError(
            f"{space.place(DIFFICULTY)}: {needing[0]} must have a number for each training pair,"
            f" got none from the source {space.settings.data.source}; data.columns.difficulty"
            " names the column of a table that holds them"
        )


def training_pairs(
    space: Space, pairs: PairSet, features: TrialFeatures, cache: ArrayCache
) -> TrainingPairs:
    """What a computed difficulty may read about the training pairs of a space."""
    rows = pairs.rows("train")

    def margins(epochs: int) -> NDArray[np.floating]:
        run = margin_settings(space, epochs)
        read = replace(features, indexes={}).checksum()  # the indexes depend on the σ of the space
        model = [run.backbone, run.text_encoder, run.optimizer]
        if run.molecule_encoder.is_trained:
            model.append(run.molecule_encoder)
        key = ["margins", _MARGINS_VERSION, model, epochs, run.search.seed, read]
        key += code_hashes(backbone_class(run.backbone))
        return cache.get_or_compute(key, lambda: _margins(run, features), name="margins")

    return TrainingPairs(
        texts=tuple(pairs.texts[row] for row in rows),
        smiles=tuple(pairs.smiles[row] for row in rows),
        text=features.text[rows],
        molecule=features.molecule[rows],
        numbers=None if pairs.difficulty is None else pairs.difficulty[rows],
        seed=space.settings.search.seed,
        margins=margins,
        cache=cache,
    )


def margin_settings(space: Space, epochs: int) -> Settings:
    """The settings of a short run on the full data, with the other axes at their centres."""
    full = space.resolve(baseline_config(space, "full_data"))
    return full.model_copy(update={"budget": Budget(epochs=epochs)})


def training_samples(space: Space, difficulty: ComputedDifficulty, pairs: int) -> int:
    """The samples that the training for a difficulty sees, of `pairs` training pairs."""
    if not difficulty.epochs:
        return 0
    return Schedule.of(margin_settings(space, difficulty.epochs), pairs).samples


def compute_difficulty(
    label: str, difficulty: ComputedDifficulty, pairs: TrainingPairs
) -> NDArray[np.float64]:
    """(L,) the numbers of a difficulty, checked.

    Raises:
        DataError: If they are not one finite number for each pair.
    """
    with running_part(DIFFICULTIES, label.partition(" ")[0]):
        numbers = np.array(difficulty.compute(pairs), dtype=np.float64)
    if numbers.shape != (len(pairs.texts),):
        raise DataError(
            f"difficulty {label} must give one number for each of the {len(pairs.texts)} training"
            f" pairs, got the shape {numbers.shape}"
        )
    if bad := int((~np.isfinite(numbers)).sum()):
        raise DataError(f"difficulty {label} must give finite numbers, got {bad} that are not")
    return numbers


def require_distinct(difficulties: Mapping[str, NDArray[np.float64]]) -> None:
    """Refuse a difficulty that is the same for every pair.

    Raises:
        DataError: If there is one.
    """
    for label, numbers in difficulties.items():
        if (numbers == numbers[0]).all():
            raise DataError(
                f"difficulty {label} must tell pairs apart, got {numbers[0]:g} for every pair"
            )


def tie_warnings(difficulties: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """A warning for each computed difficulty under which most pairs tie."""
    warnings = []
    for label, numbers in difficulties.items():
        tie = np.unique(numbers, return_counts=True)[1].max() / len(numbers)
        if tie >= MAX_TIE:
            warnings.append(
                f"by {label}: {tie:.0%} of the pairs tie, so the tie-break decides most of the"
                " order"
            )
    return warnings


def _margins(settings: Settings, features: TrialFeatures) -> NDArray[np.floating]:
    """The mean margins of a run, on a GPU if trials have one and this machine has one."""
    gpu = settings.resources.gpus > 0 and torch.cuda.is_available()
    try:
        return mean_margins(settings, features, gpu=gpu)
    finally:
        if gpu:
            torch.cuda.empty_cache()  # the trials need the memory
