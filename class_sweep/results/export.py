"""A trial's settings as a file that `check`, `run` and other people's code can read."""

from collections.abc import Mapping, Sequence

from class_sweep.config.axes import Value
from class_sweep.config.document import Space, dump_settings
from class_sweep.config.sections import Search
from class_sweep.results.record import Record


def trial_yaml(space: Space, record: Record, note: str) -> str:
    """A complete space file with every axis at the trial's value, and where it comes from above it.

    Args:
        space: The space that the trial is of.
        record: The trial's last report.
        note: A line for the head of the file.
    """
    head = [note, f"trial {record.trial} ({record.identity}): {record.samples} samples"]
    if record.objective is not None:
        head[1] += f", {space.objective} {record.objective:.4f}"
    return config_yaml(space, record.config, head)


def config_yaml(space: Space, values: Mapping[str, Value], head: Sequence[str]) -> str:
    """A complete space file with every axis at a given value.

    Args:
        space: The space that the values are of.
        values: Dotted path to value.
        head: Lines for the head of the file.
    """
    settings = space.resolve(values)
    alone = Search(
        trials=1, baselines=[], sampler=settings.search.sampler, seed=settings.search.seed
    )
    body = dump_settings(settings.model_copy(update={"search": alone}))
    return "".join(f"# {line}\n" for line in head) + body
