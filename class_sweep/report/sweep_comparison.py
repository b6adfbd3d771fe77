"""Several sweeps side by side, of different backbones or data sets: `class-sweep compare`."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from class_sweep.errors import ResultsError
from class_sweep.rendering.blocks import Block, Chapter, Table, Text
from class_sweep.report.sweep_facts import SweepFacts, read_sweep
from class_sweep.results import formatting
from class_sweep.results.record import Record

TITLE = "Sweeps side by side"

Row = tuple[str, Callable[[SweepFacts], str]]


def compare_sweeps(paths: Sequence[Path], labels: Sequence[str] = ()) -> list[Chapter]:
    """The results of two or more folders, a column for each.

    Args:
        paths: The results folders.
        labels: The names that the user gave, e.g. those of storages; the paths by default.

    Raises:
        ResultsError: If there are fewer than two folders, one is named twice, or one has no sweep.
    """
    if len(paths) < 2:
        raise ResultsError(f"a comparison needs two results folders or more, got {len(paths)}")
    labels = labels or [str(path) for path in paths]
    if min(len({path.resolve() for path in paths}), len(set(labels))) < len(paths):
        raise ResultsError(f"each results folder must be named once, got {_listed(labels)}")
    sweeps = [read_sweep(path) for path in paths]
    names = _names(paths, labels)
    verdicts = [_verdict(sweep, name) for sweep, name in zip(sweeps, names, strict=True)]
    return [
        Chapter("outcome", "Outcome", [*_ranking(sweeps, names), _outcome(sweeps, names)]),
        Chapter("verdicts", "Verdicts", verdicts),
        Chapter("settings", "Settings and cost", [_settings(sweeps, names)]),
        Chapter("differences", "Settings that differ", [_differences(sweeps, names)]),
    ]


def _names(paths: Sequence[Path], labels: Sequence[str]) -> list[str]:
    """The base names of the folders, or the labels if two base names are equal."""
    names = [path.resolve().name for path in paths]
    return names if len(set(names)) == len(names) else list(labels)


def _ranking(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> list[Block]:
    """The sweeps in the order of their best trials, or the reason for no ranking."""
    reasons = _obstacles(sweeps, names)
    if reasons:
        message = f"These sweeps are not ranked: {' and '.join(reasons)}. Compare within a column."
        return [Text(message, "warning")]
    best = [(s.best, n) for s, n in zip(sweeps, names, strict=True) if s.best]
    if len(best) < 2:
        message = "These sweeps are not ranked: fewer than two have a finished trial."
        return [Text(message, "warning")]
    sign = sweeps[0].objective.sign
    best.sort(key=lambda pair: -sign * (pair[0].objective or 0.0))
    order = ", ".join(f"{n} ({sweeps[0].shown(record.objective)})" for record, n in best)
    caution = (
        "Each value is the best of many single runs and so the luckiest. The verdicts below say"
        " what was confirmed within a sweep; no verdict compares sweeps."
    )
    return [
        Text(f"By the best finished trial's {sweeps[0].objective}: {order}.", "finding"),
        Text(caution),
    ]


def _obstacles(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> list[str]:
    """The reasons for which the sweeps cannot be ranked."""
    reasons = []
    if len({str(s.objective) for s in sweeps}) > 1:
        objectives = _listed(f"{s.objective} in {n}" for s, n in zip(sweeps, names, strict=True))
        reasons.append(f"they optimise different objectives ({objectives})")
    checksums = {s.environment.data_sha256 if s.environment else None for s in sweeps}
    if None in checksums:
        reasons.append("a folder has no checksum of its data")
    elif len(checksums) > 1:
        reasons.append("their data have different checksums")
    return reasons


def _outcome(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> Table:
    rows: list[Row] = [
        ("state", lambda s: s.state),
        ("objective", lambda s: str(s.objective)),
        ("best", lambda s: _value(s, s.best)),
        ("best, schedule", lambda s: s.schedule(s.best) if s.best else "–"),
        ("full_data", lambda s: _value(s, s.baselines.get("full_data"))),
        ("paper", lambda s: _value(s, s.baselines.get("paper"))),
        ("best − full_data", _lead),
        ("best, of full data's samples", _share),
    ]
    return _table(rows, sweeps, names)


def _settings(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> Table:
    rows: list[Row] = [
        ("backbone", lambda s: s.space.settings.backbone.name),
        ("data, SHA-256", lambda s: s.environment.data_sha256[:16] if s.environment else "–"),
        ("training pairs", lambda s: f"{s.summary.pairs.train:,}" if s.summary else "–"),
        ("validation pairs", _validation_pairs),
        ("epochs", lambda s: str(s.space.settings.budget.epochs)),
        ("trials", lambda s: f"{s.trials.count} of {s.trials_wanted}"),
        ("finished", lambda s: str(len(s.trials.finished))),
        ("pruned", lambda s: str(len(s.trials.pruned))),
        ("failed", lambda s: str(len(s.trials.failed))),
        ("samples", lambda s: f"{s.trials.samples:,}"),
        ("of the full budget's", _budget_share),
        ("time", lambda s: formatting.seconds(sum(s.seconds.values()))),
    ]
    return _table(rows, sweeps, names)


def _differences(sweeps: Sequence[SweepFacts], names: Sequence[str]) -> Block:
    """A row for each setting or axis in which the sweeps are not equal."""
    settings = [_flat(sweep) for sweep in sweeps]
    paths = dict.fromkeys(path for tree in settings for path in tree)
    sections = list(dict.fromkeys(path.partition(".")[0] for path in paths))
    ordered = sorted(paths, key=lambda path: sections.index(path.partition(".")[0]))
    rows = [
        [path, *(tree.get(path, "–") for tree in settings)]
        for path in ordered
        if len({tree.get(path) for tree in settings}) > 1
    ]
    if not rows:
        return Text("The sweeps have the same settings and axes.")
    return Table(["", *names], rows, text_columns=range(1, len(names) + 1))


def _flat(sweep: SweepFacts) -> dict[str, str]:
    """Each setting by its dotted path, and each axis in the place of its setting."""
    flat: dict[str, str] = {}

    def add(path: str, value: object) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                add(f"{path}.{key}" if path else str(key), inner)
        else:
            flat[path] = _shown(value)

    add("", sweep.space.settings.model_dump(mode="json"))
    return flat | {path: str(axis) for path, axis in sweep.space.axes.items()}


def _shown(value: object) -> str:
    """The value of a setting; a list as the axis of a choice is shown."""
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "none"
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(rows: Iterable[Row], sweeps: Sequence[SweepFacts], names: Sequence[str]) -> Table:
    cells = [[name, *(value(sweep) for sweep in sweeps)] for name, value in rows]
    return Table(["", *names], cells, text_columns=range(1, len(names) + 1))


def _value(sweep: SweepFacts, record: Record | None) -> str:
    return sweep.shown(record.objective if record else None)


def _lead(sweep: SweepFacts) -> str:
    """The lead of one run over one run; positive is better."""
    full = sweep.baselines.get("full_data")
    if sweep.best is None or full is None:
        return "–"
    lead = (sweep.best.objective or 0.0) - (full.objective or 0.0)
    signed = sweep.objective.sign * lead + 0.0  # without a minus for zero
    shown = formatting.difference(sweep.objective.metric, signed)
    return f"{shown} {sweep.difference_unit}, one run each"


def _share(sweep: SweepFacts) -> str:
    if sweep.best is None or not sweep.full_samples:
        return "–"
    return formatting.percent(sweep.best.samples / sweep.full_samples)


def _budget_share(sweep: SweepFacts) -> str:
    if not sweep.full_budget:
        return "–"
    return formatting.percent(sweep.trials.samples / sweep.full_budget)


def _verdict(sweep: SweepFacts, name: str) -> Text:
    words = sweep.verdict.winner.words if sweep.verdict else "nothing is confirmed."
    return Text(f"{name}: {words}")


def _validation_pairs(sweep: SweepFacts) -> str:
    pairs = sweep.summary.pairs.validation if sweep.summary else None
    return "–" if pairs is None else f"{pairs:,}"


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
