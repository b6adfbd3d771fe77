"""The rules between settings of different sections, checked before the long work of a run."""

from class_sweep.backbones.backbone import Needs, backbone_class, require_hard_negatives
from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.components import MOLECULE_ENCODERS, ORDERS, TEXT_ENCODERS
from class_sweep.config.document import Space
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.pacing import pacing_of
from class_sweep.curriculum.schedule_bounds import resolve_grace, schedule_bounds
from class_sweep.curriculum.strata import strata
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import PairSet
from class_sweep.encoders.encoder import molecule_encoder_class, providers, text_encoder_class
from class_sweep.errors import ConfigError, DataError
from class_sweep.preparation.difficulty_indexes import similarities
from class_sweep.preparation.difficulty_numbers import computed_difficulties, require_numbers


def load_checked_pairs(space: Space) -> PairSet:
    """Load the pairs of a space and check that every first pool of the space fills a batch.

    Raises:
        DataError: If the data set is unusable, or a first pool is smaller than a batch.
        ConfigError: If settings of the space contradict each other.
    """
    require_consistent(space)
    space.require_inputs()
    pairs = load_pairs(space.settings.data)
    try:
        schedule_bounds(space, len(pairs.rows("train")))
    except ValueError as error:
        raise DataError(f"{space.place('optimizer.batch_size')}: {error}") from None
    strata(space, len(pairs.rows("train")))  # each share must be in reach
    require_numbers(space, pairs)
    return pairs


def backbone_needs(space: Space) -> Needs:
    """The inputs that trials of a space need beside one vector per text and molecule.

    Raises:
        ConfigError: If trials need the token states of different layers.
    """
    backbones = [backbone for branch in space.alternatives for backbone in _backbones(branch)]
    needs = {backbone_class(backbone).needs(backbone) for backbone in backbones}
    depths = {need.token_depths for need in needs}
    if len(depths) > 1:
        raise ConfigError(
            f"{space.place('backbone')}: token_depth and multitoken_depth must be plain values,"
            " because the token states of two layers are computed once, got an axis"
        )
    return Needs(any(need.graphs for need in needs), depths.pop())


def _backbones(space: Space) -> list[BackboneSettings]:
    """The backbones at the centres and at the ends of the axes of one combination of bundles."""
    axes = {path: axis for path, axis in space.axes.items() if path.startswith("backbone.")}
    return [space.settings.backbone] + [
        space.resolve({path: end}).backbone for path, axis in axes.items() for end in axis.ends()
    ]


def require_consistent(space: Space) -> None:
    """Check the rules that hold for any data set.

    Raises:
        ConfigError: If the curriculum does not fit the backbone, or an encoder does
            not provide an input of the backbone.
    """
    similarities(space)
    computed_difficulties(space)
    resolve_grace(space, space.settings.budget.epochs)
    _require_encoders(space)
    for branch in space.alternatives:
        _require_intensity(branch)
        _require_hard_negatives(branch)
        _require_a_pair_for_each_gpu(branch)


def _require_encoders(space: Space) -> None:
    settings, needs = space.settings, backbone_needs(space)
    backbone = settings.backbone.name
    if needs.graphs and not molecule_encoder_class(settings.molecule_encoder).provides_graphs:
        raise ConfigError(
            f"{space.place('molecule_encoder.kind')}: must be"
            f" {providers(MOLECULE_ENCODERS, 'provides_graphs')} for {backbone}, because the"
            " atoms of its graphs start from substructure vectors, got"
            f" {settings.molecule_encoder.kind}"
        )
    if needs.token_depths and not text_encoder_class(settings.text_encoder).provides_tokens:
        raise ConfigError(
            f"{space.place('text_encoder.kind')}: must be"
            f" {providers(TEXT_ENCODERS, 'provides_tokens')} for {backbone}, which reads tokens,"
            f" got {settings.text_encoder.kind}"
        )


def _require_intensity(space: Space) -> None:
    settings = space.settings
    parts = backbone_class(settings.backbone).parts
    try:
        loss_weights(settings.curriculum, settings.budget.epochs, parts)
    except ValueError as error:
        raise ConfigError(f"{space.place('curriculum.intensity')}: {error}") from None


def _require_hard_negatives(space: Space) -> None:
    axis = space.axes.get("curriculum.hard_negatives")
    values = axis.ends() if axis else [space.settings.curriculum.hard_negatives]
    try:
        require_hard_negatives(backbone_class(space.settings.backbone), max(map(float, values)))
    except ValueError as error:
        raise ConfigError(f"{space.place('curriculum.hard_negatives')}: {error}") from None


def _require_a_pair_for_each_gpu(space: Space) -> None:
    axis, gpus = space.axes.get("optimizer.batch_size"), space.settings.resources.processes
    sizes = axis.ends() if axis else [space.settings.optimizer.batch_size]
    if (least := min(map(int, sizes))) < gpus:
        raise ConfigError(
            f"{space.place('optimizer.batch_size')}: must be at least resources.gpus ({gpus}),"
            f" because each GPU encodes a part of the batch, got {least}"
        )


def uses_difficulty(space: Space) -> bool:
    """Whether a schedule of the space excludes pairs from a pool by their difficulty."""
    return any(map(_uses_difficulty, space.alternatives))


def _uses_difficulty(space: Space) -> bool:
    alpha = space.axes.get("curriculum.alpha")
    lowest = min(map(float, alpha.ends())) if alpha else space.settings.curriculum.alpha
    epochs = space.settings.budget.epochs
    curricula = (
        space.resolve({"curriculum.alpha": lowest, "curriculum.pacing": name}).curriculum
        for name in space.grid("curriculum.pacing")
    )
    return any(
        ORDERS.load(name).uses_difficulty for name in space.grid("curriculum.order")
    ) and any(not pacing_of(curriculum, epochs).starts_full for curriculum in curricula)
