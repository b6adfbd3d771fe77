"""Schedules epoch by epoch: the plots and the table that several reports show."""

from collections.abc import Iterable, Mapping, Sequence

from class_sweep.curriculum.schedule_table import ScheduleTable
from class_sweep.rendering.blocks import Plot, PlotGrid, Table
from class_sweep.report.plots import Figure, curve, figure
from class_sweep.results import formatting


def schedule_grid(schedules: Iterable[tuple[str, ScheduleTable, str, str]]) -> PlotGrid:
    """The plots of λ, γ and samples by epoch.

    Args:
        schedules: Name, schedule, colour and dash style of each.
    """
    titles = (
        ("share", "Pacing λ", "The share of the training set that each epoch draws from."),
        ("intensity", "Intensity γ", "The factor on the loss, or on the learning rate."),
        ("samples", "Samples per epoch", "The cost of each epoch; the totals are in the table."),
    )
    return PlotGrid(
        [
            Plot(name, title, caption, drawn)
            for (name, title, caption), drawn in zip(titles, _figures(schedules), strict=True)
        ]
    )


def schedule_overview(schedules: Mapping[str, ScheduleTable]) -> Table:
    """A row for each schedule: its settings and its samples."""
    rows = [
        [
            name,
            _settings(schedule),
            f"{schedule.total:,}",
            formatting.percent(schedule.of_full_data),
        ]
        for name, schedule in schedules.items()
    ]
    return Table(("", "schedule", "samples", "of full data"), rows, text_columns={1})


def _settings(schedule: ScheduleTable) -> str:
    curriculum = schedule.curriculum
    intensity = curriculum["intensity"]
    if isinstance(intensity, dict):
        intensity = ", ".join(f"{curve} on {part}" for part, curve in intensity.items())
    trim = f", trim {curriculum['trim']:.3g}" if curriculum["trim"] else ""
    pool = (
        f"{curriculum['order']}, {curriculum['pacing']} α {curriculum['alpha']:.3g}"
        f" β {curriculum['beta']:.3g}"
    )
    if formatting.all_pairs({f"curriculum.{name}": value for name, value in curriculum.items()}):
        pool = formatting.ALL_PAIRS
    return f"{pool}, γ {intensity}{trim}"


def _figures(schedules: Iterable[tuple[str, ScheduleTable, str, str]]) -> Sequence[Figure]:
    pacing, intensity, samples = [], [], []
    for name, schedule, colour, dash in schedules:
        line = {"dash": dash, "shape": "hvh"}  # a step around each epoch
        epochs = list(range(1, len(schedule.share) + 1))
        pacing.append(curve(name, epochs, schedule.share, colour, line=line))
        samples.append(curve(name, epochs, schedule.samples, colour, line=line))
        for part, factors in schedule.intensity.items():
            label = name if part == "loss" else f"{name}, {part}"
            intensity.append(curve(label, epochs, factors, colour, line=line))
    unit_range = {"range": [0, 1.05]}
    percent = unit_range | {"tickformat": ".0%"}
    return (
        figure(pacing, "epoch", "λ, share of the pairs", yaxis=percent),
        figure(intensity, "epoch", "γ, intensity", yaxis=unit_range),
        figure(samples, "epoch", "samples", yaxis={"rangemode": "tozero"}),
    )
