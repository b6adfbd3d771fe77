"""The answers to a query, as a table and as a self-contained page with drawings."""

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.table import Table

from class_sweep.report.page import page

_LONGEST = 120  # characters of a text in the table; the page and the JSON have all


def print_hits(console: Console, tree: Mapping[str, Any]) -> None:
    """Print the answers, best first."""
    hits: Sequence[Mapping[str, Any]] = tree["hits"]
    columns = [name for name in ("smiles", "text", "id") if any(hit[name] for hit in hits)]
    if tree["asked"] == "molecule":
        columns.sort(key=("text", "smiles", "id").index)
    table = Table(box=None, pad_edge=False)
    for column in ("rank", "score"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    for hit in hits:
        values = (shorten(hit[column] or "", _LONGEST, placeholder=" …") if column == "text"
                  else hit[column] or "" for column in columns)  # fmt: skip
        table.add_row(str(hit["rank"]), f"{hit['score']:.4f}", *values)
    console.print(table, highlight=False, markup=False)
    console.print(f"  {_how(tree)}", highlight=False, markup=False, soft_wrap=True)


def hits_page(tree: Mapping[str, Any], drawings: Mapping[str, str]) -> str:
    """An HTML document of the answers.

    Args:
        tree: As `print_hits` takes it.
        drawings: SMILES to an SVG element.
    """
    asked = drawings.get(tree["query"], "") if tree["asked"] == "molecule" else ""
    body = f"<h1>{escape(tree['query'])}</h1>\n"
    body += f'<div class="molecule">{asked}</div>\n' if asked else ""
    body += f'<p class="quiet">{escape(_how(tree))}</p>\n<div class="cards">\n'
    for hit in tree["hits"]:
        drawing = drawings.get(hit["smiles"] or "", "")
        body += f"<article>\n<h3>{hit['rank']} · {hit['score']:.4f}</h3>\n"
        body += f'<div class="molecule">{drawing}</div>\n' if drawing else ""
        for name in ("text", "smiles", "id"):
            if hit[name]:
                kind = "" if name == "text" else ' class="quiet"'
                body += f"<p{kind}>{escape(hit[name])}</p>\n"
        body += "</article>\n"
    return page(f"class-sweep: {tree['query'][:60]}", f"{body}</div>", {})


def _how(tree: Mapping[str, Any]) -> str:
    how = f"{tree['model']}; cosine of the embeddings"
    if tree["reranked"]:
        how = (
            f"{tree['model']}; the best {tree['reranked']} by their embeddings,"
            " in the order of the backbone's fine score"
        )
    return how
