"""The largest margin: a third of what full data gains after its first report.

A schedule that loses more than this has lost much of what training on gains, so "not worse by more
than the margin" would say little.
"""

import logging
from collections.abc import Sequence

from class_sweep.config.document import Space
from class_sweep.config.objective import metric_of, signed_margin
from class_sweep.errors import ConfigError
from class_sweep.results import formatting
from class_sweep.results.record import Record
from class_sweep.results.trials import trials_of

log = logging.getLogger(__name__)

LARGEST_PART = 1 / 3
"""Of full data's gain."""
_ROUNDING = 1e-9  # a margin of exactly a third is allowed


def require_small_margin(space: Space, records: Sequence[Record]) -> None:
    """Hold `confirm.margin` against the curve of the sweep's full data trial.

    Without such a trial, or with a single report of it, the gain is unknown, and a warning says so.

    Args:
        space: The search space.
        records: The reports of the sweep.

    Raises:
        ConfigError: If the margin is above `LARGEST_PART` of the gain.
    """
    margin, objective = space.settings.confirm.margin, space.objective
    if margin is None:
        return
    ranked = trials_of(records).ranked(objective)
    trial = next((record.trial for record in ranked if record.name == "full_data"), None)
    values = [r.objective for r in records if r.trial == trial and r.objective is not None]
    if len(values) < 2:
        log.warning(
            "confirm.margin cannot be held against what full data gains after its first report:"
            " no finished full_data trial of the sweep has two reports (search.baselines)"
        )
        return
    gain = objective.sign * (values[-1] - values[0])
    if signed_margin(objective.metric, margin) <= LARGEST_PART * gain * (1 + _ROUNDING):
        return
    first, last = (formatting.metric(objective.metric, value) for value in (values[0], values[-1]))
    largest = metric_of(objective.metric).shown_difference(LARGEST_PART * gain)
    rule = (
        f"at most {largest:.4g}, a third of what full data gains after its first report"
        if gain > 0
        else "absent, because full data gains nothing after its first report"
    )
    raise ConfigError(
        f"{space.place('confirm.margin')}: must be {rule} (trial {trial}: {first} to {last}), got"
        f" {margin:g}; confirm with another one: class-sweep confirm RESULTS --margin VALUE"
        " (0: none)"
    )
