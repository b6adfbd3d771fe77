"""The study of a sweep: proposes configurations, and learns from the reports of their trials."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from class_sweep.config.axes import Value
from class_sweep.config.document import SEED, Space
from class_sweep.config.full_data import FULL_DATA
from class_sweep.config.identity import identity
from class_sweep.config.search_groups import Group, Grouped, group_of
from class_sweep.config.sections import Settings
from class_sweep.curriculum.baselines import baseline_config, full_data_space
from class_sweep.curriculum.strata import strata
from class_sweep.results.record import Decision, Record
from class_sweep.results.trials import reports_by_trial
from class_sweep.results.warm_start import COLD, WarmStart
from class_sweep.tuning.group_search import GroupSearch
from class_sweep.tuning.sampler_view import RERUN
from class_sweep.tuning.samplers.sampler import ask, distribution
from class_sweep.tuning.study_storage import MemoryStorage
from class_sweep.tuning.trial import Trial

# Attributes of a study's trial, like RERUN.
CONFIG, NAME, PLAN, TUNED, SHARE = "config", "name", "plan", "tuned", "share"

_ENDS: dict[Decision, OptunaState] = {
    "finish": OptunaState.COMPLETE,
    "prune": OptunaState.PRUNED,
    "fail": OptunaState.FAIL,
}


class Study(Protocol):
    """The source of a tuner's trials and of their numbers."""

    @property
    def trials_wanted(self) -> int:
        """The number of trials of the sweep, without reruns."""

    def stored(self) -> Sequence[Trial]:
        """The trials of an earlier run, in the order of their numbers."""

    def propose(self, index: int, previous: Trial | None) -> Trial:
        """Propose and store the next trial.

        Args:
            index: The number of trials that were proposed before, without reruns.
            previous: The last of them.
        """

    def propose_again(self, failed: Record) -> Trial:
        """Store a rerun of a failed trial."""

    def tell(self, *records: Record) -> None:
        """Learn from records of one trial in the order of the log; known records change nothing."""


@dataclass(frozen=True)
class _About:
    """What a trial is beside its values; see `Trial`. The identity is that of the log."""

    name: str | None = None
    tuned: bool = False
    rerun_of: int | None = None
    identity: str | None = None
    share: float | None = None
    plan: str | None = None  # if it is known


