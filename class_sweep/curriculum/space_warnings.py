"""What a space allows that its user may not want: warnings, with the setting that would help."""

import math

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.curriculum.intensity import INTENSITIES
from class_sweep.curriculum.pacing import PACINGS, pace_of


def space_warnings(space: Space) -> list[str]:
    """Warnings about schedules that leave pairs out or train nothing."""
    pacings = [str(pacing) for pacing in _values(space, "pacing")]
    return [
        *(warning for pacing in pacings for warning in _never_all(space, pacing)),
        *_zero_intensity(space),
    ]


def beta_that_reaches_all(alpha: float, last: int) -> float | None:
    """The least β with λ(last) = 1 for `linear`; None where k = 0 is all there is."""
    if alpha >= 1:
        return 0.0
    return (1 - alpha) / last if last > 0 else None


def epochs_that_reach_all(alpha: float, beta: float, start: int) -> int | None:
    """The least number of epochs with λ = 1 in the last for `linear`; None where none has it."""
    if alpha >= 1:
        return 1
    return max(1, math.ceil(round((1 - alpha) / beta, 9)) + 1 - start) if beta > 0 else None


def _values(space: Space, name: str) -> list[Value]:
    """The values of a curriculum setting whose validity implies that of all between them."""
    axis = space.axes.get(f"curriculum.{name}")
    return axis.ends() if axis else [getattr(space.settings.curriculum, name)]


def _lowest(space: Space, name: str) -> float:
    return min(float(value) for value in _values(space, name))


def _never_all(space: Space, pacing: str) -> list[str]:
    """A warning where the slowest schedule of a pacing ends before it shows every pair."""
    epochs, start = space.settings.budget.epochs, int(_lowest(space, "pacing_start"))
    slowest = space.resolve(
        {
            "curriculum.alpha": _lowest(space, "alpha"),
            "curriculum.beta": _lowest(space, "beta"),
            "curriculum.full_data_after": max(
                float(value) for value in _values(space, "full_data_after")
            ),
            "curriculum.pacing_power": _lowest(space, "pacing_power"),
        }
    ).curriculum
    k = start + epochs - 1
    last = PACINGS[pacing](k, pace_of(slowest, epochs))
    if last >= 1:
        return []
    ways = []
    if pacing == "linear":
        needed = beta_that_reaches_all(slowest.alpha, k)
        enough = epochs_that_reach_all(slowest.alpha, slowest.beta, start)
        ways += [f"beta ≥ {_rounded_up(needed):g}"] if needed is not None else []
        ways += [f"epochs ≥ {enough}"] if enough is not None else []
        having, otherwise = f"beta {slowest.beta:g}", "a beta above 0"
    else:
        ways += [f"full_data_after ≤ {math.floor(1e4 * k / epochs) / 1e4:g}"] if k > 0 else []
        having, otherwise = f"{pacing} pacing full at {slowest.full_data_after:g}", "more epochs"
    return [
        f"with alpha {slowest.alpha:g} and {having} the last of {epochs} epochs sees {last:.0%} of"
        f" the pairs, so some are never shown; {' or '.join(ways) or otherwise} would show all"
    ]


def _rounded_up(value: float) -> float:
    """Four significant digits, never less than the value: what is advised must suffice."""
    unit: float = 10.0 ** (math.floor(math.log10(value)) - 3) if value > 0 else 1.0
    return math.ceil(round(value / unit, 6)) * unit


def _zero_intensity(space: Space) -> list[str]:
    start, p = int(_lowest(space, "intensity_start")), _lowest(space, "intensity_power")
    fixed = space.settings.curriculum.intensity
    if isinstance(fixed, dict):
        curves = [(f"{name} of {part}", str(name)) for part, name in fixed.items()]
    else:
        curves = [(str(name), str(name)) for name in _values(space, "intensity")]
    return [
        f"intensity {shown} is 0 at k = {start}: the first epoch trains nothing;"
        " intensity_start: 1 avoids it"
        for shown, name in curves
        if INTENSITIES[name](start, p) == 0
    ]
