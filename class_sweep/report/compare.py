"""Several sweeps side by side: backbones, data sets, schedules found."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from class_sweep.errors import ResultsError
from class_sweep.report.blocks import Block, Chapter, Table, Text
from class_sweep.report.sweep_facts import SweepFacts, read_sweep
from class_sweep.results import formatting
from class_sweep.results.record import Record

TITLE = "Sweeps side by side"


def compare(paths: Sequence[Path], given: Sequence[str] = ()) -> list[Chapter]:
    """What two or more results folders found, a column each.

    Args:
        paths: The folders.
        given: How they were named, if otherwise, such as by their storages.

    Raises:
        ResultsError: If they are fewer than two, one is named twice, or one holds no sweep.
    """
    if len(paths) < 2:
        raise ResultsError(f"a comparison needs two results folders or more, got {len(paths)}")
    shown = given or [str(path) for path in paths]
    if min(len({path.resolve() for path in paths}), len(set(shown))) < len(paths):
        raise ResultsError(f"each results folder must be named once, got {_listed(shown)}")
    sweeps = [read_sweep(path) for path in paths]
    names = _names(paths, shown)
    return [
        Chapter("outcome", "Outcome", [*_ranking(sweeps, names), _outcome(sweeps, names)]),
        Chapter(
            "verdicts", "Verdicts", [_verdict(s, n) for s, n in zip(sweeps, names, strict=True)]
        ),
        Chapter("settings", "Settings and cost", [_settings(sweeps, names)]),
    ]


def _names(paths: Sequence[Path], shown: Sequence[str]) -> list[str]:
    """The folders' own names, or how they were named where two are called the same."""
    names = [path.resolve().name for path in paths]
    return names if len(set(names)) == len(names) else list(shown)


def _ranking(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> list[Block]:
    """An order of the sweeps, or why there is none."""
    reasons = []
    if len({str(s.objective) for s in sweeps}) > 1:
        found = _listed(f"{s.objective} in {n}" for s, n in zip(sweeps, names, strict=True))
        reasons.append(f"they optimise different objectives ({found})")
    data = {s.environment.data_sha256 if s.environment else None for s in sweeps}
    if None in data:
        reasons.append("a folder does not say which data it is of")
    elif len(data) > 1:
        reasons.append("their data have different checksums")
    if reasons:
        said = f"These sweeps are not ranked: {' and '.join(reasons)}. Compare within a column."
        return [Text(said, "warning")]
    best = [(s.best, n) for s, n in zip(sweeps, names, strict=True) if s.best]
    if len(best) < 2:
        return [
            Text("These sweeps are not ranked: fewer than two have a finished trial.", "warning")
        ]
    sign = sweeps[0].objective.sign
    best.sort(key=lambda one: -sign * (one[0].objective or 0.0))
    order = ", ".join(f"{n} ({sweeps[0].shown(record.objective)})" for record, n in best)
    doubt = (
        "Each value is the best of many single runs and so the luckiest; the verdicts below say"
        " what was confirmed within a sweep, and no verdict is across sweeps."
    )
    return [
        Text(f"By the best finished trial's {sweeps[0].objective}: {order}.", "finding"),
        Text(doubt),
    ]


def _outcome(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> Table:
    rows: list[tuple[str, Callable[[SweepFacts], str]]] = [
        ("state", lambda s: s.state),
        ("objective", lambda s: str(s.objective)),
        ("best", lambda s: _value(s, s.best)),
        ("best, schedule", lambda s: s.schedule(s.best) if s.best else "–"),
        ("full_data", lambda s: _value(s, s.references.get("full_data"))),
        ("paper", lambda s: _value(s, s.references.get("paper"))),
        ("best − full_data", _lead),
        ("best, of full data's samples", _share),
    ]
    return _table(rows, sweeps, names)


def _settings(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> Table:
    rows: list[tuple[str, Callable[[SweepFacts], str]]] = [
        ("backbone", lambda s: s.space.settings.backbone.name),
        ("data, SHA-256", lambda s: s.environment.data_sha256[:16] if s.environment else "–"),
        ("training pairs", lambda s: "–" if s.pairs is None else f"{s.pairs:,}"),
        ("validation pairs", lambda s: f"{s.summary.pairs.validation:,}" if s.summary else "–"),
        ("epochs", lambda s: str(s.space.settings.budget.epochs)),
        ("trials", lambda s: f"{s.trials.count} of {s.space.settings.search.runs}"),
        ("finished", lambda s: str(len(s.trials.finished))),
        ("pruned", lambda s: str(len(s.trials.pruned))),
        ("failed", lambda s: str(len(s.trials.failed))),
        ("samples", lambda s: f"{s.trials.samples:,}"),
        ("of the full budget's", _budget),
        ("time", _time),
    ]
    return _table(rows, sweeps, names)


def _table(
    rows: Iterable[tuple[str, Callable[[SweepFacts], str]]],
    sweeps: Sequence[SweepFacts],
    names: Sequence[str],
) -> Table:
    cells = [[name, *(shown(sweep) for sweep in sweeps)] for name, shown in rows]
    return Table(["", *names], cells, frozenset(range(1, len(names) + 1)))


def _value(sweep: SweepFacts, record: Record | None) -> str:
    return sweep.shown(record.objective if record else None)


def _lead(sweep: SweepFacts) -> str:
    """Of one run over one run, better when positive."""
    full = sweep.references.get("full_data")
    if sweep.best is None or full is None:
        return "–"
    lead = sweep.objective.sign * ((sweep.best.objective or 0.0) - (full.objective or 0.0)) + 0.0
    shown = f"{lead:+.1f} places" if sweep.objective.sign < 0 else f"{100 * lead:+.1f} points"
    return f"{shown}, one run each"


def _share(sweep: SweepFacts) -> str:
    if sweep.best is None or not sweep.full_samples:
        return "–"
    return formatting.percent(sweep.best.samples / sweep.full_samples)


def _budget(sweep: SweepFacts) -> str:
    if sweep.summary is None:
        return "–"
    return formatting.percent(sweep.trials.samples / sweep.summary.samples.full_budget)


def _time(sweep: SweepFacts) -> str:
    return formatting.seconds(sum(sweep.summary.seconds.values()) if sweep.summary else 0.0)


def _verdict(sweep: SweepFacts, name: str) -> Text:
    if sweep.verdict is None:
        return Text(f"{name}: nothing is confirmed.")
    return Text(f"{name}: {sweep.verdict.winner.words}")


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
