"""How long a sweep takes, by measured steps, and what it costs: `class-sweep check`."""

from class_sweep.rendering.blocks import Block, KeyValues
from class_sweep.results import formatting
from class_sweep.tuning.time_plan import StepTime, SweepSize


def time_blocks(
    size: SweepSize, measured: StepTime, at_once: int, machines: int, price: float | None
) -> list[Block]:
    """The time of a trial, of the search and of the confirmation, and their cost.

    Args:
        size: The samples of the sweep.
        measured: The speed of a trial on this machine.
        at_once: The number of trials that run at once.
        machines: The number of machines.
        price: The price of an hour of one machine; None to print no cost.
    """
    settings, full = size.space.settings, size.full
    one = measured.trial(full / settings.optimizer.batch_size, 1 + len(size.rungs.samples))
    rate = at_once * full / one
    expected = size.search(settings.search.trials)
    search = (settings.search.runs * full if expected is None else expected) / rate
    confirm = settings.confirm
    whole = [size.confirmation(seeds) / rate for seeds in (confirm.seeds, confirm.max_seeds)]
    rows = [
        ("measured on", measured.machine),
        ("a step", f"{1000 * measured.step:.3g} ms; a report {measured.evaluation:.2g} s"),
        ("a trial on full data", f"about {formatting.seconds(one)}"),
        ("the search", f"{_about(expected)} {formatting.seconds(search)}, {at_once} at once"),
    ]
    if settings.confirms:
        rows.append(
            (
                "its confirmation",
                f"about {formatting.seconds(whole[0])} with {confirm.seeds} seeds of the finalists"
                f" and the first control, {formatting.seconds(whole[1])} with {confirm.max_seeds}",
            )
        )
    if price is not None:
        hours = [(search + part) / 3600 * machines for part in dict.fromkeys(whole)]
        costs = " to ".join(f"{price * hour:.2f}" for hour in hours)
        rows.append(("cost", f"{costs} at {price:g} an hour of each machine"))
    return [KeyValues(rows)]


def _about(expected: int | None) -> str:
    """The word before a time: a pruner that cannot predict its samples takes at most all."""
    return "at most" if expected is None else "about"
