"""What the difficulty order is worth at the σ of the best trial."""

from collections.abc import Sequence

from class_sweep.config.components import ORDERS
from class_sweep.config.document import SIGMA_QUANTILE
from class_sweep.curriculum.pacing import pacing_of
from class_sweep.difficulty.similarity import Similarity
from class_sweep.report.blocks import Block, Chapter, More, Plot, Table, Text
from class_sweep.report.plots import FOURTH, THEIRS, curve, figure, mark
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.summary import SigmaSummary

_TIED = 0.5  # of the pairs in one tie: from there on an order is for the most part its tie-break


def order(sweep: SweepFacts) -> Chapter:
    """How much of the order is difficulty, and how much its tie-break."""
    title = "What the order is worth"
    by_similarity = sweep.summary.difficulty if sweep.summary else {}
    if not by_similarity:
        return Chapter("order", title, [Text("No difficulty index was counted.")])
    values = dict(sweep.best.config) if sweep.best else {}
    chosen = sweep.space.resolve(values).curriculum
    key = str(Similarity(chosen.text_weight, chosen.molecule_similarity))
    key = key if key in by_similarity else next(iter(by_similarity))
    rows = by_similarity[key]
    whose = f"trial {sweep.best.trial}, the best" if sweep.best else "the centre of the space"
    blocks: list[Block] = [Text(f"Look-alikes are counted by {key}, for {whose}.", "quiet")]
    sigma = None if SIGMA_QUANTILE in values or chosen.sigma_quantile else chosen.sigma
    if pacing_of(chosen, sweep.space.settings.budget.epochs).starts_full:
        blocks.append(Text("It shows every pair in every epoch, so that no order plays a part."))
    elif not ORDERS.load(chosen.order).uses_difficulty:
        blocks.append(Text("Its order is random: difficulty plays no part in it."))
    blocks += _reading(rows, sigma)
    sigmas = [row.sigma for row in rows]
    lines = [
        curve("largest tie", sigmas, [row.largest_tie for row in rows], THEIRS),
        curve("no look-alike", sigmas, [row.alone for row in rows], FOURTH, line={"dash": "dot"}),
    ]
    drawn = figure(
        lines, "σ (similarity)", "share of the pairs",
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        shapes=[] if sigma is None else [mark(sigma)],
    )  # fmt: skip
    says = (
        "Pairs in one tie are ordered by the tie-break and not by difficulty: the lower the line,"
        " the more of the order is real. Dotted upright: the best trial's σ."
    )
    cells = [
        [f"{r.sigma:g}", formatting.percent(r.alone), formatting.percent(r.largest_tie),
         f"{r.distinct:,}"]
        for r in rows
    ]  # fmt: skip
    table = Table(("σ", "no look-alike", "largest tie", "distinct N"), cells)
    plot = Plot("order", "Ties at each σ", says, drawn)
    return Chapter("order", title, [*blocks, plot, More("Every σ", [table])])


def _reading(rows: Sequence[SigmaSummary], sigma: float | None) -> list[Block]:
    if sigma is None:
        return [Text("σ is given as a quantile; the table has the similarity at each one.")]
    row = min(rows, key=lambda one: abs(one.sigma - sigma))
    if abs(row.sigma - sigma) > 1e-6:
        return [Text(f"σ {sigma:g} was not counted.")]
    said = (
        f"At σ {sigma:g}, {formatting.percent(row.alone)} of the pairs have no look-alike, the"
        f" largest tie holds {formatting.percent(row.largest_tie)} of them, and N takes"
        f" {row.distinct:,} values."
    )
    if row.largest_tie >= _TIED:
        more = f"{said} For the most part this order is its tie-break and not a difficulty."
        return [Text(more, "warning")]
    return [Text(said)]
