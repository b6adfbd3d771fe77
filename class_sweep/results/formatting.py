"""Values, schedules, metrics and durations as text for a person."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from class_sweep.config.axes import Value
from class_sweep.config.full_data import full_data_axes
from class_sweep.config.objective import metric_of
from class_sweep.results.record import Record

_LETTERS = {"alpha": "α", "beta": "β", "sigma": "σ", "intensity": "γ", "quantile": "σ at"}


class ShownTrial(Protocol):
    """What a line about a trial shows; see `Record`."""

    @property
    def name(self) -> str | None:
        """The name of a baseline."""

    @property
    def tuned(self) -> bool:
        """Whether it tunes that baseline."""

    @property
    def share(self) -> float | None:
        """The share of full data's samples that its pacing is fitted to."""

    @property
    def config(self) -> Mapping[str, Value]:
        """The value of every axis."""


def number(value: float) -> str:
    """A number with four significant digits, without trailing zeros."""
    return f"{value:.4g}"


def setting_name(path: str) -> str:
    """The last part of a setting's path; for an entry of a list the list too: `pacing_knots.0`."""
    above, _, name = path.rpartition(".")
    return f"{setting_name(above)}.{name}" if name.isdigit() else name


def schedule(config: Mapping[str, Value]) -> str:
    """The values of a trial in one line; settings of the curriculum by their Greek letters."""
    parts = []
    for path, value in config.items():
        word = setting_name(path)
        shown = number(value) if isinstance(value, float) else str(value)
        parts.append(
            shown if word in {"order", "one_of"} else f"{_LETTERS.get(word, word)} {shown}"
        )
    return "  ".join(parts)


def trial(shown: ShownTrial) -> str:
    """A trial in one line: its schedule, its name, or the values that it tries for full data.

    A schedule that is fitted to a share of full data's samples begins with the share.
    """
    if shown.tuned:
        return f"{shown.name}  {schedule(full_data_axes(shown.config))}"
    share = "" if shown.share is None else f"{100 * shown.share:g} %  "
    return shown.name or f"{share}{schedule(shown.config)}"


def metric(name: str, value: float) -> str:
    """A metric's value: a fraction in per cent, a mean rank or a geometric mean rank."""
    shown, unit = metric_of(name).shown(value), metric_of(name).unit
    return {"fraction": f"{shown:.1f} %", "rank": f"{shown:.1f}", "log_rank": f"{shown:.2f}"}[unit]


def spread(name: str, deviation: float) -> str:
    """A standard deviation or error of a metric: `± 0.5 %`; a factor for a geometric mean."""
    sign = "×/÷" if metric_of(name).unit == "log_rank" else "±"
    return f"{sign} {metric(name, deviation)}"


def percent(share: float) -> str:
    """A fraction in per cent."""
    return f"{100 * share:.1f} %"


def difference(name: str, value: float) -> str:
    """A metric's difference: points or ranks with a sign, `×0.93` for a geometric mean rank."""
    shown = metric_of(name).shown_difference(value)
    return f"×{shown:.2f}" if metric_of(name).unit == "log_rank" else f"{shown:+.1f}"


def interval(name: str, ends: Sequence[float]) -> str:
    """An interval of a difference."""
    return f"[{', '.join(difference(name, end) for end in ends)}]"


def state(record: Record, name: str) -> str:
    """The state of a trial; for a duplicate also the trial whose reports it copies."""
    return name if record.same_as is None else f"{name}, duplicate of trial {record.same_as}"


def seconds(value: float) -> str:
    """A duration: `4.2 s`, `3 min 05 s`, `2 h 10 min`."""
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
