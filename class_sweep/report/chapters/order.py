"""The difficulty order at the σ of the best trial: how much of it is decided by ties."""

from collections.abc import Sequence

from class_sweep.config.components import DIFFICULTIES, ORDERS
from class_sweep.curriculum.pacing import pacing_of
from class_sweep.difficulty.similarity import Similarity
from class_sweep.rendering.blocks import Block, Chapter, Collapsible, Plot, Table, Text
from class_sweep.report.plots import ORANGE, PURPLE, curve, figure, vertical_line
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.summary import SigmaSummary

_MOSTLY_TIED = 0.5  # share of the pairs in one tie from which the tie-break decides most of it
_TITLE = "The difficulty order"

Diagnoses = Sequence[SigmaSummary]


def order(sweep: SweepFacts) -> Chapter:
    """The size of the ties at each σ, and their size at the best trial's σ."""
    if not sweep.difficulty:
        return Chapter("order", _TITLE, [Text("This sweep has counted no difficulty index.")])
    values = dict(sweep.best.config) if sweep.best else {}
    curriculum = sweep.space.resolve(values).curriculum
    similarity = str(Similarity(curriculum.text_weight, curriculum.molecule_similarity))
    if similarity not in sweep.difficulty:
        similarity = next(iter(sweep.difficulty))
    diagnoses = sweep.difficulty[similarity]
    source = f"trial {sweep.best.trial}, the best" if sweep.best else "the centre of the space"
    blocks: list[Block] = [
        Text(f"Similarity of two pairs: {similarity}. Settings: {source}.", "note")
    ]
    if pacing_of(curriculum, sweep.space.settings.budget.epochs).starts_full:
        blocks.append(Text("Every epoch uses every pair, so the order has no effect."))
    elif not ORDERS.load(curriculum.order).uses_difficulty:
        blocks.append(Text("The order is random: difficulty has no effect on it."))
    if "sigma" not in DIFFICULTIES.load(curriculum.difficulty).parameters():
        label = curriculum.difficulty_label
        blocks.append(Text(f"It orders the pairs by {label}, not by the number of look-alikes."))
        return Chapter("order", _TITLE, blocks)
    sigma = curriculum.sigma if isinstance(curriculum.sigma, float) else None
    blocks.append(_reading(diagnoses, sigma))
    blocks.append(_plot(diagnoses, sigma))
    rows = [
        [
            f"{row.sigma:g}",
            formatting.percent(row.alone),
            formatting.percent(row.largest_tie),
            f"{row.distinct:,}",
        ]
        for row in diagnoses
    ]
    table = Table(("σ", "no look-alike", "largest tie", "distinct N"), rows)
    return Chapter("order", _TITLE, [*blocks, Collapsible("Every σ", [table])])


def _plot(diagnoses: Diagnoses, sigma: float | None) -> Plot:
    sigmas = [row.sigma for row in diagnoses]
    ties = [row.largest_tie for row in diagnoses]
    alone = [row.alone for row in diagnoses]
    drawn = figure(
        [
            curve("largest tie", sigmas, ties, ORANGE),
            curve("no look-alike", sigmas, alone, PURPLE, line={"dash": "dot"}),
        ],
        "σ (similarity)",
        "share of the pairs",
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        shapes=[] if sigma is None else [vertical_line(sigma)],
    )
    caption = (
        "Pairs with the same N are ordered by the tie-break and not by difficulty: the lower the"
        " line, the more pairs difficulty orders. The dotted vertical line is the best trial's σ."
    )
    return Plot("order", "Ties at each σ", caption, drawn)


def _reading(diagnoses: Diagnoses, sigma: float | None) -> Text:
    if sigma is None:
        return Text("σ is given as a quantile; the table has the similarity at each σ.")
    row = min(diagnoses, key=lambda row: abs(row.sigma - sigma))
    if abs(row.sigma - sigma) > 1e-6:
        return Text(f"Look-alikes at σ {sigma:g} were not counted.")
    message = (
        f"At σ {sigma:g}, {formatting.percent(row.alone)} of the pairs have no look-alike, the"
        f" largest tie holds {formatting.percent(row.largest_tie)} of the pairs, and N takes"
        f" {row.distinct:,} values."
    )
    if row.largest_tie >= _MOSTLY_TIED:
        return Text(
            f"{message} The tie-break, not difficulty, decides most of the order.", "warning"
        )
    return Text(message)
