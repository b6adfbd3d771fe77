"""The report of a sweep: its chapters as one HTML page or as Markdown."""

from collections.abc import Sequence
from pathlib import Path

from class_sweep.base.files import write_atomic
from class_sweep.errors import command_line
from class_sweep.rendering.blocks import Block, Chapter, Text
from class_sweep.rendering.html import page
from class_sweep.rendering.markdown import markdown
from class_sweep.report.chapters.axes import axes
from class_sweep.report.chapters.cost import cost
from class_sweep.report.chapters.curves import curves
from class_sweep.report.chapters.importance import importance
from class_sweep.report.chapters.order import order
from class_sweep.report.chapters.parallel import parallel
from class_sweep.report.chapters.provenance import provenance
from class_sweep.report.chapters.schedules import schedules
from class_sweep.report.chapters.trials import trials
from class_sweep.report.chapters.verdict import verdict
from class_sweep.report.sweep_facts import SweepFacts, read_sweep
from class_sweep.results.file_names import REPORT

_CHAPTERS = (
    verdict, curves, axes, importance, parallel, schedules, order, cost, trials, provenance,
)  # fmt: skip


def sweep_page(path: Path) -> str:
    """The report of a results folder as an HTML document.

    Raises:
        ResultsError: If the folder has no sweep, or a damaged file.
    """
    return page(*_parts(read_sweep(path)))


def sweep_markdown(path: Path) -> str:
    """The same facts as Markdown, without the plots.

    Raises:
        ResultsError: If the folder has no sweep, or a damaged file.
    """
    return markdown(*_parts(read_sweep(path)))


def write_page(path: Path) -> Path:
    """Write the page of a results folder into the folder; return its path."""
    to = path / REPORT
    write_atomic(to, sweep_page(path))
    return to


def _parts(sweep: SweepFacts) -> tuple[str, Sequence[Block], Sequence[Chapter]]:
    return f"Sweep {sweep.name}", _head(sweep), [chapter(sweep) for chapter in _CHAPTERS]


def _head(sweep: SweepFacts) -> list[Block]:
    warnings = [Text(w, "alarm") for w in (sweep.summary.warnings if sweep.summary else ())]
    if sweep.state in {"running", "interrupted"}:
        message = "The sweep has not ended: this report shows its results so far."
        warnings.append(Text(message, "warning"))
    confirmed, planned = sweep.confirmed_trials, sweep.trials_wanted
    if confirmed is not None and confirmed < planned:
        message = (
            f"The confirmation chose from {confirmed} trials, and the sweep has been extended to"
            f" {planned}: once they have ended, confirm again with"
            f" {command_line('confirm', sweep.path)}"
        )
        warnings.append(Text(message, "warning"))
    return [Text(_state(sweep)), Text(_settings(sweep), "note"), *warnings]


def _state(sweep: SweepFacts) -> str:
    trials = sweep.trials
    counts = {
        "finished": len(trials.finished),
        "pruned": len(trials.pruned),
        "failed": len(trials.failed),
        "running" if sweep.running else "interrupted": len(trials.running),
        "paused": len(trials.paused),
    }
    listed = ", ".join(f"{n} {state}" for state, n in counts.items() if n) or "none has reported"
    planned = sweep.trials_wanted
    return f"State: {sweep.state}. {trials.count} of {planned} trials: {listed}."


def _settings(sweep: SweepFacts) -> str:
    settings = sweep.space.settings
    pairs = ""
    if sweep.summary:
        sizes = {split: size for split, size in sweep.summary.pairs if size is not None}
        pairs = ", ".join(f"{size:,} {split}" for split, size in sizes.items()) + " pairs; "
    return (
        f"{pairs}backbone {settings.backbone.name}, {settings.budget.epochs} epochs, objective"
        f" {sweep.objective} ({sweep.better}), pruning {settings.pruning.kind}, sampler"
        f" {settings.search.sampler}."
    )
