"""Thousands of small simulated sweeps with random failures of workers, drivers and logs.

A seed determines every random choice. The assertion error names a failing seed, and
`CLASS_SWEEP_SEED=N pytest tests/tuning/test_fault_simulator.py` replays it alone.
"""

import copy
import math
import os
import random
from dataclasses import dataclass, field, replace
from functools import cache

import pytest
from optuna.trial import TrialState as OptunaState

from class_sweep.config.components import PRUNERS, SAMPLERS
from class_sweep.config.document import parse_space
from class_sweep.config.extension import with_trials
from class_sweep.config.full_data import full_data_axes
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.record import Record
from class_sweep.results.trials import reports_by_trial
from class_sweep.results.warm_start import COLD, EarlierTrial, WarmStart
from class_sweep.tuning.ledger import TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.pruners.no_pruning import NoPruner
from class_sweep.tuning.pruners.pruner import PruningDecision, make_pruner
from class_sweep.tuning.simulate import Simulation
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_repair import agrees_with_log, repair_study
from class_sweep.tuning.study_storage import FileStorage, MemoryStorage
from class_sweep.tuning.trial import TrialReport, TrialState
from class_sweep.tuning.tuner import Limits, SweepTuner

DEATH = "its process died"  # as a failure of a curve: the process dies there at every attempt
RETRIES = 2
PAIRS = 1000
FOUND = (4531, 8742)  # each has shown a fault once
IN_FILES = 400  # every 400th seed keeps its log and its study in files

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum:
  alpha: {{uniform: [0.2, 0.8], step: {alpha_step}}}
  beta: {{uniform: {betas}, step: 0.1}}
{pacing}{optimizer}budget: {{epochs: 4}}
search:
  {{trials: {trials}, sampler: {sampler}, seed: {seed}, baselines: {baselines},
    full_data_trials: {full_data_trials}, shares: {shares}}}
confirm: {{finalists: 0}}
pruning: {pruning}
"""
RATES = (
    "optimizer: {lr: {choice: [0.1, 0.2, 0.3]}, weight_decay: {uniform: [0.1, 0.3], step: 0.1}}\n"
)
# Beta acts beside linear alone, and the power beside root.
PACING = "  pacing: {choice: [linear, root]}\n  pacing_power: {uniform: [1.0, 3.0], step: 1.0}\n"
END = {"finish": OptunaState.COMPLETE, "prune": OptunaState.PRUNED, "fail": OptunaState.FAIL}


class KilledError(BaseException):
    """The driver's process was killed."""


@dataclass
class Disk:
    """The data that survive a driver: the lines of the log and the trials of the study.

    Attributes:
        writes_left: The writes until the driver is killed; negative for never.
    """

    log: bytes = b""
    study: dict = field(default_factory=dict)
    writes_left: int = -1

    def write(self):
        """Count a write. Called before and after it, so that a kill can happen on either side."""
        self.writes_left -= 1
        if self.writes_left == 0:
            raise KilledError

    def records(self):
        """The complete lines of the log; an incomplete last line is dropped, as in a file."""
        self.log = self.log[: self.log.rfind(b"\n") + 1]
        return [Record.from_json(line) for line in self.log.decode().splitlines()]

    # A log in memory.
    def append(self, record):
        self.write()
        self.log += record.to_json().encode() + b"\n"
        self.write()

    def records_of(self, trial):
        return [record for record in self.records() if record.trial == trial]

    def keep_traceback(self, trial, text):
        pass


class DiskStorage(MemoryStorage):
    """A study in memory whose saved trials survive it, as in a file."""

    def __init__(self, disk):
        super().__init__()
        self.disk = disk

    def create_new_study(self, directions, study_name=None):
        study_id = super().create_new_study(directions, study_name)
        for number in sorted(self.disk.study):
            self.create_new_trial(study_id, copy.deepcopy(self.disk.study[number]))
        return study_id

    def save(self, number):
        self.disk.write()
        trial_id = self.get_trial_id_from_study_id_trial_number(0, number)
        self.disk.study[number] = copy.deepcopy(self._get_trial(trial_id))
        self.disk.write()


