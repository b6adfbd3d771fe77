"""The contracts of the parts of one's own that a space names, as far as they are quick to check."""

from class_sweep.config.components import (
    BACKBONES,
    INTENSITIES,
    METRICS,
    ORDERS,
    PACINGS,
    PRUNERS,
    SAMPLERS,
)
from class_sweep.config.document import Space
from class_sweep.config.own_code import running_part
from class_sweep.testing.backbones import QUICK_RULES, BackboneCase
from class_sweep.testing.curriculum import check_intensity_of, check_order, check_pacing_of
from class_sweep.testing.metrics import check_metric
from class_sweep.testing.search import check_pruner_of, check_sampler

_INTENSITY, _PACING, _ORDER = (f"curriculum.{name}" for name in ("intensity", "pacing", "order"))


def require_contracts(space: Space) -> None:
    """Check the parts of one's own that trials of a space use, on small made-up inputs.

    Data sources, encoders and computed difficulties are checked when they run, on the data: they
    run before anything is written.

    Raises:
        PluginError: If a part breaks a rule of its kind; the message names file, class and rule.
    """
    settings = space.settings
    if settings.backbone.name in BACKBONES.added():
        with running_part(BACKBONES, settings.backbone.name):
            for rule in QUICK_RULES:
                rule(BackboneCase(settings.backbone))
    for name in ORDERS.added().keys() & set(space.grid(_ORDER)):
        with running_part(ORDERS, name):
            check_order(name)
    for name in PACINGS.added().keys() & set(space.grid(_PACING)):
        with running_part(PACINGS, name):
            check_pacing_of(space.resolve({_PACING: name}).curriculum, settings.budget.epochs)
    for name in INTENSITIES.added().keys() & _intensities(space):
        with running_part(INTENSITIES, name):
            check_intensity_of(name, settings.curriculum, settings.budget.epochs)
    for name in METRICS.added():  # every evaluation gives all of them
        with running_part(METRICS, name):
            check_metric(name)
    if settings.search.sampler in SAMPLERS.added():
        with running_part(SAMPLERS, settings.search.sampler):
            check_sampler(settings.search.sampler, space)
    if settings.pruning.kind in PRUNERS.added():
        with running_part(PRUNERS, settings.pruning.kind):
            check_pruner_of(settings.pruning, histories=5)


def _intensities(space: Space) -> set[str]:
    """The intensities that a trial may have."""
    curves = space.settings.curriculum.intensity
    fixed = set(curves.values()) if isinstance(curves, dict) else {curves}
    searched = [path for path in space.axes if path.startswith(_INTENSITY)]
    return fixed.union(*(map(str, space.axes[path].values() or ()) for path in searched))
