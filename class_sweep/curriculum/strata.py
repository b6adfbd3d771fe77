"""The strata of a search: schedules that all take the same share of full data's samples.

The samples of a schedule are known before its training. Within a stratum a sampler draws all axes
but one: the setting that fits the proposal's pacing to the share (`Pacing.fitted_setting`: β for
`linear`, `full_data_after` for `root` and `exponential`). It is found by bisection within the range
of its axis. α is drawn from the part of its axis from which the fit reaches the share. All pairs in
every epoch (`full`) end at the share, annealed there.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from class_sweep.config.axes import Axis, Choice, LogUniform, Uniform, Value
from class_sweep.config.components import PACINGS, SAMPLERS
from class_sweep.config.document import Space
from class_sweep.config.idle import IdleFinder
from class_sweep.config.sections import SAMPLES, Settings
from class_sweep.curriculum.schedule import Schedule, full_data_samples
from class_sweep.curriculum.schedule_bounds import corner_of, pacing_choices
from class_sweep.errors import ConfigError

_ALPHA = "curriculum.alpha"
_DIGITS = 9  # of a fitted value
_POINTS = 10_000  # of a continuous axis of α


@dataclass(frozen=True)
class Stratum:
    """The search at one share of full data's samples.

    Attributes:
        share: The share, in (0, 1].
        space: The axes that its sampler draws, and as many trials as the stratum has.
        whole: The space of the sweep, with the axes that are fitted.
        pairs: L, the number of training pairs.
    """

    share: float
    space: Space
    whole: Space
    pairs: int

    def fit(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """A proposal with its pacing fitted to the share.

        The schedule takes at most the share of full data's samples, and less by at most a batch for
        each epoch. With trimming, the first trimmed epoch may move by one and cost more.

        Args:
            values: A value for each axis of the stratum.
        """
        settings = self.whole.resolve(values)
        path = str(PACINGS.load(settings.curriculum.pacing).fitted_setting)
        target = _target(self.whole, self.share, self.pairs)
        if path == SAMPLES:
            whole = target - target % settings.optimizer.batch_size  # the samples that it takes
            return dict(values) | ({SAMPLES: whole} if self.share < 1 else {})
        axis = self.whole.axes[path]

        def samples(value: float) -> int:
            return _samples(settings, {path: value}, self.pairs)

        fewest, most = sorted(map(float, axis.ends()), key=samples)
        if samples(most) <= target:
            fewest = most
        while abs(most - fewest) > 2 * 10**-_DIGITS:
            middle = round((fewest + most) / 2, _DIGITS)
            if samples(middle) <= target:
                fewest = middle
            else:
                most = middle
        return dict(values) | {path: fewest}


def strata(space: Space, pairs: int) -> dict[float, Stratum]:
    """The strata of a space by their share, in the order of `search.shares`.

    Args:
        space: The space.
        pairs: L, the number of training pairs.

    Raises:
        ConfigError: If no schedule of the space takes a share.
    """
    return {
        share: Stratum(share, _stratum_space(space, at, share, pairs), space, pairs)
        for at, share in enumerate(space.settings.search.shares)
    }


def _stratum_space(space: Space, at: int, share: float, pairs: int) -> Space:
    """The space of a stratum: without the fitted axes, α in reach, without idle axes."""
    fitted = _fitted_settings(space)
    axes = {path: axis for path, axis in space.axes.items() if path not in fitted}
    axes |= _reachable_alpha(space, share, pairs)
    # The centres of the file may be out of reach.
    drawn = {path: axis.centre() for path, axis in axes.items()}
    finder = IdleFinder(axes, lambda values: space.resolve(drawn | dict(values)))
    acting = {p: axis for p, axis in axes.items() if p == _ALPHA or not finder.reason(p)}
    trials = space.group_sizes[share]
    stratum = space.changed(axes=acting)
    if trials > 1 and stratum.grid_size() == 1:
        raise ConfigError(
            f"{space.place('search.shares')}: must leave an axis to search at each share, and"
            f" {share:g} leaves none: its schedules are all alike"
        )
    search = space.settings.search
    _require_sampler(stratum, share, trials)
    changes = {
        "trials": trials,
        "baselines": [],
        "shares": [],
        "full_data_trials": 0,
        "seed": (search.seed + 104_729 * at) % 2**32,  # of its sampler, so that strata differ
    }
    settings = space.settings.model_copy(update={"search": search.model_copy(update=changes)})
    before = tuple(stage.group_sizes[share] for stage in space.stages[:-1])
    return stratum.changed(settings=settings, extended_from=before)


def _require_sampler(stratum: Space, share: float, trials: int) -> None:
    """Check that the sampler can draw the axes of a stratum as often as it has trials.

    Raises:
        ConfigError: If it cannot.
    """
    sampler, axes = stratum.settings.search.sampler, stratum.axes
    accepted, size = SAMPLERS[sampler].axes, stratum.grid_size()
    if accepted == "finite" and size is not None and trials > size:
        rule = f"{trials} configurations, and its grid has {size}; lower search.trials"
    elif accepted == "numeric" and sum(not isinstance(axis, Choice) for axis in axes.values()) < 2:
        rule = f"two or more axes of numbers for the sampler {sampler}, got {', '.join(axes)}"
    else:
        return
    raise ConfigError(f"{stratum.place('search.shares')}: {share:g} must have {rule}")


def _fitted_settings(space: Space) -> set[str]:
    names = space.grid("curriculum.pacing")
    return {str(PACINGS.load(str(name)).fitted_setting) for name in names}


def _remedies(space: Space) -> str:
    """The axes that reach more shares where they are wider."""
    axes = {_ALPHA, *_fitted_settings(space)} - {SAMPLES}
    return " or ".join(path.removeprefix("curriculum.") for path in sorted(axes))


def _target(space: Space, share: float, pairs: int) -> int:
    """The samples of a share of full data's."""
    settings = space.settings
    full = full_data_samples(pairs, settings.optimizer.batch_size, settings.budget)
    return int(round(share * full, 6))