class FileLog:
    """The real log, with the same kills."""

    def __init__(self, writer, disk):
        self.writer, self.disk = writer, disk
        self.records_of, self.keep_traceback = writer.records_of, writer.keep_traceback

    def append(self, record):
        self.disk.write()
        self.writer.append(record)
        self.disk.write()


class KillableFile(FileStorage):
    """The real study file, with the same kills."""

    def __init__(self, path, disk):
        super().__init__(path)
        self.disk = disk

    def save(self, number):
        self.disk.write()
        super().save(number)
        self.disk.write()


class NoRestart(Callback):
    """Fails if an ended trial starts again."""

    def __init__(self, ended):
        self.ended = ended

    def on_report(self, record):
        if record.ended:
            self.ended.add(record.trial)

    def on_trial_start(self, trial):
        assert trial.number not in self.ended, f"trial {trial.number} had ended and starts again"


@cache
def space_of(sampler, pruner, trials, baselines, seed, full_data_trials, shares, conditional):
    takes = PRUNERS.settings_class(pruner).model_fields
    kept = ", min_kept: 1" if "min_kept" in takes else ""  # few trials: the default keeps all
    return parse_space(
        SPACE.format(
            sampler=sampler,
            pruning=f"{{kind: {pruner}{kept}}}",
            trials=trials,
            full_data_trials=full_data_trials,
            optimizer=RATES if full_data_trials else "",
            baselines=list(baselines),
            seed=seed,
            shares=list(shares),
            pacing=PACING if conditional else "",
            # The pacing is fitted by beta, and some values of alpha are out of reach.
            alpha_step=0.1 if shares else 0.2,
            betas="[0.0, 0.4]" if shares else "[0.1, 0.2]",
        ).replace("'", "")
    )


def values_of(space, axes, chance):
    """Values of the axes that act beside each other."""
    values = {path: chance.choice(list(axis.values())) for path, axis in axes.items()}
    return {path: value for path, value in values.items() if path in space.active(values)}


def earlier_trials(space, chance):
    """What a sweep of the space may have taken from an earlier one."""
    trials = [
        EarlierTrial(
            values=values_of(space, axes, chance),
            full_data=full_data,
            finished=chance.random() < 0.5,
            step=chance.choice([100, 200, 400]),
            objective=round(chance.random(), 1),
        )
        for full_data, axes in ((False, space.axes), (True, full_data_axes(space.axes)))
        if axes
        for _ in range(chance.randint(1, 8))
    ]
    first = [[t.values for t in trials if t.full_data is own][:2] for own in (False, True)]
    return WarmStart(trials=trials, first=first[0], first_full_data=first[1])


class Faults(Simulation):
    """The simulated back end with dying workers and with repeated and late reports."""

    def __init__(self, tuner, world):
        super().__init__(tuner, world.curve_of)
        self.world, self.chance = world, world.chance

    def report(self, number):
        trial = self.tuner.ledger[number]
        sent = self.next_report(trial)
        if sent.failure == DEATH:
            self.worker_dies(number)
            return
        # Of more deaths than retries the trial would fail, and the whole sweep would differ.
        deaths = len(self.tuner._deaths.get(number, ()))
        may_die = deaths < RETRIES or self.world.fatal
        if may_die and self.chance.random() < self.world.faults:
            self.worker_dies(number)
            return
        super().report(number)
        self.world.acknowledged.add((number, sent.report))
        if self.chance.random() < self.world.faults:
            self.repeat(trial, sent)
        if self.chance.random() < self.world.faults / 8:
            self.world.slots = 0  # a stop is requested

    def worker_dies(self, number):
        """Lose the worker of a trial; the tuner selects what starts in its place."""
        if self.chance.random() < 0.1:
            self.tuner.release(number)  # a machine taken away with a notice costs no retry
        else:
            self.tuner.worker_died(number, DEATH, "")
        self.start_trials()

    def repeat(self, trial, sent):
        """Send reports again that are in the log, in any order; the log must not change."""
        written = self.tuner.ledger.written
        curve = self.world.curve_of(trial)
        for late in self.chance.choices(curve[: sent.report + 1], k=2):
            self.tuner.tell(trial.number, late)
        assert self.tuner.ledger.written == written, "a report was written twice"


