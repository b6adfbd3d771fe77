"""The page of `class-sweep index`: one HTML file with its plots and its data."""

from collections.abc import Mapping

from class_sweep.preparation.index_report import Example, IndexReport, RatedExample
from class_sweep.rendering.blocks import (
    Block,
    Card,
    Cards,
    Chapter,
    Code,
    Collapsible,
    Drawing,
    Heading,
    Plot,
    Table,
    Text,
)
from class_sweep.rendering.html import page
from class_sweep.report.index_report import figures, wording
from class_sweep.report.index_report.index_tables import (
    agreement_table,
    difficulty_trait_table,
    hardest_table,
    sigma_table,
    trait_rows,
)
from class_sweep.report.plots import BLUE, ORANGE
from class_sweep.report.schedule_blocks import schedule_grid, schedule_overview
from class_sweep.results.formatting import percent


def index_page(report: IndexReport, drawings: Mapping[str, str]) -> str:
    """The difficulty order of a space as an HTML document.

    Args:
        report: The result of `class-sweep index`.
        drawings: SMILES to a trusted SVG element.
    """
    chapters = [
        Chapter("recommendation", "Which σ to search", _recommendation(report)),
        Chapter("order", "The order at a few σ", _distribution(report)),
        Chapter("sigma", "The part of the order that difficulty decides", _sigma(report)),
        Chapter(
            "examples",
            f"The easiest and the hardest pairs at σ {report.focus:g}",
            _examples(report, drawings),
        ),
        Chapter("sorts-by", "Correlations of the order with other traits", _traits(report)),
        Chapter("modalities", "Text against molecule", _modalities(report)),
        Chapter(
            "difficulties",
            "Look-alikes against other difficulties",
            _difficulties(report, drawings),
        ),
        Chapter("schedules", "The schedule of this space beside the paper's", _schedules(report)),
    ]
    return page(f"Difficulty order: {report.space}", _head(report), chapters)


def _head(report: IndexReport) -> list[Block]:
    pairs, pool = report.pairs, report.first_pool
    encoders = "; ".join(
        f"{side} encoder: " + ", ".join(f"{name} {value}" for name, value in settings.items())
        for side, settings in (
            ("text", report.encoders.text_encoder),
            ("molecule", report.encoders.molecule_encoder),
        )
    )
    sizes = ", ".join(
        f"{pairs[split]:,} {name}"
        for split, name in (("train", "training"), ("validation", "validation"), ("test", "test"))
    )
    return [
        Text(f"{sizes} pairs", "note"),
        Text(encoders, "note"),
        Text(f"Similarity of two pairs: {wording.similarity_used(report)}", "note"),
        Text(
            "N is a pair's number of look-alikes: the other training pairs whose similarity to it"
            " is at least σ. A low N means easy. The first pool of the schedule at the centre of"
            f" this space holds {percent(pool.share)} of the pairs, {pool.pairs:,}."
        ),
        *(Text(warning, "warning") for warning in report.warnings),
    ]


def _recommendation(report: IndexReport) -> list[Block]:
    recommended = report.recommendation
    return [
        Text(wording.recommendation(report)),
        *([Code(recommended.yaml)] if recommended.yaml else []),
        Text(f"The rule: {recommended.rule}.", "note"),
    ]


def _distribution(report: IndexReport) -> list[Block]:
    caption = (
        "Pairs from the easiest to the hardest. Where a line is level the pairs tie, and the"
        " tie-break orders them."
    )
    rows = [[f"{row.sigma:g}", *(f"{n:,}" for n in row.quantiles)] for row in report.distribution]
    levels = (f"{100 * level:g} %" for level in report.distribution[0].levels)
    return [
        Plot("order", "N over the order", caption, figures.distribution_figure(report)),
        Table(["σ", *levels], rows, title="Quantiles of N"),
    ]


