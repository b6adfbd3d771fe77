"""A confirmation and a reading of the test split over made-up trainings."""

import numpy as np
import pytest
from made_sweeps import make_folder, report_of

from class_sweep.config.document import load_space, parse_space
from class_sweep.config.objective import DIRECTIONS, POOLS
from class_sweep.confirmation import procedure, test_split
from class_sweep.confirmation.paired_runs import Trained
from class_sweep.confirmation.procedure import (
    ConfirmOptions,
    confirm_sweep,
    confirmation_space,
)
from class_sweep.confirmation.test_split import read_test
from class_sweep.execution.context import SweepContext
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.training.split_metrics import metrics_of_ranks

VALUES = {
    "curriculum.order": "hard_first", "curriculum.alpha": 0.5, "curriculum.beta": 0.1,
    "curriculum.sigma": 0.6, "curriculum.intensity": "constant",
}  # fmt: skip
BETTER, WORSE = 5.0, 20.0  # mean ranks of the finalist and of its control


class Trainings:
    """Stands in for `retrain`: ranks around a mean, and the asked jobs.

    Attributes:
        asked: (arm, seed, split) of every job.
        failing: (arm, seed) of the jobs that fail.
    """

    def __init__(self):
        self.asked, self.failing = [], set()

    def __call__(self, _context, jobs, split):
        for job in jobs:
            self.asked.append((job.arm, job.seed, split))
            if (job.arm, job.seed) in self.failing:
                yield job, Trained(reason="the worker died")
                continue
            ranks = self.ranks(job.arm, job.seed)
            by_name = {f"{pool}/{d}": ranks for pool in POOLS for d in DIRECTIONS}
            yield job, Trained(100, 1.0, metrics_of_ranks(by_name), by_name)

    @staticmethod
    def ranks(arm, seed):
        mean = WORSE if arm == "full_data" else BETTER
        noise = np.random.default_rng([seed, int(mean)]).normal(size=70)
        return (mean + noise).astype(np.float32)


@pytest.fixture
def trainings(monkeypatch):
    made = Trainings()
    for module in (procedure, test_split):
        monkeypatch.setattr(module, "retrain", made)
    return made


@pytest.fixture(scope="module")
def prepared(small_space_text, cache):
    return prepare(parse_space(small_space_text), cache, Clock(), Callback())


@pytest.fixture
def confirmed(small_space_text, prepared, tmp_path, trainings):
    """Confirms the sweep once more; returns its context and its verdict."""
    text = small_space_text.replace("validation/mrr", "validation/mean_rank").replace(
        "finalists: 0", "finalists: 1, controls: [full_data], seeds: 3, max_seeds: 3"
    )
    folder = make_folder(tmp_path / "sweep", text, [report_of(1, "finish", 8.0, VALUES)])
    space = load_space(folder / "space.yaml")

    def confirm():
        with ResultsWriter(ResultsFolder(folder)) as writer:
            context = SweepContext(space, writer, None, prepared, None, Clock(), Callback())
            confirm_sweep(context, context.folder.read_summary())
            return context, context.folder.read_verdict()

    return confirm


def test_of_mean_ranks_the_smaller_is_better(confirmed):
    _, verdict = confirmed()
    (pair,) = verdict.pairs
    assert pair.outcome == "better"
    assert (verdict.winner.arm, verdict.winner.confirmed) == ("trial 1", True)


def test_a_failed_run_is_made_once_more_and_no_other(confirmed, trainings):
    trainings.failing = {("full_data", 5)}
    _, verdict = confirmed()
    assert verdict.pairs[0].closed == "failed"
    assert [(run.arm, run.seed) for run in verdict.failed] == [("full_data", 5)]
    trainings.failing, trainings.asked = set(), []
    _, verdict = confirmed()
    assert trainings.asked == [("full_data", 5, "validation")]
    assert (verdict.pairs[0].outcome, verdict.failed) == ("better", [])


def test_a_reading_of_the_test_split_is_winner_minus_control_seed_by_seed(confirmed, trainings):
    context, verdict = confirmed()
    trainings.asked = []
    reading = read_test(context)
    assert sorted(trainings.asked) == sorted(
        (arm, seed, "test") for arm in ("trial 1", "full_data") for seed in (4, 5, 6)
    )
    (pair,) = reading.pairs
    assert (reading.winner, pair.arm) == ("trial 1", "full_data")
    name = "split/mean_rank"
    winner, control = (
        [trainings.ranks(arm, seed).mean() for seed in verdict.seeds]
        for arm in ("trial 1", "full_data")
    )
    assert reading.arms["trial 1"][name] == pytest.approx(np.mean(winner))
    assert reading.arms["full_data"][name] == pytest.approx(np.mean(control))
    row = pair.metrics[name]
    differences = np.subtract(winner, control)
    assert row.difference == pytest.approx(differences.mean())
    # The 97.5 % quantile of t with 2 degrees of freedom.
    half = 4.302653 * differences.std(ddof=1) / np.sqrt(3)
    assert row.t == pytest.approx((row.difference - half, row.difference + half))
    low, high = row.over_queries
    assert low < row.difference < high < 0