class World:
    """One seed: a space, its curves, a disk, and a sweep from its start to its end."""

    def __init__(self, seed, folder, *, faults=True):
        self.chance = chance = random.Random(seed)  # noqa: S311 - no secret
        self.folder = folder if seed % IN_FILES == 0 else None
        baselines = chance.choice([(), ("full_data",), ("paper", "full_data")])
        self.rungs = [100, 200, 300][: chance.randint(0, 3)]
        # Rungs at fractions of each trial's own length, not drawn from `chance`.
        self.own_rungs = random.Random(f"{seed}/rungs").random() < 0.5  # noqa: S311
        self.workers = chance.choice([1, 2, 3])
        self.fatal = self.workers > 1 and chance.random() < 0.5
        self.reruns = chance.random() < 0.3
        own = chance.choice([0, 0, 1, 3])
        trials = len(baselines) + own + chance.randint(1, 4)
        names = [chance.choice(list(SAMPLERS)), chance.choice(list(PRUNERS))]
        number = chance.randint(0, 1)
        # As the rungs: shares for a part of the seeds, and a schedule for each.
        drawn = random.Random(f"{seed}/shares")  # noqa: S311
        shares = drawn.choice([(), (), (), (), (0.6,), (0.6, 0.75)])[
            : trials - len(baselines) - own
        ]
        if seed in FOUND or (names[0] == "cmaes" and not own):  # too few axes of numbers
            shares = ()
        conditional = not shares and seed not in FOUND and drawn.random() < 0.3
        self.space = space_of(*names, trials, baselines, number, own, shares, conditional)
        # What comes after the end, or sooner: failed trials run again, and the sweep is extended.
        late = random.Random(f"{seed}/late")  # noqa: S311
        self.more = 0 if shares and names[0] == "grid" else late.choice([0, 0, 1, 3])
        self.rerun_first, self.extends_early = late.random() < 0.5, late.random() < 0.3
        warm = late.random() < 0.3 and not shares and names[0] != "grid"
        self.warm_start = earlier_trials(self.space, late) if warm else COLD
        self.stages = [(0, self.space)]  # from which report on, with which number of trials
        self.seed, self.disk, self.slots = seed, Disk(), self.workers
        self.faults = chance.choice([0.0, 0.1, 0.3]) if faults else 0.0
        self.kills = chance.randint(0, 4) if faults else 0
        self.acknowledged, self.ended = set(), set()
        self.kept = 0  # bytes of the log that no cut loses
        # In half of the worlds there are so few plans that many trials are duplicates.
        self.few_plans = seed not in FOUND and random.Random(f"{seed}/plans").random() < 0.5  # noqa: S311

    def plan_of(self, settings):
        """A plan by alpha and rate alone, so that some configurations are duplicates."""
        alpha = settings.curriculum.alpha
        if self.few_plans:
            return "full" if alpha == 1 else "low" if alpha < 0.5 else "high"
        return f"{alpha:.1f} {settings.optimizer.lr:.1f}"

    def length_of(self, plan):
        """The samples of a trial whose rungs are of its own schedule."""
        return random.Random(f"{self.seed}/{plan}").choice([150, 400, 401])  # noqa: S311

    def steps_of(self, plan):
        """The samples at the rungs of a trial."""
        if not self.own_rungs:
            return self.rungs
        return [math.ceil(rung / 400 * self.length_of(plan)) for rung in self.rungs]

    def curve_of(self, trial):
        """The reports of a trial, which depend on the seed, the plan and the rerun alone."""
        chance = random.Random(f"{self.seed}/{trial.plan}/{trial.rerun_of}")  # noqa: S311
        end = chance.choice([150, 400, 400])
        if self.own_rungs:
            end = self.length_of(trial.plan)
        steps = self.steps_of(trial.plan)
        at = [(rung, samples) for rung, samples in enumerate(steps) if samples < end]
        fails = chance.randrange(len(at) + 1) if chance.random() < 0.15 else None
        reports = []
        for number, (rung, samples) in enumerate([*at, (None, end)]):
            failure = chance.choice(["it diverges", DEATH]) if number == fails else None
            value = round(chance.random(), 1)  # rounded, so that trials tie
            metrics = {} if failure else {"split/mrr": value}
            reports.append(
                TrialReport(number, samples, samples, rung, rung is None, metrics, 0.1, 0, failure)
            )
        return reports

    def open(self):
        """A new driver over the data on the disk."""
        if self.folder is None:
            records, log, storage = self.disk.records(), self.disk, DiskStorage(self.disk)
        else:
            self.folder.mkdir(exist_ok=True)
            self.writer = ResultsWriter(ResultsFolder(self.folder))
            log = FileLog(self.writer, self.disk)
            records = self.writer.folder.records()
            repair_study(self.folder / "study.db", records, None)
            storage = KillableFile(self.folder / "study.db", self.disk)
        self.ended = {record.trial for record in records if record.ended}
        steps_of = (lambda trial: self.steps_of(self.plan_of(trial))) if self.own_rungs else None
        study = OptunaStudy(
            self.space,
            storage,
            self.plan_of,
            self.rungs,
            steps_of,
            pairs=PAIRS,
            warm_start=self.warm_start,
        )
        study.restore(records)
        return SweepTuner(
            self.space.objective,
            study,
            TrialLedger(log, NoRestart(self.ended)),
            PrunerGroups.of(self.space, len(self.rungs)),
            records=records,
            limits=Limits(slots=lambda _: self.slots, retries=RETRIES),
        )

    def close(self):
        if self.folder is not None:
            self.writer.close()

    def records(self):
        if self.folder is None:
            return self.disk.records()
        return ResultsFolder(self.folder).records()

    def log_size(self):
        if self.folder is None:
            return len(self.disk.log)
        return (self.folder / "trials.jsonl").stat().st_size

    def cut(self):
        """Cut the end of the log at any byte, in half of the calls, and sometimes lose the study.

        A study that is not lost may then be newer than the log.
        """
        if self.chance.random() < 0.5:
            return
        lost = self.chance.choice([1, 40, 400, 2000])
        if self.folder is None:
            self.disk.log = self.disk.log[: max(self.kept, len(self.disk.log) - lost)]
        else:
            path = self.folder / "trials.jsonl"
            log = path.read_bytes() if path.exists() else b""
            path.write_bytes(log[: max(self.kept, len(log) - lost)])
        records = self.records()
        self.acknowledged &= {(record.trial, record.report) for record in records}
        self.stages = [(min(start, len(records)), space) for start, space in self.stages]
        lost = self.chance.random() < 0.2
        if self.folder is not None:
            if lost:
                (self.folder / "study.db").write_bytes(self.chance.choice([b"", b"no database"]))
            return
        by_trial = reports_by_trial(records)
        if lost:
            self.disk.study.clear()
        for number, trial in self.disk.study.items():
            if not agrees_with_log(trial, by_trial.get(number, [])):
                trial.state, trial.values = OptunaState.RUNNING, None
                trial.intermediate_values = {}

    def run(self):
        """Run the sweep to its end through all kills, stops and lost workers."""
        rerun = []
        while True:
            self.slots = self.workers
            self.disk.writes_left = self.chance.randint(1, 60) if self.kills else -1
            self.kills -= self.kills > 0
            try:
                tuner = self.open()
                tuner.rerun(rerun)
                finished = self.rounds(tuner)
            except KilledError:
                self.close()
                self.cut()
                # With one worker the whole sweep is extended at the same report: at its end.
                if self.more and self.workers > 1 and self.extends_early:
                    self.extend()
                continue
            self.close()
            if not finished:
                continue
            self.kept = self.log_size()  # what comes now comes after all trials have ended
            if self.reruns and (self.rerun_first or not self.more):
                self.reruns, last = False, [trial.last for trial in tuner.ledger.trials()]
                rerun = [record for record in last if record.decision == "fail"]
            elif self.more:
                self.extend()
            else:
                return tuner

    def extend(self):
        """Give the sweep more trials."""
        trials = self.space.settings.search.trials + self.more
        self.space, self.more = with_trials(self.space, trials), 0
        self.stages.append((len(self.records()), self.space))

    def rounds(self, tuner):
        """Run rounds until no trial is left; return False after a stop request."""
        simulation, idle = Faults(tuner, self), 0
        while tuner.left:
            written = tuner.ledger.written
            tuner.begin_round()
            simulation.start_trials()
            simulation.run()
            if not self.slots:
                return False
            idle = idle + 1 if tuner.ledger.written == written else 0
            assert idle < 8, f"{tuner.left} trials wait for ever"
        return True