def _sigma(report: IndexReport) -> list[Block]:
    caption = "Shaded: the recommended range. Dotted: the σ of the examples below."
    definition = (
        "Decided is the share of the first pool that no tie-break can change: the pairs whose N is"
        " strictly before the N of the first pair left out."
    )
    return [
        Text(definition),
        Plot("sigma", "Ties and decided share", caption, figures.tie_figure(report)),
        Collapsible("Every σ", [sigma_table(report.sigmas)]),
    ]


def _examples(report: IndexReport, drawings: Mapping[str, str]) -> list[Block]:
    blocks: list[Block] = []
    for name, examples in report.examples:
        blocks.append(Heading(name.capitalize()))
        blocks.append(Cards([_card(example, drawings) for example in examples]))
    return blocks


def _card(example: Example, drawings: Mapping[str, str]) -> Card:
    nearest = example.nearest
    return Card(
        f"{example.id} · N = {example.look_alikes:,}",
        [
            *([Drawing(drawings[example.smiles])] if example.smiles in drawings else []),
            Text(example.text),
            Text(f"nearest: {nearest.id}, s = {nearest.similarity:.3f}", "note"),
        ],
    )


def _traits(report: IndexReport) -> list[Block]:
    caption = f"Rank correlations of N with other traits at every σ; dotted: σ {report.focus:g}."
    position = wording.validation_reading(report.focus_row.validation_place)
    note = (
        "Similarity to validation is a pair's mean similarity to all validation pairs. It"
        " correlates with N by construction: a pair near many pairs is also near validation. The"
        " mean position of the validation pairs in the order has no such bias."
    )
    return [
        Plot("sorts-by", "Traits", caption, figures.trait_figure(report)),
        Table(["N against", "ρ", "meaning"], trait_rows(report), text_columns={2}),
        Text(f"{position[0].upper()}{position[1:]}."),
        Text(note, "note"),
    ]


def _modalities(report: IndexReport) -> list[Block]:
    modalities = report.modalities
    both = modalities.mean_similarity
    caption = (
        "A dot is a pair: its mean similarity to the others by text alone and by molecule alone;"
        f" ρ {wording.correlation(both)}, {wording.agreement(both)}."
    )
    rows = [
        [
            f"{row.sigma:g}",
            wording.correlation(row.rank_correlation),
            percent(row.alone.text),
            percent(row.alone.molecule),
        ]
        for row in modalities.look_alikes
    ]
    return [
        Plot("modalities", "Text against molecule", caption, figures.modality_figure(report)),
        Table(("σ", "ρ of N", "N = 0 by text alone", "N = 0 by molecule alone"), rows),
    ]


def _difficulties(report: IndexReport, drawings: Mapping[str, str]) -> list[Block]:
    note = (
        "Each difficulty of this space, and each that its data allows without training. A wrong"
        " pair looks like no other pair, so look-alikes call it easy; margin and ridge call it"
        " hard."
    )
    tables = [agreement_table(report), hardest_table(report), difficulty_trait_table(report)]
    blocks: list[Block] = [Text(note), *tables]
    for row in report.difficulties[1:]:
        for name, examples in (("easiest", row.easiest), ("hardest", row.hardest)):
            blocks.append(Heading(f"{name.capitalize()} by {row.difficulty}"))
            blocks.append(Cards([_rated_card(example, drawings) for example in examples]))
    return blocks


def _rated_card(example: RatedExample, drawings: Mapping[str, str]) -> Card:
    return Card(
        f"{example.id} · difficulty = {example.difficulty:.4g}",
        [
            *([Drawing(drawings[example.smiles])] if example.smiles in drawings else []),
            Text(example.text),
        ],
    )


def _schedules(report: IndexReport) -> list[Block]:
    schedules = {
        "this space (axes at their centre)": report.schedules.space,
        "the paper": report.schedules.paper,
    }
    styles = (("this space", BLUE, "solid"), ("paper", ORANGE, "dash"))
    plots = schedule_grid(
        (name, schedule, colour, dash)
        for (name, colour, dash), schedule in zip(styles, schedules.values(), strict=True)
    )
    return [plots, schedule_overview(schedules)]
