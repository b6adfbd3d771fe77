"""A driver over a results folder; a second driver over the same folder is a restart."""

import itertools

import optuna
import pytest

from class_sweep.config.document import parse_space
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.tuning.ledger import TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import FileStorage
from class_sweep.tuning.trial import TrialReport
from class_sweep.tuning.tuner import Limits, NoTrial, SweepTuner

RUNGS = [100, 200]  # samples; a trial ends at 300


class Driver:
    """A tuner, its results folder, and a short way to report the value of a trial."""

    def __init__(self, folder, callback, text, plan_of, pruner, limits):
        self.space = space = parse_space(text)
        self.folder = folder
        self.writer = ResultsWriter(ResultsFolder(folder))
        self.storage = FileStorage(folder / "study.db")
        self.study = OptunaStudy(space, self.storage, plan_of, RUNGS)
        self.study.restore(self.records())
        self.tuner = SweepTuner(
            space.objective,
            self.study,
            TrialLedger(self.writer, callback),
            PrunerGroups({None: pruner}) if pruner else PrunerGroups.of(space, len(RUNGS)),
            records=self.records(),
            limits=limits,
        )
        self.ledger = self.tuner.ledger

    def ask(self):
        """The number of the next trial, or why there is none."""
        trial = self.tuner.ask()
        return trial if isinstance(trial, NoTrial) else trial.number

    def report(self, number, value, rung=None, *, metric="split/mrr", **fields):
        """Report at a rung or at the trial's end; free the worker if the trial stops."""
        samples = 100 * (len(RUNGS) + 1 if rung is None else rung + 1)
        last = self.ledger[number].last
        repeated = last is not None and samples <= last.samples
        trial_report = TrialReport(
            **{
                "report": last.report + (not repeated) if last else 0, "step": samples,
                "samples": samples, "rung": rung,
                "last": rung is None, "metrics": {metric: value}, "loss": 1.0, "seconds": 0.5,
            }
            | fields
        )  # fmt: skip
        decision = self.tuner.tell(number, trial_report)
        if decision != "continue":
            self.tuner.release(number)
        return decision

    def fail(self, number, **why):
        """Let the process of a trial die; without retries the trial fails."""
        self.tuner.worker_died(number, "its process died", "Traceback", **why)

    def records(self):
        return self.writer.folder.records()

    def in_file(self):
        """Optuna's trials as the study's file has them."""
        return optuna.load_study(
            study_name="class-sweep", storage=f"sqlite:///{self.folder}/study.db"
        ).trials


@pytest.fixture
def drive(tmp_path, callback, small_space_text):
    """Open a driver in a folder; an earlier driver there counts as killed."""
    drivers, plans = {}, itertools.count()

    def drive(
        text=small_space_text, *, folder="sweep", change=("", ""), plan_of=None, pruner=None,
        slots=lambda left: left, **limits,
    ):  # fmt: skip
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        if path in drivers:
            drivers[path].writer.close()
        plan_of = plan_of or (lambda _: f"plan {next(plans)}")  # no two trials are duplicates
        drivers[path] = Driver(
            path, callback, text.replace(*change), plan_of, pruner, Limits(slots, **limits)
        )
        return drivers[path]

    yield drive
    for driver in drivers.values():
        driver.writer.close()
