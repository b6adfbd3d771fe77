"""The winner of a confirmation: the configuration to use."""

from collections.abc import Sequence

from class_sweep.config.controls import control_of
from class_sweep.config.document import Space
from class_sweep.confirmation.arms import ConfirmationPlan
from class_sweep.results.verdict import ComparisonVerdict, Winner


def choose_winner(
    space: Space,
    plan: ConfirmationPlan,
    pairs: Sequence[ComparisonVerdict],
    leader: str | None,
) -> Winner:
    """The finalist that `confirm.prefer` asks for; without one, full data.

    Args:
        space: The search space.
        plan: The arms and their comparisons.
        pairs: Every comparison, those with the first control first.
        leader: The finalist whose other controls were run; it wins unless it is better on these
            queries alone.
    """
    if not plan.comparisons:
        words = "There is nothing to confirm: no finished trial differs from its controls."
        return Winner(arm=None, confirmed=False, words=words)
    metric, sign = space.objective.metric, space.objective.sign
    first = [p for p in pairs if p.control == plan.comparisons[0].kind]
    savers = [p for p in first if p.non_inferior and p.samples_share < 1]
    cheapest_wins = space.settings.confirm.prefer == "cheapest_within_margin"
    if savers and cheapest_wins:
        best = min(savers, key=lambda p: (plan.arms[p.finalist].samples, savers.index(p)))
        words = f"{best.finalist}, the cheapest within the margin, is {best.words}"
        return Winner(arm=best.finalist, confirmed=True, words=words)
    better = [p for p in first if p.outcome == "better" and p.generalises]
    if better:
        best = max(better, key=lambda p: (p.finalist == leader, sign * p.metrics[metric].finalist))
        return Winner(arm=best.finalist, confirmed=True, words=f"{best.finalist} is {best.words}")
    control = control_of(plan.comparisons[0].kind).words
    none = f"No finalist was shown to be better than {control}"
    if cheapest_wins:
        none += ", nor within the margin with fewer samples"
    full = next((c.control for c in plan.comparisons if c.kind == "full_data"), None)
    if full is not None:
        words = f"{none}, so best.yaml is full data's."
        if savers:
            words += (
                f" {savers[0].finalist} is within the margin with fewer samples; to use the"
                " cheapest such finalist, confirm again with --prefer cheapest_within_margin."
            )
        return Winner(arm=full, confirmed=False, words=words)
    return Winner(
        arm=plan.finalists[0],
        confirmed=False,
        words=f"{none}; best.yaml still has the sweep's best trial, unconfirmed.",
    )
