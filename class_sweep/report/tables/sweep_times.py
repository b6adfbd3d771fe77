"""How long a sweep takes, by measured costs, and what it costs: `class-sweep check`."""

from class_sweep.config.controls import control_of
from class_sweep.rendering.blocks import Block, KeyValues
from class_sweep.results import formatting
from class_sweep.tuning.time_plan import RAY_START, Costs, SweepSize, search_seconds


def time_blocks(
    size: SweepSize, costs: Costs, at_once: int, machines: int, price: float | None
) -> list[Block]:
    """The time of the start, of a trial, of the search and of the confirmation, and their cost.

    Args:
        size: The work of the sweep.
        costs: The costs on this machine, with the typical ones of starting Ray and its workers.
        at_once: The number of trials that run at once.
        machines: The number of machines.
        price: The price of an hour of one machine; None to print no cost.
    """
    settings = size.space.settings
    trials = settings.search.runs
    start = RAY_START + costs.worker
    search = search_seconds(size, trials, costs, at_once)
    confirm = settings.confirm
    looks = dict.fromkeys((confirm.seeds, confirm.max_seeds))
    whole = {seeds: size.confirmation(seeds, costs, at_once) for seeds in looks}
    total = start + search + whole[confirm.seeds]
    rows = [
        ("measured on", costs.machine),
        ("a step", f"{1000 * costs.step:.3g} ms; a report {costs.evaluation:.2g} s"),
        ("a trial on full data", f"about {formatting.seconds(size.full_trial(costs))}"),
        (
            "the start",
            f"about {formatting.seconds(start)} for Ray and its workers, if no other program is"
            " busy; not measured",
        ),
        (
            "the search",
            f"{_about(size.samples(trials))} {formatting.seconds(search)}, {at_once} at once",
        ),
    ]
    if settings.confirms:
        least, *more = (f"{formatting.seconds(whole[n])} with {n}" for n in looks)
        arms = f"seeds of the finalists and {control_of(confirm.controls[0]).words}"
        rows.append(("its confirmation", ", ".join([f"about {least} {arms}", *more])))
    rows.append(("all of it", f"about {formatting.seconds(total)}, beside preparing the data"))
    if price is not None:
        hours = [
            (start + search + part) / 3600 * machines for part in dict.fromkeys(whole.values())
        ]
        costing = " to ".join(f"{price * hour:.2f}" for hour in hours)
        rows.append(("cost", f"{costing} at {price:g} an hour of each machine"))
    return [KeyValues(rows)]


def _about(expected: int | None) -> str:
    """The word before a time: a pruner that cannot predict its samples takes at most all."""
    return "at most" if expected is None else "about"
