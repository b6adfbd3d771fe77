"""What the winner of a confirmation is: its settings, scores, cost, and the next command."""

from collections.abc import Mapping
from pathlib import Path

from class_sweep.errors import command_line
from class_sweep.rendering.blocks import Block, Code, KeyValues
from class_sweep.results import formatting
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.verdict import ArmResult, MetricSpread, Verdict

_REFERENCES = {"full_data": "full data", "paper": "the paper's schedule"}


def winner_blocks(
    verdict: Verdict, single_runs: Mapping[str, Mapping[str, float]], path: Path
) -> list[Block]:
    """The winner beside full data and the paper's schedule; empty without a winner.

    Args:
        verdict: The verdict.
        single_runs: Name of a baseline to the metrics of its run in the search, for a reference
            that was not confirmed.
        path: The results folder.
    """
    arms = {arm.arm: arm for arm in verdict.arms}
    winner = arms.get(verdict.winner.arm or "")
    if winner is None:
        return []
    schedule = f"{winner.arm}: {', '.join(formatting.terms(winner.config))}".removesuffix(": ")
    facts = [("best.yaml", schedule), (verdict.objective, _score(winner, verdict.metric))]
    for kind, words in _REFERENCES.items():
        reference = reference_arm(verdict, kind)
        if reference is winner:
            continue
        if reference is not None:
            facts.append((words, _score(reference, verdict.metric)))
        elif verdict.metric in single_runs.get(kind, {}):
            value = formatting.metric(verdict.metric, single_runs[kind][verdict.metric])
            facts.append((words, f"{value}, one run of the search"))
    facts.append(("samples", f"{formatting.percent(winner.share_of_full_data)} of full data's"))
    full = reference_arm(verdict, "full_data")
    if full is not None and full is not winner and full.seconds and winner.seconds is not None:
        facts.append(
            ("time", f"{formatting.percent(winner.seconds / full.seconds)} of full data's")
        )
    name = path.resolve().name
    command = command_line("train", ResultsFolder(path).best, "--out", f"models/{name}")
    return [KeyValues(facts), Code(command)]


def reference_arm(verdict: Verdict, kind: str) -> ArmResult | None:
    """The arm of a kind of control: that of the winner, or else of any finalist."""
    named = [(pair.finalist, pair.control, pair.arm) for pair in verdict.pairs]
    named += [(shared.finalist, shared.control, shared.arm) for shared in verdict.same]
    found = [(finalist, arm) for finalist, control, arm in named if control == kind]
    found.sort(key=lambda pair: pair[0] != verdict.winner.arm)
    arms = {arm.arm: arm for arm in verdict.arms}
    return next((arms[arm] for _, arm in found if arm in arms), None)


def spread_text(metric: str, spread: MetricSpread | None) -> str:
    """A mean with its standard deviation between seeds; a dash without runs."""
    if spread is None:
        return "–"
    mean = formatting.metric(metric, spread.mean)
    return mean if spread.sd is None else f"{mean} {formatting.spread(metric, spread.sd)}"


def _score(arm: ArmResult, metric: str) -> str:
    return f"{spread_text(metric, arm.metrics.get(metric))}, over {len(arm.seeds)} seeds"
