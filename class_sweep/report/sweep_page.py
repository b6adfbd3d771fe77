"""A sweep's report: its chapters, as one HTML page or as Markdown."""

from collections.abc import Sequence
from pathlib import Path

from class_sweep.base.files import write_atomic
from class_sweep.report.blocks import Block, Chapter, Text
from class_sweep.report.chapters.axes import axes
from class_sweep.report.chapters.curves import curves
from class_sweep.report.chapters.importance import importance
from class_sweep.report.chapters.order import order
from class_sweep.report.chapters.parallel import parallel
from class_sweep.report.chapters.provenance import provenance
from class_sweep.report.chapters.schedules import schedules
from class_sweep.report.chapters.spent import spent
from class_sweep.report.chapters.trials import trials
from class_sweep.report.chapters.verdict import verdict
from class_sweep.report.html import document
from class_sweep.report.markdown import markdown
from class_sweep.report.sweep_facts import SweepFacts, read_sweep

PAGE = "report.html"
_CHAPTERS = (
    verdict, curves, axes, importance, parallel, schedules, order, spent, trials, provenance,
)  # fmt: skip


def sweep_page(path: Path) -> str:
    """The report of a results folder as an HTML document.

    Raises:
        ResultsError: If there is no sweep, or its files are damaged.
    """
    title, head, chapters = _parts(read_sweep(path))
    return document(title, head, chapters)


def sweep_markdown(path: Path) -> str:
    """The same facts as Markdown, without the plots.

    Raises:
        ResultsError: If there is no sweep, or its files are damaged.
    """
    title, head, chapters = _parts(read_sweep(path))
    return markdown(title, head, chapters)


def write_page(path: Path, output: Path | None = None) -> Path:
    """Write the page of a results folder, into it unless told otherwise; where it is."""
    to = output or path / PAGE
    write_atomic(to, sweep_page(path))
    return to


def _parts(sweep: SweepFacts) -> tuple[str, Sequence[Block], Sequence[Chapter]]:
    return f"Sweep {sweep.name}", _head(sweep), [chapter(sweep) for chapter in _CHAPTERS]


def _head(sweep: SweepFacts) -> list[Block]:
    found, settings = sweep.trials, sweep.space.settings
    wanted = settings.search.runs
    counts = {
        "finished": len(found.finished),
        "pruned": len(found.pruned),
        "failed": len(found.failed),
        "running" if sweep.running else "interrupted": len(found.running),
        "paused": len(found.paused),
    }
    some = ", ".join(f"{n} {state}" for state, n in counts.items() if n) or "none has reported"
    about = f"State: {sweep.state}. {found.count} of {wanted} trials: {some}."
    of = ""
    if sweep.summary:
        of = ", ".join(f"{n:,} {split}" for split, n in sweep.summary.pairs) + " pairs; "
    setting = (
        f"{of}backbone {settings.backbone.name}, {settings.budget.epochs} epochs, objective"
        f" {sweep.objective} ({sweep.better}), pruning {settings.pruning.kind}, sampler"
        f" {settings.search.sampler}."
    )
    known = sweep.summary.warnings if sweep.summary else []
    warnings = [Text(line, "warning") for line in known]
    if sweep.state in {"running", "interrupted"}:
        warnings.append(
            Text("The sweep has not ended: everything here is of what it has so far.", "warning")
        )
    return [Text(about), Text(setting, "quiet"), *warnings]
