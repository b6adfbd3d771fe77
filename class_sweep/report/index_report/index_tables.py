"""The tables of `class-sweep index`, and its output on a terminal: about one screen."""

from collections.abc import Sequence
from typing import TypeVar

from class_sweep.preparation.index_report import IndexReport, SigmaRow
from class_sweep.rendering.blocks import Block, Code, Styled, Table, Text
from class_sweep.report.index_report import wording
from class_sweep.results.formatting import percent

_MAX_SIGMAS = 9
_MAX_EPOCHS = 7
_MAX_EXAMPLES = 3
_ID_LENGTH = 20  # characters

Item = TypeVar("Item")


def index_blocks(report: IndexReport) -> list[Block]:
    """The report in about one screen."""
    pool, recommended = report.first_pool, report.recommendation
    return [
        Text(f"{report.pairs['train']:,} training pairs", "finding"),
        Text(
            "N is a pair's number of look-alikes among them; a low N means easy. The first pool"
            f" holds {percent(pool.share)}, {pool.pairs:,} pairs."
        ),
        Text(f"Similarity of two pairs: {wording.similarity_used(report)}"),
        sigma_table(spread(report.sigmas, _MAX_SIGMAS), title="Ties at each σ"),
        _example_table(report),
        _order_table(report),
        Text(wording.validation_reading(report.focus_row.validation_place)),
        agreement_table(report),
        _schedule_table(report),
        Text(""),
        Text(f"Recommended σ: {wording.recommendation(report)}", "finding"),
        Text(f"Rule: {recommended.rule}"),
        *([Code(recommended.yaml)] if recommended.yaml else []),
        *(Text(warning, "warning") for warning in report.warnings),
    ]


def sigma_table(rows: Sequence[SigmaRow], title: str | None = None) -> Table:
    """The ties at each σ, and the share of the first pool that N decides."""
    head = (
        "σ", "N = 0", "largest tie", "distinct N", "decided, easy first", "decided, hard first",
        "ρ with next σ", "order by",
    )  # fmt: skip
    cells = [
        [
            f"{row.sigma:g}",
            percent(row.alone),
            percent(row.largest_tie),
            f"{row.distinct:,}",
            percent(row.decided.easy_first),
            percent(row.decided.hard_first),
            "–" if row.following is None else f"{row.following:.3f}",
            "difficulty" if row.usable else Styled("tie-break", "caution"),
        ]
        for row in rows
    ]
    return Table(head, cells, text_columns={7}, title=title)


def trait_rows(report: IndexReport) -> list[list[str]]:
    """For each trait: its name, the rank correlation of N with it, and the meaning."""
    values = report.focus_row.sorts_by
    return [
        [name, wording.correlation(values[trait]), wording.trait_reading(trait, values[trait])]
        for trait, name in wording.TRAITS.items()
    ]


def agreement_table(report: IndexReport) -> Table:
    """The rank correlation of every difficulty with every other one."""
    rows = [
        [row.difficulty, *(wording.correlation(value) for value in row.correlation.values())]
        for row in report.difficulties
    ]
    head = ("", *(row.difficulty for row in report.difficulties))
    return Table(head, rows, title="Rank correlations of the difficulties")


def hardest_table(report: IndexReport) -> Table:
    """The overlap of the hardest tenths."""
    rows = [
        [row.difficulty, *(percent(value) for value in row.hardest_in_common.values())]
        for row in report.difficulties
    ]
    head = ("", *(row.difficulty for row in report.difficulties))
    return Table(head, rows, title="Fraction of the hardest tenth in common")


def difficulty_trait_table(report: IndexReport) -> Table:
    """The largest tie of every difficulty, and its rank correlation with each trait."""
    rows = [
        [
            row.difficulty,
            percent(row.largest_tie),
            *(wording.correlation(row.sorts_by[trait]) for trait in wording.TRAITS),
        ]
        for row in report.difficulties
    ]
    head = ("", "largest tie", *(f"ρ with {name}" for name in wording.TRAITS.values()))
    return Table(head, rows, title="Ties, and correlations with other traits")


def spread(items: Sequence[Item], limit: int) -> list[Item]:
    """At most `limit` of the items, evenly spaced, with the first and the last one."""
    if len(items) <= limit:
        return list(items)
    return [items[round(i * (len(items) - 1) / (limit - 1))] for i in range(limit)]


def _example_table(report: IndexReport) -> Table:
    rows = []
    for name, examples in report.examples:
        for i, example in enumerate(examples[:_MAX_EXAMPLES]):
            label = "" if i else name
            pair_id = " ".join(example.id.split())[:_ID_LENGTH]
            text = " ".join(example.text.split())
            rows.append([label, f"{example.look_alikes:,}", pair_id, text])
    title = f"Examples at σ {report.focus:g}"
    head = ("", "N", "id", "text")
    return Table(head, rows, text_columns={2, 3}, title=title, cut_columns={2, 3})


def _order_table(report: IndexReport) -> Table:
    modalities = report.modalities
    at_focus = next(row for row in modalities.look_alikes if row.sigma == report.focus)
    rows = trait_rows(report)
    for what, value in (
        ("mean s", modalities.mean_similarity),
        ("N", at_focus.rank_correlation),
    ):
        name = f"text alone ~ molecule alone, {what}"
        rows.append([name, wording.correlation(value), wording.agreement(value)])
    title = f"Rank correlations of N at σ {report.focus:g}"
    return Table(("", "ρ", ""), rows, text_columns={2}, title=title)


def _schedule_table(report: IndexReport) -> Table:
    schedules = {"space": report.schedules.space, "paper": report.schedules.paper}
    epochs = spread(range(len(schedules["space"].share)), _MAX_EPOCHS)
    rows = []
    for name, schedule in schedules.items():
        rows.append([f"λ  {name}", *(f"{schedule.share[k]:.2f}" for k in epochs), "", ""])
    for name, schedule in schedules.items():
        for part, factors in schedule.intensity.items():
            suffix = "" if part == "loss" else f" ({part})"
            values = (f"{factors[k]:.2f}" for k in epochs)
            rows.append([f"γ  {name}{suffix}", *values, "", ""])
    for name, schedule in schedules.items():
        values = (f"{schedule.samples[k]:,}" for k in epochs)
        share = f"{percent(schedule.of_full_data)} of full"
        rows.append([f"samples  {name}", *values, f"{schedule.total:,}", share])
    title = "The schedule at the centre of this space, and the paper's"
    return Table(("epoch", *(f"{k + 1}" for k in epochs), "all", ""), rows, title=title)
