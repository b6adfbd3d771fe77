"""What `class-sweep index` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from class_sweep.report import index_words as words
from class_sweep.results.formatting import percent

SIGMAS_SHOWN = 9
EPOCHS_SHOWN = 7
_EXAMPLES_SHOWN = 3
_ID = 20  # characters

Tree = Mapping[str, Any]


def print_index(console: Console, tree: Tree) -> None:
    """Print what a space's order is worth in about a screen."""
    pairs, pool = tree["pairs"], tree["first_pool"]
    _line(
        console,
        f"[bold]{pairs['train']:,} training pairs[/bold]; N is a pair's number of look-alikes among"
        f" them, few are easy; the first pool holds {percent(pool['share'])},"
        f" {pool['pairs']:,} pairs",
    )
    _line(console, f"look-alikes by {words.compared(tree)}")
    console.print(_sigmas(tree))
    console.print(_examples(tree))
    console.print(_follows(tree))
    console.print(_schedules(tree["schedules"]))
    found = tree["recommendation"]
    _line(console, f"\n[bold]recommended σ[/bold]  {words.advice(tree)}")
    _line(console, f"  rule: {found['rule']}")
    if found["yaml"]:
        console.print(f"  {found['yaml']}", style="green", markup=False, highlight=False)
    for warning in tree["warnings"]:
        _line(console, f"[yellow]warning:[/yellow] {warning}")


def some(rows: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of the rows, evenly spread, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, title=f"\n{title}", title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _sigmas(tree: Tree) -> Table:
    table = _table(
        "what σ tells apart",
        "σ",
        "N = 0",
        "largest\ntie",
        "distinct\nN",
        "pool decided\neasy first",
        "\nhard first",
        "ρ with\nnext σ",
        "",
    )
    for row in some(tree["sigmas"], SIGMAS_SHOWN):
        table.add_row(
            *words.sigma_cells(row),
            _fine(row["following"]),
            "" if row["usable"] else "[yellow]tie-break[/yellow]",
        )
    return table


def _fine(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _examples(tree: Tree) -> Table:
    table = _table(f"at σ {tree['focus']:g}", "", "N", "id", "text")
    for column in table.columns:
        column.no_wrap = True
    for column in (table.columns[0], *table.columns[2:]):
        column.justify = "left"
    table.columns[3].ratio, table.expand = 1, True  # the others keep their width
    for name, examples in tree["examples"].items():
        for i, one in enumerate(examples[:_EXAMPLES_SHOWN]):
            label = "" if i else name
            identity = _plain(one["id"])[:_ID]
            table.add_row(label, f"{one['look_alikes']:,}", identity, _plain(one["text"]))
    return table


def _plain(text: str) -> str:
    return escape(" ".join(text.split()))


def _follows(tree: Tree) -> Table:
    row, modalities = words.focus(tree), tree["modalities"]
    table = _table(f"what N at σ {tree['focus']:g} sorts by", "", "ρ", "")
    table.columns[0].justify = table.columns[2].justify = "left"
    for trait, name in words.TRAITS.items():
        value = row["sorts_by"][trait]
        table.add_row(name, words.correlation(value), words.reading(trait, value))
    table.add_row("", "", words.place(row.get("validation_place")))
    own = next(r for r in modalities["look_alikes"] if r["sigma"] == tree["focus"])
    for what, value in (("mean s", modalities["mean_similarity"]), ("N", own["rank_correlation"])):
        name = f"text alone ~ molecule alone, {what}"
        table.add_row(name, words.correlation(value), words.agreement(value))
    return table


def _schedules(schedules: Tree) -> Table:
    ours, paper = schedules["space"], schedules["paper"]
    epochs = some(range(len(ours["share"])), EPOCHS_SHOWN)
    table = _table(
        "this space's centre beside the paper", "epoch", *(f"{k + 1}" for k in epochs), "all", ""
    )
    table.columns[0].justify = "left"
    for name, one in (("space", ours), ("paper", paper)):
        table.add_row(f"λ  {name}", *(f"{one['share'][k]:.2f}" for k in epochs))
    for name, one in (("space", ours), ("paper", paper)):
        for part, factors in one["intensity"].items():
            which = "" if part == "loss" else f" ({part})"
            table.add_row(f"γ  {name}{which}", *(f"{factors[k]:.2f}" for k in epochs))
    for name, one in (("space", ours), ("paper", paper)):
        table.add_row(
            f"samples  {name}",
            *(f"{one['samples'][k]:,}" for k in epochs),
            f"{one['total']:,}",
            f"{percent(one['of_full_data'])} of full",
        )
    return table