def pruners(space, rungs):
    """A function from a record to the pruner that decides on it."""
    # Full data's trials, schedules and those of another share may not prune each other.
    sizes = space.group_sizes
    by_group = {group: make_pruner(space.settings.pruning, rungs, n) for group, n in sizes.items()}

    def of(record):
        if record.name == "full_data" and space.full_data_trials:
            return by_group["full_data"]
        return by_group.get(record.share, NoPruner())

    return of


def decide(pruner_of, record):
    baseline = record.name is not None and not record.tuned
    return pruner_of(record).decide(record.trial, record.rung, record.objective, baseline=baseline)


def at_rung(record):
    return record.rung is not None and record.objective is not None and record.same_as is None


def check(world, tuner):
    """Check what must hold after every sweep, with any faults."""
    records = world.records()
    assert world.acknowledged <= {(r.trial, r.report) for r in records}, "a report was lost"
    failed = any(record.decision == "fail" for record in records)
    last = {}
    for number, record in enumerate(records):
        for start, space in world.stages:
            if start == number:  # the reports so far count for a pruner of the new size
                pruner_of = pruners(space, len(world.rungs))
                for earlier in records[:number]:
                    if at_rung(earlier):
                        decide(pruner_of, earlier)
        pruner = pruner_of(record)
        shares = space.settings.search.shares
        assert not shares or (record.share is None) == (record.name is not None)
        before = last.get(record.trial)
        assert record.report == (before.report + 1 if before else 0), "a report is lost or twice"
        assert before is None or not before.ended, "a trial continued after its end"
        if before is not None and before.decision == "pause" and record.decision != "fail":
            evicted = record.decision == "prune" and record.rung is None
            # A failure may release a duplicate, which reaches the rung after a promotion there.
            promoted = record.trial in pruner.paused or failed
            assert evicted or promoted, "a trial continued from an eviction"
        last[record.trial] = record
        if at_rung(record):
            expected = decide(pruner_of, record)
            assert (record.decision, record.compared) == (expected.decision, expected.compared)
        elif record.decision == "prune" and record.same_as is None:
            assert record.trial not in pruner.paused, "a trial was evicted without a better trial"
    assert all(record.ended for record in last.values()), "a trial has no end"
    assert len(last) == len(tuner.ledger)
    assert tuner.ledger.proposed == world.space.settings.search.runs
    for trial in tuner._study._study.get_trials(deepcopy=False):
        end = last[trial.number]
        assert trial.state == END[end.decision]
        assert end.decision != "finish" or trial.value == end.objective
        met = set(trial.intermediate_values) - (
            {end.samples} if end.decision == "finish" else set()
        )
        assert met <= set(world.rungs), "trials do not meet at the rungs in the sampler's history"


