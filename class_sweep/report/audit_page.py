"""The output of `class-sweep audit`: a screen, a table and a page."""

import csv
import io
from collections.abc import Callable, Sequence

from class_sweep.preparation.audit_report import Audit, AuditedPair
from class_sweep.rendering.blocks import (
    Block,
    Card,
    Cards,
    Chapter,
    Collapsible,
    Drawing,
    KeyValues,
    Table,
    Text,
)
from class_sweep.rendering.html import page
from class_sweep.results.formatting import percent
from class_sweep.statistics.wrong_share import WrongShare

SHOWN_ON_PAGE = 40
_SHOWN = 10
_METHOD = (
    "A linear map learns from the other pairs to predict the molecule of a text, and the text of a"
    " molecule. A pair whose molecule and text rank low is suspect. “Worse than” is the fraction"
    " of deliberately mismatched pairs that fit better: a pair above 50 % fits worse than the"
    " typical wrong pair."
)
_ASSUMPTION = (
    "The estimate is twice the fraction of pairs above 50 %. It assumes that wrong pairs fit like"
    " pairs drawn at random, and that right pairs do not. Right pairs whose text says nothing of"
    " the molecule count as wrong, and below 1,000 pairs the estimate is too high."
)
_COLUMNS = (
    "place", "id", "split", "worse_than", "molecule_rank", "text_rank", "margin", "contradictions",
    "text", "smiles", "fitting_molecule_id", "fitting_molecule", "fitting_text_id", "fitting_text",
)  # fmt: skip


def audit_blocks(audit: Audit) -> list[Block]:
    """The estimate and the most suspect pairs, for a terminal."""
    rows = [
        [pair.id, percent(pair.mismatched_below), _rank(pair.molecule_rank), _rank(pair.text_rank),
         *([_margin(pair)] if audit.with_margins else []), _lacks(pair),
         " ".join(pair.text.split())]
        for pair in audit.pairs[:_SHOWN]
    ]  # fmt: skip
    margin = ["margin"] if audit.with_margins else []
    head = ["id", "worse than", "molecule rank", "text rank", *margin, "lacks", "text"]
    words = {len(head) - 2, len(head) - 1}
    title = f"The most suspect pairs by {_measure(audit)}; worst first"
    return [
        *_summary(audit),
        Table(head, rows, text_columns=words, title=title, cut_columns={0, *words}),
    ]


def audit_table(audit: Audit) -> str:
    """All pairs as CSV, the most suspect first."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for place, pair in enumerate(audit.pairs, start=1):
        margin = "" if pair.margin is None else f"{pair.margin:.6g}"
        writer.writerow(
            [place, pair.id, pair.split, f"{pair.mismatched_below:.6g}", f"{pair.molecule_rank:g}",
             f"{pair.text_rank:g}", margin, "; ".join(pair.contradictions), pair.text, pair.smiles,
             pair.best_molecule.id, pair.best_molecule.value, pair.best_text.id,
             pair.best_text.value]
        )  # fmt: skip
    return lines.getvalue()


def audit_page(audit: Audit, draw: Callable[[str], str]) -> str:
    """The estimate and the most suspect pairs as an HTML document.

    Args:
        audit: The audit.
        draw: Makes a trusted SVG element of a SMILES.
    """
    shown = audit.pairs[:SHOWN_ON_PAGE]
    contradicted = [pair for pair in audit.pairs if pair.contradictions][:SHOWN_ON_PAGE]
    chapters = [Chapter("suspect", "The most suspect pairs", _cards(shown, draw))]
    if contradicted:
        title = "Contradictions: the molecule lacks what its text names"
        chapters.append(Chapter("contradictions", title, _cards(contradicted, draw)))
    method = [Text(_METHOD), Text(_ASSUMPTION)]
    chapters.append(Chapter("method", "How to read this page", method))
    return page(f"Suspect pairs: {audit.name}", _summary(audit), chapters)


def _summary(audit: Audit) -> list[Block]:
    molecules, texts = audit.candidates
    rows = [[split, *_share(share)] for split, share in audit.shares.items()]
    return [
        Text(f"{len(audit.pairs):,} pairs, {molecules:,} molecules, {texts:,} texts", "finding"),
        Table(("split", "probably wrong", "95 % interval"), rows),
        Text(f"{audit.contradicted:,} pairs name an element or a ring that their molecule lacks."),
        Text(
            "Estimated from pairs that fit no better than deliberately mismatched ones; a text that"
            " says nothing of its molecule counts as wrong.",
            "note",
        ),
    ]


def _share(share: WrongShare) -> tuple[str, str]:
    return percent(share.share), f"{percent(share.low)} to {percent(share.high)}"


def _measure(audit: Audit) -> str:
    return "both ranks and the margin" if audit.with_margins else "both ranks"


def _cards(pairs: Sequence[AuditedPair], draw: Callable[[str], str]) -> list[Block]:
    return [Cards([_card(pair, draw) for pair in pairs])]


def _card(pair: AuditedPair, draw: Callable[[str], str]) -> Card:
    facts = [
        ("worse than", f"{percent(pair.mismatched_below)} of mismatched pairs"),
        ("molecule rank", _rank(pair.molecule_rank)),
        ("text rank", _rank(pair.text_rank)),
        *([("margin", _margin(pair))] if pair.margin is not None else []),
    ]
    fits: list[Block] = [
        Text(f"The molecule that fits this text best: {pair.best_molecule.id}"),
        Drawing(draw(pair.best_molecule.value)),
        Text(f"The text that fits this molecule best: {pair.best_text.id}"),
        Text(pair.best_text.value),
    ]
    warning = [Text(f"The molecule lacks {_lacks(pair)}", "warning")] if pair.contradictions else []
    return Card(
        f"{pair.id} · {pair.split}",
        [Drawing(draw(pair.smiles)), Text(pair.text), *warning, KeyValues(facts),
         Collapsible("What would fit", fits)],
    )  # fmt: skip


def _rank(rank: float) -> str:
    return f"{rank:,.0f}"


def _margin(pair: AuditedPair) -> str:
    return "–" if pair.margin is None else f"{pair.margin:.2f}"


def _lacks(pair: AuditedPair) -> str:
    return ", ".join(pair.contradictions)
