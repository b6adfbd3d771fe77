"""The contracts of a sampler and of a pruner."""

import random
from collections.abc import Iterator
from typing import Any

import optuna

from class_sweep.config.components import PRUNERS, SAMPLERS
from class_sweep.config.document import Space
from class_sweep.config.pruning import PruningSettings
from class_sweep.testing.contract import require, settings_of
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision, make_pruner
from class_sweep.tuning.samplers.sampler import Sampler, distributions, sampler_for_trial

_RUNGS, _TRIALS = 3, 10
Report = tuple[int, int, float]  # trial, rung, score


def check_sampler(name: str, space: Space) -> None:
    """Check a registered sampler: equal histories and numbers give equal proposals.

    Args:
        name: Its name.
        space: A space with axes that it accepts.

    Raises:
        ContractError: If it breaks a rule.
    """
    implementation: type[Sampler] = SAMPLERS.load(name)

    def proposals(*, anew: bool) -> list[dict[str, Any]]:
        """The proposals of one sampler, or of a new one each time, as after a resume."""
        sampler, study = implementation(space), optuna.create_study()
        made = []
        for number in range(min(6, space.schedule_trials)):
            sampler = implementation(space) if anew else sampler
            study.sampler = sampler_for_trial(sampler, number)
            trial = study.ask(distributions(space))
            made.append(trial.params)
            study.tell(trial, float(number % 3))
        return made

    what = f"sampler {name} must"
    first = proposals(anew=False)
    inside = all(params.keys() == space.axes.keys() for params in first)
    require(inside, f"{what} propose a value for every axis")
    require(first == proposals(anew=False), f"{what} propose the same from equal histories")
    require(first == proposals(anew=True), f"{what} depend on the space and the number alone")
    require(isinstance(implementation(space).notes(), list), f"{what} give a list of notes")


def check_pruner(name: str, **settings: Any) -> None:
    """Check a registered pruner against every rule, on made-up reports.

    Args:
        name: Its name.
        settings: Other values than the defaults of its settings.

    Raises:
        ContractError: If it breaks a rule.
    """
    check_pruner_of(settings_of(PRUNERS, name, settings))


def check_pruner_of(settings: PruningSettings, histories: int = 40) -> None:
    """Check the pruner that the settings name on made-up histories of reports."""
    for seed in range(histories):
        draw = random.Random(seed)  # noqa: S311 - made-up scores
        scores = [(draw.randrange(10), round(draw.uniform(-10, 10), 1)) for _ in range(40)]
        check_pruner_on(settings, list(rung_reports(scores)))


def rung_reports(scores: list[tuple[int, float]]) -> Iterator[Report]:
    """Trials and scores as reports (trial, rung, score); each trial starts at rung 0."""
    rungs: dict[int, int] = {}
    for trial, score in scores:
        rungs[trial] = rungs.get(trial, -1) + 1
        if rungs[trial] < _RUNGS:
            yield trial, rungs[trial], score


def check_pruner_on(settings: PruningSettings, reports: list[Report]) -> None:
    """Check the pruner that the settings name on given reports; see `check_pruner`."""
    what = f"pruner {settings.kind} must"

    def make() -> Pruner:
        return make_pruner(settings, _RUNGS, _TRIALS)

    whole, same = make(), make()
    decisions = []
    for report in reports:
        decision = whole.decide(*report)
        typed = isinstance(decision, PruningDecision)
        require(typed, f"{what} decide with a PruningDecision, got {decision!r:.80}")
        known = decision.decision in ("continue", "pause", "prune")
        require(known, f"{what} continue, pause or prune, got {decision.decision!r}")
        require(same.decide(*report) == decision, f"{what} decide the same on equal reports")
        require(same.paused == whole.paused, f"{what} pause the same trials on equal reports")
        decisions.append(decision)
    _check_resumed(what, make, reports, decisions, whole.paused)
    _check_repeated(what, make, reports)
    _check_baselines(what, make, reports)
    _check_paused(what, make, reports)


def _check_resumed(
    what: str, make: Any, reports: list[Report], decisions: list[PruningDecision], paused: Any
) -> None:
    for cut in {0, len(reports) // 3, len(reports) // 2, len(reports)}:
        resumed = make()
        for report in reports[:cut]:
            resumed.decide(*report)
        later = [resumed.decide(*report) for report in reports[cut:]]
        require(later == decisions[cut:], f"{what} decide the same after a resume")
        require(resumed.paused == paused, f"{what} pause the same trials after a resume")


def _check_repeated(what: str, make: Any, reports: list[Report]) -> None:
    once, twice = make(), make()
    for trial, rung, score in reports:
        expected = once.decide(trial, rung, score)
        twice.decide(trial, rung, score)
        again = twice.decide(trial, rung, score - 5)
        unchanged = (
            again.decision != "pause"  # the tuner does not ask for an ended trial again
            if expected.decision == "prune"
            else again.decision == expected.decision
        )
        rule = f"{what} change nothing when a trial reaches a rung again"
        require(unchanged and not again.compared and twice.paused == once.paused, rule)


def _check_baselines(what: str, make: Any, reports: list[Report]) -> None:
    pruner = make()
    for trial, rung, score in reports:
        decision = pruner.decide(trial, rung, score, baseline=trial < 3)
        goes_on = decision.decision == "continue" and not decision.compared
        require(trial >= 3 or goes_on, f"{what} let a baseline continue, uncompared")
    require(all(trial >= 3 for trial in pruner.paused), f"{what} never pause a baseline")


def _check_paused(what: str, make: Any, reports: list[Report]) -> None:
    pruner = make()
    paused, once_paused = set[int](), set[int]()
    for trial, rung, score in reports:
        paused.discard(trial)
        if pruner.decide(trial, rung, score).decision == "pause":
            paused.add(trial)
            once_paused.add(trial)
        require(pruner.paused <= once_paused, f"{what} keep paused what it has paused")
        paused &= pruner.paused
        promotable = pruner.promotable(paused, under_way=set())
        single = len(set(promotable)) == len(promotable)
        require(set(promotable) <= paused and single, f"{what} promote paused trials, each once")
        rule = f"{what} promote a paused trial when no trial is under way"
        require(bool(promotable) == bool(paused), rule)
