"""How long a sweep takes, by measured steps, and what it costs: `class-sweep check`."""

from typing import TYPE_CHECKING

from class_sweep.rendering.blocks import Block, KeyValues
from class_sweep.results import formatting
from class_sweep.tuning.time_plan import SweepSize

if TYPE_CHECKING:
    from class_sweep.config.document import Space
    from class_sweep.preparation.plan import SweepPlan
    from class_sweep.preparation.step_time import StepTime


def time_blocks(
    space: "Space", plan: "SweepPlan", measured: "StepTime", price: float | None
) -> list[Block]:
    """The time of a trial, of the search and of the confirmation, and their cost.

    Args:
        space: The space.
        plan: Its plan.
        measured: The speed of a trial on this machine.
        price: The price of an hour of one machine; None to print no cost.
    """
    batch = space.settings.optimizer.batch_size
    size = SweepSize(space, plan.rungs, plan.full_samples)
    one = measured.trial(plan.full_samples / batch, 1 + len(plan.rungs.samples))
    at_once = plan.parallel_trials
    rate = at_once * plan.full_samples / one
    expected = size.search(space.settings.search.trials)
    search = (plan.full_budget if expected is None else expected) / rate
    confirm = space.settings.confirm
    whole = [size.confirmation(seeds) / rate for seeds in (confirm.seeds, confirm.max_seeds)]
    rows = [
        ("measured on", measured.machine),
        ("a step", f"{1000 * measured.step:.3g} ms; a report {measured.evaluation:.2g} s"),
        ("a trial on full data", f"about {formatting.seconds(one)}"),
        ("the search", f"{_about(expected)} {formatting.seconds(search)}, {at_once} at once"),
    ]
    if space.settings.confirms:
        rows.append(
            (
                "its confirmation",
                f"about {formatting.seconds(whole[0])} with {confirm.seeds} seeds of the finalists"
                f" and the first control, {formatting.seconds(whole[1])} with {confirm.max_seeds}",
            )
        )
    if price is not None:
        hours = [(search + part) / 3600 * len(plan.machines) for part in dict.fromkeys(whole)]
        costs = " to ".join(f"{price * hour:.2f}" for hour in hours)
        rows.append(("cost", f"{costs} at {price:g} an hour of each machine"))
    return [KeyValues(rows)]


def _about(expected: int | None) -> str:
    """The word before a time: a pruner that cannot predict its samples takes at most all."""
    return "at most" if expected is None else "about"