def check_repeats(world, tuner):
    """Check that a grid has all plans of a group before it repeats one."""
    if world.space.settings.search.sampler != "grid":
        return
    common, repeated = set(), set()
    seen = {}
    for trial in tuner.ledger.trials():
        group = (trial.name, trial.share)
        if trial.is_baseline:
            common.add(trial.plan)
        elif trial.rerun_of is None:
            before = common | seen.setdefault(group, set())
            assert trial.plan in before or group not in repeated, "a repeat was not needed"
            repeated |= {group} if trial.plan in before else set()
            seen[group].add(trial.plan)


def story(world):
    """The lines of the log without times."""
    return [replace(record, at="", seconds=0.0) for record in world.records()]


def run_seed(seed, folder):
    world = World(seed, folder / str(seed))
    try:
        tuner = world.run()
        check(world, tuner)
        check_repeats(world, tuner)
        if world.workers == 1:  # the reports have the same order as without faults
            whole = World(seed, folder / f"{seed}-whole", faults=False)
            check(whole, whole.run())
            assert story(world) == story(whole), "a cut changed a decision"
    except Exception as error:
        raise AssertionError(f"seed {seed} fails; CLASS_SWEEP_SEED={seed} replays it") from error


def run_seeds(seeds, folder):
    for seed in seeds:
        run_seed(seed, folder)


