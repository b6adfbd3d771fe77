"""A configuration as a complete space file, which `check` and `run` read."""

from collections.abc import Mapping, Sequence

from class_sweep.config.axes import Value
from class_sweep.config.document import Space, dump_settings
from class_sweep.config.sections import Search
from class_sweep.config.yaml_text import yaml_comment
from class_sweep.results import formatting
from class_sweep.results.record import Record


def trial_yaml(space: Space, record: Record, note: str, full_samples: int) -> str:
    """A complete space file with the trial's value for every axis, and a head that names the trial.

    Args:
        space: The search space of the trial.
        record: The trial's last report.
        note: The first line of the head.
        full_samples: Samples of one trial over the full data.
    """
    seen = samples_of_full_data(record.samples, record.samples / full_samples)
    head = [note, f"trial {record.trial} ({record.identity}): {seen}"]
    if record.objective is not None:
        head[1] += f", {space.objective} {record.objective:.4f}"
    if record.share is not None:
        head[1] += f", searched at {100 * record.share:g} % of full data's samples"
    return config_yaml(space, record.config, head)


def samples_of_full_data(samples: int, share: float) -> str:
    """The samples of a run, with their share of full data's, as a head names them."""
    return f"{samples} samples, {formatting.percent(share)} of full data's"


def config_yaml(space: Space, values: Mapping[str, Value], head: Sequence[str]) -> str:
    """A complete space file with a given value for every axis.

    Args:
        space: The search space.
        values: Dotted path to value.
        head: The lines of the head, written as comments.
    """
    settings = space.resolve(values)
    single_trial = Search(
        trials=1, baselines=[], sampler=settings.search.sampler, seed=settings.search.seed
    )
    body = dump_settings(settings.model_copy(update={"search": single_trial}))
    return "".join(map(yaml_comment, head)) + body