def _samples(settings: Settings, changes: Mapping[str, Value], pairs: int) -> int:
    """The samples of a schedule with other settings of the curriculum or the budget, by path."""
    sections = {"curriculum": settings.curriculum, "budget": settings.budget}
    for path, value in changes.items():
        section, name = path.split(".")
        sections[section] = sections[section].model_copy(update={name: value})
    changed = settings.model_copy(update=sections)
    return Schedule.of(changed, pairs).samples


def _reachable_alpha(space: Space, share: float, pairs: int) -> dict[str, Axis]:
    """The part of the axis of α from which every proposal can be fitted; empty without an axis.

    The samples rise with α, so the part is an interval.

    Raises:
        ConfigError: If there is none.
    """
    reach = _Reach(space, share, pairs)
    axis = space.axes.get(_ALPHA)
    points = [space.settings.curriculum.alpha] if axis is None else _points(axis)
    low = bisect_left(points, 1, key=lambda alpha: int(reach.most(alpha) >= reach.least_wanted))
    high = bisect_right(points, 0, key=lambda alpha: int(reach.fewest(alpha) > reach.target))
    kept = points[low:high]
    if not kept:
        short = low == len(points)
        alpha = points[-1] if short else points[0]
        bound = (reach.most if short else reach.fewest)(alpha) / _target(space, 1.0, pairs)
        raise ConfigError(
            f"{space.place('search.shares')}: must be in reach of every pacing of the space, got"
            f" {share:g}: the {'most' if short else 'fewest'} that alpha {alpha:g} takes is"
            f" {100 * bound:.1f} % of full data's samples with pacing"
            f" {reach.bounding(alpha, most=short)}; widen"
            f" {_remedies(space)}, or leave the share out"
        )
    return {} if axis is None else {_ALPHA: _part(axis, kept)}


class _Reach:
    """The shares that a fit reaches from a value of α, whatever the other axes are."""

    def __init__(self, space: Space, share: float, pairs: int) -> None:
        self._space, self._pairs = space, pairs
        self.target = _target(space, share, pairs)
        batches = space.settings.budget.epochs * space.settings.optimizer.batch_size
        self.least_wanted = self.target - batches
        self._corners = {
            longest: [
                space.resolve(corner_of(space, choice, longest=longest))
                for choice in pacing_choices(space)
            ]
            for longest in (True, False)
        }

    def fewest(self, alpha: float) -> int:
        """The fewest samples to which every pacing can be fitted."""
        return max(min(self._ends(corner, alpha)) for corner in self._corners[True])

    def most(self, alpha: float) -> int:
        """The most samples to which every pacing can be fitted."""
        return min(max(self._ends(corner, alpha)) for corner in self._corners[False])

    def bounding(self, alpha: float, *, most: bool) -> str:
        """The pacing that sets `most`, or `fewest`."""
        if most:
            corner = min(self._corners[False], key=lambda c: max(self._ends(c, alpha)))
        else:
            corner = max(self._corners[True], key=lambda c: min(self._ends(c, alpha)))
        return corner.curriculum.pacing

    def _ends(self, corner: Settings, alpha: float) -> list[int]:
        """The samples at both ends of the fitted setting."""
        path = str(PACINGS.load(corner.curriculum.pacing).fitted_setting)
        if path == SAMPLES:
            return [0, _samples(corner, {SAMPLES: self.target}, self._pairs)]
        return [
            _samples(corner, {_ALPHA: alpha, path: end}, self._pairs)
            for end in self._space.axes[path].ends()
        ]


def _points(axis: Axis) -> list[float]:
    """The values of an axis of α, ascending; many of them where it is continuous."""
    values = axis.values()
    if values is not None:
        return sorted(map(float, values))
    low, high = map(float, axis.ends())
    inner = (round(low + (high - low) * i / _POINTS, 6) for i in range(1, _POINTS))
    return [low, *(point for point in inner if low < point < high), high]


def _part(axis: Axis, kept: Sequence[float]) -> Axis:
    """The part of an axis from the first to the last kept value."""
    if len(kept) == 1 or isinstance(axis, Choice):
        return Choice(tuple(kept))
    if isinstance(axis, LogUniform):
        return LogUniform(kept[0], kept[-1])
    assert isinstance(axis, Uniform)  # noqa: S101 - alpha is no whole number
    return replace(axis, low=kept[0], high=kept[-1])