def test_no_fault_loses_a_report_or_changes_a_decision(tmp_path):
    if seed := os.environ.get("CLASS_SWEEP_SEED"):
        run_seed(int(seed), tmp_path)
        return
    run_seeds([*range(1_000), *FOUND], tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("first", range(1_000, 11_000, 2_000))
def test_no_fault_in_ten_thousand_sweeps_either(tmp_path, first):
    run_seeds(range(first, first + 2_000), tmp_path)


def skip_the_log(monkeypatch):
    append = TrialLedger.append

    def broken(self, record):
        if record.decision == "pause":
            self._apply(record)
        else:
            append(self, record)

    monkeypatch.setattr(TrialLedger, "append", broken)


def forget_paused_trials(monkeypatch):
    fold = TrialLedger.fold

    def broken(self, record):
        fold(self, record)
        trial = self[record.trial]
        if trial.state is TrialState.PAUSED:
            self._move(trial, TrialState.PROPOSED)

    monkeypatch.setattr(TrialLedger, "fold", broken)


def accept_old_reports(monkeypatch):
    tell = SweepTuner.tell

    def broken(self, number, report):
        trial = self.ledger[number]
        last, trial.last = trial.last, None
        if last is None or trial.state.ended:
            trial.last = last
            return tell(self, number, report)
        return tell(self, number, report)

    monkeypatch.setattr(SweepTuner, "tell", broken)


def keep_duplicates_waiting(monkeypatch):
    monkeypatch.setattr(TrialLedger, "requeue", lambda *_: None)


def skip_the_pruner_at_a_resume(monkeypatch):
    decide = SweepTuner._decide

    def broken(self, trial, rung, value):
        if self.ledger.written == 0:
            return PruningDecision("continue", compared=False)
        return decide(self, trial, rung, value)

    monkeypatch.setattr(SweepTuner, "_decide", broken)


def put_off_lost_trials(monkeypatch):
    next_proposed = SweepTuner._next_proposed

    def broken(self):
        lost = [self.ledger[number] for number in self._deaths]
        if self.ledger.proposed == self._study.trials_wanted:
            return next_proposed(self)
        held = [trial for trial in lost if trial.state is TrialState.PROPOSED]
        for trial in held:
            self.ledger.hold(trial)
        trial = next_proposed(self)
        for lost_trial in held:
            self.ledger.requeue(lost_trial)
        return trial

    monkeypatch.setattr(SweepTuner, "_next_proposed", broken)


@pytest.mark.parametrize(
    "break_it",
    [
        skip_the_log, forget_paused_trials, accept_old_reports, keep_duplicates_waiting,
        skip_the_pruner_at_a_resume, put_off_lost_trials,
    ],
)  # fmt: skip
def test_the_simulator_notices_broken_code(break_it, monkeypatch, tmp_path):
    break_it(monkeypatch)
    with pytest.raises(AssertionError, match=r"seed \d+ fails"):
        run_seeds(range(1, 400), tmp_path)
