"""What a space allows that its user may not want: warnings, with the setting that would help."""

from class_sweep.config.axes import Axis
from class_sweep.config.document import Space
from class_sweep.curriculum.intensity import INTENSITIES
from class_sweep.curriculum.pacing import beta_that_reaches_all, epochs_that_reach_all, share


def advise(space: Space) -> list[str]:
    """Warnings about schedules that leave pairs out or train nothing."""
    return [*_never_all(space), *_zero_intensity(space)]


def _lowest(space: Space, name: str) -> float:
    axis: Axis | None = space.axes.get(f"curriculum.{name}")
    values = axis.ends() if axis else [getattr(space.settings.curriculum, name)]
    return float(min(values))


def _never_all(space: Space) -> list[str]:
    epochs = space.settings.budget.epochs
    alpha, beta = _lowest(space, "alpha"), _lowest(space, "beta")
    last = share(space.settings.curriculum.pacing_start + epochs - 1, alpha, beta)
    if last >= 1:
        return []
    needed = beta_that_reaches_all(alpha, epochs)
    enough = epochs_that_reach_all(alpha, beta)
    ways = [f"beta ≥ {needed:.4g}"] if needed is not None else []
    ways += [f"epochs ≥ {enough}"] if enough is not None else []
    return [
        f"with alpha {alpha:g} and beta {beta:g} the last of {epochs} epochs sees {last:.0%} of the"
        f" pairs, so some are never shown; {' or '.join(ways) or 'a beta above 0'} would show all"
    ]


def _zero_intensity(space: Space) -> list[str]:
    start = space.settings.curriculum.intensity_start
    axis = space.axes.get("curriculum.intensity")
    names = axis.values() if axis else [space.settings.curriculum.intensity]
    return [
        f"intensity {name} is 0 at k = {start}: the first epoch trains nothing;"
        " intensity_start: 1 avoids it"
        for name in names or ()
        if INTENSITIES[str(name)](start) == 0
    ]
