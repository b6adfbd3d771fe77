"""The groups of a sweep's trials: each has a sampler and a pruner of its own.

All schedules are one group, or with `search.shares` one for each share of full data's samples. Full
data's own trials are another; see `full_data`.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from class_sweep.config.axes import Axis, Choice
from class_sweep.config.components import PACINGS
from class_sweep.config.full_data import FULL_DATA
from class_sweep.config.sections import SAMPLES, Settings

Group = str | float | None
"""`FULL_DATA`, a share of full data's samples, or None for all schedules together."""


class Grouped(Protocol):
    """What the group of a trial depends on; see `Record`."""

    @property
    def name(self) -> str | None:
        """The name of a baseline."""

    @property
    def share(self) -> float | None:
        """The share of full data's samples that its pacing is fitted to."""


def group_sizes(settings: Settings, own: int, trials: int | None = None) -> dict[Group, int]:
    """The number of proposed trials of each group; full data's own are last.

    Args:
        settings: The settings of the space.
        own: The number of full data's own trials; they are spread evenly.
        trials: Count the first trials of the sweep alone; None for all.
    """
    search = settings.search
    proposed = search.proposed
    if trials is not None:
        proposed = max(0, trials - len(search.baselines))
        own = proposed * own // max(1, search.proposed)
    schedules, shares = proposed - own, search.shares
    sizes: dict[Group, int] = {
        share: len(range(at, schedules, len(shares))) for at, share in enumerate(shares)
    }
    return (sizes or {None: schedules}) | ({FULL_DATA: own} if own else {})


def group_of(trial: Grouped) -> Group:
    """The group of a trial. A sweep without such a group has the trial in that of all schedules."""
    return trial.share if trial.share is not None else trial.name


def share_rules(settings: Settings, axes: Mapping[str, Axis], own: int) -> Iterator[str]:
    """The mistakes of `search.shares`: the rule, then the value; see `group_sizes`."""
    search = settings.search
    if not search.shares:
        return
    schedules = search.proposed - own
    if schedules < len(search.shares):
        yield (
            f"must be at most as many as the proposed schedules ({max(schedules, 0)}),"
            f" got {len(search.shares)}; raise search.trials"
        )
    confirm = settings.confirm
    if settings.confirms and confirm.finalists < len(search.shares):
        yield (
            f"must be at most as many as confirm.finalists ({confirm.finalists}), so that the best"
            f" of each share is confirmed, got {len(search.shares)}"
        )
    pacing = axes.get("curriculum.pacing")
    for name in pacing.ends() if pacing else [settings.curriculum.pacing]:
        fitted = PACINGS.load(str(name)).fitted_setting
        if fitted is None:
            yield f"must be absent for the pacing {name}, which no setting fits to a share"
        elif fitted != SAMPLES and isinstance(axes.get(fitted), Choice | None):
            yield (
                f"must be absent unless {fitted} is a range, within which the pacing {name} is"
                " fitted to each share"
            )
