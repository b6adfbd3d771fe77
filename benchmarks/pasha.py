"""PASHA against the default pruner on recorded learning curves.

`python benchmarks/pasha.py TABLE [--searches 100] [--quick] [--json FILE]`: TABLE is `curves.csv`
of `run --record`, or its folder. PASHA (Bohdal et al. 2023, arXiv 2207.06940) promotes the best 1/η
of a rung, as ASHA does, up to a cap. The cap begins at the second rung. It rises by one rung
whenever the two highest rungs rank their trials differently. Ranks count as equal within ε, the
90th percentile of the differences between trials whose curves have crossed twice. The trial that
leads at the end is then trained to its end. The searches are those of `class-sweep replay`, with
one worker.
"""

import argparse
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from class_sweep.results.curves import CurveTable
from class_sweep.tuning.pruners.pruner import geometric_rungs
from class_sweep.tuning.replay.replay import Curves, curves_at, replay, searches
from class_sweep.tuning.replay.replay_table import settings_to_try
from class_sweep.tuning.trial import TrialReport

Scores = dict[int, float]  # of the trials at a rung, by configuration


class Pasha:
    """One search: configurations in a given order, one after another.

    Attributes:
        samples: The samples so far.
    """

    def __init__(self, curves: Mapping[int, Sequence[TrialReport]], metric: str, eta: int) -> None:
        self._curves, self._metric, self._eta = curves, metric, eta
        self._rungs: list[Scores] = []
        self._done: dict[int, int] = {}  # the number of reports of each trial
        self._promoted: list[set[int]] = []
        self._cap = 1  # the highest rung that a trial may reach now
        self.samples = 0

    def run(self, order: Sequence[int]) -> int:
        """Run the search; return the configuration that leads at its end, trained to its end."""
        waiting = list(order)
        while True:
            trial = self._promotable()
            if trial is None:
                if not waiting:
                    break
                trial = waiting.pop(0)
            self._advance(trial)
        highest = next(scores for scores in reversed(self._rungs) if scores)
        best = max(highest, key=lambda number: (highest[number], -number))
        while self._done[best] < len(self._curves[best]):
            self._advance(best)
        return best

    def _promotable(self) -> int | None:
        for rung in range(min(self._cap, len(self._rungs)) - 1, -1, -1):
            scores = self._rungs[rung]
            passing = sorted(scores, key=lambda n: (-scores[n], n))[: len(scores) // self._eta]
            for number in passing:
                if number not in self._promoted[rung]:
                    self._promoted[rung].add(number)
                    if self._done[number] < len(self._curves[number]):
                        return number
        return None

    def _advance(self, number: int) -> None:
        """Train a trial to its next report; its end counts at the rung after its last one."""
        done = self._done.get(number, 0)
        report = self._curves[number][done]
        before = self._curves[number][done - 1].samples if done else 0
        self.samples += report.samples - before
        self._done[number] = done + 1
        while len(self._rungs) <= done:
            self._rungs.append({})
            self._promoted.append(set())
        if report.failure is None:
            self._rungs[done][number] = report.metrics[self._metric]
        if done == self._cap and not self._ranked_alike(done):
            self._cap += 1

    def _ranked_alike(self, rung: int) -> bool:
        """Whether two rungs rank the trials of the higher one alike, up to ε."""
        high, low = self._rungs[rung], self._rungs[rung - 1]
        epsilon = self._epsilon()
        return not any(
            (high[a] - high[b]) * (low[a] - low[b]) < 0 and abs(low[a] - low[b]) > epsilon
            for a, b in itertools.combinations(high, 2)
        )

    def _epsilon(self) -> float:
        crossed = []
        for a, b in itertools.combinations(self._done, 2):
            shared = [rung for rung in self._rungs if a in rung and b in rung]
            gaps = [rung[a] - rung[b] for rung in shared]
            turns = sum(x * y < 0 for x, y in itertools.pairwise(gaps))
            if turns >= 2:
                crossed += [abs(gap) for gap in gaps]
        return float(np.percentile(crossed, 90)) if crossed else 0.0


def pasha(
    table: CurveTable, curves: Curves, eta: int, count: int, seed: int
) -> tuple[float, float, float]:
    """Mean share of the samples, mean regret in points, and how often the best was selected."""
    means = {row.number: row.mean for row in table.searched}
    best = max(means, key=lambda number: (means[number], -number))
    sign = table.objective.sign
    shares, regrets, kept = [], [], []
    for search in searches(table, None, count, len(means), seed):
        rows = {
            number: [
                report
                if report.failure
                else TrialReport(
                    report.report, report.step, report.samples, report.rung, report.last,
                    {"score": sign * report.metrics[table.objective.metric]}, None,
                )
                for report in curves[number, recorded]
            ]
            for number, recorded in search.seeds.items()
        }  # fmt: skip
        study = search.open_study()
        order = [
            int(study.propose(index, None).config["configuration"])
            for index in range(study.trials_wanted)
        ]
        of_baselines = sum(rows[row.number][-1].samples for row in table.baselines)
        runner = Pasha(rows, "score", eta)
        selected = runner.run([number for number in order if number in means])
        whole = sum(rows[number][-1].samples for number in order)
        shares.append((runner.samples + of_baselines) / whole)
        regrets.append(100 * (means[best] - means[selected]))
        kept.append(selected == best)
    return fmean(shares), fmean(regrets), fmean(kept)


def main() -> None:
    """Print the table, and write it to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, nargs="?", metavar="TABLE")
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="10 searches of the published table")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    published = Path(__file__).parents[1] / "results" / "published" / "curves-clean"
    path = options.table or published
    table = CurveTable.read(path / "curves.csv" if path.is_dir() else path)
    count = 10 if options.quick else options.searches
    drawn = searches(table, None, count, len(table.searched), options.seed)
    figures: dict[str, list[float]] = {}
    for rungs in ("samples", "own_schedule"):
        own = rungs == "own_schedule"
        [default] = settings_to_try(["successive_halving"], [table.epochs / 9], [4], [], [rungs])
        [outcome] = replay(table, drawn, [default], 1)
        figures[f"successive_halving, {rungs}"] = [outcome.samples, 100 * outcome.regret]
        for grace, eta in itertools.product((1, 2), (2, 3, 4)):
            curves = curves_at(table, geometric_rungs(grace, eta, table.epochs), own_schedule=own)
            share, regret, _ = pasha(table, curves, eta, count, options.seed)
            figures[f"pasha, grace {grace}, η {eta}, {rungs}"] = [share, regret]
    print(f"{'pruner':40} {'samples':>8} {'regret, points':>15}")
    for name, (share, regret) in figures.items():
        print(f"{name:40} {share:8.1%} {regret:15.2f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
