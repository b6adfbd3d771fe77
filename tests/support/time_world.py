"""A machine in simulated time, on which a sweep under `search.hours` runs with its real tuner."""

import heapq
import random
from dataclasses import replace

from class_sweep.config.confirm import LOOKS
from class_sweep.config.document import parse_space
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.curriculum.schedule import Schedule
from class_sweep.results.callback import Callback
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.milestones import milestones
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.time_left import TimeLeft
from class_sweep.tuning.time_plan import SweepSize
from class_sweep.tuning.trial import Trial, TrialReport
from class_sweep.tuning.tuner import Limits, SweepTuner

PAIRS = 1000
SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{alpha: {{uniform: [0.2, 0.9]}}, beta: {{uniform: [0.0, 0.5]}}}}
optimizer: {{batch_size: 10}}
budget: {{epochs: 8}}
search: {{trials: {trials}, sampler: random, baselines: [paper, full_data]{search}}}
pruning: {pruning}
confirm: {{finalists: {finalists}, seeds: 5, max_seeds: 10}}
"""
HALVING = "{kind: successive_halving, grace_epochs: 2, reduction_factor: 2}"


def sweep_size(*, trials=2000, pruning=HALVING, finalists=2, search=""):
    """The size of a sweep over simulated data."""
    text = SPACE.format(trials=trials, pruning=pruning, finalists=finalists, search=search)
    return SweepSize.of(parse_space(text), PAIRS)


class Draws:
    """A study that draws schedules at random, and learns nothing."""

    def __init__(self, space):
        self._baselines = space.settings.search.baseline_names
        self._space, self._random = space, random.Random(1)  # noqa: S311
        self.trials_wanted = space.settings.search.trials

    def stored(self):
        return []

    def propose(self, index, previous):  # noqa: ARG002
        if index < len(self._baselines):
            name = self._baselines[index]
            values = baseline_config(self._space, name)
            return Trial(index, values, name, name, name)
        alpha, beta = self._random.uniform(0.2, 0.9), self._random.uniform(0.0, 0.5)
        values = {"curriculum.alpha": alpha, "curriculum.beta": beta}
        return Trial(index, values, f"identity {index}", f"plan {index}")

    def tell(self, *records):
        pass


class World(Callback):
    """Workers whose speed changes: at time t everything takes `slowness(t)` times as long.

    Times of single legs vary by a tenth. The confirmation looks until its time is up.

    Attributes:
        now: The time.
        looks: The looks of the confirmation that were made.
        search_ended: When the last trial ended.
    """

    def __init__(self, size, measured, seconds, *, workers=2, slowness, begin=0.0,
                 noise=0.1, overhead=None):  # fmt: skip
        self.now = self.begun = begin
        self.workers, self.slowness = workers, slowness
        self.size, self.true = size, measured
        if overhead is not None:
            self.true = replace(measured, overhead=overhead)
        self.time = TimeLeft(size, measured, seconds, lambda: self.now, lambda: workers)
        self.log, self.looks = MemoryLog(), []
        self._random, self._noise = random.Random(0), noise  # noqa: S311
        self._started = 0
        self.tuner = SweepTuner(
            size.space.objective, Draws(size.space), TrialLedger(self.log, self),
            PrunerGroups.of(size.space, len(size.rungs.samples)),
            limits=Limits(slots=lambda _: workers, trials=self.time.trials),
        )  # fmt: skip

    def on_trial_start(self, trial):
        self.time.started(trial)

    def on_report(self, record):
        self.time.reported(record)

    def _end(self, work):
        """When work ends that begins now, in steps of a hundredth."""
        at, step = self.now, max(work / 100, 1e-6)
        while work > 0:
            part = min(step, work)
            at, work = at + part * self.slowness(at), work - part
        return at

    def _varied(self, seconds):
        return seconds * self._random.lognormvariate(0, self._noise)

    @property
    def least_end(self):
        """When the fewest trials have ended, at the slowest."""
        return self.begun + self.size.least * self._end(self.size.full_trial(self.true))

    def next_look(self):
        """The seconds of the next look from now; infinite after the last one."""
        confirm = self.size.space.settings.confirm
        left = [look for look in LOOKS if look > max(self.looks, default=0)]
        if left[0] > confirm.max_seeds:
            return float("inf")
        runs = (left[0] - max(self.looks, default=0)) * (1 + confirm.finalists)
        return (
            runs
            / self.workers
            * (self._end(self.true.work(self.size.steps(self.size.full))) - self.now)
        )

    def run(self):
        """Run the search, then the confirmation; return the time of the end."""
        self._search()
        self.search_ended = self.now
        self._confirm()
        return self.now

    def _search(self):
        tuner, reports = self.tuner, []

        def train(trial):
            schedule = Schedule.of(self.size.space.resolve(trial.config), self.size.pairs)
            goals = milestones(schedule, self.size.rungs.steps(schedule))
            before = trial.step
            number, goal = next((i, g) for i, g in enumerate(goals) if g.step > before)
            new = self._started < self.workers and before == 0
            self._started += new
            outside = self.true.overhead + (self.true.worker if new else 0.0)
            inside = self._varied(self.true.in_worker(goal.step - before))
            begun, end = self.now, self._end(outside + inside)
            seconds = (end - begun) * inside / (outside + inside)
            value = hash((trial.number, 7)) % 997 / 1000
            report = TrialReport(
                report=number, step=goal.step, samples=goal.step * schedule.batch_size,
                rung=goal.rung, last=goal.last, metrics={self.size.space.objective.metric: value},
                loss=1.0, seconds=seconds,
            )  # fmt: skip
            heapq.heappush(reports, (end, trial.number, report))

        def start():
            while isinstance(trial := tuner.ask(), Trial):
                train(trial)

        start()
        while reports:
            self.now, number, report = heapq.heappop(reports)
            if tuner.tell(number, report) == "continue":
                train(tuner.ledger[number])
            else:
                tuner.release(number)
                start()

    def _confirm(self):
        size, before = self.size, 0
        if not size.space.settings.confirms:
            return
        length = self.time._mean_length
        first = True
        for look in LOOKS:
            if look > size.space.settings.confirm.max_seeds:
                break
            arms = [size.full, *[length * size.full] * size.space.settings.confirm.finalists]
            runs = arms * (look - before)
            if not self.time.fits(runs):
                break
            begun, free = self.now, [self.now] * self.workers
            for run in runs:
                self.now = heapq.heappop(free)
                if self.time.is_up:
                    return
                work = self._varied(self.true.work(size.steps(run)))
                heapq.heappush(free, self._end(work + (self.true.worker if first and run else 0)))
            self.now = max(free)
            self.time.looked(runs, self.now - begun)
            self.looks.append(look)
            before, first = look, False