@pytest.fixture
def several(small_space_text, prepared, tmp_path, trainings):
    """Confirms a sweep of three trials with other numbers of finalists and seeds."""
    text = small_space_text.replace("validation/mrr", "validation/mean_rank").replace(
        "finalists: 0", "finalists: 3, controls: [full_data], seeds: 5, max_seeds: 5"
    )
    trials = [
        report_of(i, "finish", 8.0 + i, VALUES | {"curriculum.alpha": 0.3 + 0.1 * i})
        for i in (1, 2, 3)
    ]
    folder = make_folder(tmp_path / "several", text, trials)

    def ranks(arm, seed):
        noise = np.random.default_rng([seed, len(arm), ord(arm[-1])]).normal(size=70)
        return (20 + 0.1 * noise).astype(np.float32)

    trainings.ranks = ranks

    def confirm(**changes):
        space = confirmation_space(load_space(folder / "space.yaml"), ConfirmOptions(**changes))
        with ResultsWriter(ResultsFolder(folder)) as writer:
            context = SweepContext(space, writer, None, prepared, None, Clock(), Callback())
            confirm_sweep(context, context.folder.read_summary())
            return context.folder.read_verdict()

    return confirm


def test_fewer_finalists_after_a_look_keep_their_level(several):
    before = {pair.finalist: pair.level for pair in several().pairs}
    after = several(finalists=1)
    assert {pair.finalist: pair.level for pair in after.pairs} == before
    assert len(before) == 3


def test_finalists_that_join_after_a_look_take_nothing_from_the_others(several):
    before = {pair.finalist: pair.level for pair in several(finalists=2).pairs}
    after = {pair.finalist: pair.level for pair in several(finalists=3).pairs}
    assert {finalist: after[finalist] for finalist in before} == before
    (new,) = after.keys() - before.keys()
    assert after[new] < min(before.values()) / 3


def test_a_folder_of_an_earlier_version_keeps_the_finalists_of_its_verdict(several, tmp_path):
    before = {pair.finalist: pair.level for pair in several(finalists=2).pairs}
    log = tmp_path / "several" / "confirm.jsonl"
    lines = [line for line in log.read_text().splitlines(keepends=True) if '"arm"' in line]
    log.write_text("".join(lines))
    after = {pair.finalist: pair.level for pair in several(finalists=3).pairs}
    assert {finalist: after[finalist] for finalist in before} == pytest.approx(before)
    assert len(after) == 3


def test_the_frontier_has_full_datas_seeds_and_decides_nothing(several, trainings):
    plain = several(finalists=1)
    trainings.asked = []
    verdict = several(finalists=1, full_data_frontier=[0.75, 0.5])
    names = ["full_data at 50 %", "full_data at 75 %"]
    seeds = [4, 5, 6, 7, 8]
    assert trainings.asked == [(name, seed, "validation") for seed in seeds for name in names]
    assert (verdict.pairs, verdict.winner) == (plain.pairs, plain.winner)
    half, more = verdict.frontier
    assert ([half.arm, more.arm], half.full_data, half.seeds) == (names, "full_data", 5)
    assert half.samples_share == pytest.approx(0.5, abs=0.02)
    assert (half.time_share, more.time_share) == (1.0, 1.0)
    differences = [
        trainings.ranks(names[0], seed).mean() - trainings.ranks("full_data", seed).mean()
        for seed in seeds
    ]
    assert half.difference == pytest.approx(np.mean(differences))
    # The 97.5 % quantile of t with 4 degrees of freedom.
    error = 2.776445 * np.std(differences, ddof=1) / np.sqrt(5)
    ends = (half.difference - error, half.difference + error)
    assert half.interval == pytest.approx(ends, abs=5e-4)
    assert verdict.words[-1].startswith(
        "full data ended at a share of its samples, difference from all of them (95 %, not a test):"
        " 50 %: "
    )


def test_the_margin_decides_who_is_not_worse_and_the_cheapest_of_these_wins(several):
    verdict = several(margin=1.0, prefer="cheapest_within_margin")
    assert [pair.non_inferior for pair in verdict.pairs] == [True] * 3
    assert verdict.rule.margin == 1.0
    samples = {arm.trial: arm.samples for arm in verdict.arms if arm.trial is not None}
    assert verdict.winner.arm == f"trial {min(samples, key=samples.__getitem__)}"
    # An interval never reaches below a margin that was shown.
    assert all(pair.metrics["split/mean_rank"].interval[1] < 1 for pair in verdict.pairs)
    strict = several(margin=0.001, prefer="quality")
    assert not any(pair.non_inferior for pair in strict.pairs)