class OptunaStudy:
    """A study of a space: baselines first, then the configurations of a sampler.

    Each group of trials has a sampler of its own, which sees no others: full data's own trials, and
    the schedules, or those of each share. Optuna's trials have the same numbers as the trials of
    the sweep.
    """

    def __init__(  # noqa: PLR0913 - the last two are of spaces with these settings alone
        self,
        space: Space,
        storage: MemoryStorage,
        plan_of: Callable[[Settings], str] = identity,
        rungs: Sequence[int] = (),
        steps_of: Callable[[Settings], Sequence[int]] | None = None,
        *,
        pairs: int = 0,
        warm_start: WarmStart = COLD,
    ) -> None:
        """Open or create the study in a storage.

        Args:
            space: The search space.
            storage: Where the study is kept.
            plan_of: Returns the plan of settings, equal for trials whose training steps are equal.
            rungs: The samples of each rung for a trial over the full data.
            steps_of: Returns the step of each rung in the schedule of a trial; None if all trials
                meet at the samples of the rungs.
            pairs: The number of training pairs; read where the space has shares.
            warm_start: The trials of earlier sweeps. Samplers see them; the study does not have
                them.

        Raises:
            ConfigError: If no schedule of the space takes one of its shares.
        """
        self._steps_of, self._steps = steps_of, dict[int, Sequence[int]]()
        self._space, self._search = space, space.settings.search
        self._storage, self._plan_of, self._rungs = storage, plan_of, rungs
        self._searches: dict[Group, GroupSearch] = {
            share: GroupSearch.of(stratum.space, warm_start, stratum=stratum)
            for share, stratum in strata(space, pairs).items()
        } or {None: GroupSearch.of(space, warm_start)}
        if space.full_data_trials:
            own = full_data_space(space)
            self._searches[FULL_DATA] = GroupSearch.of(own, warm_start, full_data=True)
        self._study = optuna.create_study(
            study_name="class-sweep",
            storage=storage,
            direction=optuna.study.StudyDirection[space.objective.direction.upper()],
            load_if_exists=True,
        )
        self._leave_out_idle_axes()
        stored = self.stored()
        self._full_data = sum(t.tuned and t.rerun_of is None for t in stored)  # its own trials
        self._plans = set[tuple[Group, str]]()  # of all trials; those of baselines in each group
        for trial in stored:
            self._add_plan(trial)

    def _leave_out_idle_axes(self) -> None:
        """Show samplers the stored trials without the axes that have no effect in them.

        Earlier versions proposed every axis in every trial.
        """
        for trial in self._study.get_trials(deepcopy=False):
            values = json.loads(trial.user_attrs[CONFIG])
            search = self._search_of(_about(trial))
            active = {} if search is None else search.space.active(values)
            if not trial.params.keys() <= active.keys():
                kept = {path: v for path, v in trial.params.items() if path in active}
                self._storage.replace_params(trial.number, kept, trial.distributions)

    @property
    def trials_wanted(self) -> int:
        """The number of trials of the sweep, without reruns."""
        return self._search.runs

    def stored(self) -> list[Trial]:
        """The trials of an earlier run, in the order of their numbers."""
        return [self._stored(trial) for trial in self._study.get_trials(deepcopy=False)]

    def restore(self, records: Sequence[Record]) -> None:
        """Store the trials of a log that the study lacks, and tell it their reports.

        A number without a report is proposed or rerun anew.

        Args:
            records: The log.
        """
        by_trial = reports_by_trial(records)
        trials = self.stored()
        for number in range(len(trials), max(by_trial, default=-1) + 1):
            if reports := by_trial.get(number):
                first = reports[0]
                trial = self._ask_for(
                    first.config,
                    _About(first.name, first.tuned, first.rerun_of, first.identity, first.share),
                )
            else:
                trial = self._without_report(trials, by_trial)
            trials.append(trial)
            if reports:
                self.tell(*reports)

    def _without_report(
        self, trials: Sequence[Trial], by_trial: Mapping[int, Sequence[Record]]
    ) -> Trial:
        """Store the trial of a number that is neither in the study nor in the log.

        It is the next proposal. After the last proposal, it is a rerun of a failed trial.

        Args:
            trials: The trials with smaller numbers.
            by_trial: The log.
        """
        proposed = [trial for trial in trials if trial.rerun_of is None]
        if len(proposed) < self.trials_wanted:
            return self.propose(len(proposed), proposed[-1] if proposed else None)
        last = [reports[-1] for _, reports in sorted(by_trial.items())]
        rerun = {record.rerun_of for record in last} | {trial.rerun_of for trial in trials}
        failed = (record for record in last if record.decision == "fail")
        return self.propose_again(next(record for record in failed if record.trial not in rerun))

    def propose(self, index: int, previous: Trial | None) -> Trial:
        """Propose and store the next trial; see `Study`."""
        configuration, repeat = divmod(index, self._search.record or 1)
        if repeat and previous is not None:  # a recording: same configuration, next seed
            seed = {SEED: self._search.seed + repeat}
            about = _About(previous.name, share=previous.share)
            return self._ask_for(previous.config | seed, about)
        seed = {SEED: self._search.seed} if self._search.record else {}
        baselines = self._search.baseline_names
        if configuration < len(baselines):
            baseline = baselines[configuration]
            return self._ask_for(baseline_config(self._space, baseline) | seed, _About(baseline))
        group, number = self._next_search(configuration - len(baselines))
        search = self._searches[group]
        tried = number - (len(baselines) if group is None else 0)
        if tried < len(search.first):  # a good configuration of an earlier sweep
            config, about = self._proposed(search.first[tried], group)
            if not self._repeats(about, group):
                return self._ask_for(config, about)
        trial, config, about = self._draw(search, group, number)
        return self._store(trial, config | seed, about)

    def _draw(
        self, search: GroupSearch, group: Group, number: int
    ) -> tuple[optuna.trial.Trial, dict[str, Value], _About]:
        """Ask the sampler of a group until its values are no repeat or its attempts are used up."""
        trial = None
        with self._storage.sampler_view(
            lambda t: self._search_of(_about(t)) is search, search.earlier
        ):
            for sampler in search.sampler.attempts(number):
                self._study.sampler = sampler
                if trial is not None:
                    self._storage.replace_params(trial.number, {}, {})
                trial, values = ask(self._study, search.space, trial)
                config, about = self._proposed(values, group)
                if not self._repeats(about, group):
                    break
        assert trial is not None  # noqa: S101 - a sampler has one attempt or more
        # A study that is made again from the log has these values; a sampler must see no others.
        self._storage.replace_params(trial.number, values, trial.distributions)
        return trial, config, about

    def _proposed(
        self, values: Mapping[str, Value], group: Group
    ) -> tuple[dict[str, Value], _About]:
        """The configuration of a proposal for a group, and what the trial is beside it."""
        config, about = dict(values), _About()
        if (stratum := self._searches[group].stratum) is not None:
            config, about = stratum.fit(values), _About(share=stratum.share)
        elif group is not None:
            config = baseline_config(self._space, FULL_DATA, values)
            about = _About(FULL_DATA, tuned=True)
        return config, replace(about, plan=self._plan_of(self._space.resolve(config)))

    def _repeats(self, about: _About, group: Group) -> bool:
        """Whether a proposal has the plan of an earlier one of its group, or of a baseline."""
        return not self._search.record and (group, about.plan) in self._plans

    def _add_plan(self, trial: Trial) -> None:
        groups = self._searches if trial.is_baseline else [group_of(trial)]
        self._plans |= {(group, trial.plan) for group in groups}

    def _next_search(self, index: int) -> tuple[Group, int]:
        """The group of a configuration, and the number of the proposal for the group's sampler.

        Full data's own trials are spread evenly among the schedules, and the shares take turns.
        After an extension, the first proposals make up for what the smaller sweep lacks of full
        data's trials.

        Args:
            index: The number of configurations that samplers have proposed before.
        """
        due = (index + 1) * self._space.full_data_trials // self._search.proposed
        if self._full_data < due:
            return FULL_DATA, self._full_data
        schedule, shares = index - self._full_data, self._search.shares
        if shares:
            return shares[schedule % len(shares)], schedule // len(shares)
        return None, len(self._search.baselines) + schedule

    def _search_of(self, trial: Grouped) -> GroupSearch | None:
        """The search that learns from a trial; None for a baseline in a sweep with shares."""
        return self._searches.get(group_of(trial)) or self._searches.get(None)

    def propose_again(self, failed: Record) -> Trial:
        """Store a rerun of a failed trial."""
        about = _About(failed.name, failed.tuned, failed.trial, share=failed.share)
        return self._ask_for(failed.config, about)

    def tell(self, *records: Record) -> None:
        """Learn from records of one trial; see `Study`."""
        by_step = {self._step(record): record for record in reversed(records)}
        tell_optuna(self._study, self._storage, records[-1].trial, by_step, records[-1])

    def _step(self, record: Record) -> int:
        """Optuna's step of a report: the rung's samples, so that all trials meet at a rung.

        TPE prefers the trial with the later step, even if that is half a batch later.
        """
        if record.decision == "finish":
            return record.samples
        if self._steps_of is None:
            reached = [rung for rung in self._rungs if rung <= record.samples]
        else:
            if record.trial not in self._steps:
                self._steps[record.trial] = self._steps_of(self._space.resolve(record.config))
            steps = self._steps[record.trial]
            reached = [r for r, step in zip(self._rungs, steps, strict=True) if step <= record.step]
        return reached[-1] if reached else record.samples

    def _ask_for(
        self,
        values: Mapping[str, Value],
        about: "_About",
    ) -> Trial:
        """A trial of given values: a baseline, a rerun, or a configuration under another seed."""
        search = self._search_of(about)
        axes = None if search is None else search.space.on_axes(values)
        if axes is not None:
            self._study.enqueue_trial({path: values[path] for path in axes})
            of_axes = {path: distribution(axis) for path, axis in axes.items()}
            return self._store(self._study.ask(of_axes), values, about)
        # Outside the axes: the sampler cannot learn from it, but the study numbers it.
        return self._store(self._study.ask(), values, about)

    def _store(
        self,
        trial: optuna.trial.Trial,
        values: Mapping[str, Value],
        about: "_About",
    ) -> Trial:
        settings = self._space.resolve(values)
        attributes: dict[str, Any] = {
            NAME: about.name,
            TUNED: about.tuned or None,
            SHARE: about.share,
            RERUN: about.rerun_of,
            "identity": about.identity or identity(settings),
            PLAN: about.plan or self._plan_of(settings),
            CONFIG: json.dumps(values),
        }
        for key, value in attributes.items():
            if value is not None:
                trial.set_user_attr(key, value)
        self._storage.save(trial.number)
        self._full_data += about.tuned and about.rerun_of is None
        stored = self._stored(self._storage.get_trial(trial._trial_id))
        self._add_plan(stored)
        return stored

    def _stored(self, trial: FrozenTrial) -> Trial:
        attributes = trial.user_attrs
        # A recording trains every configuration, also one that has the plan of another.
        plan = f"trial {trial.number}" if self._search.record else attributes[PLAN]
        return Trial(
            trial.number,
            json.loads(attributes[CONFIG]),
            attributes["identity"],
            plan,
            attributes.get(NAME),
            attributes.get(TUNED, False),
            attributes.get(RERUN),
            attributes.get(SHARE),
        )


def tell_optuna(
    study: optuna.Study,
    storage: MemoryStorage,
    number: int,
    by_step: Mapping[int, Record],
    last: Record,
) -> None:
    """Report records to a trial of Optuna, and end it if the last record ends it.

    Args:
        study: Optuna's study.
        storage: Its storage.
        number: The number of the trial in the study.
        by_step: The records by Optuna's step; known steps keep their values.
        last: The last record.
    """
    trial_id = storage.get_trial_id_from_study_id_trial_number(0, number)
    trial = storage.get_trial(trial_id)
    if trial.state.is_finished():
        return
    for step, record in sorted(by_step.items()):
        if record.objective is not None and step not in trial.intermediate_values:
            storage.set_trial_intermediate_value(trial_id, step, record.objective)
    if last.ended:
        if last.reason:
            storage.set_trial_user_attr(trial_id, "reason", last.reason)
        value = last.objective if last.decision == "finish" else None
        study.tell(number, value, state=_ENDS[last.decision])
    storage.save(number)


def _about(trial: FrozenTrial) -> _About:
    return _About(trial.user_attrs.get(NAME), share=trial.user_attrs.get(SHARE))
