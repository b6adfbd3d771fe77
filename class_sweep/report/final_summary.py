"""The summary at the end of a sweep: the best trial, its metrics, the cost, and the verdict."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from class_sweep.config.full_data import FULL_DATA, full_data_axes
from class_sweep.errors import ResultsError, command_line
from class_sweep.rendering.blocks import Block, Chapter, KeyValues, Table, Text
from class_sweep.report.tables.metrics import metric_table
from class_sweep.report.winner_facts import winner_blocks
from class_sweep.results import formatting
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.record import Record
from class_sweep.results.summary import ConfirmationSummary, SweepSummary, TrialSummary
from class_sweep.results.verdict import Verdict

Trial = TrialSummary | Record
_HITS = "split/hits@1"
_LUCK = "the best of many runs is also the luckiest: this is a candidate, not a finding"

_REPEATS = (
    "each duplicate repeats the schedule of another trial: the space has few different schedules;"
    " widen an axis or lower search.trials"
)


def final_summary(
    summary: SweepSummary, path: Path, verdict: Verdict | None = None
) -> list[Chapter]:
    """The outcome of a finished sweep.

    Args:
        summary: `summary.json` of the sweep.
        path: The results folder.
        verdict: `verdict.json` of the sweep, to say what the winner is; None without.

    Raises:
        ResultsError: If no trial has finished.
    """
    best = _best(summary)
    schedule = Text(formatting.trial(best))
    control = tuned_control(summary.trials.full_data, summary.references)
    outcome: list[Block] = [
        schedule,
        _metric_table(summary),
        *control,
        *_cost(summary),
        *cautions(summary),
    ]
    chapters = [Chapter("best", f"Best finished trial: trial {best.trial}", outcome)]
    if summary.confirm:
        lines: list[Block] = [Text(line) for line in _verdict_lines(summary.confirm, path)]
        if verdict is not None:
            single_runs = {name: run.metrics for name, run in summary.references.items()}
            lines[1:1] = winner_blocks(verdict, single_runs, path)
        title = "Verdict, from new runs with seeds that the search did not use"
        chapters.append(Chapter("verdict", title, lines))
    return chapters


def files_chapter(
    summary: SweepSummary, path: Path, reports: Sequence[tuple[str, str]] = ()
) -> Chapter:
    """The files of a finished sweep, each with a description.

    Args:
        summary: `summary.json` of the sweep.
        path: The results folder.
        reports: The locations of the report, each with a description.
    """
    folder = ResultsFolder(path)
    verdict = [(str(folder.verdict), "every figure of the verdict")] if summary.confirm else []
    files = [
        (str(folder.best), "the best configuration, complete"),
        *verdict,
        (str(folder.trials), "every report"),
        (str(folder.summary), "this summary"),
        (str(folder.study), "the Optuna study"),
        *reports,
    ]
    return Chapter("files", "Files", [KeyValues(files)])


def cautions(summary: SweepSummary) -> list[Text]:
    """The warnings of a sweep; unconfirmed, also how far the lead of its best trial may be luck."""
    alarms = [Text(warning, "alarm") for warning in summary.warnings]
    if summary.confirm:
        return alarms
    queries = summary.pairs.validation
    return [*alarms, Text(single_run_caution(_best(summary), summary.references, queries))]


def tuned_control(trials: int, baselines: Mapping[str, Trial]) -> list[Text]:
    """What full data's own trials were for, and the best of them; nothing without such trials.

    Args:
        trials: The number of full data's own trials.
        baselines: The best finished trial of each baseline, by name.
    """
    best = baselines.get(FULL_DATA)
    if not trials or best is None:
        return []
    values = ", ".join(formatting.terms(full_data_axes(best.config)))
    return [
        Text(
            f"{trials} of the trials tuned full data alone, so that it is a fair control; its best"
            f" is trial {best.trial}: {values}"
        )
    ]


def single_run_caution(best: Trial, baselines: Mapping[str, Trial], queries: int | None) -> str:
    """How far the lead of an unconfirmed best trial may be luck.

    Args:
        best: The best finished trial.
        baselines: The finished baselines, by name.
        queries: Pairs of the validation split; None if unknown.
    """
    full = baselines.get("full_data")
    measured = all(_HITS in trial.metrics for trial in (best, full) if trial)
    if queries is None or not measured:  # a loop of the user's own may tell its objective alone
        return f"It is one run, and {_LUCK}."
    share = best.metrics[_HITS]
    error = 100 * math.sqrt(share * (1 - share) / queries)
    if full is None:
        lead = "No full_data trial finished to compare with (search: {baselines: [full_data]})."
    elif full.trial == best.trial:
        lead = "The best trial is full_data itself: no schedule of this sweep beat it."
    else:
        points = 100 * (share - full.metrics[_HITS])
        lead = f"Hits@1 (split, both directions) differs from full_data's by {points:+.1f} points."
    return (
        f"{lead} One run's standard error is about {error:.1f} points on {queries} queries, and"
        f" {_LUCK}."
    )


def _verdict_lines(confirmation: ConfirmationSummary, path: Path) -> list[str]:
    """The winner, each finalist against each control, and the cost of the confirmation."""
    enough = confirmation.enough
    command = command_line("confirm", path, "--seeds", enough, "--max-seeds", enough)
    failed = f", {len(confirmation.failed)} of them failed" if confirmation.failed else ""
    return [
        *confirmation.words,
        f"{confirmation.runs} runs with up to {len(confirmation.seeds)} paired seeds{failed}."
        " If nothing differs, the probability that any of these claims is made is at most 5 %.",
        *([f"More seeds may decide what is still open: {command}"] if enough else []),
    ]


def _best(summary: SweepSummary) -> TrialSummary:
    if summary.best is None:
        raise ResultsError("a finished sweep must have a best trial: summary.json has none")
    return summary.best


def _metric_table(summary: SweepSummary) -> Table:
    columns = {"best": _best(summary), **summary.references}
    shares = (formatting.percent(trial.share_of_full_data) for trial in columns.values())
    return metric_table(
        {name: trial.metrics for name, trial in columns.items()},
        title="validation",
        last_row=("samples, of full data's", *shares),
    )


def _cost(summary: SweepSummary) -> list[Text]:
    trials, samples = summary.trials, summary.samples
    total = formatting.seconds(sum(summary.seconds.values()))
    stages = ", ".join(f"{name} {formatting.seconds(s)}" for name, s in summary.seconds.items())
    repeated = f", {trials.repeated} of them duplicates, not trained" if trials.repeated else ""
    return [
        Text(
            f"{trials.proposed} trials: {trials.finished} finished, {trials.pruned} pruned at"
            f" {formatting.counted(summary.rung_decisions, 'rung decision')},"
            f" {trials.failed} failed{repeated}"
        ),
        Text(
            f"{samples.seen:,} samples seen, {formatting.percent(samples.share)} of the samples if"
            " every trial trained on the full data"
        ),
        Text(f"{total} in total: {stages}"),
        *([Text(_REPEATS)] if trials.repeated else []),
        *([Text(summary.hours.words)] if summary.hours else []),
    ]
