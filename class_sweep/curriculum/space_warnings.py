"""Warnings about schedules of a space that are probably not wanted, each with a remedy."""

from dataclasses import asdict

from class_sweep.config.axes import Value
from class_sweep.config.components import INTENSITIES
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import Space
from class_sweep.curriculum.intensity import Intensity
from class_sweep.curriculum.pacing import Pacing, pacing_of
from class_sweep.curriculum.schedule_bounds import corner_values, pacing_choices


def space_warnings(space: Space) -> list[str]:
    """Warnings about schedules that never show some pairs, or whose first epoch trains nothing."""
    warnings = []
    for branch in space.alternatives:
        for choice in pacing_choices(branch):
            warnings += _incomplete_pacing(branch, choice)
        warnings += _zero_intensity(branch)
    return list(dict.fromkeys(warnings))


def _ends(space: Space, name: str) -> list[Value]:
    """The extreme values of a curriculum setting: all options of a choice, both ends of a range."""
    axis = space.axes.get(f"curriculum.{name}")
    return axis.ends() if axis else [getattr(space.settings.curriculum, name)]


def _lowest(space: Space, name: str) -> float:
    return min(float(value) for value in _ends(space, name))


def _slowest_curriculum(space: Space, choice: dict[str, Value]) -> Curriculum:
    """The settings under which a pacing choice has its smallest λ."""
    return space.resolve(corner_values(space, longest=False) | choice).curriculum


def _incomplete_pacing(space: Space, choice: dict[str, Value]) -> list[str]:
    """A warning if the slowest schedule of a pacing choice ends before it shows every pair."""
    epochs, start = space.settings.budget.epochs, int(_lowest(space, "pacing_start"))
    curriculum = _slowest_curriculum(space, choice)
    pacing = pacing_of(curriculum, epochs)
    last = pacing(start + epochs - 1)
    if last >= 1:
        return []
    return [
        f"with pacing {curriculum.pacing}{_parameters(pacing)} the last of {epochs} epochs sees"
        f" {last:.0%} of the pairs, so some are never shown;"
        f" {' or '.join(pacing.remedies(start, epochs))} would show all"
    ]


def _parameters(pacing: Pacing) -> str:
    """`, alpha 0.4, beta 0.03`: the parameters of a pacing as a message names them."""
    values = {name: value for name, value in asdict(pacing).items() if name != "epochs"}  # type: ignore[call-overload]
    return "".join(f", {name} {_text(value)}" for name, value in values.items())


def _text(value: float | tuple[float, ...]) -> str:
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, tuple) else f"{value:g}"


def _zero_intensity(space: Space) -> list[str]:
    start = int(_lowest(space, "intensity_start"))
    intensity = space.settings.curriculum.intensity
    if isinstance(intensity, dict):
        curves = [(f"{name} of {part}", str(name)) for part, name in intensity.items()]
    else:
        curves = [(str(name), str(name)) for name in _ends(space, "intensity")]
    return [
        f"intensity {label} is 0 at k = {start}: the first epoch trains nothing;"
        " intensity_start: 1 avoids it"
        for label, name in curves
        if _gamma(space, name)(start) == 0
    ]


def _gamma(space: Space, name: str) -> Intensity:
    implementation: type[Intensity] = INTENSITIES.load(name)
    return implementation.of(space.settings.curriculum, space.settings.budget.epochs)
