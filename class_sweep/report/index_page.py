"""The page of `class-sweep index`: one HTML file with its plots, its data and nothing to load."""

from collections.abc import Mapping
from html import escape
from typing import Any

from class_sweep.report import index_words as words
from class_sweep.report.html import quiet, table
from class_sweep.report.index_plots import figures
from class_sweep.report.page import page, plot
from class_sweep.results.formatting import percent

Tree = Mapping[str, Any]


def index_page(tree: Tree, drawings: Mapping[str, str]) -> str:
    """What a space's order is worth, as an HTML document.

    Args:
        tree: As `class-sweep index --json` prints it.
        drawings: SMILES to an SVG element, put in as it is.
    """
    sections = (
        ("recommendation", "Which σ to search", _recommendation(tree)),
        ("order", "The order at a few σ", _order(tree)),
        ("sigma", "How much of the order is real", _sigma(tree)),
        (
            "examples",
            f"The easiest and the hardest pairs at σ {tree['focus']:g}",
            _examples(tree, drawings),
        ),
        ("sorts-by", "What the order sorts by", _sorts_by(tree)),
        ("modalities", "Text against molecule", _modalities(tree)),
        ("schedules", "This space’s schedule beside the paper’s", _schedules(tree)),
    )
    body = "\n".join(
        f'<section id="{name}"><h2>{escape(title)}</h2>\n{content}</section>'
        for name, title, content in sections
    )
    return page(f"Order by difficulty: {tree['space']}", _head(tree) + body, figures(tree))


def _head(tree: Tree) -> str:
    pairs, pool = tree["pairs"], tree["first_pool"]
    encoders = "; ".join(
        f"{name.replace('_', ' ')}: " + ", ".join(f"{k} {v}" for k, v in settings.items())
        for name, settings in tree["encoders"].items()
    )
    warned = "".join(f'<p class="warning">Warning: {escape(w)}</p>\n' for w in tree["warnings"])
    return (
        f'<h1>What the order is worth</h1>\n<p class="quiet">{escape(tree["space"])} ·'
        f" {pairs['train']:,} training, {pairs['validation']:,} validation, {pairs['test']:,} test"
        f" pairs<br>{escape(encoders)}<br>look-alikes by {escape(words.compared(tree))}</p>\n"
        "<p>N is the number of other training pairs whose similarity to a pair is at least σ:"
        " its look-alikes. Few are easy. The first pool of this space’s central schedule holds"
        f" {percent(pool['share'])} of the pairs, {pool['pairs']:,}.</p>\n{warned}"
    )


def _recommendation(tree: Tree) -> str:
    found = tree["recommendation"]
    line = f"<pre><code>{escape(found['yaml'])}</code></pre>\n" if found["yaml"] else ""
    return f"<p>{escape(words.advice(tree))}</p>\n{line}{quiet('The rule: ' + found['rule'] + '.')}"


def _order(tree: Tree) -> str:
    rows = (
        [f"{one['sigma']:g}", *(f"{n:,}" for n in one["quantiles"])] for one in tree["distribution"]
    )
    levels = (f"{100 * level:g} %" for level in tree["distribution"][0]["levels"])
    return (
        "<p>Pairs from the easiest to the hardest. Where a line is level the pairs tie, and"
        " something other than difficulty orders them.</p>\n"
        f"{plot('order')}{quiet('Quantiles of N:')}{table(['σ', *levels], rows)}"
    )


def _sigma(tree: Tree) -> str:
    head = (
        "σ", "N = 0", "largest tie", "distinct N", "decided, easy first", "decided, hard first",
        "ρ with next σ", "",
    )  # fmt: skip
    rows = (
        [
            *words.sigma_cells(row),
            "–" if row["following"] is None else f"{row['following']:.3f}",
            "" if row["usable"] else "tie-break",
        ]
        for row in tree["sigmas"]
    )
    return (
        "<p>Decided is the share of the first pool that is in it whatever breaks the ties: the"
        " pairs with N strictly before the N of the first pair left out.</p>\n"
        f"{plot('sigma')}{quiet('Shaded: the recommended range. Dotted: the σ shown below.')}"
        f"<details><summary>Every σ</summary>{table(head, rows)}</details>"
    )


def _examples(tree: Tree, drawings: Mapping[str, str]) -> str:
    parts = []
    for name, examples in tree["examples"].items():
        cards = "".join(_card(one, drawings) for one in examples)
        parts.append(f'<h3>{name.capitalize()}</h3>\n<div class="cards">{cards}</div>\n')
    return "".join(parts)


def _card(one: Tree, drawings: Mapping[str, str]) -> str:
    nearest = one["nearest"]
    return (
        f'<article><div class="molecule">{drawings.get(one["smiles"], "")}</div>'
        f"<p><strong>{escape(one['id'])}</strong> · N = {one['look_alikes']:,}</p>"
        f"<p>{escape(one['text'])}</p>"
        f"{quiet('nearest: ' + nearest['id'] + ', s = ' + format(nearest['similarity'], '.3f'))}"
        "</article>"
    )


def _sorts_by(tree: Tree) -> str:
    row = words.focus(tree)
    rows = [
        [
            name,
            words.correlation(row["sorts_by"][trait]),
            words.reading(trait, row["sorts_by"][trait]),
        ]
        for trait, name in words.TRAITS.items()
    ]
    place = words.place(row.get("validation_place"))
    note = (
        "Likeness is a pair’s mean similarity to all validation pairs. Some correlation with N is"
        " built in, since a pair that is near to many is near to validation too; the place of"
        " validation’s own pairs in the order has no such part."
    )
    return (
        f"<p>Rank correlations of N, for every σ and at σ {tree['focus']:g}.</p>\n"
        f"{plot('sorts-by')}"
        f"{table(['N against', 'ρ', 'reading'], rows, words={2})}"
        f"<p>{escape(place[0].upper() + place[1:])}.</p>\n{quiet(note)}"
    )


def _modalities(tree: Tree) -> str:
    found = tree["modalities"]
    both = found["mean_similarity"]
    rows = (
        [
            f"{row['sigma']:g}",
            words.correlation(row["rank_correlation"]),
            *(percent(row["alone"][name]) for name in ("text", "molecule")),
        ]
        for row in found["look_alikes"]
    )
    head = ("σ", "ρ of N", "N = 0 by text alone", "N = 0 by molecule alone")
    return (
        f"<p>Mean similarity by text alone and by molecule alone: ρ {words.correlation(both)},"
        f" {escape(words.agreement(both))}. A dot is a pair.</p>\n"
        f"{plot('modalities')}{table(head, rows)}"
    )


def _schedules(tree: Tree) -> str:
    schedules = tree["schedules"]
    names = {"space": "this space (axes at their centre)", "paper": "the paper"}
    rows = []
    for key, name in names.items():
        one = schedules[key]
        c = one["curriculum"]
        curves = c["intensity"]
        if isinstance(curves, dict):
            curves = ", ".join(f"{curve} on {part}" for part, curve in curves.items())
        setting = f"{c['order']}, {c['pacing']} α {c['alpha']:g} β {c['beta']:g}, γ {curves}"
        rows.append([name, setting, f"{one['total']:,}", percent(one["of_full_data"])])
    head = ("", "schedule", "samples", "of full data")
    plots = "".join(plot(name) for name in ("share", "intensity", "samples"))
    return f'<div class="plots">{plots}</div>{table(head, rows, words={1})}'
