"""Values, schedules, metrics and durations as text for a person."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from class_sweep.config.axes import Value
from class_sweep.config.bundles import setting_path
from class_sweep.config.full_data import full_data_axes
from class_sweep.config.objective import metric_of
from class_sweep.results.record import Record

ALL_PAIRS = "all pairs"
_POOL = {
    "order", "tie_break", "pacing", "pacing_start", "pacing_power", "pacing_knots", "alpha", "beta",
    "full_data_after",
}  # fmt: skip
_DIFFICULTY = {"difficulty", "margin_epochs", "sigma", "text_weight", "molecule_similarity"}
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


def all_pairs(config: Mapping[str, object]) -> bool:
    """Whether a configuration uses every pair from the first epoch: every pacing starts at α."""
    return config.get("curriculum.pacing") == "full" or config.get("curriculum.alpha") == 1


def terms(config: Mapping[str, Value]) -> list[str]:
    """The values of a trial; settings of the curriculum by their Greek letters.

    A schedule that uses all pairs from the start has no pool that grows, and so none of its
    settings; it has an order's difficulty only where `trim` may read it.
    """
    shown = dict(config)
    parts = []
    if all_pairs(config):
        parts.append(ALL_PAIRS)
        unread = _POOL | (set() if config.get("curriculum.trim") else _DIFFICULTY)
        shown = {path: value for path, value in config.items() if _setting(path) not in unread}
    for path, value in shown.items():
        word = setting_name(path)
        text = number(value) if isinstance(value, float) else str(value)
        parts.append(text if word in {"order", "one_of"} else f"{_LETTERS.get(word, word)} {text}")
    return parts


def _setting(path: str) -> str:
    """The setting of the curriculum that an axis is of: `sigma` for `curriculum.sigma.quantile`."""
    section, _, rest = setting_path(path).partition(".")
    return rest.partition(".")[0] if section == "curriculum" else ""


def schedule(config: Mapping[str, Value]) -> str:
    """The values of a trial in a line of a table; see `terms`."""
    return "  ".join(terms(config))


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


def margin(name: str, value: float) -> str:
    """A margin of a metric with its unit: `0.3 points`, `2 ranks`, `a factor of 1.05`."""
    unit = metric_of(name).difference_unit
    if unit == "ratio":
        return f"a factor of {value:g}"
    return f"{value:g} {unit.removesuffix('s') if value == 1 else unit}"


def counted(count: int, noun: str) -> str:
    """A number of things: `1 trial`, `2 trials`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


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
